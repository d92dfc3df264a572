package watch

import (
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/impact"
)

const (
	hours      = float64(time.Hour / time.Microsecond)
	dayMicros  = int64(24 * time.Hour / time.Microsecond)
	fewOrders  = 500 // usual ones that show what carts are worth
	mostFailed = 5000
)

// failures is what is known of checkouts since a trouble began, for what it cost.
// since and was hold the outcomes since then and before, the newest first.
func (s *shop) failures(f *found, since, was []insight.Outcome, now int64, over bool) impact.Lost {
	ordered := map[event.ID][]int64{} // the times at which customers ordered, and at which a checkout ended well: who failed may have said since who they are
	in := impact.Failures{Since: float64(now-f.Since) / hours, Over: over}
	for _, list := range [][]insight.Outcome{was, since} {
		for i := len(list) - 1; i >= 0; i-- {
			if o := &list[i]; o.Bad < 0.5 {
				ordered[o.Profile] = append(ordered[o.Profile], o.At)
				if !o.Subject.IsZero() {
					ordered[o.Subject] = append(ordered[o.Subject], o.At)
				}
				if o.Amount > 0 && len(in.Orders) < fewOrders {
					in.Orders = append(in.Orders, impact.Order{Currency: o.Currency, Amount: event.Millionths(o.Amount)})
				}
			}
		}
	}
	after := func(o *insight.Outcome) (age float64, ok bool) {
		for _, of := range [2]event.ID{o.Profile, o.Subject} {
			for _, at := range ordered[of] {
				if at > o.At && at-o.At <= dayMicros {
					return float64(at-o.At) / hours, true
				}
			}
		}
		return 0, false
	}
	// Who failed usually, and when they got through.
	seen := map[event.ID]bool{}
	for i := len(was) - 1; i >= 0; i-- {
		o := &was[i]
		if o.Again || o.Bad < 0.5 || seen[o.Profile] || now-o.At < dayMicros {
			continue
		}
		seen[o.Profile] = true
		in.Back.Failed++
		if age, ok := after(o); ok {
			in.Back.Ages = append(in.Back.Ages, age)
		}
	}
	// Who failed since, and in the day before, because the beginning is not exactly known.
	clear(seen)
	tried := 0.0
	take := func(o *insight.Outcome) {
		if o.Again || seen[o.Profile] {
			return
		}
		seen[o.Profile] = true
		tried++
		if o.Bad < 0.5 || len(in.Failed) >= mostFailed {
			return
		}
		_, back := after(o)
		in.Failed = append(in.Failed, impact.Failed{Age: float64(now-o.At) / hours, Tried: tried, Back: back,
			Amount: event.Millionths(o.Amount), Currency: o.Currency})
	}
	for i := range since { // the newest first, so tried counts those since
		take(&since[i])
	}
	in.Tried = tried
	for i := range was {
		if was[i].At < f.Since-dayMicros {
			break
		}
		take(&was[i])
	}
	if g := s.signals[string(insight.CheckoutEnded)]; g != nil {
		in.Usual = impact.Usual{Mean: g.now.Expected, Low: g.now.Low, High: g.now.High}
	}
	if f.Sure && len(f.Causes) > 0 {
		in.Again = impact.Again(f.Causes[0].Rate, f.Causes[0].Others)
	}
	return in.Lost()
}

// missing is what orders that did not come cost: rates in an hour, over a span in hours.
func missing(expected, low, high, observed, span float64, orders []impact.Order) impact.Lost {
	return impact.Missing{Expected: impact.Usual{Mean: expected * span, Low: low * span, High: high * span}, Seen: observed * span, Orders: orders}.Lost()
}

// usualOrders are what some orders before came to.
func usualOrders(was []insight.Outcome) (out []impact.Order) {
	for i := range was {
		if o := &was[i]; o.Bad < 0.5 && o.Amount > 0 && len(out) < fewOrders {
			out = append(out, impact.Order{Currency: o.Currency, Amount: event.Millionths(o.Amount)})
		}
	}
	return out
}
