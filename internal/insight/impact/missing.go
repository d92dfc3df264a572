package impact

import (
	"math"
	"slices"
)

// Missing is what is known of orders that did not come, where nobody is seen to fail: nobody visits, or nobody gets to the checkout.
type Missing struct {
	Expected Usual   // orders since the trouble began
	Seen     float64 // that came
	Orders   []Order // some usual ones
}

// Lost estimates what did not come. Orders that come late, after the trouble, count as seen if Seen holds them.
//
// The orders that would have come are a Poisson count with the expected mean, which is known only so well; those that came and those that did
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
	deviation := m.Expected.deviation(countBand)
	for w := range worlds {
		mean := m.Expected.Mean * math.Exp(deviation*r.NormFloat64())
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
