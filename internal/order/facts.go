package order

import (
	"encoding/binary"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// stamp says which event a fact comes from: its time and the first half of its
// message hash. The later stamp wins.
type stamp struct {
	At  int64  `json:"at"`
	Tie uint64 `json:"tie"`
}

func stampOf(e *event.Event) stamp {
	h := e.MessageHash()
	return stamp{e.At, binary.BigEndian.Uint64(h[:8])}
}

func (s stamp) after(o stamp) bool { return s.At > o.At || s.At == o.At && s.Tie > o.Tie }

// fact is what one event said.
type fact[T any] struct {
	By    stamp `json:"by"`
	Value T     `json:"value"`
}

// latest keeps the fact of the latest event.
func latest[T any](f **fact[T], s stamp, v T) {
	if *f == nil || s.after((*f).By) {
		*f = &fact[T]{s, v}
	}
}

// facts is what the claimed or the verified events say of an order. It is
// stored as JSON under these names.
type facts struct {
	First     optional `json:"first,omitzero"`     // time of the earliest event
	Completed optional `json:"completed,omitzero"` // of the earliest Order Completed
	Described bool     `json:"described,omitzero"` // by an Order Completed or Updated
	Moved     bool     `json:"moved,omitzero"`     // beyond an Order Updated

	Owner    *fact[event.ID] `json:"owner,omitzero"`
	Money    *fact[money]    `json:"money,omitzero"`
	Currency *fact[string]   `json:"currency,omitzero"`
	Items    *fact[[]item]   `json:"items,omitzero"`
	Coupon   *fact[string]   `json:"coupon,omitzero"`
	Payment  *fact[string]   `json:"payment,omitzero"`
	Checkout *fact[string]   `json:"checkout,omitzero"`
	Shipping *fact[shipping] `json:"shipping,omitzero"`
	Delivery *fact[optional] `json:"delivery,omitzero"` // days late

	Cancelled optional `json:"cancelled,omitzero"` // earliest times
	Returned  optional `json:"returned,omitzero"`
	Refunded  optional `json:"refunded,omitzero"`
	Refunds   []refund `json:"refunds,omitzero"`
}

type money struct {
	Amount   optional `json:"amount"`
	Shipping optional `json:"shipping,omitzero"`
	Tax      optional `json:"tax,omitzero"`
	Discount optional `json:"discount,omitzero"`
}

type shipping struct {
	Carrier  string `json:"carrier,omitzero"`
	Tracking string `json:"tracking,omitzero"`
}

// apply folds one event into the facts.
func (f *facts) apply(e *event.Event, v event.Verb, p event.Object) {
	s, at := stampOf(e), known(e.At)
	f.own(e.Profile(), s)
	f.First = earlier(f.First, at)
	f.Moved = f.Moved || v != event.OrderUpdated
	switch v {
	case event.OrderCompleted:
		f.Completed = earlier(f.Completed, at)
		f.describe(p, s)
	case event.OrderUpdated:
		f.describe(p, s)
	case event.OrderShipped:
		latest(&f.Shipping, s, shipping{
			Carrier:  p.First("carrier", "shipping_carrier", "tracking_company"),
			Tracking: p.First("tracking_number", "tracking_id", "tracking_code"),
		})
	case event.OrderDelivered:
		latest(&f.Delivery, s, number(p, "days_late"))
	case event.OrderCancelled:
		f.Cancelled = earlier(f.Cancelled, at)
	case event.OrderReturned:
		f.Returned = earlier(f.Returned, at)
	case event.OrderRefunded:
		f.Refunded = earlier(f.Refunded, at)
		for _, b := range parseRefund(p) {
			f.refund(b)
		}
	}
}

// own gives the order to the profile of its earliest event, a user's before an
// anonymous visitor's.
func (f *facts) own(id event.ID, s stamp) {
	o := f.Owner
	if o == nil || id.IsUser() && !o.Value.IsUser() || id.IsUser() == o.Value.IsUser() && o.By.after(s) {
		f.Owner = &fact[event.ID]{s, id}
	}
}

// describe takes what an Order Completed or Updated says of the order itself.
func (f *facts) describe(p event.Object, s stamp) {
	f.Described = true
	if a := payable(p); a.Valid {
		latest(&f.Money, s, money{a, number(p, "shipping"), number(p, "tax"), number(p, "discount")})
	}
	if products := p.Get("products"); strings.HasPrefix(products, "[") {
		latest(&f.Items, s, parseItems(products))
	}
	for _, t := range [...]struct {
		to    **fact[string]
		value string
	}{
		{&f.Currency, strings.ToUpper(p.Text("currency"))},
		{&f.Coupon, p.Text("coupon")},
		{&f.Payment, p.Text("payment_method")},
		{&f.Checkout, p.Text("checkout_id")},
	} {
		if t.value != "" && len(t.value) <= maxID {
			latest(t.to, s, t.value)
		}
	}
}

// earlier is the earlier of two times of which either may be unknown.
func earlier(a, b optional) optional {
	if !a.Valid || b.Valid && b.V < a.V {
		return b
	}
	return a
}
