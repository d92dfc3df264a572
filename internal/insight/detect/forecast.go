package detect

import "math"

// The forecast of a Level is a mixture of five experts, each a picture of the usual value, corrected by a slowly moving offset and by
// how much of the last deviation usually remains (an autoregression of order one): the long mean, the hour of the day, twelfths of the hours of
// the day, half hours of the week, and the last values alone. They are weighted by how well they forecast lately, so the season, or that there is none, is
// found while the series runs (Cesa-Bianchi and Lugosi, Prediction, Learning, and Games, 2006, chapter 2).
const experts = 5

const (
	byNothing = iota
	byHour
	byMinutes // five of them
	byWeek    // half hours
	byLast
)

// slot is the mean of what was seen at a time of day or week.
type slot struct{ V, N float32 }

// learn takes a value, no further from the mean than limit once that is known.
func (s *slot) learn(y, limit float64) {
	if v := float64(s.V); s.N >= 2 {
		y = clamp(y, v-limit, v+limit)
	}
	s.N = min(s.N+1, 5)
	s.V += (float32(y) - s.V) / s.N
}

// expert is what is known of how well one forecasts.
type expert struct {
	Offset float64
	Before float64 // the last deviation
	XY, XX float64 // of deviations and those before them
	Error  float64 // mean of absolute errors, faded
	Off    float64 // mean of absolute deviations from the picture with its offset, faded
	N      float64
	Here   float64 // its picture at the row at hand
	Guess  float64 // and its forecast
}

// forecast holds the pictures and the experts.
type forecast struct {
	N       float64
	Mean    float64
	Fast    float64
	Hour    [24]slot
	Minutes [288]slot
	Week    [336]slot
	Experts [experts]expert
}

const (
	offsetRows = 150 // over which an offset follows
	errorRows  = 150 // over which what remains of deviations fades, and errors at least
)

// places are the slots of a moment.
func (f *forecast) places(at int64) (hour, minutes, week *slot) {
	s := at / 1e6
	day := ((s % 86400) + 86400) % 86400
	w := (((s+3*86400)%604800 + 604800) % 604800)
	return &f.Hour[day/3600], &f.Minutes[day/300], &f.Week[w/1800]
}

// expect fills in each expert's picture, and returns the forecast and the structural level, which ignores the last deviation.
func (f *forecast) expect(at int64, near bool) (guess, level float64) {
	h, m, w := f.places(at)
	pick := func(s *slot, other float64) float64 {
		if s.N == 0 {
			return other
		}
		return float64(s.V)
	}
	hour := pick(h, f.Mean)
	minutes := pick(m, hour)
	for k, here := range [experts]float64{f.Mean, hour, minutes, pick(w, minutes), f.Fast} {
		e := &f.Experts[k]
		e.Here = here
		e.Guess = here + e.Offset
		if near {
			e.Guess += e.rest() * e.Before
		}
	}
	best, least := math.Inf(1), math.Inf(1)
	for i := range f.Experts {
		best = min(best, f.Experts[i].score(f.Experts[i].Error))
		if i != byLast {
			least = min(least, f.Experts[i].score(f.Experts[i].Off))
		}
	}
	var sum, structural float64
	for i := range f.Experts {
		e := &f.Experts[i]
		w := trust(best, e.score(e.Error))
		sum += w
		guess += w * e.Guess
		if i != byLast { // the last values are no structure
			w = trust(least, e.score(e.Off))
			structural += w
			level += w * (e.Here + e.Offset)
		}
	}
	return guess / sum, level / structural
}

// trust is the weight of an expert by its error and the least of all.
func trust(best, err float64) float64 {
	x := (best + 1e-12) / (err + 1e-12)
	x *= x
	x *= x
	x *= x
	return x * x
}

// score is an error, more while it is known of few rows.
func (e *expert) score(err float64) float64 { return err * (1 + 10/(e.N+10)) }

// rest is how much of a deviation remains in the next row.
func (e *expert) rest() float64 {
	if e.XX <= 0 {
		return 0
	}
	return clamp(e.XY/e.XX, 0, 0.98)
}

// learn takes a row; clipped is the value as far as it may teach, limit how far it may be from what was seen at this time of day or week to teach the season, rate how much faster than usual the offsets follow, memory the rows over which errors fade.
func (f *forecast) learn(at int64, y, clipped, limit float64, near bool, rate, memory float64) {
	f.N++
	h, m, w := f.places(at)
	f.Mean += (clipped - f.Mean) / min(f.N, 1000)
	f.Fast += (clipped - f.Fast) / min(f.N, 6)
	for k := range f.Experts {
		e := &f.Experts[k]
		known := k != byHour || h.N > 0
		known = known && (k != byMinutes || m.N > 0) && (k != byWeek || w.N > 0)
		d := clipped - e.Here - e.Offset
		if known {
			e.N++
			err := math.Abs(clipped - e.Guess)
			e.Error += (err - e.Error) / min(e.N, memory)
			e.Off += (math.Abs(d) - e.Off) / min(e.N, memory)
			if near {
				e.XY = e.XY*(1-1.0/errorRows) + d*e.Before
				e.XX = e.XX*(1-1.0/errorRows) + e.Before*e.Before
			}
		} else if e.N == 0 {
			e.Error, e.Off = f.Experts[byNothing].Error, f.Experts[byNothing].Off
		}
		e.Before = y - e.Here - e.Offset
		e.Offset += d * rate / min(f.N+5, offsetRows)
	}
	h.learn(y, limit)
	m.learn(y, limit)
	w.learn(y, limit)
}
