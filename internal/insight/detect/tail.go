package detect

import "math"

// tail learns how often one side of a statistic goes how far: how many pass a threshold that one in 50 passes, and a generalised Pareto
// distribution of what lies beyond it, fitted by its moments (Siffer and others, "Anomaly detection in streams with extreme value
// theory", KDD 2017; Hosking and Wallis, Technometrics 1987). It starts as a tail somewhat heavier than the normal one.
type tail struct {
	N      float64 // fed
	T      float64 // the threshold
	Share  float64 // of what passes it
	K      float64 // exceedances, at most tailMemory
	M1, M2 float64 // their mean and mean square
}

const (
	tailShare  = 0.02
	tailMemory = 300
	tailPrior  = 6    // exceedances that the prior counts for
	tailMean   = 0.5  // its mean; that of the normal distribution is 0.37
	tailSquare = 0.55 // its mean square: somewhat heavier than exponential
)

// fit is the part beyond the threshold, the shape and the scale of the distribution there.
func (t *tail) fit() (share, xi, sigma float64) {
	if t.N == 0 {
		t.T, t.Share = 2.3, tailShare
	}
	share = clamp(t.Share, tailShare/4, 4*tailShare)
	k := t.K + tailPrior
	m := (t.K*t.M1 + tailPrior*tailMean) / k
	sq := (t.K*t.M2 + tailPrior*tailSquare) / k
	v := max(sq-m*m, 1e-12)
	xi = clamp(0.5*(1-m*m/v), 0, 0.45)
	return share, xi, max(m*(1-xi), 1e-9) // keeps the mean where xi is clamped
}

// p is how often u or more is to be expected.
func (t *tail) p(u float64) float64 {
	share, xi, sigma := t.fit()
	if u <= t.T {
		return math.Exp(math.Log(share) * max(u, 0) / max(t.T, 1e-9))
	}
	x := (u - t.T) / sigma
	if xi < 1e-3 {
		return share * math.Exp(-min(x, 600))
	}
	return share * math.Pow(1+xi*x, -1/xi)
}

// at is what is passed as often as p.
func (t *tail) at(p float64) float64 {
	share, xi, sigma := t.fit()
	if p >= share {
		return t.T
	}
	if xi < 1e-3 {
		return t.T + sigma*math.Log(share/p)
	}
	return t.T + sigma*(math.Pow(p/share, -xi)-1)/xi
}

// learn takes one value that counts for weight, less than 1 where values come in runs. What alarms (is as rare as p) teaches less, unless alarms were
// many recently.
func (t *tail) learn(u, p, recent, weight float64) {
	t.fit()
	t.N++
	if u > t.T {
		if most := t.nearly(p, recent); u > most {
			u = most
			weight *= min(1, 0.3*(1+recent))
		}
	}
	over := 0.0
	if u > t.T {
		over = 1
		x := u - t.T
		t.K = min(t.K+weight, tailMemory)
		k := max(t.K, 1)
		t.M1 += (x - t.M1) * weight / k
		t.M2 += (x*x - t.M2) * weight / k
	}
	t.Share += (over - t.Share) * max(weight, 0.2) / min(t.N+50, 1000)
	t.T = max(t.T+(over-tailShare)*weight*max(10/(t.N+50), 0.05), 0.3)
}

// nearly is what alarms teach: some way to where they begin, so that one is remembered and several become usual.
func (t *tail) nearly(p, recent float64) float64 { return t.T + 0.6*(1+recent)*(t.at(p)-t.T) }
