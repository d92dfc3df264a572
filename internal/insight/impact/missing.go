package impact

import (
	"math"
	"slices"
)

// Missing is what is known of orders that did not come, where nobody is seen to fail: nobody visits, or nobody gets to the checkout.
type Missing struct {
	Expected Usual   // orders since the trouble began, as they usually come at these hours of the week
	Seen     float64 // that came
	Before   []Hour  // of the same day, before it began
	Orders   []Order // some usual ones
}

// Hour is how many orders are usual in an hour, or a part of one, and how many came.
type Hour struct{ Expected, Seen float64 }

// Hours of a day differ among each other beyond chance by about a tenth: that is worth what so many hours would tell.
const (
	hourUsual = 0.1 * 0.1 // relative variances
	hourLeast = 0.02 * 0.02
	hourMost  = 0.5 * 0.5
	hourWorth = 6

	hourLittle = 0.01 // orders expected, of which nothing is learnt
)

// Lost estimates what did not come. Orders that come late, after the trouble, count as seen if Seen holds them.
//
// The orders that would have come are a Poisson count. Its mean is what is usual, times what today is and what these hours differ from it; those that came and those that did
// not are two parts of it, each a Poisson count.
func (m Missing) Lost() Lost {
	if !(m.Expected.Mean > 0) {
		return Lost{}
	}
	r := source()
	v := newValues(m.Orders)
	var currencies []string
	for _, o := range v.orders {
		if !slices.Contains(currencies, o.Currency) {
			currencies = append(currencies, o.Currency)
		}
	}
	s := newSums(currencies)
	t := m.today()
	deviation := math.Sqrt(t.differ)
	for w := range worlds {
		mean := m.Expected.Mean * gamma(r, t.shape) / t.rate * math.Exp(deviation*r.NormFloat64()-t.differ/2)
		came := 0.0
		if m.Seen > 0 {
			came = gamma(r, m.Seen)
		}
		n := poisson(r, mean-came)
		s.orders[w] = n
		if n <= few {
			for range int(n) {
				if o := v.draw(r); o.Amount > 0 {
					s.money[o.Currency][w] += float64(o.Amount)
				}
			}
			continue
		}
		for _, c := range currencies {
			spread := math.Sqrt(n * max(0, v.square[c]-v.mean[c]*v.mean[c]))
			s.money[c][w] = max(0, n*v.mean[c]+spread*r.NormFloat64())
		}
	}
	return s.lost()
}

// today is how many times as many orders as usual come on this day, a Gamma distribution, and the relative variance by which its hours differ from
// that beyond chance.
type today struct{ shape, rate, differ float64 }

// today is learnt from the hours of the day before the trouble. Days differ as the band says. With hours that differ by chance only this is the
// posterior of Poisson counts (Gelman and others, Bayesian Data Analysis, 2013, section 2.6). As they differ by a variance u beyond it, an hour with E orders expected tells no more than
// one with E / (1 + u E), whose variance is as large by chance alone.
func (m Missing) today() today {
	days := 1 / square(m.Expected.deviation(countBand))
	t := today{shape: days, rate: days, differ: m.differ(days)}
	for _, h := range m.Before {
		if h.Expected >= hourLittle {
			w := 1 / (1 + t.differ*h.Expected)
			t.shape, t.rate = t.shape+w*h.Seen, t.rate+w*h.Expected
		}
	}
	return t
}

// differ is the variance of hours beyond chance: what those before show (the moments of DerSimonian and Laird, Controlled Clinical
// Trials 1986), together with what is usual in shops, each by how well it is known.
func (m Missing) differ(days float64) float64 {
	var n, expected, seen, squares, q float64
	for _, h := range m.Before {
		if h.Expected >= hourLittle {
			n, expected, seen, squares = n+1, expected+h.Expected, seen+h.Seen, squares+square(h.Expected)
		}
	}
	if n < 2 {
		return hourUsual
	}
	f := (seen + days) / (expected + days)
	for _, h := range m.Before {
		if h.Expected >= hourLittle {
			q += square(h.Seen-f*h.Expected) / (f * h.Expected)
		}
	}
	c := f * (expected - squares/expected)
	usual, shown := hourWorth/square(hourUsual), n/square(hourUsual+n/c)
	return clamp((usual*hourUsual+shown*(q-(n-1))/c)/(usual+shown), hourLeast, hourMost)
}

func square(x float64) float64 { return x * x }
