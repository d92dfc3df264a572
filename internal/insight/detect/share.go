package detect

import "math"

// Share watches how many of n attempts went wrong, each customer once; or the mean of values from 0 to 1, such as ratings.
//
// The factor of one value x is x p1/p0 + (1-x)(1-p1)/(1-p0). For what either happens or not that is the likelihood ratio. It is linear in x, so its mean is 1 for any values from 0
// to 1 whose mean is p0: a bet in the sense of Waudby-Smith and Ramdas, "Estimating means of
// bounded random variables by betting", Journal of the Royal Statistical Society B, 2024. p0 is what is expected next while all is usual (local).
type Share struct {
	Limit float64 // evidence at which it alarms; see Budget
	At    int64
	Base  Baseline
	S     state
	Rates rates
	Hit   [ups]float64 // against the edge of the band, which is for pools: factors of a 1
	Miss  [ups]float64 // and of a 0
	Back  [2]float64   // the same for the usual against half of the trouble
}

// shareFlat is Baseline.Flat of a share.
const shareFlat = 9

// Feed takes the sum k of n values from 0 to 1, and looks.
func (s *Share) Feed(m Moment, k, n float64) Reading {
	was := s.S.Ep.On
	if !finite(k, n) || n < 0 {
		k, n = 0, 0
	}
	k = clamp(k, 0, n)
	if s.At == 0 {
		s.Base.Flat = shareFlat
		s.S.begin(&s.Base, m, false)
		s.rates(m)
	}
	m.At = max(m.At, s.At)
	if m.At-s.At > 62*24*hour && s.At != 0 {
		s.S.begin(&s.Base, m, true)
		s.rates(m)
	}
	s.At = m.At
	for m.At >= s.S.Hours.Open.At+hour {
		next := m
		next.At = s.S.Hours.Open.At + hour
		next.Hour = hourAt(m, next.At)
		s.S.close(&s.Base, next)
		if m.At < next.At+hour {
			s.rates(m)
		} else {
			s.Rates.Mid = s.Base.Rate(next)
		}
	}
	phase := Quiet
	if n > 0 {
		phase = s.take(k, n)
	} else if s.S.Ep.On {
		phase = Alarm
	}
	if !s.Base.ready() {
		phase = Learning
	}
	r := s.S.reading(phase)
	r.Expected, r.Low, r.High = s.Rates.Mid, s.Rates.Low, s.Rates.High
	r.Began = s.S.Ep.On && !was
	return r
}

func (s *Share) take(k, n float64) Phase {
	s.S.Hours.add(n, k, s.Rates.Mid*n)
	if !s.Base.ready() {
		return Learning
	}
	if e := &s.S.Ep; e.On {
		shape := s.Rates.Mid / max(s.Base.level(), 1e-9)
		e.Seen, e.Sum = e.Seen+n*shape, e.Sum+k
		f := factor(s.Back[0], s.Back[1], k, n)
		e.mean(k, n)
		if max(e.Back, 1)*f >= recovery && !s.usual() {
			f = 0.99 * recovery / max(e.Back, 1)
		}
		p := e.after(s.At, f, float64(e.Direction)*(k-s.Rates.Mid*n))
		if p == Recovered {
			s.S.Bank = bank{}
			s.S.forget(&s.Base)
			s.S.Local.fillShare(s.Rates.Mid)
		}
		return p
	}
	g := n / (s.Base.pace() * Period)
	began := float64(s.At / 1e6)
	for i, f := range s.S.Local.drawnShare(&s.S.Bank, k, n) {
		s.S.Bank.step(i, g, began, f)
	}
	p := s.S.judge(&s.Base, s.At, s.Limit)
	if p == Alarm {
		s.half()
	}
	return p
}

// Raise is Count's.
func (s *Share) Raise() {
	if s.S.raiseBest(&s.Base, s.At) {
		s.half()
	}
}

func factor(hit, miss, k, n float64) float64 {
	if n == 1 {
		return k*hit + (1-k)*miss
	}
	if n <= few && k == math.Trunc(k) && n == math.Trunc(n) {
		return power(hit, k) * power(miss, n-k)
	}
	return math.Exp(min(k*math.Log(hit)+(n-k)*math.Log(miss), 500))
}

// rates makes the band and the factors of an hour.
func (s *Share) rates(m Moment) {
	mid := clamp(s.Base.Rate(m), 1e-6, 1-1e-6)
	w := math.Exp(s.Base.spread(m, shareKnown, shareNoise))
	// The deviation is one of the logarithm of the share, or of what is missing to 1 where that is less.
	odds := mid / (1 - mid)
	high, low := odds*w, odds/w
	s.Rates = rates{Mid: mid, Low: low / (1 + low), High: high / (1 + high)}
	for i, r := range ratios[:ups] {
		p0, o := s.Rates.High, high*r
		p1 := max(clamp(o/(1+o), 1e-7, 0.98), min(p0, 0.999))
		s.Hit[i], s.Miss[i] = p1/p0, (1-p1)/(1-p0)
	}
	s.S.Local.fillShare(mid)
	if s.S.Ep.On {
		s.half()
	}
}

// back is which part of a trouble, in the logarithm of the odds, the usual is compared with when it is to be over. A trouble that is half as
// bad as it was does not look usual by that yet; one that is over looks so after about a third of the customers that a comparison with
// half of it would take.
const back = 0.7

// lately are the last values whose mean must be usual when a trouble of a mean is over.
const lately = 20

// mean takes the sum k of n values.
func (e *episode) mean(k, n float64) {
	if k != math.Trunc(k) {
		e.Between = 1
	}
	e.Last = min(e.Last+n, lately)
	e.Lately += (k/n - e.Lately) * min(n/max(e.Last, n), 1)
}

// usual reports whether a trouble of a mean may be over: what came lately is no further from the usual than the least change that is
// looked for. Values between 0 and 1 scatter less than what happens or does not, so the bet that gains most is on much more than their mean, and half of
// that alone would take a trouble that goes on for the usual.
func (s *Share) usual() bool {
	e := &s.S.Ep
	if e.Between == 0 {
		return true
	}
	odds := func(p float64) float64 { return p / max(1-p, 1e-9) }
	if e.Direction == Down {
		return odds(e.Lately) >= ratios[ups]*odds(s.Rates.Low)
	}
	return odds(e.Lately) <= ratios[0]*odds(s.Rates.High)
}

// half sets the factors of recovery.
func (s *Share) half() {
	mid := s.Rates.Mid
	o := mid / (1 - mid) * math.Pow(s.S.Ep.Ratio, back)
	p := clamp(o/(1+o), 1e-7, 0.98)
	s.Back = [2]float64{mid / p, (1 - mid) / (1 - p)}
}
