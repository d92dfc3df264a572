package bench

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/impact"
)

// impact lets a trouble happen and asks twice what it cost.
func (sc scenario) impact(r *rand.Rand) (out impactRun) {
	from := sc.begin(r)
	s := newInsightShop(r, float64(sc.orders))
	s.learn()
	b := &books{r: rand.New(rand.NewPCG(r.Uint64(), 1)), s: s, retry: 0.3 + 0.4*r.Float64(), soon: 0.5 + 0.4*r.Float64()}
	for s.at < from {
		s.advance(minute)
		s.panel.Judge()
		if s.at > from-day {
			b.note(s)
		}
	}
	history := b.history(s)
	s.harm = sc.harm
	s.harm.from = from
	harm := s.harm
	lasts := int64(math.Exp(math.Log(90)+0.7*r.NormFloat64())) * minute // from when it is noticed
	var sign int
	var since int64
	for s.at < from+sc.most+day {
		s.advance(sc.step)
		b.note(s)
		s.panel.Judge()
		switch {
		case out.noticed == nil:
			if s.at > from+sc.most {
				return out
			}
			// The strongest signal that people are told of.
			sign = -1
			for _, i := range sc.signs() {
				if s.on(i) && s.now(i).Since > from-day && (sign < 0 || s.now(i).Evidence > s.now(sign).Evidence) {
					sign = i
				}
			}
			if sign < 0 {
				continue
			}
			b.mended = s.at + lasts
			since = s.now(sign).Since
			out.noticed = b.check(harm, since, history)
		case b.mended > s.at:
			if s.on(sign) && s.now(sign).Since > from-day {
				since = s.now(sign).Since
			}
		default:
			s.harm = trouble{}
			if !s.on(sign) || s.at > b.mended+6*60*minute {
				out.close = b.check(harm, since, history)
				return out
			}
		}
	}
	return out
}

// signs are the signals whose failures are known customer by customer, or what is missing.
func (sc scenario) signs() []int {
	if sc.harm.kind == "silence" {
		return []int{sigOrders, sigCheckouts, sigVisits}
	}
	return []int{sigFailed, sigUPI, sigCard, sigCash}
}

// history is what the shop remembers: how the failed got through, and what orders are worth.
type history struct {
	back   impact.Back
	orders []impact.Order
	tried  [3]float64 // in four weeks, by method
	failed [3]float64
}

func (b *books) history(s *insightShop) (h history) {
	failed := min(28*s.orders*0.04, 500)
	for range int(failed) {
		m := pick(b.r, []float64{0.85, 0.14})
		l := b.life(0, m, 1, 1)
		if l.again < math.MaxInt64 && l.second >= methodFails[l.by] {
			h.back.Ages = append(h.back.Ages, float64(l.again)/float64(60*minute))
		}
	}
	h.back.Failed = math.Trunc(failed)
	for range int(min(28*s.orders, 500)) {
		h.orders = append(h.orders, impact.Order{Currency: "INR", Amount: event.Millionths(b.cart() * 1e6)})
	}
	for m := range methodShare {
		h.tried[m] = poisson(b.r, 28*s.orders*methodShare[m])
		h.failed[m] = binomial(b.r, h.tried[m], methodFails[m])
	}
	return h
}

// check compares what is estimated now with the truth.
func (b *books) check(harm trouble, since int64, h history) *impactCheck {
	c := &impactCheck{}
	now := b.s.at
	if harm.kind == "silence" {
		b.checkMissing(c, harm, since, h)
		return c
	}
	sign, again := b.carries(since, h)
	f := impact.Failures{Since: float64(now-since) / float64(60*minute), Usual: b.usual(sign), Again: again, Over: b.mended > 0 && now >= b.mended, Back: h.back, Orders: h.orders}
	of := func(m int) bool { return sign == sigFailed || sign == sigUPI+m }
	for _, t := range b.tried {
		for m, n := range t.n {
			if t.at > since && of(m) {
				f.Tried += n
			}
		}
	}
	var at []int64
	for i := range b.lives {
		l := &b.lives[i]
		really, otherwise := b.back(l, harm)
		if lost := float64(count01(otherwise) - count01(really)); l.at >= harm.from {
			c.truth += lost * l.cart
			c.orders += lost
		}
		if !of(l.method) {
			continue
		}
		x := impact.Failed{Age: float64(now-l.at) / float64(60*minute), Back: really && l.again <= now, Currency: "INR"}
		if l.told {
			x.Amount = event.Millionths(l.cart * 1e6)
		}
		f.Failed, at = append(f.Failed, x), append(at, l.at)
	}
	// How many tried since each of them, from the latest back.
	tried, t := 0.0, len(b.tried)-1
	for i := len(f.Failed) - 1; i >= 0; i-- {
		for ; t >= 0 && b.tried[t].at >= at[i]; t-- {
			for m, n := range b.tried[t].n {
				if of(m) {
					tried += n
				}
			}
		}
		f.Failed[i].Tried = tried
	}
	c.got = f.Lost()
	c.oracle = b.oracle(harm, now)
	return c
}

// carries is the signal of those whom it hits, as far as causes can be told: of a method, or of all. With it
// comes how many fail who try again: by other methods, or by any.
func (b *books) carries(since int64, h history) (int, float64) {
	t := cause.Table{Dims: []string{"method"}}
	for m := range methodShare {
		g := cause.Group{Values: []string{methods[m]}, WasN: h.tried[m], WasBad: h.failed[m]}
		for _, x := range b.tried {
			if x.at > since {
				g.N += x.n[m]
			}
		}
		for _, l := range b.lives {
			if l.at > since && l.method == m {
				g.Bad++
			}
		}
		t.Groups = append(t.Groups, g)
	}
	if found, sure := cause.Find(t, true); sure && len(found) > 0 && len(found[0].Pairs) > 0 {
		return sigUPI + slices.Index(methods, found[0].Pairs[0].Value), impact.Again(found[0].Rate, found[0].Others)
	}
	var n, bad float64
	for _, g := range t.Groups {
		n, bad = n+g.N, bad+g.Bad
	}
	return sigFailed, bad / max(n, 1)
}

func (b *books) usual(sign int) impact.Usual {
	r := b.s.now(sign)
	return impact.Usual{Mean: r.Expected, Low: r.Low, High: r.High}
}

// checkMissing is check for orders that do not come.
func (b *books) checkMissing(c *impactCheck, harm trouble, since int64, h history) {
	m := impact.Missing{Orders: h.orders}
	base := b.s.series[sigOrders].Base()
	expected := 0.0
	last, hour := int64(0), int64(-1)
	for _, x := range b.seen {
		usual := base.Rate(detect.UTC(last)) * float64(x.at-last) / float64(60*minute)
		switch {
		case last == 0 || last < since/day*day:
		case x.at > since:
			expected += usual
			m.Seen += x.n
		default:
			if h := last / (60 * minute); h != hour {
				m.Before, hour = append(m.Before, impact.Hour{}), h
			}
			h := &m.Before[len(m.Before)-1]
			h.Expected, h.Seen = h.Expected+usual, h.Seen+x.n
		}
		last = x.at
	}
	u := b.usual(sigOrders)
	m.Expected = impact.Usual{Mean: expected, Low: expected * u.Low / u.Mean, High: expected * u.High / u.Mean}
	for _, x := range b.missing {
		c.truth, c.orders = c.truth+x.money, c.orders+x.n
	}
	c.got = m.Lost()
	// The oracle knows the rate, and how many came.
	mean := 0.0
	for _, x := range b.missing {
		mean += x.mean
	}
	draws := make([]float64, 400)
	for i := range draws {
		for range int(poisson(b.r, mean)) {
			draws[i] += b.cart()
		}
	}
	c.oracle = width(draws)
}

// oracle is the width of the interval that knows everything but what chance decides and nobody can have seen yet: it
// knows when the trouble began and will end, all probabilities and all carts.
func (b *books) oracle(harm trouble, now int64) float64 {
	draws := make([]float64, 400)
	for i := range b.lives {
		l := b.lives[i]
		if l.at < harm.from {
			continue
		}
		known := l.again <= now
		really, _ := b.back(&l, harm)
		for k := range draws {
			x := l
			x.first = x.p * b.r.Float64()
			if known {
				// Whether the second try went well has been seen.
				if p := b.fails(x.by, x.again, harm); really {
					x.second = p + (1-p)*b.r.Float64()
				} else {
					x.second = p * b.r.Float64()
				}
			} else {
				x.second = b.r.Float64()
				for b.plan(&x); x.again <= now; {
					b.plan(&x)
				}
			}
			r, o := b.back(&x, harm)
			draws[k] += float64(count01(o)-count01(r)) * x.cart
		}
	}
	return width(draws)
}

func width(draws []float64) float64 {
	slices.Sort(draws)
	return draws[len(draws)-1-len(draws)/20] - draws[len(draws)/20]
}
