package order

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Span is a time in the life of the customer that a profile belongs to.
type Span struct {
	Profile  event.ID
	From, To int64 // microseconds; From is not included, To is
}

// Last returns for each span the order that its customer placed last in it; the id
// of the shop's own is "" where they placed none.
func (s Store) Last(ctx context.Context, workspace int64, spans []Span) (ids []string, ordered []bool, err error) {
	ids, ordered = make([]string, len(spans)), make([]bool, len(spans))
	last := make([]int64, len(spans))
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("n int, model int, id bytes, after int, upto int"))
		for n := range spans {
			keys.Add(n, model, spans[n].Profile[:], spans[n].From, spans[n].To)
		}
		return tx.Lookup(ctx, keys, `SELECT k.n, o.order_id, o.placed_at FROM k CROSS JOIN profile m CROSS JOIN profile p CROSS JOIN orders o
			WHERE m.model = k.model AND m.id = k.id AND p.model = m.model AND p.customer = m.customer
				AND o.model = p.model AND o.profile = p.id AND o.placed_at > k.after AND o.placed_at <= k.upto AND o.draft = 0`, func(r *sql.Rows) error {
			var n int
			var id string
			var at int64
			err := r.Scan(&n, &id, &at)
			if err == nil && at > last[n] {
				last[n], ids[n], ordered[n] = at, id, true
			}
			return err
		})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("orders of customers within a time: %w", err)
	}
	return ids, ordered, nil
}
