package insight

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

type productKey struct {
	model int64
	id    string
}

// productName is what an event calls a product.
type productName struct {
	name     string
	verified int64
	day      int64
	tie      int64
}

// beats reports whether a name stands before another: the shop's own before what
// a page claims, then that of the later day, then that of the smaller message hash,
// so that a name is written seldom though it is said often.
func (n productName) beats(o productName) bool {
	return cmp.Or(cmp.Compare(n.verified, o.verified), cmp.Compare(n.day, o.day), cmp.Compare(o.tie, n.tie)) > 0
}

// productNames are a batch's names of products.
type productNames map[productKey]productName

const maxProductName = 200 // characters

func (p productNames) add(e *event.Event, id, name string) {
	if name = strings.TrimSpace(name); name == "" || len(name) > 4*maxProductName {
		return
	}
	h := e.MessageHash()
	n := productName{name, bit(e.Has(event.Verified)), Day.slot(e.At), int64(binary.BigEndian.Uint64(h[:8]) >> 1)}
	k := productKey{e.Model, id}
	if o, ok := p[k]; !ok || n.beats(o) {
		p[k] = n
	}
}

func (p productNames) addItems(e *event.Event) {
	for _, raw := range event.ParseObject(e.Properties).Array("products") {
		item := event.ParseObject(raw)
		if id := product(item); id != "" {
			p.add(e, id, item.Text("name"))
		}
	}
}

// write stores the names that beat those that are known.
func (p productNames) write(ctx context.Context, tx *db.Tx) error {
	order := slices.SortedFunc(maps.Keys(p), func(a, b productKey) int {
		return cmp.Or(cmp.Compare(a.model, b.model), strings.Compare(a.id, b.id))
	})
	keys := db.NewRows(db.Columns("model int, product text"))
	for _, k := range order {
		keys.Add(k.model, k.id)
	}
	err := tx.Lookup(ctx, keys, `SELECT p.model, p.product, p.verified, p.day, p.tie
		FROM k CROSS JOIN product_name p WHERE p.model = k.model AND p.product = k.product`, func(r *sql.Rows) error {
		var k productKey
		var n productName
		err := r.Scan(&k.model, &k.id, &n.verified, &n.day, &n.tie)
		if err == nil && !p[k].beats(n) {
			delete(p, k)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look up names of products: %w", err)
	}
	rows := db.NewRows(db.Columns("model int, product text, name text, verified int, day int, tie int"))
	for _, k := range order {
		if n, ok := p[k]; ok {
			rows.Add(k.model, k.id, n.name, n.verified, n.day, n.tie)
		}
	}
	return tx.Insert(ctx, "product_name", rows, `ON CONFLICT (model, product) DO UPDATE SET name = excluded.name, verified = excluded.verified,
		day = excluded.day, tie = excluded.tie
		WHERE (excluded.verified, excluded.day, -excluded.tie) > (product_name.verified, product_name.day, -product_name.tie)`)
}
