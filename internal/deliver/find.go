package deliver

import (
	"context"
	"errors"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
)

// Find reads some of a workspace's destinations within a transaction, for a room
// that writes to them: in the order of their ids, without secrets. Those that are
// gone are left out; one that is paused is there, because its messages wait.
func Find(ctx context.Context, tx *db.Tx, workspace int64, ids ...string) ([]*Destination, error) {
	var out []*Destination
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		d, err := read(ctx, tx, workspace, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
