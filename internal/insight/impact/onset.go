package impact

import "math"

// begin is a moment at which a trouble may have begun: before the oldest of so many failures.
type begin struct {
	failed int
	tried  float64
}

// looked are the most moments that are weighed.
const looked = 1000

// daysDiffer is by how much shares of days differ at most beyond chance: what more a band says is that little is known of the shop.
const daysDiffer = 0.15

// onset is beginnings drawn in proportion to how likely each is, in order. The evidence for a beginning is that failures come at the usual share before it and at any
// higher one since (the likelihood of a change point with a flat prior for the new share), and no moment is likelier than another beforehand.
//
// It takes failures from the latest to the earliest.
func (f Failures) onset() []begin {
	likely := 0 // failures since the likely beginning
	for likely < len(f.Failed) && (f.Since <= 0 || f.Failed[likely].Age <= f.Since) {
		likely++
	}
	likely = max(likely, min(1, len(f.Failed)))
	if likely == 0 {
		return nil
	}
	if f.Since <= 0 || f.Failed[likely-1].Tried <= 0 {
		return []begin{{likely, max(f.Tried, float64(likely))}}
	}
	u := clamp(f.Usual.Mean, 1e-6, 0.97)
	all := f.Failed[len(f.Failed)-1].Tried
	var begins []begin
	var logs []float64
	every := 1 + len(f.Failed)/looked
	for i := 0; i < len(f.Failed); i += every {
		k, n := float64(i+1), max(f.Failed[i].Tried, float64(i+1))
		gap := n // customers between the failure before it and this one
		switch {
		case i+every < len(f.Failed):
			gap = f.Failed[i+every].Tried - n
		case i > 0:
			gap = n / k
		}
		gap = max(gap, 1)
		if every == 1 {
			n += (gap - 1) / 2
		}
		begins = append(begins, begin{i + 1, n})
		logs = append(logs, math.Log(gap)+higher(k, n, u)+f.usually(float64(len(f.Failed))-k, all-n))
	}
	return evenly(begins, logs)
}

// usually is the logarithm of the likelihood that k of n fail while all is as usual, at a share that is known as well as its band.
func (f Failures) usually(k, n float64) float64 {
	n = max(n, k)
	u := clamp(f.Usual.Mean, 1e-6, 0.97)
	a := 1 / square(min(f.Usual.deviation(shareBand), daysDiffer))
	b := a * (1 - u) / u
	return lbeta(a+k, b+n-k) - lbeta(a, b)
}

// higher is the logarithm of the likelihood that k of n fail, at a share above the usual one u, of which nothing else is known.
func higher(k, n, u float64) float64 {
	n = max(n, k)
	return lbeta(k+1, n-k+1) + math.Log(above(k+1, n-k+1, u)/(1-u))
}

// evenly is worlds draws of what has these logarithms of likelihood, evenly spread and in order.
func evenly[T any](of []T, logs []float64) (out []T) {
	top, total, sum := math.Inf(-1), 0.0, 0.0
	for _, l := range logs {
		top = max(top, l)
	}
	for i, l := range logs {
		logs[i] = math.Exp(l - top)
		total += logs[i]
	}
	for i, p := range logs {
		sum += p
		for float64(len(out))+0.5 < sum/total*worlds {
			out = append(out, of[i])
		}
	}
	return out
}

func lbeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

// above is nearly the probability that a Beta variable is above x (by a normal one).
func above(a, b, x float64) float64 {
	m := a / (a + b)
	sd := math.Sqrt(m * (1 - m) / (a + b + 1))
	return max(0.5*math.Erfc((x-m)/sd/math.Sqrt2), 1e-12)
}
