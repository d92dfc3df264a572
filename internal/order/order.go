// Package order keeps what customers bought: one row for each order id, folded
// from the order events of the commerce vocabulary, with its items.
//
// An order is a function of the set of its events, in whatever order and
// batches they arrive. Columns come in groups (the money, the items, the
// delivery ...); each group holds what the latest event that says something
// about it said, by event time and then message hash. Refunds are summed. The
// order belongs to the profile of its earliest event, a user's before an
// anonymous visitor's.
//
// An order that was only ever updated is a draft: it is kept, and not counted.
// An Order Completed without an order id is an order of its own, so that its
// money is counted; other events without one say nothing.
package order

import (
	"database/sql"
	"encoding/binary"
	"math"
	"math/bits"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// maxAmount bounds money and quantities: what is beyond 100 billion is a
// mistake and counts as missing.
const maxAmount = int64(100_000_000_000 * event.One)

// maxID is how many bytes an identifier may have; a longer one counts as
// missing.
const maxID = 512

// optional is a number that may be unknown.
type optional = sql.Null[int64]

func known(v int64) optional { return optional{V: v, Valid: true} }

// stamp says which event a group of columns comes from: its time and the first
// half of its message hash. The later stamp wins.
type stamp struct {
	at  int64
	tie uint64
}

func stampOf(e *event.Event) stamp {
	h := e.MessageHash()
	return stamp{e.At, binary.BigEndian.Uint64(h[:8])}
}

func (s stamp) after(o stamp) bool { return s.at > o.at || s.at == o.at && s.tie > o.tie }

// Groups of columns that come from one event together.
const (
	byOwner = iota // the earliest event here, the latest in all others
	byMoney
	byCurrency
	byItems
	byCoupon
	byPayment
	byCheckout
	byShipping
	byDelivery
	groups
)

// key names an order.
type key struct {
	model int64
	id    event.ID
}

// row is an order as it is stored; migration 00004 tells what the columns mean.
type row struct {
	key
	orderID       string
	profile       event.ID
	placedAt      int64
	completed     bool
	draft         bool
	currency      string
	amount        optional
	shipping      optional
	tax           optional
	discount      optional
	itemsAmount   optional
	coupon        string
	paymentMethod string
	checkoutID    string
	shippedAt     optional
	carrier       string
	tracking      string
	deliveredAt   optional
	daysLate      optional
	cancelledAt   optional
	returnedAt    optional
	refundedAt    optional
	refunded      int64
	fullRefund    bool
	stamps        [groups]stamp

	hadItems     bool   // are stored
	products     string // raw items of the batch, where they are newer than the stored
	itemsChanged bool
}

func newRow(k key, orderID string) *row {
	r := &row{key: k, orderID: orderID, placedAt: math.MaxInt64, draft: true}
	for i := range r.stamps {
		r.stamps[i].at = math.MinInt64
	}
	r.stamps[byOwner].at = math.MaxInt64
	return r
}

// newer reports whether an event is the latest of a group, and notes it.
func (r *row) newer(group int, s stamp) bool {
	if !s.after(r.stamps[group]) {
		return false
	}
	r.stamps[group] = s
	return true
}

// apply folds one event into the order.
func (r *row) apply(e *event.Event, v event.Verb, p event.Object) {
	s := stampOf(e)
	if id := e.Profile(); r.owned(id, s) {
		r.profile, r.stamps[byOwner] = id, s
	}
	switch completed := v == event.OrderCompleted; {
	case completed && !r.completed:
		r.placedAt, r.completed = e.At, true
	case completed || !r.completed:
		r.placedAt = min(r.placedAt, e.At)
	}
	r.draft = r.draft && v == event.OrderUpdated
	switch v {
	case event.OrderCompleted, event.OrderUpdated:
		r.describe(p, s)
	case event.OrderShipped:
		if r.newer(byShipping, s) {
			r.shippedAt = known(e.At)
			r.carrier = p.First("carrier", "shipping_carrier", "tracking_company")
			r.tracking = p.First("tracking_number", "tracking_id", "tracking_code")
		}
	case event.OrderDelivered:
		if r.newer(byDelivery, s) {
			r.deliveredAt, r.daysLate = known(e.At), number(p, "days_late")
		}
	case event.OrderCancelled:
		earliest(&r.cancelledAt, e.At)
	case event.OrderReturned:
		earliest(&r.returnedAt, e.At)
	case event.OrderRefunded:
		earliest(&r.refundedAt, e.At)
		back := payable(p)
		if !back.Valid {
			back = sum(parseItems(p.Get("products")))
		}
		if back.Valid {
			r.refunded = add(r.refunded, max(back.V, -back.V)) // some write what goes back below zero
		} else {
			r.fullRefund = true
		}
	}
}

// owned reports whether an event's profile takes the order over.
func (r *row) owned(id event.ID, s stamp) bool {
	if r.profile.IsZero() || id.IsUser() != r.profile.IsUser() {
		return r.profile.IsZero() || id.IsUser()
	}
	return r.stamps[byOwner].after(s)
}

// describe takes what an Order Completed or Updated says of the order itself.
func (r *row) describe(p event.Object, s stamp) {
	if a := payable(p); a.Valid && r.newer(byMoney, s) {
		r.amount, r.shipping, r.tax, r.discount = a, number(p, "shipping"), number(p, "tax"), number(p, "discount")
	}
	if products := p.Get("products"); strings.HasPrefix(products, "[") && r.newer(byItems, s) {
		r.products, r.itemsChanged = products, true
		r.itemsAmount = sum(parseItems(products))
	}
	for _, t := range [...]struct {
		group int
		to    *string
		value string
	}{
		{byCurrency, &r.currency, strings.ToUpper(p.Text("currency"))},
		{byCoupon, &r.coupon, p.Text("coupon")},
		{byPayment, &r.paymentMethod, p.Text("payment_method")},
		{byCheckout, &r.checkoutID, p.Text("checkout_id")},
	} {
		if t.value != "" && len(t.value) <= maxID && r.newer(t.group, s) {
			*t.to = t.value
		}
	}
}

// payable is what the customer pays: total, else revenue with shipping and tax,
// which revenue excludes, else value.
func payable(p event.Object) optional {
	if total := number(p, "total"); total.Valid {
		return total
	}
	if revenue := number(p, "revenue"); revenue.Valid {
		return known(revenue.V + number(p, "shipping").V + number(p, "tax").V)
	}
	return number(p, "value")
}

// item is a product of an order, as often as it was bought.
type item struct {
	productID, sku, name, category, variant string
	price                                   optional
	quantity                                int64 // millionths
}

func parseItems(products string) []item {
	var out []item
	for _, raw := range event.ParseArray(products) {
		p := event.ParseObject(raw)
		it := item{
			productID: identifier(p, "product_id", "productId", "id"), sku: identifier(p, "sku"), name: p.Text("name"),
			category: p.Text("category"), variant: p.Text("variant"), price: number(p, "price"), quantity: int64(event.One),
		}
		if q := number(p, "quantity"); q.Valid {
			it.quantity = q.V
		}
		out = append(out, it)
	}
	return out
}

// sum is what the items cost, unknown where none has a price.
func sum(items []item) optional {
	var total optional
	for _, it := range items {
		if it.price.Valid {
			total = known(add(total.V, multiply(it.price.V, it.quantity)))
		}
	}
	return total
}

func number(p event.Object, name string) optional {
	m, ok := p.Number(name)
	if !ok || int64(m) > maxAmount || int64(m) < -maxAmount {
		return optional{}
	}
	return known(int64(m))
}

func identifier(p event.Object, names ...string) string {
	if t := p.First(names...); len(t) <= maxID {
		return t
	}
	return ""
}

func earliest(t *optional, at int64) {
	if !t.Valid || at < t.V {
		*t = known(at)
	}
}

// add is a sum that stays at the largest number where it would wrap around.
func add(a, b int64) int64 {
	switch s := a + b; {
	case b > 0 && s < a:
		return math.MaxInt64
	case b < 0 && s > a:
		return math.MinInt64
	default:
		return s
	}
}

// multiply is a product of millionths, cut to whole ones and to maxAmount.
func multiply(a, b int64) int64 {
	hi, lo := bits.Mul64(uint64(max(a, -a)), uint64(max(b, -b)))
	q := uint64(maxAmount)
	if hi < uint64(event.One) {
		q, _ = bits.Div64(hi, lo, uint64(event.One))
		q = min(q, uint64(maxAmount))
	}
	if (a < 0) != (b < 0) {
		return -int64(q)
	}
	return int64(q)
}
