package insight

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// acquaintances are what the shop knows of those whose checkouts end.
type acquaintances struct {
	bought map[*event.Event]bool // whose customer had placed an order before
	homes  map[visitor]string    // customers' address, JSON
}

// buyer says whether somebody bought before, and what who did not is: "new" who buys; who rates a product and names no order that is known, a "stranger".
func (v *values) buyer(known acquaintances, e *event.Event, otherwise string) {
	switch {
	case v[inBuyer] != "":
	case known.bought[e]:
		v[inBuyer] = "returning"
	default:
		v[inBuyer] = otherwise
	}
}

// at takes where somebody lives, where nothing said where the goods go.
func (v *values) at(known acquaintances, e *event.Event) {
	if v[inRegion] == "" && v[inArea] == "" {
		v.address(event.ParseObject(known.homes[visitor{e.Model, e.Profile()}]))
	}
}

// acquaintances looks up what is known of the batch's customers, and of those who rate products.
func (w *watched) acquaintances(ctx context.Context, tx *db.Tx, heard map[subject]*opinion) (acquaintances, error) {
	out := acquaintances{map[*event.Event]bool{}, map[visitor]string{}}
	var list []*event.Event
	var none event.ID
	ends, lives := db.NewRows(db.Columns("n int, model int, profile bytes, placed bytes, at int")), db.NewRows(db.Columns("n int, model int, profile bytes"))
	for i := range w.told {
		t := &w.told[i]
		if t.verb != event.CheckoutFailed && t.verb != event.OrderCompleted {
			continue
		}
		k := visitor{t.e.Model, t.e.Profile()}
		ends.Add(len(list), k.model, k.profile[:], t.order[:], t.e.At)
		if t.p.Get("shipping_address") == "" {
			lives.Add(len(list), k.model, k.profile[:])
		}
		list = append(list, t.e)
	}
	for _, k := range slices.SortedFunc(maps.Keys(heard), compareSubjects) {
		if e := w.opinions[k]; e != nil && heard[k].rated && heard[k].product != "" {
			profile := e.Profile()
			ends.Add(len(list), e.Model, profile[:], none[:], e.At)
			list = append(list, e)
		}
	}
	err := tx.Lookup(ctx, ends, `SELECT k.n FROM k WHERE EXISTS (SELECT 1 FROM orders o WHERE o.model = k.model
		AND o.profile = coalesce((SELECT p.customer FROM profile p WHERE p.model = k.model AND p.id = k.profile), k.profile)
		AND o.placed_at < k.at AND o.id <> k.placed AND o.draft = 0)`, func(r *sql.Rows) error {
		var n int
		err := r.Scan(&n)
		out.bought[list[n]] = true
		return err
	})
	if err != nil {
		return out, fmt.Errorf("look up who bought before: %w", err)
	}
	err = tx.Lookup(ctx, lives, `SELECT k.n, t.value FROM k CROSS JOIN trait t WHERE t.model = k.model
		AND t.profile = coalesce((SELECT p.customer FROM profile p WHERE p.model = k.model AND p.id = k.profile), k.profile) AND t.name = 'address'`, func(r *sql.Rows) error {
		var n int
		var address string
		err := r.Scan(&n, &address)
		out.homes[visitor{list[n].Model, list[n].Profile()}] = address
		return err
	})
	if err != nil {
		return out, fmt.Errorf("look up where customers live: %w", err)
	}
	return out, nil
}
