package detect

import "math"

// local is the factor by which things go lately against the baseline. No day is quite as its weekday is, and what the day was like so far says what
// the next hour will be like. So the factor is a local level: it returns to 1 by itself, differs from day to day as much as days have differed, and is
// followed hour by hour as a Kalman filter does (Harvey, Forecasting, structural time series models and the Kalman filter, 1989). Within the open hour it is a Gamma or
// Beta posterior: so what is expected next, while all is usual, is a Polya urn's draw (Harvey and Fernandes, "Time series models for count or
// qualitative observations", Journal of Business & Economic Statistics 7(4), 1989).
type local struct {
	Mean, Var float64              // of the factor, for the open hour
	Fast      float64              // relative variance of this hour by itself
	Holiday   float64              // 1 for an hour of one
	From      [2]float64           // observed and expected in the open hour up to the end of a trouble, which say nothing of the day
	Slack     float64              // times more or less are usual too, for weeks
	Vary      float64              // relative variance of the factor, or of a share's odds, at the beginning of the open hour
	A         float64              // events that the urns of the open hour hold
	B         [2]float64           // and usual events (of a share: what did not go wrong): of the urn against which less is weighed, and that for more
	C0, D0    [len(ratios)]float64 // as A and B, of the urns of changes of which nothing was seen yet
	C, D      [len(ratios)]float64 // and as they are
}

const (
	stays  = 0.97 // how much of a factor is left after an hour
	sleeps = 0.5  // and after midnight: with the hours before, a quarter after a day
	doubt  = 1.2  // times the variance that was seen: it is itself known from few days
	surest = 1e9  // events that an urn holds at most
	wide   = 0.04 // least variance of a change: those that are looked for are this far apart
	slack  = 0.6  // deviations of a day by which things may stay away from the baseline, which follows slowly
)

// varies is by how much the rate differs beyond chance, as variances relative to it: slowly, from day to day and as far as the level is not known,
// on a holiday and in a young shop; and fast, from hour to hour, and as far as this hour of the day and of the week are not known.
func (b *Baseline) varies(m Moment) (slow, fast float64) {
	q, k := b.rest(), 1+b.Flat
	days := max(b.daily(), b.least())
	slow = doubt*days + q/(b.Sum+1)
	fast = doubt*max(b.least(), b.hourly()-days) + q/(k*dayPrior+float64(b.Day[m.Hour%24].O)) + q/(k*wkPrior+float64(b.Week[m.Hour].O))
	if d := b.Hours / 24; d < young {
		x := math.Pow(0.5*q*(1-d/young), 2)
		slow, fast = slow+x, fast+x
	}
	if m.Holiday {
		slow += math.Pow(0.4*q, 2)
	}
	return slow, fast
}

// turn goes on to the next hour: what was observed of what was expected in the one that ends says how things go. After a trouble nothing is known, nor when a holiday begins or ends.
func (l *local) turn(b *Baseline, next Moment, observed, expected float64, troubled bool) {
	slow, fast := b.varies(next)
	holiday := 0.0
	if next.Holiday {
		holiday = 1
	}
	switch {
	case troubled || holiday != l.Holiday:
		l.Mean, l.Var = 1, slow
	case expected > l.From[1]:
		observed, expected = max(observed-l.From[0], 0), expected-l.From[1]
		gain := l.Var / (l.Var + l.Fast + b.rest()*l.Mean/expected)
		l.Mean = clamp(l.Mean+gain*(observed/expected-l.Mean), 0.02, 50)
		l.Var *= 1 - gain
	}
	l.Holiday, l.From = holiday, [2]float64{}
	k := stays
	if next.Hour%24 == 0 {
		k *= sleeps
	}
	l.Mean, l.Var = 1+k*(l.Mean-1), k*k*l.Var+(1-k*k)*slow
	l.Fast, l.Slack = fast, math.Exp(slack*math.Sqrt(slow)/b.rest())
}

// forget is for after a trouble: nothing is known of how the day is. Given is what was observed and expected in the open hour up to now.
func (l *local) forget(b *Baseline, observed, expected float64) {
	slow, _ := b.varies(Moment{Holiday: l.Holiday == 1})
	l.Mean, l.Var, l.From = 1, slow, [2]float64{observed, expected}
}

// fill makes the urns of a count: Gamma distributions of the factor.
func (l *local) fill() {
	l.Vary = l.Var/(l.Mean*l.Mean) + l.Fast
	l.A = min(1/l.Vary, surest)
	l.B = [2]float64{l.A / l.Mean * l.Slack, l.A / l.Mean / l.Slack}
	c := 1 / max(l.Vary, wide)
	for i, r := range ratios {
		l.C0[i], l.D0[i] = c, c/(r*l.Mean)
	}
	l.C, l.D = l.C0, l.D0
}

// fillShare makes those of a share whose usual one is mid: Beta distributions.
func (l *local) fillShare(mid float64) {
	p := clamp(l.Mean*mid, 1e-6, 1-(1-mid)/4)
	l.Vary = (l.Var/(l.Mean*l.Mean) + l.Fast) / ((1 - p) * (1 - p))
	n := balls(p, l.Vary)
	l.A, l.B = p*n, [2]float64{(1 - p) * n * l.Slack, (1 - p) * n / l.Slack}
	odds := p / (1 - p)
	for i, r := range ratios {
		to := clamp(odds*r/(1+odds*r), 1e-7, max(0.98, p))
		n := balls(to, max(l.Vary, wide))
		l.C0[i], l.D0[i] = to*n, (1-to)*n
	}
	l.C, l.D = l.C0, l.D0
}

// balls is how many values a Beta distribution with a mean holds whose odds have a relative variance.
func balls(mean, vary float64) float64 {
	return clamp(1/(vary*mean*(1-mean))-1, 1/min(mean, 1-mean), surest)
}

// side is which urn a ratio is weighed against.
func side(ratio int) int {
	if ratio < ups {
		return 1
	}
	return 0
}

// nearest is how many times more, and less, than what is usual a change is at least. It learns what it is, but must not become what is usual.
const nearest = 1.15

// ready makes the urn of a change ready for what comes: a new one where it begins only now, and its mean, or odds, away from those of what is usual, of which 1/x is given.
func (l *local) ready(i int, since *bank, x float64) (c, d float64) {
	if since.W[i] <= 1 {
		l.C[i], l.D[i] = l.C0[i], l.D0[i]
	}
	c = l.C[i]
	if i < ups {
		return c, min(l.D[i], c*x/nearest)
	}
	return c, max(l.D[i], c*x*nearest)
}

// drawn puts n events into the urns of a count, in a time in which e are usual. It returns the logarithms of how many times likelier each change makes them than what is usual
// does, and how many times likelier nothing would have been. A change knows what was seen in the open hour since it may have begun.
func (l *local) drawn(since *bank, n, e float64) (f, nothing [len(ratios)]float64) {
	var none, some, inverse [2]float64
	for k, b := range l.B {
		inverse[k] = b / l.A
		none[k], some[k] = poured(l.A, b, n, e)
		l.B[k] = b + e
	}
	for i := range ratios {
		k := side(i)
		c, d := l.ready(i, since, inverse[k])
		x, y := poured(c, d, n, e)
		nothing[i], f[i] = x-none[k], against(i, y-some[k], n-e/inverse[k])
		l.C[i], l.D[i] = c+n, d+e
	}
	l.A += n
	return f, nothing
}

// against is the logarithm x of a likelihood ratio, but nothing speaks for a change to more where less came than is usual, nor the other way round: the urn of a change is
// wide, and to it what is far on the other side would be likelier than to what is usual, which is known well.
func against(ratio int, x, beyond float64) float64 {
	if ratio < ups != (beyond > 0) {
		return min(x, 0)
	}
	return x
}

// poured are the logarithms of how likely an urn makes no event, and n, where e are usual: but for e^n/n!, which is that of all urns.
func poured(a, b, n, e float64) (none, some float64) {
	none = -a * math.Log1p(e/b)
	if n == 0 {
		return none, none
	}
	return none, none + rise(a, n) - n*math.Log(b+e)
}

// drawnShare puts the sum k of n values into the urns of a share. It returns how many times likelier each change makes it, in one order of the values, than what is usual does. For
// one value that is linear in it, so it is a bet.
func (l *local) drawnShare(since *bank, k, n float64) (f [len(ratios)]float64) {
	var usual, inverse, hit, miss [2]float64
	for j, b := range l.B {
		inverse[j] = b / l.A
		hit[j], miss[j] = k*(1+inverse[j]), (1-k)*(l.A+b)/b // over the usual share, and over what it lacks to 1
		if n != 1 {
			usual[j] = rise(l.A, k) + rise(b, n-k) - rise(l.A+b, n)
		}
		l.B[j] = b + n - k
	}
	for i := range ratios {
		j := side(i)
		c, d := l.ready(i, since, inverse[j])
		if n == 1 {
			f[i] = (c*hit[j] + d*miss[j]) / (c + d)
		} else {
			x := rise(c, k) + rise(d, n-k) - rise(c+d, n) - usual[j]
			f[i] = math.Exp(min(against(i, x, k-n/(1+inverse[j])), 500))
		}
		l.C[i], l.D[i] = c+k, d+n-k
	}
	l.A += k
	return f
}

// rise is the logarithm of Gamma(x+n)/Gamma(x), by Stirling's series, which is good to 1e-7 from 8 on, and to a millionth where numbers are so large that their difference loses digits.
func rise(x, n float64) float64 {
	switch {
	case n == 0:
		return 0
	case n == 1:
		return math.Log(x)
	case x < 8:
		a, _ := math.Lgamma(x)
		b, _ := math.Lgamma(x + n)
		return b - a
	}
	y := x + n
	return (y-0.5)*math.Log(y) - (x-0.5)*math.Log(x) - n + (1/y-1/x)/12 - (1/(y*y*y)-1/(x*x*x))/360
}

func (l *local) valid() bool {
	return positive(l.Mean, l.Var, l.Fast, l.Holiday, l.From[0], l.From[1], l.Slack, l.Vary, l.A, l.B[0], l.B[1]) &&
		positive(l.C0[:]...) && positive(l.D0[:]...) && positive(l.C[:]...) && positive(l.D[:]...)
}
