package bench

import (
	"math"
	"math/rand/v2"
)

func pick(r *rand.Rand, shares []float64) int {
	x := r.Float64()
	for i, s := range shares {
		if x -= s; x < 0 {
			return i
		}
	}
	return len(shares) - 1
}

func poisson(r *rand.Rand, mean float64) float64 {
	if mean <= 0 {
		return 0
	}
	if mean > 60 {
		return max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	n, l := 0.0, math.Exp(-mean)
	for p := r.Float64(); p > l; p *= r.Float64() {
		n++
	}
	return n
}

func binomial(r *rand.Rand, n, p float64) float64 {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case n > 200 && n*p > 30 && n*(1-p) > 30:
		return clampf(math.Round(n*p+math.Sqrt(n*p*(1-p))*r.NormFloat64()), 0, n)
	}
	k := 0.0
	for range int(n) {
		if r.Float64() < p {
			k++
		}
	}
	return k
}

func clampf(x, low, high float64) float64 { return max(low, min(high, x)) }
func sum(xs []float64) (out float64) {
	for _, x := range xs {
		out += x
	}
	return out
}
