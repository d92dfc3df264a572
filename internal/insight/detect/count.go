package detect

import "math"

// Count watches how many events come: orders, visits, starts of a checkout. Feed it each event as it comes, or the events of a short
// time together, and look now and then (Feed with 0): silence is evidence too.
//
// Usual events are Poisson at a rate that is not known exactly: the baseline's, times a factor of these days and hours (local). The likelihood ratio is of so many times
// that rate against it. Between two events it is an integral over time (Dvoretzky,
// Kiefer and Wolfowitz, "Sequential decision problems for processes with continuous time parameter", Annals of Mathematical Statistics, 1953).
type Count struct {
	Limit float64 // evidence at which it alarms; see Budget
	At    int64   // up to when it was fed
	Base  Baseline
	S     state
	Rates rates
}

// state is what Count and Share have in common.
type state struct {
	Bank  bank
	Hours hours
	Local local
	Drift drift
	Ep    episode
}

// rates of the open hour.
type rates struct {
	Mid, Low, High float64
	Half           float64 // of the trouble that lasts
}

// Deviations by which the band is wide to each side: of what is not known of the level, and of what hours and days vary.
const (
	countKnown, countNoise = 1.5, 2.0
	shareKnown, shareNoise = 1.0, 1.8
)

// Feed takes the n events since the last feed, and looks. Moments must not go back; what is late counts now.
func (c *Count) Feed(m Moment, n float64) Reading {
	was := c.S.Ep.On
	r := c.feed(m, n)
	r.Began = c.S.Ep.On && !was
	return r
}

func (c *Count) feed(m Moment, n float64) Reading {
	if n < 0 || !finite(n) {
		n = 0
	}
	if c.At == 0 {
		c.At = m.At
		c.S.begin(&c.Base, m, false)
		c.rates(m)
		c.S.Hours.Open.Observed += n
		return c.reading(Learning)
	}
	m.At = max(m.At, c.At)
	if m.At-c.At > 62*24*hour { // nobody looked for two months: nothing is known of that time
		c.At = m.At
		c.S.begin(&c.Base, m, true)
		c.rates(m)
		return c.reading(Quiet)
	}
	phase := Phase(Learning)
	for gap := m.At - c.At; m.At > c.S.Hours.Open.At+hour; { // hour by hour
		next := Moment{At: c.S.Hours.Open.At + hour, Hour: hourAt(m, c.S.Hours.Open.At+hour), Holiday: m.Holiday}
		part := 0.0
		if n > 1 { // a bucket's events are spread over it; one event is at its end
			part = n * float64(next.At-c.At) / float64(gap)
		}
		n -= part
		gap -= next.At - c.At
		if p := c.span(next.At, part); p != Learning {
			phase = p
		}
		c.close(next)
	}
	if p := c.span(m.At, n); p != Learning {
		phase = p
	}
	if phase == Learning && c.Base.ready() {
		phase = Quiet
	}
	return c.reading(phase)
}

// Skip goes on to a moment of which nothing is known since the last: no events were missed, and none counted.
func (c *Count) Skip(m Moment) {
	if c.At == 0 || m.At <= c.At {
		return
	}
	if m.At > c.S.Hours.Open.At+hour {
		c.S.Hours.Day[2] = -100 // this day has holes
		c.close(m)
	}
	c.At = m.At
}

// hourAt is the hour of the week at a time before a moment.
func hourAt(m Moment, at int64) int {
	back := (floorDiv(m.At, hour) - floorDiv(at, hour)) % 168
	return (m.Hour - int(back) + 168) % 168
}

// close ends an hour.
func (c *Count) close(next Moment) {
	c.S.close(&c.Base, next)
	c.rates(next)
}

// begin opens an hour of which nothing before is known, or nothing since long ago.
func (s *state) begin(b *Baseline, m Moment, gone bool) {
	s.Hours.turn(b, m, gone)
	s.Local.turn(b, m, 0, 0, true)
	s.Bank, s.Ep = bank{}, episode{}
}

func (s *state) forget(b *Baseline) { s.Local.forget(b, s.Hours.Open.Observed, s.Hours.Open.Expected) }

func (s *state) close(b *Baseline, next Moment) {
	o := s.Hours.Open
	day := &s.Hours.Day
	day[0], day[1], day[2] = day[0]+o.Observed, day[1]+o.Expected, day[2]+1
	if o.Holiday == 1 {
		day[2] = -100 // this day is not like others
	}
	s.Local.turn(b, next, o.Observed, o.Expected, s.Ep.On)
	if due, ok := s.Hours.turn(b, next, s.Ep.On); ok {
		b.learn(int(due.Hour), due.Exposure, due.Observed)
	}
	if floorDiv(next.At, 24*hour) != floorDiv(o.At, 24*hour) {
		if day[2] >= 20 && !s.Ep.On {
			if b.Hours > 14*24 {
				s.Drift.feed(next.At, day[0], day[1], b)
			}
			b.learnDay(day[0], day[1])
		}
		*day = [3]float64{}
	}
	if s.Ep.On && next.At-s.Ep.Start > accepted*hour {
		b.rebase(s.Ep.Seen, s.Ep.Sum)
		s.Ep, s.Bank, s.Drift.M, s.Drift.A = episode{}, bank{}, [6]float64{}, [6]float64{}
	}
}

func (c *Count) rates(m Moment) {
	mid := c.Base.Rate(m)
	w := math.Exp(c.Base.spread(m, countKnown, countNoise))
	c.Rates = rates{Mid: mid, Low: mid / w, High: mid * w}
	c.S.Local.fill()
	c.half()
}

// half sets the rate of half of the trouble, in the logarithm.
func (c *Count) half() {
	if c.S.Ep.On {
		c.Rates.Half = c.Rates.Mid * math.Sqrt(c.S.Ep.Ratio)
	}
}

// span takes the time up to an end within the open hour, and the n events at that end.
func (c *Count) span(end int64, n float64) Phase {
	length := float64(end-c.At) / float64(hour)
	from := c.At
	began := float64(from / 1e6)
	c.At = end
	c.S.Hours.add(length, n, c.Rates.Mid*length)
	if !c.Base.ready() {
		return Learning
	}
	if c.S.Ep.On {
		e := &c.S.Ep
		shape := c.Rates.Mid / max(c.Base.level(), 1e-9)
		e.Seen, e.Sum = e.Seen+length*shape, e.Sum+n
		back := lift((c.Rates.Half-c.Rates.Mid)*length, c.Rates.Mid/max(c.Rates.Half, 1e-300), n)
		p := e.after(from, back, float64(e.Direction)*(n-c.Rates.Mid*length))
		if p == Recovered {
			c.S.Bank = bank{}
			c.S.forget(&c.Base)
			c.S.Local.fill()
		}
		return p
	}
	g := length * c.Rates.Mid / (max(c.Base.level(), 1e-9) * Period)
	b := &c.S.Bank
	f, nothing := c.S.Local.drawn(b, n, c.Rates.Mid*length)
	for i, x := range f {
		f := math.Exp(min(x, 500))
		if i < ups { // beginnings at the start, which is the cautious way
			b.step(i, g, began, f)
			continue
		}
		within := 1.0
		if x := nothing[i]; x > 1e-9 {
			within = -math.Expm1(-x) / x // beginnings in between have seen a part
		}
		b.step(i, g*within, began, f)
	}
	p := c.S.judge(&c.Base, c.At, c.Limit)
	c.half()
	return p
}

// judge begins an episode where the evidence is enough.
func (s *state) judge(b *Baseline, at int64, limit float64) Phase {
	dir, e := s.Bank.stronger()
	e *= 1 - driftShare
	if limit <= 0 || e < limit {
		if d, de, since := s.Drift.stronger(); limit > 0 && de >= limit {
			s.raise(b, at, d, de, 0, since)
			s.Drift.M, s.Drift.A = [6]float64{}, [6]float64{}
			return Alarm
		}
		return Quiet
	}
	s.raise(b, at, dir, e, 0, 0)
	return Alarm
}

func (s *state) raise(b *Baseline, at int64, dir Direction, evidence, ratio float64, since int64) {
	r, began := s.Bank.best(dir)
	if since == 0 {
		since = int64(began) * 1e6
	}
	if ratio == 0 {
		ratio = r
	}
	excess := s.Hours.drop(b, since) * float64(dir)
	s.Ep.begin(at, dir, ratio, min(since, at), excess, evidence)
}

// Raise begins an alarm although the limit was not reached: the budget says that what happens in other signals is evidence enough.
func (c *Count) Raise() {
	if c.S.raiseBest(&c.Base, c.At) {
		c.half()
	}
}

// raiseBest begins an alarm with what has the most evidence, the last hours or the drift of days.
func (s *state) raiseBest(b *Baseline, at int64) bool {
	dir, e := s.Bank.stronger()
	e *= 1 - driftShare
	d, de, since := s.Drift.stronger()
	switch {
	case s.Ep.On || e <= 0 && de <= 0:
		return false
	case de > e:
		s.raise(b, at, d, de, 0, since)
		s.Drift.M, s.Drift.A = [6]float64{}, [6]float64{}
	default:
		s.raise(b, at, dir, e, 0, 0)
	}
	return true
}

func (c *Count) reading(phase Phase) Reading {
	r := c.S.reading(phase)
	r.Expected, r.Low, r.High = c.Rates.Mid, c.Rates.Low, c.Rates.High
	return r
}

func (s *state) reading(phase Phase) Reading {
	r := Reading{Phase: phase}
	if s.Ep.On || phase == Recovered {
		r.Direction, r.Since, r.Ratio, r.Excess = s.Ep.Direction, s.Ep.Onset, s.Ep.Ratio, s.Ep.Excess
		if s.Ep.On {
			r.Evidence = s.Ep.Evidence
		}
		r.Ended = s.Ep.ended()
		return r
	}
	var began float64
	r.Direction, r.Evidence = s.Bank.stronger()
	r.Evidence *= 1 - driftShare
	if r.Direction != Unchanged {
		r.Ratio, began = s.Bank.best(r.Direction)
		r.Since = int64(began) * 1e6
	}
	if d, e, since := s.Drift.stronger(); e > r.Evidence {
		r.Direction, r.Evidence, r.Since = d, e, since
	}
	return r
}

// few is how many events are multiplied one by one; more go by logarithms, which neither overflow nor vanish.
const few = 16

// lift is e^x r^n, at most what sums can hold.
func lift(x, r, n float64) float64 {
	if n == 0 {
		return math.Exp(min(x, 500))
	}
	if n > few || n != math.Trunc(n) || math.Abs(x) > 300 {
		return math.Exp(min(x+n*math.Log(r), 500))
	}
	return math.Exp(x) * power(r, n)
}

// power is r^n of a whole and small n.
func power(r, n float64) float64 {
	out := 1.0
	for range int(n) {
		out *= r
	}
	return out
}

// Calm forgets all evidence and a trouble that lasts, and keeps what is usual: after it has learnt from history, of which nobody is told.
func (c *Count) Calm() { c.S.calm() }

// Calm is Count's.
func (s *Share) Calm() { s.S.calm() }

func (s *state) calm() {
	s.Bank, s.Ep = bank{}, episode{}
	s.Drift.M, s.Drift.A = [6]float64{}, [6]float64{}
}

// Reading is what the detector says without being fed.
func (c *Count) Reading() Reading { return c.reading(c.S.phase(&c.Base)) }

// Reading is Count's.
func (s *Share) Reading() Reading {
	r := s.S.reading(s.S.phase(&s.Base))
	r.Expected, r.Low, r.High = s.Rates.Mid, s.Rates.Low, s.Rates.High
	return r
}

func (s *state) phase(b *Baseline) Phase {
	switch {
	case s.Ep.On:
		return Alarm
	case !b.ready():
		return Learning
	}
	return Quiet
}
