package order

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Stage folds order events into the tables orders and order_item.
type Stage struct{}

// Name names the stage in metrics and errors.
func (Stage) Name() string { return "order" }

// Apply folds a batch.
func (Stage) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	type fact struct {
		e    *event.Event
		verb event.Verb
		p    event.Object
		key  key
	}
	var facts []fact
	rows := map[key]*row{}
	for i := range b.Events {
		e := &b.Events[i]
		v := e.Verb()
		switch v {
		case event.OrderCompleted, event.OrderUpdated, event.OrderRefunded, event.OrderReturned,
			event.OrderCancelled, event.OrderShipped, event.OrderDelivered:
		default:
			continue
		}
		p := event.ParseObject(e.Properties)
		id := identifier(p, "order_id", "orderId")
		k := key{e.Model, event.NewID(e.Workspace, "order", id)}
		if id == "" {
			if v != event.OrderCompleted {
				continue
			}
			h := e.MessageHash()
			k.id = event.NewID(e.Workspace, "order", "", h.String())
		}
		if rows[k] == nil {
			rows[k] = newRow(k, id)
		}
		facts = append(facts, fact{e, v, p, k})
	}
	if len(facts) == 0 {
		return nil
	}
	if err := load(ctx, tx, rows); err != nil {
		return fmt.Errorf("load orders: %w", err)
	}
	for _, f := range facts {
		rows[f.key].apply(f.e, f.verb, f.p)
	}
	return save(ctx, tx, rows)
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
		SELECT o.model, o.id, o.profile, o.placed_at, o.completed, o.draft, o.currency, o.amount, o.shipping, o.tax,
			o.discount, o.items_amount, o.coupon, o.payment_method, o.checkout_id, o.shipped_at, o.carrier,
			o.tracking_number, o.delivered_at, o.days_late, o.cancelled_at, o.returned_at, o.refunded_at, o.refunded,
			o.full_refund, o.stamps
		FROM k CROSS JOIN orders o WHERE o.model = k.model AND o.id = k.id`+lock,
		func(s *sql.Rows) error {
			var n row
			var id, profile, stamps []byte
			err := s.Scan(&n.model, &id, &profile, &n.placedAt, &n.completed, &n.draft, &n.currency, &n.amount, &n.shipping, &n.tax,
				&n.discount, &n.itemsAmount, &n.coupon, &n.paymentMethod, &n.checkoutID, &n.shippedAt, &n.carrier,
				&n.tracking, &n.deliveredAt, &n.daysLate, &n.cancelledAt, &n.returnedAt, &n.refundedAt, &n.refunded,
				&n.fullRefund, &stamps)
			if err != nil || profile == nil { // nothing but the lock
				return err
			}
			copy(n.id[:], id)
			copy(n.profile[:], profile)
			r := rows[n.key]
			n.orderID = r.orderID
			n.stamps = r.stamps
			n.unpack(stamps)
			n.hadItems = n.stamps[byItems].at != math.MinInt64
			*r = n
			return nil
		})
}

// pack writes the stamps one after the other, 16 bytes each.
func (r *row) pack() []byte {
	b := make([]byte, 0, 16*groups)
	for _, s := range r.stamps {
		b = binary.BigEndian.AppendUint64(b, uint64(s.at))
		b = binary.BigEndian.AppendUint64(b, s.tie)
	}
	return b
}

func (r *row) unpack(b []byte) {
	for i := 0; i < groups && len(b) >= 16; i, b = i+1, b[16:] {
		r.stamps[i] = stamp{int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint64(b[8:])}
	}
}

var orderColumns = db.Columns(`model int, id bytes, order_id text, profile bytes, placed_at int, completed int, draft int,
	currency text, amount int, shipping int, tax int, discount int, items_amount int, coupon text, payment_method text,
	checkout_id text, shipped_at int, carrier text, tracking_number text, delivered_at int, days_late int, cancelled_at int,
	returned_at int, refunded_at int, refunded int, full_refund int, stamps bytes`)

var itemColumns = db.Columns(`model int, id bytes, ordinal int, product_id text, sku text, name text, category text,
	variant text, price int, quantity int`)

// save writes the folded orders, and the items of those whose items changed.
func save(ctx context.Context, tx *db.Tx, rows map[key]*row) error {
	orders, replaced, items := db.NewRows(orderColumns), db.NewRows(keyColumns), db.NewRows(itemColumns)
	for _, r := range sorted(rows) {
		orders.Add(r.model, r.id[:], r.orderID, r.profile[:], r.placedAt, bit(r.completed), bit(r.draft),
			r.currency, r.amount, r.shipping, r.tax, r.discount, r.itemsAmount, r.coupon, r.paymentMethod,
			r.checkoutID, r.shippedAt, r.carrier, r.tracking, r.deliveredAt, r.daysLate, r.cancelledAt,
			r.returnedAt, r.refundedAt, r.refunded, bit(r.fullRefund), r.pack())
		if !r.itemsChanged {
			continue
		}
		if r.hadItems {
			replaced.Add(r.model, r.id[:])
		}
		for i, it := range parseItems(r.products) {
			items.Add(r.model, r.id[:], i, it.productID, it.sku, it.name, it.category, it.variant, it.price, it.quantity)
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
	placed_at = excluded.placed_at, completed = excluded.completed, draft = excluded.draft, currency = excluded.currency,
	amount = excluded.amount, shipping = excluded.shipping, tax = excluded.tax, discount = excluded.discount,
	items_amount = excluded.items_amount, coupon = excluded.coupon, payment_method = excluded.payment_method,
	checkout_id = excluded.checkout_id, shipped_at = excluded.shipped_at, carrier = excluded.carrier,
	tracking_number = excluded.tracking_number, delivered_at = excluded.delivered_at, days_late = excluded.days_late,
	cancelled_at = excluded.cancelled_at, returned_at = excluded.returned_at, refunded_at = excluded.refunded_at,
	refunded = excluded.refunded, full_refund = excluded.full_refund, stamps = excluded.stamps`

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
