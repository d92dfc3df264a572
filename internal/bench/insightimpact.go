package bench

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/dhvani/dhvani/internal/insight/impact"
)

// ImpactReport says how well the lost revenue of a trouble is known when it is noticed, and when it is over. The truth is what the same
// customers would have bought without the trouble, less what they bought within 24 hours.
type ImpactReport struct {
	Trouble string       `json:"trouble"`
	Orders  int          `json:"orders_a_day"` // 0: of all
	Runs    int          `json:"runs"`
	Noticed ImpactFigure `json:"at_noticing"`
	Close   ImpactFigure `json:"at_close"`
}

// ImpactFigure is of intervals of nominal 90 %.
type ImpactFigure struct {
	N       int     `json:"n"`
	Covers  float64 `json:"covers"`
	Below   float64 `json:"truth_below"`
	Above   float64 `json:"truth_above"`
	Lost    float64 `json:"orders_lost_median"`
	Width   float64 `json:"width_against_oracle"` // median
	Percent float64 `json:"half_width_percent"`   // of the estimate, median
}

// impactRun is what came of one trouble.
type impactRun struct{ noticed, close *impactCheck }

type impactCheck struct {
	truth, orders float64
	got           impact.Lost
	oracle        float64 // width
}

func (b Insight) impacts(ctx context.Context) ([]ImpactReport, error) {
	var out []ImpactReport
	var all []impactRun
	for i, sc := range b.impactScenarios() {
		runs := make([]impactRun, b.Runs)
		if err := each(ctx, b.Runs, b.Jobs, func(k int) {
			runs[k] = sc.impact(b.rand(3000+i, k))
		}); err != nil {
			return nil, err
		}
		out = append(out, impactReport(sc.name, sc.orders, runs))
		all = append(all, runs...)
	}
	return append(out, impactReport("all of these", 0, all)), nil
}

func (b Insight) impactScenarios() (out []scenario) {
	for _, n := range b.Shops {
		step := 60 * int64(1e6)
		if n >= 1000 {
			step /= 12
		}
		out = append(out,
			scenario{name: "a method that 30 % use fails", orders: n, harm: trouble{kind: "method down", method: 1}, signal: sigCard, step: step, most: 4 * day},
			scenario{name: "failures 3x", orders: n, harm: trouble{kind: "failures", factor: 3}, signal: sigFailed, step: step, most: 7 * day},
			scenario{name: "failures 10x", orders: n, harm: trouble{kind: "failures", factor: 10}, signal: sigFailed, step: step, most: 4 * day},
			scenario{name: "everything stops", orders: n, harm: trouble{kind: "silence"}, signal: sigOrders, step: step, most: day, after: 9},
		)
	}
	return out
}

func impactReport(name string, orders int, runs []impactRun) ImpactReport {
	return ImpactReport{Trouble: name, Orders: orders, Runs: len(runs),
		Noticed: impactFigure(runs, func(r impactRun) *impactCheck { return r.noticed }),
		Close:   impactFigure(runs, func(r impactRun) *impactCheck { return r.close }),
	}
}

func impactFigure(runs []impactRun, of func(impactRun) *impactCheck) (f ImpactFigure) {
	var lost, widths, percent []float64
	below, above := 0, 0
	for _, r := range runs {
		c := of(r)
		if c == nil {
			continue
		}
		f.N++
		var m impact.Money
		if len(c.got.Money) > 0 {
			m = c.got.Money[0]
		}
		// Money is whole cents, so half a cent is no difference.
		below += count01(c.truth < float64(m.Low)/1e6-0.005)
		above += count01(c.truth > float64(m.High)/1e6+0.005)
		lost = append(lost, c.orders)
		if c.oracle > 0 {
			widths = append(widths, float64(m.High-m.Low)/1e6/c.oracle)
		}
		if m.Amount > 0 {
			percent = append(percent, 50*float64(m.High-m.Low)/float64(m.Amount))
		}
	}
	if f.N == 0 {
		return f
	}
	n := float64(f.N)
	f.Below, f.Above = round3(float64(below)/n), round3(float64(above)/n)
	f.Covers = round3(1 - float64(below+above)/n)
	f.Lost, f.Width, f.Percent = quantile(lost, 0.5), quantile(widths, 0.5), quantile(percent, 0.5)
	return f
}

// life is a customer whose checkout failed, in both worlds.
type life struct {
	at     int64
	method int
	p, u   float64 // that it fails, with the trouble and without
	first  float64 // uniform below p: it fails without the trouble too where it is below u
	cart   float64
	told   bool // the shop knows the cart
	again  int64
	by     int     // the method of the second try
	second float64 // uniform
}

// books are what a shop's customers do besides what its signals say: the same shop goes on without them.
type books struct {
	r       *rand.Rand
	s       *insightShop
	lives   []life
	tried   []tries
	mended  int64
	retry   float64 // who try again
	soon    float64 // of these, within minutes
	missing []missed
	seen    []missed // orders at the first try
}

type tries struct {
	at int64
	n  [3]float64
}

type missed struct {
	at             int64
	n, mean, money float64
}

const cartSpread = 0.8

func (b *books) cart() float64 {
	return math.Round(100*math.Exp(math.Log(40)+cartSpread*b.r.NormFloat64())) / 100
}

// note takes what came in one step: by a method n customers, of whom f failed.
func (b *books) note(s *insightShop) {
	t, came := tries{at: s.at}, missed{at: s.at}
	for m := range methodShare {
		t.n[m] = s.last.first[m][0]
		came.n += s.last.first[m][0] - s.last.first[m][1]
		p, u := s.fails(m), min(methodFails[m]*s.worse[m], 1)
		for range int(s.last.first[m][1]) {
			b.lives = append(b.lives, b.life(s.at, m, p, u))
		}
	}
	b.tried, b.seen = append(b.tried, t), append(b.seen, came)
	if s.hits("silence") {
		mean := s.last.expected * (1 - s.harm.factor)
		n, money := poisson(b.r, mean), 0.0
		for range int(n) {
			money += b.cart()
		}
		b.missing = append(b.missing, missed{s.at, n, mean, money})
	}
}

func (b *books) life(at int64, m int, p, u float64) life {
	l := life{at: at, method: m, p: p, u: u, first: p * b.r.Float64(), cart: b.cart(), told: b.r.Float64() < 0.85, second: b.r.Float64()}
	b.plan(&l)
	return l
}

// plan decides whether and when a customer tries again.
func (b *books) plan(l *life) {
	l.again = math.MaxInt64
	if b.r.Float64() >= b.retry {
		return
	}
	hours := 24 * b.r.Float64()
	if b.r.Float64() < b.soon {
		hours = min(b.r.ExpFloat64()/5, 23)
	}
	l.again = l.at + int64(hours*60)*minute
	l.by = l.method
	if b.r.Float64() < 0.8 {
		l.by = (l.method + 1 + b.r.IntN(2)) % 3
	}
}

// fails is the probability at a time.
func (b *books) fails(m int, at int64, harm trouble) float64 {
	u := min(methodFails[m]*b.s.worse[m], 1)
	if at < harm.from || b.mended > 0 && at >= b.mended {
		return u
	}
	switch {
	case harm.kind == "method down" && harm.method == m:
		return 1
	case harm.kind == "failures":
		return min(u*harm.factor, 1)
	}
	return u
}

// back reports whether the customer orders after all, and whether they would have without the trouble.
func (b *books) back(l *life, harm trouble) (really, otherwise bool) {
	if l.again == math.MaxInt64 {
		return false, l.first >= l.u
	}
	return l.second >= b.fails(l.by, l.again, harm), l.first >= l.u || l.second >= b.fails(l.by, l.again, trouble{from: math.MaxInt64})
}
