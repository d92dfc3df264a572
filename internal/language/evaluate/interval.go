package evaluate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
)

// z is the 97.5 % point of the normal distribution.
const z = 1.959964

// share is k of n with Wilson's score interval (E. B. Wilson, JASA 22, 1927), nil
// where n is 0.
func share(k, n int64) *Figure {
	if n == 0 {
		return nil
	}
	m := float64(n)
	p := float64(k) / m
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return &Figure{p, min(max(centre-half, 0), p), max(min(centre+half, 1), p)}
}

// MarshalJSON writes five places, more than any file can tell.
func (f Figure) MarshalJSON() ([]byte, error) {
	round := func(x float64) float64 { return math.Round(x*1e5) / 1e5 }
	return json.Marshal(struct {
		Value float64 `json:"value"`
		Low   float64 `json:"low"`
		High  float64 `json:"high"`
	}{round(f.Value), round(f.Low), round(f.High)})
}

// within are the percentiles 2.5 and 97.5 of resampled values, which it sorts.
func within(values []float64) Figure {
	slices.Sort(values)
	return Figure{Low: percentile(values, .025), High: percentile(values, .975)}
}

// percentile lies between the two nearest of sorted values.
func percentile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Difference is how much better one model is than another on the same cases, by
// macro-F1 over the classes among the labels. The interval is that of a paired
// bootstrap: both models see the same resampled cases (B. Efron and R. Tibshirani, An
// Introduction to the Bootstrap, 1993, chapter 13; P. Koehn, EMNLP 2004).
func Difference(base, other []Case) (b, o, difference Figure) {
	both := append(slices.Clone(base), other...)
	classes, pairs := numbered(both)
	n := len(base)
	tb, to := newTally(len(classes)), newTally(len(classes))
	macros := func(at func(i int) int) (float64, float64) {
		tb.reset()
		to.reset()
		for i := range n {
			k := at(i)
			tb.add(pairs[k])
			to.add(pairs[n+k])
		}
		x, _ := tb.macro()
		y, _ := to.macro()
		return x, y
	}
	random := rand.New(rand.NewPCG(seed, 2))
	var bs, os, ds []float64
	for range Resamples {
		x, y := macros(func(int) int { return random.IntN(n) })
		bs, os, ds = append(bs, x), append(os, y), append(ds, y-x)
	}
	b, o, difference = within(bs), within(os), within(ds)
	b.Value, o.Value = macros(func(i int) int { return i })
	difference.Value = o.Value - b.Value
	return b, o, difference
}
