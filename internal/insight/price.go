package insight

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// priceKey is what has a price: a product or, where pages tell it, a variant, in a
// currency.
type priceKey struct {
	workspace         int64
	product, currency string
}

// sawPrice is a price that somebody saw.
type sawPrice struct {
	model, at, price int64
	by               event.ID
}

// mostPrices is how many sights of a price a batch looks at.
const mostPrices = 50

// price takes the price that an event shows, unless it is known to be that.
func (w *watched) price(e *event.Event, p event.Object) {
	price, ok := p.Number("price")
	if !ok || price <= 0 || int64(price) > maxMoney {
		return
	}
	id := product(p)
	if id == "" {
		return
	}
	if v := short(p.Text("variant")); v != "" {
		id += "/" + v
	}
	k := priceKey{e.Workspace, id, strings.ToUpper(p.Text("currency"))}
	if len(k.currency) > 3 {
		return
	}
	list := w.prices[k]
	if known, ok := w.seen.price(k); ok && known == int64(price) && len(list) == 0 || len(list) >= mostPrices {
		return
	}
	w.prices[k] = append(list, sawPrice{e.Model, e.At, int64(price), e.Profile()})
}

// priceRow is what is stored of a price.
type priceRow struct {
	price, since int64
	next, nextAt int64  // another price, 0 for none, and when it was first seen
	by           []byte // the profiles that saw it, 8 bytes each
}

// agree is how many visitors in turn must see a price until it counts: a page
// from a cache, or one visitor's own discount, is no change.
const agree = 3

// see takes a sight of a price, and reports whether it became the price.
func (r *priceRow) see(x sawPrice) (changed bool) {
	switch {
	case x.at < r.since:
		return false
	case x.price == r.price:
		r.next, r.nextAt, r.by = 0, 0, nil
		return false
	case x.price != r.next:
		r.next, r.nextAt, r.by = x.price, x.at, nil
	}
	for at := 0; at < len(r.by); at += 8 {
		if bytes.Equal(r.by[at:at+8], x.by[8:]) { // the end of an id is chance
			return false
		}
	}
	if r.by = append(slices.Clip(r.by), x.by[8:]...); len(r.by) < 8*agree {
		return false
	}
	r.price, r.since = r.next, r.nextAt
	r.next, r.nextAt, r.by = 0, 0, nil
	return true
}

// applyPrices follows the prices, and adds the changes that it finds.
func (w *watched) applyPrices(ctx context.Context, tx *db.Tx, changes map[int64][]Change) error {
	order := slices.SortedFunc(maps.Keys(w.prices), func(a, b priceKey) int {
		return cmp.Or(cmp.Compare(a.workspace, b.workspace), strings.Compare(a.product, b.product), strings.Compare(a.currency, b.currency))
	})
	keys := db.NewRows(db.Columns("n int, workspace int, product text, currency text"))
	for n, k := range order {
		keys.Add(n, k.workspace, k.product, k.currency)
	}
	query := `SELECT k.n, p.price, p.since, p.next, p.next_at, p.next_by FROM k CROSS JOIN product_price p
		WHERE p.workspace = k.workspace AND p.product = k.product AND p.currency = k.currency`
	if tx.Postgres() {
		query += " ORDER BY k.n FOR UPDATE OF p"
	}
	rows := map[int]*priceRow{}
	err := tx.Lookup(ctx, keys, query, func(r *sql.Rows) error {
		var n int
		x := &priceRow{}
		err := r.Scan(&n, &x.price, &x.since, &x.next, &x.nextAt, &x.by)
		rows[n] = x
		return err
	})
	if err != nil {
		return fmt.Errorf("read prices: %w", err)
	}
	out := db.NewRows(db.Columns("workspace int, product text, currency text, price int, since int, next int, next_at int, next_by bytes"))
	for n, k := range order {
		row := rows[n]
		list := w.prices[k]
		if row == nil {
			row = &priceRow{price: list[0].price, since: list[0].at}
		} else {
			w.seen.setPrice(k, row.price, row.next == 0)
		}
		before := *row
		for _, x := range list {
			was := row.price
			if row.see(x) {
				c, err := priceChange(ctx, tx, k, x.model, was, row)
				if err != nil {
					return err
				}
				changes[k.workspace] = append(changes[k.workspace], c)
			}
		}
		if rows[n] == nil || before.price != row.price || before.next != row.next || !bytes.Equal(before.by, row.by) {
			w.seen.setPrice(k, 0, false)
			out.Add(k.workspace, k.product, k.currency, row.price, row.since, row.next, row.nextAt, row.by)
		}
	}
	return tx.Insert(ctx, "product_price", out, `ON CONFLICT (workspace, product, currency) DO UPDATE SET price = excluded.price, since = excluded.since,
		next = excluded.next, next_at = excluded.next_at, next_by = excluded.next_by`)
}

// priceChange tells of a price that changed.
func priceChange(ctx context.Context, tx *db.Tx, k priceKey, model, was int64, is *priceRow) (Change, error) {
	id, _, _ := strings.Cut(k.product, "/")
	name := k.product
	err := tx.QueryRow(ctx, "SELECT name FROM product_name WHERE model = $1 AND product = $2", model, id).Scan(&name)
	if err != nil && err != sql.ErrNoRows {
		return Change{}, fmt.Errorf("read the name of a product: %w", err)
	}
	from, to := event.Millionths(was).String(), event.Millionths(is.price).String()
	h := event.NewID(k.workspace, "price", k.product, k.currency, to, fmt.Sprint(is.since))
	c := Change{ID: h.String(), At: is.since, Kind: PriceChange, Source: "events", Title: strings.TrimSpace(name + ": " + from + " → " + to + " " + k.currency),
		Of: map[string]string{string(DimProduct): id, "from": from, "to": to}}
	if k.currency != "" {
		c.Of["currency"] = k.currency
	}
	return c, nil
}
