package impact

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/dhvani/dhvani/internal/event"
)

// day is how long an order that comes all the same is counted as recovered, in hours.
const day = 24.0

// Failures is what is known of the checkouts since a trouble began.
type Failures struct {
	Tried  float64  // customers whose checkout came to an end since it began, each once
	Since  float64  // hours since it began, as far as is known
	Failed []Failed // those who failed first, each once; those before the beginning too, of at least a day, because it is not exactly known
	Usual  Usual    // share of customers who usually fail
	Again  float64  // share of those who try again now that fails, see Again; where all fail alike, their share; 0: as usual
	Over   bool     // it is over: who tries again from now on gets through as usual
	Back   Back     // how those who fail usually get through after all
	Orders []Order  // some usual ones, for carts of which nothing is known
}

// Failed is a customer whose checkout failed.
type Failed struct {
	Age      float64          // hours since it failed
	Tried    float64          // customers whose checkout has come to an end since, this one too; 0: not known
	Back     bool             // ordered after all, within 24 hours
	Amount   event.Millionths // in the cart, 0 where unknown
	Currency string
}

// Back is how customers who failed got through after all, in the past.
type Back struct {
	Failed float64   // so many failed
	Ages   []float64 // hours after which each of those who ordered within 24 hours did
}

// usualWorth is how many customers the past is worth: those of one day and one trouble are alike in how many come back and when, and differ from
// those of others, so no past says of them as much as thousands of their own would.
const usualWorth = 40

// againWorth is the same of how many get through who try again while it lasts, of which only what fails now speaks.
const againWorth = 4

// share is how many get through after all, usually.
func (b Back) share() float64 {
	n := float64(len(b.Ages))
	// Before anything is known: two in five.
	return (n + 0.8) / (max(b.Failed, n) + 2)
}

// Again is how many fail of those who try again: most take another way, where another works. rate is the share that fails
// of those whom it hits, others that of all others.
func Again(rate, others float64) float64 { return 0.25*rate + 0.75*others }

// agesWorth is how many ages what shops have in common is worth.
const agesWorth = 10

// by is how many of those who get through have done so by an age in hours. What is known is joined with what shops
// have in common: half come within some minutes, the others in the course of the day.
func (b Back) by(age float64) float64 {
	common := 0.5*(1-math.Exp(-age/0.25)) + 0.5*min(age/day, 1)
	n := 0
	for _, a := range b.Ages {
		if a <= age {
			n++
		}
	}
	if age >= day {
		return 1
	}
	return (float64(n) + agesWorth*common) / (float64(len(b.Ages)) + agesWorth)
}

// Lost estimates what these failures cost, up to now: also of those who may still get through.
//
// When it began is known as well as the failures tell (see onset). Of the customers who failed since, each would have failed anyway with the
// probability of the usual share in the share that fails now. Each who has not ordered may yet do so (see recovery).
// Those who would have failed anyway are lost only so far as fewer of them get through than usual.
func (f Failures) Lost() Lost {
	f.Failed = slices.Clone(f.Failed)
	slices.SortStableFunc(f.Failed, func(a, b Failed) int { return cmp.Compare(a.Age, b.Age) })
	begins := f.onset()
	if len(begins) == 0 {
		return Lost{}
	}
	r := source()
	carts := f.carts(begins)
	s := newSums(carts.currencies)
	backs := f.recoveries(r, carts)
	deviation := f.Usual.deviation(shareBand)
	usual := clamp(f.Usual.Mean, 1e-6, 0.99)
	logit := math.Log(usual / (1 - usual))
	lost := make([]float64, len(carts.ages))
	for w := range worlds {
		begin := begins[r.IntN(len(begins))]
		failed := float64(begin.failed)
		usual := 1 / (1 + math.Exp(-logit-deviation*r.NormFloat64()))
		now := beta(r, failed+0.5, max(begin.tried-failed, 0)+0.5)
		anyway := min(usual/max(now, 1e-9), 1)
		back := backs[r.IntN(len(backs))]
		next := 1.0 // of those who try from now on
		if !f.Over {
			next = back.through + r.Float64()*(1-back.through) // nobody knows how long it lasts
		}
		for i := range lost {
			by := math.Pow(carts.ages[i].by, back.pace)
			stuck := by * (1 - back.through)
			open := max(1-back.share*(by-stuck), 1e-9)
			// Of those not back: who stays away though the trouble alone made them fail, and who would have come back without it.
			away := 1 - back.share*next*(1-by)/open
			worse := back.share * (stuck + (1-next)*(1-by)) / open
			lost[i] = clamp((1-anyway)*away+anyway*worse, 0, 1)
		}
		carts.draw(r, s, w, begin.failed, lost)
	}
	return s.lost()
}

// recovery is how those who fail on this day get through after all: share of them try again and would get through as usual, and of these who try while the trouble
// lasts only the part through does. How soon they try is as usual, with the shares by an age raised to the power of pace.
type recovery struct{ share, through, pace float64 }

// Draws of what was usual, and steps of what is not, that recoveries looks at.
const (
	usualDraws   = 250
	throughSteps = 40
)

// recoveries are draws from the posterior of recovery, by what became of the customers at each age. An age of which n are not back and k are has the likelihood
// of a binomial count. The share and the pace are as in the past but for what customers of one day have in common.
func (f Failures) recoveries(r *rand.Rand, c *carts) []recovery {
	came, usual := f.Back.share(), clamp(f.Usual.Mean, 0, 0.99)
	through := 1.0
	if f.Again > usual {
		through = max(1-f.Again, 0) / (1 - usual)
	}
	shares := min(max(f.Back.Failed, 2), usualWorth)
	// With n ages known the power has a relative deviation of 1 / sqrt(n).
	pace := math.Sqrt(1/(float64(len(f.Back.Ages))+agesWorth) + 1.0/usualWorth)
	out := make([]recovery, 0, usualDraws*throughSteps)
	logs := make([]float64, 0, usualDraws*throughSteps)
	for range usualDraws {
		x := recovery{share: clamp(beta(r, came*shares, (1-came)*shares), 0.001, 0.999), pace: math.Exp(pace * r.NormFloat64())}
		var by [len(steps) + 1]float64
		for i, a := range c.ages {
			by[i] = math.Pow(a.by, x.pace)
		}
		for k := range throughSteps {
			x.through = (float64(k) + r.Float64()) / throughSteps
			l := againWorth * (through*math.Log(x.through) + (1-through)*math.Log(1-x.through))
			for i := range c.ages {
				if a := &c.ages[i]; a.n+a.back > 0 {
					p := clamp(x.share*x.through*by[i], 1e-9, 1)
					l += a.n*math.Log(1-p) + a.back*math.Log(p)
				}
			}
			out, logs = append(out, x), append(logs, l)
		}
	}
	return evenly(out, logs)
}

// age is customers who have not come through, of about one age.
type age struct {
	n     float64
	back  float64             // others of this age, who have
	by    float64             // of those who try again, who have by now
	known map[string]*moments // what is in their carts, by currency
	dark  float64             // carts of which nothing is known
}

type moments struct{ sum, square float64 }

// carts are the failed, made ready for drawing.
type carts struct {
	open       []Failed // who have not come through, the latest first
	until      []int    // of those who failed, this one's place
	common     int      // customers of the likeliest beginning
	step       []int    // of ages, of the open
	ages       []age
	values     *values
	currencies []string
}

// steps of age, in hours, within which customers count as of one age.
var steps = [...]float64{0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1, 1.5, 2.5, 4, 6, 9, 12, 16, 20, day}

func (f Failures) carts(begins []begin) *carts {
	c := &carts{common: begins[len(begins)/2].failed}
	// What is learnt of recovery, and sums, are of those since the middle of the beginnings.
	most := 0
	for _, b := range begins {
		most = max(most, b.failed)
	}
	var known []Order
	ages := make([]age, len(steps)+1)
	for i := range ages {
		ages[i].known = map[string]*moments{}
	}
	for i, x := range f.Failed[:most] {
		if x.Amount > 0 {
			known = append(known, Order{x.Currency, x.Amount})
		}
		if !x.Back {
			c.open, c.until = append(c.open, x), append(c.until, i)
		}
		if i >= c.common {
			continue
		}
		k, _ := slices.BinarySearch(steps[:], x.Age)
		a := &ages[k]
		if x.Back {
			a.back++
			continue
		}
		a.n++
		if x.Amount > 0 {
			m := a.known[x.Currency]
			if m == nil {
				m = &moments{}
				a.known[x.Currency] = m
			}
			m.sum += float64(x.Amount)
			m.square += float64(x.Amount) * float64(x.Amount)
		} else {
			a.dark++
		}
	}
	for i := range ages {
		at := day
		switch {
		case i == 0:
			at = 0
		case i < len(steps):
			at = (steps[i-1] + steps[i]) / 2
		}
		ages[i].by = f.Back.by(at)
	}
	c.ages = ages
	for _, x := range c.open {
		k, _ := slices.BinarySearch(steps[:], x.Age)
		c.step = append(c.step, k)
	}
	c.values = newValues(known, f.Orders)
	for _, o := range slices.Concat(known, c.values.orders) {
		if !slices.Contains(c.currencies, o.Currency) {
			c.currencies = append(c.currencies, o.Currency)
		}
	}
	return c
}

// draw adds what is lost in a world, where so many failed since it began, and of those of each age who have not come through the share lost is.
func (c *carts) draw(r *rand.Rand, s *sums, w, failed int, lost []float64) {
	if len(c.open) <= few {
		for i, x := range c.open {
			if c.until[i] >= failed {
				break
			}
			if r.Float64() >= lost[c.step[i]] {
				continue
			}
			s.orders[w]++
			o := Order{x.Currency, x.Amount}
			if x.Amount <= 0 {
				o = c.values.draw(r)
			}
			if o.Amount > 0 {
				s.money[o.Currency][w] += float64(o.Amount)
			}
		}
		return
	}
	// Sums of many are normal, and money goes with the orders.
	var mean, spread float64
	for i := range c.ages {
		p := lost[i]
		mean += c.ages[i].n * p
		spread += c.ages[i].n * p * (1 - p)
	}
	z := r.NormFloat64()
	scale := float64(failed) / float64(max(c.common, 1))
	s.orders[w] = clamp(mean+z*math.Sqrt(spread), 0, float64(len(c.open))) * scale
	for _, currency := range c.currencies {
		var sum, with, square float64
		for i := range c.ages {
			a := &c.ages[i]
			p := lost[i]
			if m := a.known[currency]; m != nil {
				sum += p * m.sum
				with += p * (1 - p) * m.sum
				square += p * (1 - p) * m.square
			}
			m1, m2 := c.values.mean[currency], c.values.square[currency]
			sum += p * a.dark * m1
			with += p * (1 - p) * a.dark * m1
			square += a.dark * (p*m2 - p*p*m1*m1)
		}
		// The part of the money that goes with how many orders are lost, and the part that does not.
		slope := 0.0
		if spread > 0 {
			slope = with / math.Sqrt(spread)
		}
		s.money[currency][w] = scale * max(0, sum+slope*z+math.Sqrt(max(0, square-slope*slope))*r.NormFloat64())
	}
}
