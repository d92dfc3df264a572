// Package order keeps what customers bought: one row for each order id, folded
// from the order events of the commerce vocabulary, with its items.
//
// An order is a function of the set of its events, in whatever order and
// batches they arrive. What they say is kept as facts: groups (the money, the
// items, the delivery ...) that each hold what the latest event with something
// to say about it said, by event time and then message hash. The order belongs
// to the profile of its earliest event, a user's before an anonymous visitor's.
//
// Anybody can send events with the public write key, so claimed and verified
// events are kept as facts apart, and put together in the columns that are
// read. Where the order's placement (an Order Completed or Updated, or any
// event where there is none) came verified, the verified facts alone decide;
// only that the order was completed is believed of a browser, so that a shop
// whose server sends updates alone still counts its orders. While the placement
// is only claimed both count, and a verified group beats a claimed one; refunds
// are such a group.
//
// A refund is an amount, or else products, which are worth their own price or
// that of the order's items; one that names neither gives all back. What cannot
// be read, or is in another currency than the order, is a refund of an unknown
// amount, which takes nothing off.
//
// An order that was only ever updated is a draft: it is kept, and not counted.
// An Order Completed without an order id is an order of its own, so that its
// money is counted; other events without one say nothing.
package order

import (
	"cmp"
	"slices"

	"github.com/dhvani/dhvani/internal/event"
)

// key names an order.
type key struct {
	model int64
	id    event.ID
}

// row is an order as it is stored; migration 00004 tells what the columns mean.
type row struct {
	key
	orderID           string
	claimed, verified facts // what the columns below are decided from

	profile       event.ID
	placedAt      int64
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
	refunded      optional

	items        []item
	hadItems     bool // are stored
	hadProfile   event.ID
	itemsChanged bool
}

// together says what claimed and verified facts say when both count.
func (r *row) together() facts {
	c, v := &r.claimed, &r.verified
	f := facts{
		First: earlier(c.First, v.First), Completed: earlier(c.Completed, v.Completed), Moved: c.Moved || v.Moved,
		Owner: c.Owner, Money: cmp.Or(v.Money, c.Money), Currency: cmp.Or(v.Currency, c.Currency),
		Items: cmp.Or(v.Items, c.Items), Coupon: cmp.Or(v.Coupon, c.Coupon), Payment: cmp.Or(v.Payment, c.Payment),
		Checkout: cmp.Or(v.Checkout, c.Checkout), Shipping: cmp.Or(v.Shipping, c.Shipping),
		Delivery: cmp.Or(v.Delivery, c.Delivery), Cancelled: cmp.Or(v.Cancelled, c.Cancelled),
		Returned: cmp.Or(v.Returned, c.Returned), Refunded: v.Refunded, Refunds: v.Refunds,
	}
	if v.Owner != nil {
		f.own(v.Owner.Value, v.Owner.By)
	}
	if !v.Refunded.Valid {
		f.Refunded, f.Refunds = c.Refunded, c.Refunds
	}
	return f
}

// decide fills the columns from the facts.
func (r *row) decide() {
	var f facts
	if r.verified.Described || !r.claimed.Described && r.verified.First.Valid {
		f = r.verified
	} else {
		f = r.together()
	}
	r.profile = f.Owner.Value
	r.placedAt = cmp.Or(f.Completed, f.First).V
	r.draft = !f.Moved && !r.claimed.Completed.Valid
	m := value(f.Money)
	r.amount, r.shipping, r.tax, r.discount = m.Amount, m.Shipping, m.Tax, m.Discount
	r.currency, r.coupon, r.paymentMethod, r.checkoutID = value(f.Currency), value(f.Coupon), value(f.Payment), value(f.Checkout)
	r.shippedAt, r.deliveredAt = moved(f.Shipping), moved(f.Delivery)
	s := value(f.Shipping)
	r.carrier, r.tracking, r.daysLate = s.Carrier, s.Tracking, value(f.Delivery)
	r.cancelledAt, r.returnedAt, r.refundedAt = f.Cancelled, f.Returned, f.Refunded

	items := value(f.Items)
	r.itemsChanged = !slices.Equal(r.items, items)
	r.items, r.itemsAmount = items, sum(items)
	r.refunded = f.refunded(r.currency, items)
}

func value[T any](f *fact[T]) (v T) {
	if f != nil {
		v = f.Value
	}
	return v
}

// moved is when a fact came about.
func moved[T any](f *fact[T]) optional {
	if f == nil {
		return optional{}
	}
	return known(f.By.At)
}
