package order

import (
	"context"
	"database/sql"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Purchase is an order as it counts for a customer.
type Purchase struct {
	Currency string
	Spent    int64 // millionths: what was to be paid less what went back, 0 where cancelled or unknown
}

// EachPurchase tells the orders of customers, drafts left out, whose keys are
// rows of n, model and id.
func EachPurchase(ctx context.Context, tx *db.Tx, customers *db.Rows, f func(n int, p Purchase)) error {
	return tx.Lookup(ctx, customers, `SELECT k.n, o.currency, o.amount, o.items_amount, o.refunded, o.cancelled_at
		FROM k CROSS JOIN profile p CROSS JOIN orders o
		WHERE p.model = k.model AND p.customer = k.id AND o.model = p.model AND o.profile = p.id AND o.draft = 0`, func(s *sql.Rows) error {
		var n int
		var r row
		err := s.Scan(&n, &r.currency, &r.amount, &r.itemsAmount, &r.refunded, &r.cancelledAt)
		p := Purchase{Currency: r.currency}
		if amount, refunded := r.spend(); amount.Valid && !r.cancelledAt.Valid {
			p.Spent = amount.V - refunded.V
		}
		f(n, p)
		return err
	})
}

// Buyers returns the customers whose order has a number, however the number is
// set off.
func Buyers(ctx context.Context, tx *db.Tx, workspace, model int64, number string) (ids []event.ID, err error) {
	number = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(number), "#"))
	keys := db.NewRows(keyColumns)
	seen := map[event.ID]bool{}
	for _, n := range []string{number, "#" + number, strings.ToUpper(number), strings.ToLower(number)} {
		if id := event.NewID(workspace, "order", n); number != "" && !seen[id] {
			seen[id] = true
			keys.Add(model, id[:])
		}
	}
	return ids, tx.Lookup(ctx, keys, `SELECT p.customer FROM k CROSS JOIN orders o CROSS JOIN profile p
		WHERE o.model = k.model AND o.id = k.id AND o.draft = 0 AND p.model = o.model AND p.id = o.profile`, func(s *sql.Rows) error {
		var b []byte
		var id event.ID
		err := s.Scan(&b)
		copy(id[:], b)
		ids = append(ids, id)
		return err
	})
}
