package insight

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
)

// CountSeries returns a signal by the slots of a grain in a span, without those in
// which nothing was counted.
func (s *Store) CountSeries(ctx context.Context, workspace int64, name Name, from, to int64, g Grain) (out []Slot, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		if name == Waiting {
			out, err = waitSeries(ctx, tx, workspace, from, to, g)
			return err
		}
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		return tx.Each(ctx, `SELECT at, sum(n) FROM signal WHERE model = $1 AND grain = $2 AND name = $3 AND at >= $4 AND at < $5 AND label = ''
			GROUP BY at ORDER BY at`, []any{model, int64(g), string(name), g.slot(from), to}, func(r *sql.Rows) error {
			var x Slot
			err := r.Scan(&x.At, &x.N)
			out = append(out, x)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("series of signal %s: %w", name, err)
	}
	return out, nil
}
