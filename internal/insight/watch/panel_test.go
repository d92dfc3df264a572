package watch

import (
	"context"
	"slices"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/detect"
)

// Signals of one theme that go wrong together are one case, and people are told of it once.
func TestAPanelHasOneCaseForATheme(t *testing.T) {
	p := NewPanel()
	all := []*Series{p.Share(insight.CheckoutEnded, "", ""), p.Share(insight.CheckoutEnded, insight.DimMethod, "upi"), p.Share(insight.DeliveryEnded, "", "")}
	at := int64(1_767_600_000) * 1e6
	const minute = int64(60e6)
	for range 14 * 24 * 60 {
		at += minute
		for i, x := range all {
			k := 0.0
			if (at/minute+int64(i))%20 == 0 {
				k = 1
			}
			p.Feed(x, detect.UTC(at), k, 1)
		}
	}
	p.Gather()
	var opened, told []*Case
	for range 60 {
		at += minute
		p.Feed(all[0], detect.UTC(at), 1, 1)
		p.Feed(all[1], detect.UTC(at), 1, 1)
		p.Feed(all[2], detect.UTC(at), float64(at/minute%20/19), 1)
		o, n := p.Cases(at)
		opened, told = append(opened, o...), append(told, n...)
	}
	if len(opened) != 1 || len(told) != 1 || opened[0].Theme != themeCheckout || opened[0].Good || len(opened[0].Signs) != 2 || told[0].Told > at-50*minute {
		t.Errorf("opened %+v, told %+v", opened, told)
	}
}

// onlyOutcomes are Records that have nothing but outcomes of one kind, the newest first.
type onlyOutcomes struct {
	Records
	list  []insight.Outcome
	asked int
}

func (r *onlyOutcomes) OutcomesOf(_ context.Context, _ *db.Tx, _ int64, _ insight.OutcomeKind, from, to int64, limit int) (out []insight.Outcome, err error) {
	r.asked++
	for _, o := range r.list {
		if o.At >= from && o.At < to && len(out) < limit {
			out = append(out, o)
		}
	}
	return out, nil
}

// What a look has read serves all that ask for a part of it, and is what the store would have said.
func TestSinceReadsOnce(t *testing.T) {
	for _, n := range []int64{50, lookedThrough + 500} {
		r := &onlyOutcomes{}
		for at := n; at > 0; at-- {
			r.list = append(r.list, insight.Outcome{Kind: insight.CheckoutEnded, At: at / 3}) // some at the same time
		}
		s := newShop(1)
		for i, from := range []int64{n / 6, n / 4, n / 5, n / 3, 0} {
			got, err := s.outcomesSince(t.Context(), nil, r, insight.CheckoutEnded, from, n)
			want, _ := (&onlyOutcomes{list: r.list}).OutcomesOf(t.Context(), nil, 1, "", from, n+1, lookedThrough)
			if err != nil || !slices.EqualFunc(got, want, func(a, b insight.Outcome) bool { return a.At == b.At }) {
				t.Errorf("%d outcomes since %d, not %d", len(got), from, len(want))
			}
			if i == 3 && r.asked != 1 {
				t.Errorf("asked %d times", r.asked)
			}
		}
	}
}
