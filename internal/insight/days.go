package insight

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// Total is what a signal came to over whole days of UTC.
type Total struct {
	N       int64
	Days    int              // from the first day with any in the span, or the span's first
	Amounts map[string]int64 // by label
}

// Days adds up a signal over the whole days of UTC between two times.
func Days(ctx context.Context, tx *db.Tx, model int64, name Name, from, to time.Time) (Total, error) {
	out := Total{Amounts: map[string]int64{}}
	low, high := Day.slot(from.UnixMicro()), Day.slot(to.UnixMicro())
	first := high
	err := tx.Each(ctx, `SELECT label, min(at), sum(n), sum(amount) FROM signal WHERE model = $1 AND grain = $2 AND name = $3 AND at >= $4 AND at < $5 GROUP BY label`,
		[]any{model, int64(Day), string(name), low, high}, func(rows *sql.Rows) error {
			var label string
			var at, n, amount int64
			if err := rows.Scan(&label, &at, &n, &amount); err != nil {
				return err
			}
			if label == "" {
				out.N, first = n, at
			} else if amount != 0 {
				out.Amounts[label] = amount
			}
			return nil
		})
	if err != nil {
		return out, fmt.Errorf("add up signal %s: %w", name, err)
	}
	out.Days = int((high - first) / Day.micros())
	return out, nil
}
