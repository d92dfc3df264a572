package order

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Stage folds order events into the tables orders and order_item.
type Stage struct{}

// Name names the stage in metrics and errors.
func (Stage) Name() string { return "order" }

// Apply folds a batch.
func (Stage) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	type occurrence struct {
		e    *event.Event
		verb event.Verb
		p    event.Object
		key  key
	}
	var found []occurrence
	rows := map[key]*row{}
	for i := range b.Events {
		e := &b.Events[i]
		id, k, ok := subject(e)
		if !ok {
			continue
		}
		if rows[k] == nil {
			rows[k] = &row{key: k, orderID: id}
		}
		found = append(found, occurrence{e, e.Verb(), event.ParseObject(e.Properties), k})
	}
	if len(found) == 0 {
		return nil
	}
	if err := load(ctx, tx, rows); err != nil {
		return fmt.Errorf("load orders: %w", err)
	}
	for _, f := range found {
		r := rows[f.key]
		if f.e.Has(event.Verified) {
			r.verified.apply(f.e, f.verb, f.p)
		} else {
			r.claimed.apply(f.e, f.verb, f.p)
		}
	}
	if err := save(ctx, tx, rows); err != nil {
		return err
	}
	for k, r := range rows { // an order may turn out another's
		b.Touched = append(b.Touched, event.Key{Model: k.model, ID: r.profile})
		if !r.hadProfile.IsZero() && r.hadProfile != r.profile {
			b.Touched = append(b.Touched, event.Key{Model: k.model, ID: r.hadProfile})
		}
	}
	return nil
}

// subject is the order that an event speaks of: its id, "" where it has none, and
// its key. ok is false for an event that is not of an order.
func subject(e *event.Event) (id string, k key, ok bool) {
	v := e.Verb()
	switch v {
	case event.OrderCompleted, event.OrderUpdated, event.OrderRefunded, event.OrderReturned,
		event.OrderCancelled, event.OrderShipped, event.OrderDelivered:
	default:
		return "", k, false
	}
	id = identifier(event.ParseObject(e.Properties), "order_id", "orderId")
	k = key{e.Model, event.NewID(e.Workspace, "order", id)}
	if id == "" {
		if v != event.OrderCompleted {
			return "", k, false
		}
		h := e.MessageHash()
		k.id = event.NewID(e.Workspace, "order", "", h.String())
	}
	return id, k, true
}

// Row names the row of the order that an event speaks of.
func Row(e *event.Event) (id event.ID, ok bool) {
	_, k, ok := subject(e)
	return k.id, ok
}

var keyColumns = db.Columns("model int, id bytes")

// sorted lists orders by key: every transaction writes and locks in that order.
func sorted(rows map[key]*row) []*row {
	out := make([]*row, 0, len(rows))
	for _, r := range rows {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.model, b.model), bytes.Compare(a.id[:], b.id[:]))
	})
	return out
}

// load reads the stored state of the orders. PostgreSQL has writers of other
// shards beside this one: there every order is locked, and made first where it
// is new, so that none is read by two.
func load(ctx context.Context, tx *db.Tx, rows map[key]*row) error {
	keys := db.NewRows(keyColumns)
	for _, r := range sorted(rows) {
		keys.Add(r.model, r.id[:])
	}
	lock := ""
	if tx.Postgres() {
		if err := tx.Insert(ctx, "orders", keys, "ON CONFLICT DO NOTHING"); err != nil {
			return err
		}
		lock = " ORDER BY o.model, o.id FOR UPDATE OF o"
	}
	return tx.Lookup(ctx, keys, `
		SELECT o.model, o.id, o.claimed, o.verified
		FROM k CROSS JOIN orders o WHERE o.model = k.model AND o.id = k.id`+lock,
		func(s *sql.Rows) error {
			var k key
			var id, claimed, verified []byte
			err := s.Scan(&k.model, &id, &claimed, &verified)
			if err != nil || claimed == nil { // nothing but the lock
				return err
			}
			copy(k.id[:], id)
			r := rows[k]
			if err := errors.Join(json.Unmarshal(claimed, &r.claimed), json.Unmarshal(verified, &r.verified)); err != nil {
				return fmt.Errorf("facts of order %s: %w", k.id, err)
			}
			r.decide()
			r.hadItems, r.hadProfile = len(r.items) > 0, r.profile
			return nil
		})
}

var orderColumns = db.Columns(`model int, id bytes, order_id text, profile bytes, placed_at int, draft int,
	currency text, amount int, shipping int, tax int, discount int, items_amount int, coupon text, payment_method text,
	checkout_id text, shipped_at int, carrier text, tracking_number text, delivered_at int, days_late int, cancelled_at int,
	returned_at int, refunded_at int, refunded int, claimed bytes, verified bytes`)

var itemColumns = db.Columns(`model int, id bytes, ordinal int, product_id text, sku text, name text, category text,
	variant text, price int, quantity int`)

// save writes the folded orders, and the items of those whose items changed.
func save(ctx context.Context, tx *db.Tx, rows map[key]*row) error {
	orders, replaced, items := db.NewRows(orderColumns), db.NewRows(keyColumns), db.NewRows(itemColumns)
	for _, r := range sorted(rows) {
		r.decide()
		claimed, err := json.Marshal(&r.claimed)
		verified, err2 := json.Marshal(&r.verified)
		if err = errors.Join(err, err2); err != nil {
			return fmt.Errorf("facts of order %s: %w", r.id, err)
		}
		orders.Add(r.model, r.id[:], r.orderID, r.profile[:], r.placedAt, bit(r.draft),
			r.currency, r.amount, r.shipping, r.tax, r.discount, r.itemsAmount, r.coupon, r.paymentMethod,
			r.checkoutID, r.shippedAt, r.carrier, r.tracking, r.deliveredAt, r.daysLate, r.cancelledAt,
			r.returnedAt, r.refundedAt, r.refunded, claimed, verified)
		if !r.itemsChanged {
			continue
		}
		if r.hadItems {
			replaced.Add(r.model, r.id[:])
		}
		for i, it := range r.items {
			items.Add(r.model, r.id[:], i, it.ProductID, it.SKU, it.Name, it.Category, it.Variant, it.Price, it.Quantity)
		}
	}
	if err := tx.Insert(ctx, "orders", orders, overwrite); err != nil {
		return err
	}
	const drop = `DELETE FROM order_item WHERE (model, id) IN (SELECT model, id FROM k) RETURNING ordinal`
	if err := tx.Lookup(ctx, replaced, drop, func(*sql.Rows) error { return nil }); err != nil {
		return fmt.Errorf("replace order items: %w", err)
	}
	return tx.Insert(ctx, "order_item", items, "")
}

// overwrite is safe because load read the row under a lock.
const overwrite = `ON CONFLICT (model, id) DO UPDATE SET order_id = excluded.order_id, profile = excluded.profile,
	placed_at = excluded.placed_at, draft = excluded.draft, currency = excluded.currency,
	amount = excluded.amount, shipping = excluded.shipping, tax = excluded.tax, discount = excluded.discount,
	items_amount = excluded.items_amount, coupon = excluded.coupon, payment_method = excluded.payment_method,
	checkout_id = excluded.checkout_id, shipped_at = excluded.shipped_at, carrier = excluded.carrier,
	tracking_number = excluded.tracking_number, delivered_at = excluded.delivered_at, days_late = excluded.days_late,
	cancelled_at = excluded.cancelled_at, returned_at = excluded.returned_at, refunded_at = excluded.refunded_at,
	refunded = excluded.refunded, claimed = excluded.claimed,
	verified = excluded.verified`

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
