package detect

import "math"

// kept is for how many hours the baseline waits before it learns one: what turns out to be trouble must not teach it.
const kept = 8

// past is one hour: when it began, its exposure, what was observed and what was usual.
type past struct {
	At       int64
	Hour     int64
	Exposure float64
	Observed float64
	Expected float64
	Holiday  int64
}

// hours are the open hour and those that wait to be learnt, the oldest first.
type hours struct {
	Open past
	Wait [kept]past
	N    int64
	Day  [3]float64 // observed and expected of the day that is open, and its hours
}

func (h *hours) add(exposure, observed, expected float64) {
	h.Open.Exposure += exposure
	h.Open.Observed += observed
	h.Open.Expected += expected
}

// turn closes the open hour. It returns the hour that may be learnt now, if one is due.
func (h *hours) turn(b *Baseline, m Moment, troubled bool) (due past, ok bool) {
	o := h.Open
	h.Open = past{At: floorDiv(m.At, hour) * hour, Hour: int64(m.Hour)}
	if m.Holiday {
		h.Open.Holiday = 1
	}
	if o.At == 0 || o.Holiday == 1 {
		return past{}, false
	}
	if troubled {
		b.nudge(int(o.Hour), o.Exposure, o.Observed)
		return past{}, false
	}
	if h.N == kept {
		due, ok = h.Wait[0], true
		copy(h.Wait[:], h.Wait[1:])
		h.N--
	}
	h.Wait[h.N] = o
	h.N++
	return due, ok
}

// drop forgets the hours since an onset, and returns how many events were too many in them, with the open one.
func (h *hours) drop(b *Baseline, onset int64) (excess float64) {
	excess = h.Open.Observed - h.Open.Expected
	for h.N > 0 && h.Wait[h.N-1].At+hour > onset {
		w := h.Wait[h.N-1]
		excess += w.Observed - w.Expected
		b.nudge(int(w.Hour), w.Exposure, w.Observed)
		h.N--
	}
	return excess
}

// drift is a slow e-detector, fed with days. A day's deviation from the baseline, which follows a drift only slowly,
// is taken as normal with the variance that days have had (Page, "Continuous inspection schemes", Biometrika 1954, as a sum over beginnings).
type drift struct {
	M, A [6]float64
	Days float64
}

// tilts are the shifts that are looked for, in standard deviations of a day.
var tilts = [6]float64{0.4, 0.8, 1.6, -0.4, -0.8, -1.6}

// driftShare is the part of a signal's false alarms that drifts may cost.
const driftShare = 0.2

func (d *drift) feed(at int64, observed, expected float64, b *Baseline) {
	if expected <= 0 {
		return
	}
	rel := b.noise() + 1/(b.Sum+1)
	sd := math.Sqrt(expected + rel*expected*expected + 0.5)
	z := clamp((observed-expected)/sd, -4, 4)
	d.Days++
	if d.Days < 14 {
		return
	}
	for i, t := range tilts {
		f := math.Exp(t*z - t*t/2)
		g := 24.0 / Period
		e, a := (d.M[i]+g)*f, (d.A[i]+g*float64(at/1e6))*f
		if e > most {
			e, a = most, a*most/e
		}
		d.M[i], d.A[i] = e, a
	}
}

func (d *drift) stronger() (dir Direction, evidence float64, since int64) {
	up, down := d.M[0]+d.M[1]+d.M[2], d.M[3]+d.M[4]+d.M[5]
	k, dir := 0, Up
	if down > up {
		k, dir = 3, Down
	}
	best := k
	for i := k; i < k+3; i++ {
		if d.M[i] > d.M[best] {
			best = i
		}
	}
	if d.M[best] > 0 {
		since = int64(d.A[best]/d.M[best]) * 1e6
	}
	return dir, max(up, down) / 3 / 2 * driftShare, since
}
