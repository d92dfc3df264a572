package detect

import "math"

// Level watches any number: latency, an amount, a foreign series of which nothing is known. It learns the season by itself (forecast), how far errors
// usually go at this hour and height (scale), and how often they go beyond (tail). It looks for a value that stands out, for a mean that has moved
// over some 6, 24 or 96 rows, and for a series that stands still.
//
// Nothing is assumed of the distribution, so there is no proof as for Count and Share: how rare something is comes from the series' own
// past, by extreme value theory.
type Level struct {
	Limit  float64 // evidence at which it alarms; see Budget
	Rows   float64 // rows of four weeks; 0: as they come
	At     int64
	Last   float64
	Step   float64 // seconds between rows, usually
	F      forecast
	Scale  scale
	Spike  [2]tail
	Moved  [len(spans)]moved
	Spread [2]float64 // mean and variance of all values
	Drift  float64    // mean absolute structural deviation
	Same   [2]float64 // rows equal to the one before, faded, and all
	Run    float64    // such rows now
	Move   float64    // mean size of a change, where there is one: steps of a series of few values are no news
	Most   float64    // the longest run that was usual
	Ep     episode
	Calm   float64 // rows since the last that stood out
	Wait   float64 // rows until what moved is looked at again
	Recent float64 // alarms, faded: who alarmed just now needs more to alarm again
}

// spans are the rows over which the mean is looked at.
var spans = [3]float64{6, 24, 96}

// moved is the faded mean of clipped deviations over one span.
type moved struct {
	M, V, N float64
	Tails   [2]tail
}

// scale is the mean absolute error, in four ways, weighted by how well each tells what comes.
type scale struct {
	Long, Short float64
	Hour        [24]slot
	Height      [8]slot
	Loss        [4]float64
	N           float64
	At          [4]float64
}

const (
	warmUp    = 100  // rows without alarms
	calmRows  = 12   // without anything that stands out, after which an alarm is over
	looks     = 10.0 // tails that share the false alarms
	moving    = 10   // changes that a series must have made lately before it is news that it stands still
	early     = 15   // times the evidence that the first rows need, less and less until there are earlyRows
	earlyRows = 800
	rowsMin   = 700
	rowsMax   = 4000
)

// Feed takes a value. What is not a number is left out.
func (l *Level) Feed(m Moment, y float64) Reading {
	if !finite(y) || math.Abs(y) > 1e15 {
		return l.reading(Quiet, 1, 0, 0, Unchanged)
	}
	gap := 0.0
	if l.F.N > 0 {
		gap = max(float64(m.At-l.At)/1e6, 0)
	}
	near := l.F.N > 0 && (l.Step == 0 || gap <= 4*l.Step)
	if gap > 0 {
		if l.Step == 0 {
			l.Step = gap
		}
		l.Step *= math.Exp(clamp(math.Log(gap/l.Step), -1, 1) / min(l.F.N+1, 50))
	}
	l.At = max(m.At, l.At)
	if l.F.N == 0 {
		l.F.Mean, l.F.Fast, l.Last, l.Spread[0] = y, y, y, y
		l.F.learn(l.At, y, y, 0, false, 1, errorRows)
		return l.reading(Learning, 1, y, 0, Unchanged)
	}
	guess, level := l.F.expect(l.At, near)
	s := l.Scale.expect(m.At, guess, l) + 1e-12
	z := clamp((y-guess)/s, -60, 60)
	p, dir := l.spike(z)
	if q, d := l.shift((y - level) / (1.2533*l.Drift + 0.02*l.sd() + 1e-12)); q < p {
		p, dir = q, d
	}
	if q := l.still(y); q < p {
		p, dir = q, Unchanged
	}
	was := l.Ep.On
	phase := l.phase(p, dir)
	l.learn(y, guess, level, s, near)
	r := l.reading(phase, p, guess, s, dir)
	r.Began = l.Ep.On && !was
	return r
}

func (l *Level) sd() float64 { return math.Sqrt(max(l.Spread[1], 0)) }

func (l *Level) spike(z float64) (float64, Direction) {
	side, dir := 0, Up
	if z < 0 {
		side, dir = 1, Down
	}
	t := &l.Spike[side]
	p := t.p(math.Abs(z))
	if l.F.N >= 30 && !l.Ep.On {
		t.learn(math.Abs(z), 3/looks/l.rows(), l.habit(1), 1)
		l.Spike[1-side].learn(0, 1, 0, 1)
	}
	return min(1, p*looks/3), dir
}

func (l *Level) shift(d float64) (float64, Direction) {
	best, dir := 1.0, Up
	d = clamp(d, -4, 4)
	for i := range l.Moved {
		w := &l.Moved[i]
		if l.Wait > 0 { // the offsets are still on their way to what is now
			w.M = 0
			continue
		}
		w.N++
		w.M += (d - w.M) / min(w.N, spans[i])
		far := 1.0
		if w.M*w.M > 4*w.V { // a trouble of many rows must not make the next one usual
			far = 0.25
		}
		w.V += far * (min(w.M*w.M, 4*w.V+0.1/spans[i]) - w.V) / min(w.N/3+20, 2000)
		if w.N < 2*spans[i] {
			continue
		}
		u := w.M / math.Sqrt(max(1.25*w.V, 0.02/spans[i])) // 1.25: what the limit of V takes from a normal one
		side, at := 0, Up
		if u < 0 {
			side, at = 1, Down
		}
		t := &w.Tails[side]
		shared := looks / (1 + spans[i]/8) // rows of one excursion are one alarm
		p := min(1, shared*t.p(math.Abs(u)))
		t.learn(math.Abs(u), 1/shared/l.rows(), l.habit(2), 2/spans[i])
		w.Tails[1-side].learn(0, 1, 0, 2/spans[i])
		if p < best {
			best, dir = p, at
		}
	}
	l.Wait--
	return best, dir
}

// still is how rare so long a run of one value is, given how often a value is followed by itself and how long runs were.
func (l *Level) still(y float64) float64 {
	same := 0.0
	if y == l.Last {
		same = 1
		l.Run++
	} else {
		step := math.Abs(y - l.Last)
		if l.Move > 0 || l.Spread[1] > 0 { // the first change of a series that always stood still says how large its changes are
			step = min(step, 3*l.Move+2*l.sd())
		}
		l.Move += (step - l.Move) / min(l.F.N/3+1, 300)
		l.Most = max(l.Most*0.999, min(l.Run, 3*l.Most+20))
		l.Run = 0
	}
	defer func() {
		if l.Run <= 3*l.Most+20 || l.Same[1]-l.Same[0] < moving { // one long stillness does not teach that stillness is usual
			l.Same[0], l.Same[1] = l.Same[0]*0.999+same, l.Same[1]*0.999+1
		}
	}()
	if l.Run <= 2*l.Most+8 || l.Same[1]-l.Same[0] < moving {
		return 1
	}
	p := (l.Same[0] + 1) / (l.Same[1] + 2)
	return min(1, looks*math.Pow(p, l.Run-2*l.Most))
}

func (l *Level) rows() float64 {
	if l.Rows > 0 {
		return l.Rows
	}
	if l.Step <= 0 {
		return rowsMin
	}
	return clamp(Period*3600/l.Step, rowsMin, rowsMax)
}

// memory is ten days in rows: the weekend is remembered when the experts are weighed.
func (l *Level) memory() float64 { return clamp(10*86400/max(l.Step, 1), errorRows, 1500) }

// habit is how far alarms teach that they are usual: more where there were several, and while little is known.
func (l *Level) habit(free float64) float64 {
	return max(0, l.Recent-free) + 2*max(0, 1-l.F.N/1000)
}

func (l *Level) evidence(p float64) float64 { return min(most, 1/(max(p, 1e-25)*l.rows())) }

func (l *Level) phase(p float64, dir Direction) Phase {
	l.Recent *= 1 - 3/l.rows() // fades in a third of the rows of four weeks
	if l.F.N < warmUp {
		return Learning
	}
	limit := l.Limit * (1 + l.Recent) * (1 + early*max(0, 1-l.F.N/earlyRows))
	e := l.evidence(p)
	if l.Ep.On {
		l.Calm++
		if p < 0.002 {
			l.Calm = 0
		}
		if l.Calm < calmRows {
			l.Ep.Evidence = max(l.Ep.Evidence, e)
			return Alarm
		}
		l.Ep.On = false
		return Recovered
	}
	if l.Limit <= 0 || e < limit {
		return Quiet
	}
	l.Ep.begin(l.At, dir, 1, l.At, 0, e)
	l.Calm, l.Wait = 0, spans[len(spans)-1]/2
	l.Recent++
	for i := range l.Moved {
		l.Moved[i].M = 0
	}
	return Alarm
}

func (l *Level) learn(y, guess, level, s float64, near bool) {
	clipped := clamp(y, guess-5*s, guess+5*s)
	if l.F.N < 30 {
		clipped = y
	}
	err := math.Abs(clipped - guess)
	n := l.F.N + 1
	l.Scale.learn(l.At, guess, err, l)
	l.Drift += (math.Abs(clamp(y-level, -6*l.Drift-err, 6*l.Drift+err)) - l.Drift) / min(n/3+5, 1000)
	d := clipped - l.Spread[0]
	l.Spread[0] += d / min(n, 2000)
	l.Spread[1] += (d*d - l.Spread[1]) / min(n, 2000)
	rate := 1.0
	if l.Wait > 0 {
		rate = 12
	}
	l.F.learn(l.At, y, clipped, 5*l.Scale.Long, near, rate, l.memory())
	l.Last = y
}

func (l *Level) height(guess float64) int {
	return int(clamp(4+math.Floor(2*(guess-l.Spread[0])/(l.sd()+1e-12)), 0, 7))
}

func (s *scale) places(at int64, guess float64, l *Level) (*slot, *slot) {
	day := ((at/1e6)%86400 + 86400) % 86400
	return &s.Hour[day/3600], &s.Height[l.height(guess)]
}

// expect is the deviation to be expected, as that of a normal distribution.
func (s *scale) expect(at int64, guess float64, l *Level) float64 {
	h, k := s.places(at, guess, l)
	known := func(p *slot) float64 { return (float64(p.N)*float64(p.V) + 10*s.Long) / (float64(p.N) + 10) }
	s.At = [4]float64{s.Long, s.Short, known(h), known(k)}
	floor := 0.01*l.sd() + 0.16*l.Move + 1e-12
	least := min(s.Loss[0], s.Loss[1], s.Loss[2], s.Loss[3])
	var sum, logs float64
	for i, v := range s.At {
		s.At[i] = max(v, floor)
		w := math.Exp(-30 * (s.Loss[i] - least))
		sum += w
		logs += w * math.Log(s.At[i])
	}
	return 1.2533 * math.Exp(logs/sum) // sqrt(pi/2)
}

func (s *scale) learn(at int64, guess, err float64, l *Level) {
	h, k := s.places(at, guess, l)
	s.N++
	if s.N > 20 {
		for i, v := range s.At { // loss of a Laplace distribution
			s.Loss[i] += (math.Log(v) + min(err/v, 20) - s.Loss[i]) / min(s.N, 500)
		}
	}
	s.Long += (err - s.Long) / min(s.N/3+3, 1000)
	s.Short += (err - s.Short) / min(s.N, 40)
	for _, p := range []*slot{h, k} {
		p.N = min(p.N+1, 150)
		p.V += (float32(err) - p.V) / p.N
	}
}

func (l *Level) reading(phase Phase, p, guess, s float64, dir Direction) Reading {
	r := Reading{Phase: phase, Direction: dir, Evidence: l.evidence(p), Expected: guess, Low: guess - 3*s, High: guess + 3*s, Ratio: 1, Since: l.At}
	if phase == Learning {
		r.Evidence = 0
	}
	if l.Ep.On || phase == Recovered {
		r.Direction, r.Since = l.Ep.Direction, l.Ep.Onset
	}
	return r
}

func (l *Level) valid() bool {
	f := &l.F
	if l.At < -1<<60 || l.At > 1<<60 {
		return false
	}
	for i := range f.Experts {
		e := &f.Experts[i]
		if !finite(e.Offset, e.Before, e.XY, e.Here, e.Guess) || !positive(e.XX, e.Error, e.Off, e.N) {
			return false
		}
	}
	for _, group := range [][]slot{f.Hour[:], f.Minutes[:], f.Week[:], l.Scale.Hour[:], l.Scale.Height[:]} {
		for _, s := range group {
			if !finite(float64(s.V)) || !positive(float64(s.N)) {
				return false
			}
		}
	}
	tails := []tail{l.Spike[0], l.Spike[1]}
	for _, m := range l.Moved {
		tails = append(tails, m.Tails[:]...)
		if !finite(m.M) || !positive(m.V, m.N) {
			return false
		}
	}
	for _, t := range tails {
		if !positive(t.N, t.T, t.Share, t.K, t.M1, t.M2) {
			return false
		}
	}
	return positive(l.Limit, l.Rows, l.Step, l.Move, l.Spread[1], l.Drift, l.Same[0], l.Same[1], l.Run, l.Most, l.Calm, l.Recent, f.N, l.Scale.N) &&
		finite(l.Last, l.Spread[0], f.Mean, f.Fast, l.Wait) && finite(l.Scale.Loss[:]...) && positive(l.Scale.At[:]...) && positive(l.Scale.Long, l.Scale.Short)
}
