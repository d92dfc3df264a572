package impact

import "math"

// begin is a moment at which a trouble may have begun: before the oldest of so many failures.
type begin struct {
	failed int
	tried  float64
}

// around is how many failures before and after the likely beginning are looked at.
const around = 300

// onset is beginnings drawn in proportion to how likely each is, in order. The evidence for a beginning is that failures come at the usual share before it and at any
// higher one since (the likelihood of a change point with a flat prior for the new share), and no moment is likelier than another beforehand.
//
// It takes failures from the latest to the earliest.
func (f Failures) onset() (out []begin) {
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
	var begins []begin
	var logs []float64
	top := math.Inf(-1)
	for i := max(0, likely-around); i < min(len(f.Failed), likely+around); i++ {
		k, n := float64(i+1), max(f.Failed[i].Tried, float64(i+1))
		gap := n // customers between the failure before it and this one
		switch {
		case i+1 < len(f.Failed):
			gap = f.Failed[i+1].Tried - n
		case i > 0:
			gap = n / k
		}
		gap = max(gap, 1)
		n += (gap - 1) / 2
		// log of B(k+1, n-k+1) / (u^k (1-u)^(n-k)), only for shares above the usual one
		l := math.Log(gap) - k*math.Log(u) - (n-k)*math.Log(1-u) + lbeta(k+1, n-k+1) + math.Log(above(k+1, n-k+1, u)/(1-u))
		begins, logs = append(begins, begin{i + 1, n}), append(logs, l)
		top = max(top, l)
	}
	total := 0.0
	for i := range logs {
		logs[i] = math.Exp(logs[i] - top)
		total += logs[i]
	}
	sum := 0.0
	for i, p := range logs {
		sum += p
		for float64(len(out))+0.5 < sum/total*worlds {
			out = append(out, begins[i])
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
