package insight

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/feedback"
)

// Overview is a shop over a range of time, against what is usual there.
type Overview struct {
	Range  Range
	Bounds []time.Time // of the points: one more than there are
	Until  time.Time   // now
	Since  time.Time   // of the first signal, zero where there is none

	Here, Paying int64 // visits with an event in the last five minutes

	Voices Counted
	Points []Point // voices and checkouts by time

	Steps  []Step // of the funnel: visits, viewed, added, checkout, bought
	Orders Counted
	Money  []Money // by currency, the most orders first

	Checkout Rate
	Methods  []Method  // payment methods, the most checkouts first
	Failures []Failure // why checkouts failed, the most first

	Selling  []Product
	Searches int64
	NotFound []Missed // what was searched without a result, the most first
}

// Counted is a count and what is usual by this time.
type Counted struct {
	N     int64
	Usual Usual
}

// Point is a time of the series.
type Point struct {
	Good, Even, Bad, Untold int64 // voices
	UsualBad                Usual
	Orders                  int64
	Bought, Failed          int64 // visits whose checkout ended in an order, and those in which it did not
}

// Together is the share of checkouts over several points.
func Together(points []Point) Rate {
	var bought, failed int64
	for _, p := range points {
		bought, failed = bought+p.Bought, failed+p.Failed
	}
	return rate(bought, bought+failed)
}

// Step is a step of the funnel. Rate is its share of the step before.
type Step struct {
	Name Name
	Counted
	Rate Rate
}

// Rate is a share of n with its 95 % interval, and what is usual.
type Rate struct {
	N                int64
	Share, Low, High float64
	Usual            Usual
}

func rate(part, n int64) Rate {
	part = min(part, n)
	if s, ok := feedback.ShareOf(part, n); ok {
		return Rate{N: n, Share: s.Value, Low: s.Low, High: s.High}
	}
	return Rate{High: 1}
}

// Money is what orders of a currency came to, in millionths.
type Money struct {
	Currency string
	N        int64
	Amount   int64
	Usual    Usual // of the amount
}

// Method is a payment method: the share of its checkouts that ended in an order.
type Method struct {
	Name string // "" where none was told
	Rate Rate
}

// Failure is why checkouts failed.
type Failure struct {
	Method, Reason string
	N              int64
}

// Product is what sells.
type Product struct {
	ID, Name     string
	Pieces, Seen int64
}

// Missed is a search that found nothing.
type Missed struct {
	Text string
	N    int64
}

// steps of the funnel, in their order.
var funnel = []Name{Visits, Viewed, Added, Checkouts, Bought}

var (
	voices = []Name{Glad, Even, Upset, Unrated}
	core   = slices.Concat(funnel, voices, []Name{Failed, Recovered, Orders, Searches})
)

// Lists are short: the page shows the most of each.
const few = 8

// Store reads signals. What they were in the past is kept for a minute.
type Store struct {
	DB *db.DB

	past memory
}

// Overview reads a range that ends now, in now's time zone.
func (s *Store) Overview(ctx context.Context, workspace int64, r Range, now time.Time) (*Overview, error) {
	o := &Overview{Range: r, Bounds: r.bounds(now), Until: now}
	var past *history
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		if past, err = s.history(ctx, tx, model, r, now); err != nil {
			return err
		}
		o.Since = past.since
		if err := o.now(ctx, tx, model, now); err != nil {
			return err
		}
		if err := o.series(ctx, tx, model, past); err != nil {
			return err
		}
		return o.lists(ctx, tx, model, past)
	})
	if err != nil {
		return nil, fmt.Errorf("overview of %s: %w", r, err)
	}
	return o, nil
}

// now counts who is there. A visit counts in the minute of its last event, so the
// sum over minutes is a number of visits.
func (o *Overview) now(ctx context.Context, tx *db.Tx, model int64, now time.Time) error {
	out := sums{}
	from := Minute.slot(now.Add(-4 * time.Minute).UnixMicro())
	err := total(ctx, tx, model, []Name{Here, Paying}, from, now.Add(time.Hour).UnixMicro(), Minute, out, 1)
	o.Here, o.Paying = int64(out[Here]), int64(out[Paying])
	return err
}

// series reads what is counted as a whole, by time, and adds it up.
func (o *Overview) series(ctx context.Context, tx *db.Tx, model int64, past *history) error {
	by, err := series(ctx, tx, model, core, o.Bounds, o.Range.grain())
	if err != nil {
		return err
	}
	o.Points = make([]Point, len(o.Bounds)-1)
	for i := range o.Points {
		p := &o.Points[i]
		p.Good, p.Even, p.Bad, p.Untold = by[Glad][i], by[Even][i], by[Upset][i], by[Unrated][i]
		p.Orders, p.Bought, p.Failed = by[Orders][i], by[Bought][i], max(by[Failed][i]-by[Recovered][i], 0)
		if i < len(past.bad) {
			p.UsualBad = past.bad[i]
		}
	}
	sum := map[Name]int64{}
	for name, values := range by {
		for _, n := range values {
			sum[name] += n
		}
	}
	for i, name := range funnel {
		step := Step{Name: name, Counted: Counted{sum[name], past.usual(func(s sums) float64 { return s[name] })}}
		if i > 0 {
			before := funnel[i-1]
			step.Rate = rate(sum[name], sum[before])
			step.Rate.Usual = past.usual(func(s sums) float64 { return ratio(s[name], s[before]) })
		}
		o.Steps = append(o.Steps, step)
	}
	o.Voices = Counted{sum[Glad] + sum[Even] + sum[Upset] + sum[Unrated], past.usual(func(s sums) float64 {
		return s[Glad] + s[Even] + s[Upset] + s[Unrated]
	})}
	o.Orders = Counted{sum[Orders], past.usual(func(s sums) float64 { return s[Orders] })}
	o.Checkout = checkoutRate(sum[Bought], sum[Failed], sum[Recovered])
	o.Checkout.Usual = past.usual(func(s sums) float64 { return ratio(s[Bought], s[Bought]+s[Failed]-s[Recovered]) })
	o.Searches = sum[Searches]
	return nil
}

// checkoutRate is the share of visits with an order among those whose checkout
// came to an end: in an order, or in a failure.
func checkoutRate(bought, failed, recovered int64) Rate {
	return rate(bought, bought+max(failed-recovered, 0))
}

func ratio(part, whole float64) float64 {
	if whole <= 0 {
		return math.NaN()
	}
	return min(part/whole, 1)
}

// lists reads what is divided by labels.
func (o *Overview) lists(ctx context.Context, tx *db.Tx, model int64, past *history) error {
	from, to := o.Bounds[0].UnixMicro(), o.Bounds[len(o.Bounds)-1].UnixMicro()
	cover := pieces(from, to, o.Range.grain())
	read := func(name Name, limit int) (out []part, err error) {
		return parts(ctx, tx, model, name, cover, limit)
	}
	money, err := read(Orders, few)
	if err != nil {
		return err
	}
	for _, m := range money {
		o.Money = append(o.Money, Money{strings.ToUpper(named(m.Label)), m.N, m.Amount, past.money(m.Label)})
	}
	if err := o.methods(read, past); err != nil {
		return err
	}
	rough := cover
	switch o.Range {
	case Hour:
		rough = []piece{{Quarter, Quarter.slot(from), to}}
	case Week, Month:
		rough = []piece{{Day, Day.slot(from), to}}
	}
	missed, err := parts(ctx, tx, model, NotFound, rough, few+2)
	if err != nil {
		return err
	}
	for _, m := range missed {
		if text := named(m.Label); text != "" && m.Label != rest && len(o.NotFound) < few {
			o.NotFound = append(o.NotFound, Missed{text, m.N})
		}
	}
	return o.products(ctx, tx, model, rough)
}

// methods puts orders and failures together by payment method.
func (o *Overview) methods(read func(Name, int) ([]part, error), past *history) error {
	paid, err := read(Paid, 200)
	if err != nil {
		return err
	}
	failures, err := read(Failed, 400)
	if err != nil {
		return err
	}
	done, broken := map[string]int64{}, map[string]int64{}
	for _, p := range paid {
		done[p.Label] += p.N
	}
	for _, f := range failures {
		method, reason, _ := strings.Cut(f.Label, "\n")
		if f.Label == rest {
			method = rest
		}
		broken[orUnknown(method)] += f.N
		if len(o.Failures) < few {
			o.Failures = append(o.Failures, Failure{named(method), reason, f.N})
		}
	}
	all := maps.Clone(done)
	for m, n := range broken {
		all[m] += n
	}
	for _, m := range slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if all[a] != all[b] {
			return int(all[b] - all[a])
		}
		return strings.Compare(a, b)
	}) {
		if m != unknown && m != rest && len(o.Methods) < few {
			r := rate(done[m], all[m])
			r.Usual = past.method(m)
			o.Methods = append(o.Methods, Method{m, r})
		}
	}
	return nil
}

func orUnknown(s string) string {
	if s == "" {
		return unknown
	}
	return s
}

// named is a label as a text, "" where there is none.
func named(label string) string {
	if label == unknown {
		return ""
	}
	return label
}

// products reads what sells, and where nothing does, what is looked at.
func (o *Overview) products(ctx context.Context, tx *db.Tx, model int64, cover []piece) error {
	sold, err := parts(ctx, tx, model, ItemsSold, cover, few+1)
	if err != nil {
		return err
	}
	seen, err := parts(ctx, tx, model, ItemsSeen, cover, 1000)
	if err != nil {
		return err
	}
	views := map[string]int64{}
	for _, p := range seen {
		views[p.Label] = p.N
	}
	for _, p := range sold {
		if p.Label != rest && len(o.Selling) < few {
			o.Selling = append(o.Selling, Product{ID: p.Label, Pieces: p.N, Seen: views[p.Label]})
		}
	}
	for _, p := range seen {
		known := slices.ContainsFunc(o.Selling, func(x Product) bool { return x.ID == p.Label })
		if p.Label != rest && !known && len(o.Selling) < few {
			o.Selling = append(o.Selling, Product{ID: p.Label, Seen: p.N})
		}
	}
	for i := range o.Selling {
		p := &o.Selling[i]
		p.Name = p.ID
		err := tx.QueryRow(ctx, "SELECT name FROM product_name WHERE model = $1 AND product = $2", model, p.ID).Scan(&p.Name)
		if err != nil && !db.IsNone(err) {
			return err
		}
	}
	return nil
}
