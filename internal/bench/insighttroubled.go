package bench

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/dhvani/dhvani/internal/insight/watch"
)

// TroubledReport says what people are told in weeks with troubles: one begins at some time of each week, of a kind and size that is
// drawn. What is told is true when its theme is one that the trouble shows in, it goes the same way, and it comes while the trouble lasts or in the day after.
type TroubledReport struct {
	Orders   int            `json:"orders_a_day"` // 0: of all
	Weeks    int            `json:"weeks"`
	Troubles int            `json:"troubles"`
	Noticed  int            `json:"troubles_told"`
	Told     int            `json:"told"`
	False    int            `json:"told_falsely"`
	Share    float64        `json:"false_share"`
	Low      float64        `json:"false_share_low"` // of its 95 % interval (Wilson)
	High     float64        `json:"false_share_high"`
	After    int            `json:"told_when_over"` // of the true ones
	Kinds    map[string]int `json:"noticed_by_kind"`
	Of       map[string]int `json:"troubles_by_kind"`
	BySignal map[string]int `json:"false_by_signal"`
}

// planted is a kind of trouble of which one is drawn.
type planted struct {
	kind   string
	themes []string // in which it shows
	good   bool
	hours  float64 // that it lasts, the median of a lognormal
	factor func(r *rand.Rand) float64
	values int // of which it hits one
}

func between(low, high float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return low * math.Pow(high/low, r.Float64()) }
}

var plantings = []planted{
	{kind: "method down", themes: []string{"checkout", "orders"}, hours: 2, values: 3},
	{kind: "failures", themes: []string{"checkout", "orders"}, hours: 3, factor: between(2.5, 12)},
	{kind: "browser", themes: []string{"checkout", "orders"}, hours: 12, factor: between(0.3, 1), values: 4},
	{kind: "silence", themes: []string{"orders", "traffic"}, hours: 2, factor: func(r *rand.Rand) float64 { return 0.3 * r.Float64() }},
	{kind: "crowd", themes: []string{"traffic"}, good: true, hours: 5, factor: between(1.8, 6)},
	{kind: "late", themes: []string{"delivery"}, hours: 48, factor: between(2, 6)},
	{kind: "carrier", themes: []string{"delivery"}, hours: 48, factor: between(0.3, 0.9), values: 3},
	{kind: "product", themes: []string{"product", "opinion"}, hours: 72, factor: between(2.5, 5), values: 6},
	{kind: "topic", hours: 24, factor: between(0.1, 0.5), values: 12},
}

// themeOf is the theme of the topic that is complained of.
func (p *planted) themesOf(value int) []string {
	if p.kind != "topic" {
		return p.themes
	}
	return []string{watch.TopicTheme(topics[value]), "opinion", "product"} // products and all opinions seem worse too
}

// shows reports whether what is told is of this trouble.
func (p *planted) shows(c *watch.Case, harm trouble, until int64) bool {
	return c.Good == p.good && c.Told >= harm.from && c.Told <= until+day && slices.Contains(p.themesOf(harm.method), c.Theme)
}

func (b Insight) troubled(ctx context.Context) ([]TroubledReport, error) {
	all := newTroubled(0)
	var out []TroubledReport
	for i, orders := range b.Shops {
		n := (b.Weeks + stretch - 1) / stretch
		parts := make([]TroubledReport, n)
		if err := each(ctx, n, b.Jobs, func(k int) {
			parts[k] = troubledWeeks(b.rand(4000+i, k), orders)
		}); err != nil {
			return nil, err
		}
		sum := newTroubled(orders)
		for _, p := range parts {
			sum.add(&p)
			all.add(&p)
		}
		out = append(out, sum.rated())
	}
	return append(out, all.rated()), nil
}

func newTroubled(orders int) TroubledReport {
	return TroubledReport{Orders: orders, Kinds: map[string]int{}, Of: map[string]int{}, BySignal: map[string]int{}}
}

func (r *TroubledReport) add(p *TroubledReport) {
	r.Weeks += p.Weeks
	r.Troubles += p.Troubles
	r.Noticed += p.Noticed
	r.Told += p.Told
	r.False += p.False
	r.After += p.After
	for _, m := range [][2]map[string]int{{r.Kinds, p.Kinds}, {r.Of, p.Of}, {r.BySignal, p.BySignal}} {
		for k, n := range m[1] {
			m[0][k] += n
		}
	}
}

func (r TroubledReport) rated() TroubledReport {
	if r.Told > 0 {
		r.Share = round3(float64(r.False) / float64(r.Told))
		r.Low, r.High = round3(wilsonLow(r.False, r.Told)), round3(1-wilsonLow(r.Told-r.False, r.Told))
	}
	return r
}

// troubledWeeks lets a trouble happen in each week of a stretch.
func troubledWeeks(r *rand.Rand, orders int) TroubledReport {
	out := newTroubled(orders)
	s := newInsightShop(r, float64(orders))
	s.learn()
	out.Weeks = stretch
	for range stretch {
		week := s.at
		p := &plantings[r.IntN(len(plantings))]
		harm := trouble{kind: p.kind, from: week + day/2 + r.Int64N(4*day)/minute*minute}
		if p.factor != nil {
			harm.factor = p.factor(r)
		}
		if p.values > 0 {
			harm.method = r.IntN(p.values)
		}
		until := harm.from + int64(60*p.hours*math.Exp(0.5*r.NormFloat64()))*minute
		until = min(until, week+6*day)
		out.Troubles++
		out.Of[p.kind]++
		noticed := false
		for s.at < week+7*day {
			s.harm = trouble{}
			if s.at < until {
				s.harm = harm
			}
			s.advance(minute)
			_, told := s.panel.Cases(s.at)
			for _, c := range told {
				out.Told++
				switch {
				case !p.shows(c, harm, until):
					out.False++
					out.BySignal[c.Signs[0]]++
				case c.Told > until:
					out.After++
					noticed = true
				default:
					noticed = true
				}
			}
		}
		if noticed {
			out.Noticed++
			out.Kinds[p.kind]++
		}
	}
	return out
}
