package detect

import "math"

// Term watches how many of n opinions hold something that hardly any does usually: a phrase, or that a stranger rates one product.
//
// A shop has tens of thousands of phrases, nearly all of them rare, so none of them has a baseline of its own worth the name. What is known of one is
// that it was in a of A opinions. Its rate is then uncertain as a Gamma posterior says (of Gamma and Poisson, as Baseline has it; here a Beta, since an opinion
// holds a phrase or does not), made twice as high, and wider by termNoise because words come in bursts (Church and Gale, "Poisson mixtures", Natural
// Language Engineering 1(2), 1995). The evidence that k of the n opinions since have it is the ratio of their likelihood under any of some higher
// shares to that under this posterior (a Polya urn): an e-process, whose mean over such terms is at most 1 at any time.
//
// Each use of a term may be the beginning of its rise, so each begins a test, which takes that use for known and looks at those after it. As many tests
// begin in four weeks as terms are used in them, and by Ville's inequality each passes c at most once in c times: so evidence, divided by
// the number of tests in four usual weeks, is what Budget shares.
type Term struct {
	Rate  Rate
	Tests float64 // that begin in four usual weeks
	Born  int64   // when the test began, first of all
	At    int64
	Since int64 // and now; since it was over last
	K, N  float64
	All   [2]float64 // the same since it was born
	Half  float64    // half of the share that the trouble came to, against which it is over
	Ep    episode
}

// Rate is a share that is uncertain: a Beta distribution with a mean and a shape.
type Rate struct{ Mean, Shape float64 }

const (
	termBand  = 2   // times what was seen is still usual
	termNoise = 0.5 // squared deviation of a term's rate from day to day, relative
	termMost  = 0.5 // a share above which nothing is new
)

// termShares are the shares that a rise may come to.
var termShares = [...]float64{0.004, 0.015, 0.05, 0.15, 0.4, 0.85}

// Known is what is known of a term that was seen in so many of some opinions, the use that begins a test included.
func Known(seen, of float64) Rate {
	a := max(seen, 1)
	return Rate{Mean: clamp(termBand*a/max(of, 1), 1e-9, termMost), Shape: 1 / (1/a + termNoise)}
}

// Evidence is the e-value of k of n opinions against the rate.
func (r Rate) Evidence(k, n float64) float64 {
	if k <= 0 || n < k || !(r.Mean > 0) || !(r.Shape > 0) {
		return 0
	}
	a := r.Shape
	b := a * (1 - r.Mean) / r.Mean
	null := logBeta(a+k, b+n-k) - logBeta(a, b)
	sum := 0.0
	for _, p := range termShares {
		if p > r.Mean {
			sum += math.Exp(min(k*math.Log(p)+(n-k)*math.Log1p(-p)-null, 60))
		}
	}
	return sum / float64(len(termShares))
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

// Feed takes n opinions, of which k have it, each customer once.
func (t *Term) Feed(m Moment, k, n float64) Reading {
	t.At = max(t.At, m.At)
	if !finite(k, n) || n < 0 || k < 0 {
		return t.Reading()
	}
	k = min(k, n)
	t.K, t.N, t.All[0], t.All[1] = t.K+k, t.N+n, t.All[0]+k, t.All[1]+n
	if !t.Ep.On {
		return t.Reading()
	}
	p0, p1 := t.Rate.Mean, t.Half
	phase := t.Ep.after(t.At, math.Exp(k*math.Log(p0/p1)+(n-k)*(math.Log1p(-p0)-math.Log1p(-p1))), k-p0/termBand*n)
	if t.At-t.Ep.Start > accepted*hour {
		t.Ep.On, phase = false, Recovered
	}
	r := t.reading(phase)
	if phase == Recovered {
		t.Calm()
	}
	return r
}

// Raise begins an alarm: the budget says that the evidence is enough.
func (t *Term) Raise() {
	if t.Ep.On || t.K == 0 {
		return
	}
	seen := clamp(t.K/max(t.N, 1), 1e-6, 0.95)
	t.Half = clamp(max(seen/2, 1.5*t.Rate.Mean), 1e-9, 0.9)
	t.Ep.begin(t.At, Up, seen/t.Rate.Mean*termBand, t.Since, t.K-t.Rate.Mean/termBand*t.N, t.evidence())
}

// Calm forgets all evidence and a trouble that lasts; the next use begins another test.
func (t *Term) Calm() { t.K, t.N, t.Since, t.Ep = 0, 0, t.At, episode{} }

func (t *Term) evidence() float64 { return t.Rate.Evidence(t.K, t.N) / max(t.Tests, 1) }

// Reading is what it says without being fed.
func (t *Term) Reading() Reading {
	if t.Ep.On {
		return t.reading(Alarm)
	}
	return t.reading(Quiet)
}

func (t *Term) reading(p Phase) Reading {
	r := Reading{Phase: p, Direction: Up, Expected: t.Rate.Mean / termBand, High: t.Rate.Mean, Since: t.Since, Evidence: t.evidence()}
	if t.Ep.On || p == Recovered {
		r.Since, r.Ratio, r.Excess, r.Evidence = t.Ep.Onset, t.Ep.Ratio, t.Ep.Excess, t.Ep.Evidence
		r.Ended = t.Ep.ended()
	}
	return r
}

// State is the detector as bytes.
func (t *Term) State() []byte { return store('t', t) }

// Restore makes the detector what it was when State was called. After an error it is as it was.
func (t *Term) Restore(b []byte) error { return restore('t', b, t) }

func (t *Term) valid() bool {
	return t.Rate.Mean > 0 && t.Rate.Mean < 1 && positive(t.Rate.Shape, t.Tests, t.K, t.N, t.All[0], t.All[1], t.Half, t.Ep.Back, t.Ep.Told, t.Ep.Ratio, t.Ep.Evidence) && finite(t.Ep.Excess) && t.K <= t.N
}
