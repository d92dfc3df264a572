package insight

import (
	"context"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// Since returns the time from which on a workspace's signals are known, zero where
// there is none.
func (s *Store) Since(ctx context.Context, workspace int64) (since time.Time, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		first, err := earliest(ctx, tx, model)
		if err == nil && first != 0 {
			since = time.UnixMicro(first)
		}
		return err
	})
	if err != nil {
		return since, fmt.Errorf("since when signals are known: %w", err)
	}
	return since, nil
}
