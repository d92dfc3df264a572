package process

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
)

// count is what a batch adds to a workspace's counts.
type count struct{ stored, duplicate int64 }

var countColumns = db.Columns("workspace int, shard int, stored int, duplicate int")

func storeCounts(ctx context.Context, tx *db.Tx, shard int, counts map[int64]*count) error {
	rows := db.NewRows(countColumns)
	for _, w := range slices.Sorted(maps.Keys(counts)) {
		rows.Add(w, shard, counts[w].stored, counts[w].duplicate)
	}
	return tx.Insert(ctx, "event_count", rows, "ON CONFLICT (workspace, shard) DO UPDATE SET "+
		"stored = event_count.stored + excluded.stored, duplicate = event_count.duplicate + excluded.duplicate")
}

// Stats are a workspace's counts of events since its beginning.
type Stats struct {
	Accepted  int64 `json:"accepted" doc:"Acknowledged: stored, duplicate or still in the log."`
	Stored    int64 `json:"stored" doc:"Stored and visible, each once."`
	Duplicate int64 `json:"duplicate" doc:"Dropped because their message id was seen before."`
	Rejected  int64 `json:"rejected" doc:"Refused on arrival, with a reason."`
	Lag       int64 `json:"lag" doc:"Acknowledged and not yet visible; exact when asked."`
}

// Stats counts a workspace's events. The lag is exact: it is 0 only when every
// event acknowledged before the call is visible. Rejected is not filled in.
func (r *Runner) Stats(ctx context.Context, workspace int64) (Stats, error) {
	if err := r.o.Log.Refresh(ctx); err != nil {
		return Stats{}, fmt.Errorf("count events: %w", err)
	}
	for {
		s, ok, err := r.stats(ctx, workspace)
		if err != nil {
			return Stats{}, fmt.Errorf("count events: %w", err)
		}
		if ok {
			return s, nil
		}
	}
}

// stats reads counts and cursors on one snapshot, and what the log holds after
// those cursors. It reports false where a batch was applied in between.
func (r *Runner) stats(ctx context.Context, workspace int64) (s Stats, ok bool, err error) {
	var cursors map[int]uint64
	err = r.o.DB.View(ctx, func(tx *db.Tx) (err error) {
		if _, cursors, err = loadCursors(ctx, tx); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "SELECT CAST(coalesce(sum(stored), 0) AS BIGINT), CAST(coalesce(sum(duplicate), 0) AS BIGINT) FROM event_count WHERE workspace = $1", workspace).
			Scan(&s.Stored, &s.Duplicate)
	})
	if err != nil {
		return s, false, err
	}
	for shard, after := range cursors {
		n, ok, err := r.o.Log.Pending(ctx, shard, after, workspace)
		if err != nil || !ok {
			return s, false, err
		}
		s.Lag += n
	}
	s.Accepted = s.Stored + s.Duplicate + s.Lag
	return s, true, nil
}
