package watch

import (
	"context"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/impact"
)

const (
	hours      = float64(time.Hour / time.Microsecond)
	hourMicros = int64(time.Hour / time.Microsecond)
	dayMicros  = 24 * hourMicros
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
	whom := s.suffering(f)
	// Who failed since, and in the day before, because the beginning is not exactly known.
	clear(seen)
	tried := 0.0
	take := func(o *insight.Outcome) {
		if o.Again || seen[o.Profile] || whom.of.Dim != "" && o.Dims[insight.Dim(whom.of.Dim)] != whom.of.Value {
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
	in.Tried, in.Again = tried, float64(len(in.Failed))/max(tried, 1)
	for i := range was {
		if was[i].At < f.Since-dayMicros {
			break
		}
		take(&was[i])
	}
	in.Usual = impact.Usual{Mean: whom.now.Expected, Low: whom.now.Low, High: whom.now.High}
	if f.Sure && len(f.Causes) > 0 {
		in.Again = impact.Again(f.Causes[0].Rate, f.Causes[0].Others)
	}
	return in.Lost()
}

// suffering is the signal of those among whom the lost are counted: where it is sure that it hits a value of which a signal is kept, such as a way to
// pay, those who had it, and else all.
func (s *shop) suffering(f *found) *signal {
	if f.Sure && len(f.Causes) > 0 && len(f.Causes[0].Pairs) == 1 {
		p := f.Causes[0].Pairs[0]
		if g := s.signals[newShare(insight.CheckoutEnded, insight.Dim(p.Dim), p.Value).name]; g != nil && g.now.Phase != detect.Learning {
			return g
		}
	}
	if g := s.signals[string(insight.CheckoutEnded)]; g != nil {
		return g
	}
	return &signal{}
}

// missing is what is known of orders that do not come since a time, on a day on which they came as usual before. It is read by minutes, while those of that day
// are kept, else by quarters of an hour, and compared hour by hour with what is usual.
func (s *shop) missing(ctx context.Context, tx *db.Tx, r Records, base *detect.Baseline, since, now int64) (m impact.Missing, err error) {
	grain := insight.Minute
	if now-since > dayMicros {
		grain = insight.Quarter
	}
	began := grain.Slot(since)
	t := time.UnixMicro(began).In(s.zone)
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, s.zone).UnixMicro()
	by, err := r.Series(ctx, tx, s.workspace, []insight.Name{insight.Orders}, midnight, now+1, grain)
	if err != nil {
		return m, err
	}
	slots := by[insight.Orders]
	for from := midnight; from < now; {
		to := min(from-from%hourMicros+hourMicros, now)
		if from < began {
			to = min(to, began)
		}
		h := impact.Hour{Expected: base.Rate(s.moment(from)) * float64(to-from) / hours}
		for len(slots) > 0 && (slots[0].At < to || to == now) {
			h.Seen += float64(slots[0].N)
			slots = slots[1:]
		}
		if from < began {
			m.Before = append(m.Before, h)
		} else {
			m.Expected.Mean, m.Seen = m.Expected.Mean+h.Expected, m.Seen+h.Seen
		}
		from = to
	}
	return m, nil
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
