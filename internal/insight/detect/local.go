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
	A, B      float64              // events and usual events (of a share: and what did not go wrong) that the urn of the open hour holds
	To        [len(ratios)]float64 // factors, or shares, that are looked for in the open hour
}

const (
	stays  = 0.97 // how much of a factor is left after an hour
	sleeps = 0.5  // and after midnight: with the hours before, a quarter after a day
	doubt  = 1.5  // times the variance that was seen: it is itself known from few days
	surest = 1e9  // events that an urn holds at most
)

// varies is by how much the rate differs beyond chance, as variances relative to it: slowly, from day to day and as far as the level is not known,
// on a holiday and in a young shop; and fast, from hour to hour, and as far as this hour of the day and of the week are not known.
func (b *Baseline) varies(m Moment) (slow, fast float64) {
	k := 1 + b.Flat
	days := max(b.daily(), noiseMin)
	slow = doubt*days + 1/(b.Sum+1)
	fast = doubt*max(noiseMin, b.hourly()-days) + 1/(k*dayPrior+float64(b.Day[m.Hour%24].O)) + 1/(k*wkPrior+float64(b.Week[m.Hour].O))
	if d := b.Hours / 24; d < young {
		x := math.Pow(0.5*(1-d/young), 2)
		slow, fast = slow+x, fast+x
	}
	if m.Holiday {
		slow += 0.4 * 0.4
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
		l.Mean, l.Var, l.Holiday = 1, slow, holiday
	case expected > 0:
		gain := l.Var / (l.Var + l.Fast + l.Mean/expected)
		l.Mean = clamp(l.Mean+gain*(observed/expected-l.Mean), 0.02, 50)
		l.Var *= 1 - gain
	}
	k := stays
	if next.Hour%24 == 0 {
		k *= sleeps
	}
	l.Mean, l.Var = 1+k*(l.Mean-1), k*k*l.Var+(1-k*k)*slow
	l.Fast = fast
}

// forget is for after a trouble: nothing is known of how the day was.
func (l *local) forget(b *Baseline) {
	slow, _ := b.varies(Moment{Holiday: l.Holiday == 1})
	l.Mean, l.Var = 1, slow
}

// fill makes the urn of a count: a Gamma distribution of the factor.
func (l *local) fill() {
	l.A = min(1/(l.Var/(l.Mean*l.Mean)+l.Fast), surest)
	l.B = l.A / l.Mean
	for i, r := range ratios {
		l.To[i] = r * l.Mean
	}
}

// fillShare makes that of a share whose usual one is mid: a Beta distribution with the same relative variance.
func (l *local) fillShare(mid float64) {
	p := clamp(l.Mean*mid, 1e-6, 1-(1-mid)/4)
	n := clamp((1-p)/(p*(l.Var/(l.Mean*l.Mean)+l.Fast))-1, 1/min(p, 1-p), surest)
	l.A, l.B = p*n, (1-p)*n
	odds := p / (1 - p)
	for i, r := range ratios {
		l.To[i] = clamp(odds*r/(1+odds*r), 1e-7, max(0.98, p))
	}
}

// drawn puts n events into the urn of a count, in a time in which e are usual. It returns the logarithms of how many times likelier each change makes them than the urn does,
// and how many times likelier nothing would have been.
func (l *local) drawn(n, e float64) (f, nothing [len(ratios)]float64) {
	some := l.A * math.Log1p(e/l.B)
	usual := 0.0
	if n > 0 {
		usual = n*math.Log(l.B+e) - rise(l.A, n)
	}
	for i, to := range l.To {
		nothing[i] = some - to*e
		f[i] = nothing[i]
		if n > 0 {
			f[i] += usual + n*math.Log(to)
		}
	}
	l.A, l.B = l.A+n, l.B+e
	return f, nothing
}

// drawnShare puts the sum k of n values into the urn of a share. It returns how many times likelier each change makes it, in one order of the values, than the urn does. For one
// value that is linear in it, so it is a bet.
func (l *local) drawnShare(k, n float64) (f [len(ratios)]float64) {
	if n == 1 {
		p := l.A / (l.A + l.B)
		for i, to := range l.To {
			f[i] = k*to/p + (1-k)*(1-to)/(1-p)
		}
	} else {
		usual := rise(l.A, k) + rise(l.B, n-k) - rise(l.A+l.B, n)
		for i, to := range l.To {
			f[i] = math.Exp(min(k*math.Log(to)+(n-k)*math.Log1p(-to)-usual, 500))
		}
	}
	l.A, l.B = l.A+k, l.B+n-k
	return f
}

// rise is the logarithm of Gamma(x+n)/Gamma(x), by Stirling's series where that is good to 1e-7.
func rise(x, n float64) float64 {
	if x < 8 {
		a, _ := math.Lgamma(x)
		b, _ := math.Lgamma(x + n)
		return b - a
	}
	y := x + n
	return (y-0.5)*math.Log(y) - (x-0.5)*math.Log(x) - n + (1/y-1/x)/12 - (1/(y*y*y)-1/(x*x*x))/360
}
