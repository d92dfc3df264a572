package cause

import "math"

// effect is how many times the odds of a set (of a count, its rate) must have changed against those of all others.
const effect = 1.5

// less is how many times its rate must have changed against that of all others: where all fail three times as often, the odds of those that
// failed often before have changed most, and nothing is special about them.
const less = 1.2

// levels are the probabilities, before anything is seen, that a change is everybody's or that of a set of one, two or three values.
var levels = [4]float64{0.1, 0.4, 0.3, 0.2}

// weigh fills in how well "this set changed, all others did not" fits, as the logarithm of its likelihood against "nothing
// changed". It is false for a set that has too little to say or has not changed enough.
func (c *cube) weigh(s *set) bool {
	in := c.changed(&s.sum)
	if in < 2 {
		return false
	}
	out, others := 0.0, 0.0
	if s.size > 0 {
		rest := c.total.sub(&s.sum)
		out, others = c.stayed(&rest)
		odds, times := c.ratio(&s.sum)
		_, usual := c.ratio(&rest)
		if c.sign*(odds-others) < math.Log(effect) || c.sign*(times-usual) < math.Log(less) {
			return false
		}
	}
	s.fit = in + out - 0.5*math.Log(1+max(s.sum.k, s.sum.e)) // the new rate is a parameter: Schwarz, Annals of Statistics 1978
	s.score = s.fit + math.Log(levels[s.size])
	for i, p := range s.pairs[:s.size] {
		// Which dimensions, and which value of each.
		s.score -= c.name[p.dim] + math.Log(float64(len(c.dims)-i)/float64(i+1))
	}
	return true
}

// changed is the logarithm of the likelihood ratio of "the set has a new rate" to "it has its usual one", which is
// known as well as its own past tells. It is 0 where it went the other way.
func (c *cube) changed(s *cell) float64 {
	if max(s.k, s.e) < least || c.sign > 0 && s.k < least {
		return 0
	}
	gain, factor, _ := c.compare(s)
	if c.sign*factor <= 0 {
		return 0
	}
	return gain
}

// stayed is the logarithm of the likelihood ratio of "all these changed by one small factor" to "they did not", and
// the logarithm of the factor. A large factor is unlikely: days differ, but not by much.
func (c *cube) stayed(s *cell) (gain, factor float64) {
	if s.n <= 0 && !c.counts || s.e <= 0 {
		return 0, 0
	}
	gain, factor, info := c.compare(s)
	// With a normal prior for the factor, where the likelihood is nearly normal.
	shrunk := info / (info + c.still)
	return max(0, gain-factor*factor/2*c.still*shrunk), factor * shrunk
}

// compare is the logarithm of the likelihood ratio of "now differs from before" to "they are one rate", the logarithm of how
// many times the odds (of a count, the rate) are, and how precisely that is known (Woolf, Annals of Human Genetics 1955).
func (c *cube) compare(s *cell) (gain, factor, info float64) {
	e := max(s.e, 0.5) // of what was never seen
	k0, e0 := s.wk+c.known, s.we+c.known
	if c.counts {
		all := (s.k + k0) / (e + e0)
		gain = xlog(s.k, s.k/e/all) + xlog(k0, k0/e0/all)
		return gain, math.Log((s.k + 0.5) / (e + 0.5) / (k0 / e0)), 1 / (1/(s.k+0.5) + 1/k0)
	}
	// Bad ones among n now, and among as many before as make e0 of them expected.
	n0 := max(e0*s.n/e, k0)
	good, good0 := s.n-s.k, n0-k0
	all := (s.k + k0) / (s.n + n0)
	gain = xlog(s.k, s.k/s.n/all) + xlog(good, good/s.n/(1-all)) + xlog(k0, k0/n0/all) + xlog(good0, good0/n0/(1-all))
	factor = math.Log((s.k + 0.5) / (good + 0.5) * (good0 + 0.5) / (k0 + 0.5))
	return gain, factor, 1 / (1/(s.k+0.5) + 1/(good+0.5) + 1/(k0+0.5) + 1/(good0+0.5))
}

// ratio is the logarithms of how many times its usual odds, and its usual rate, a set has.
func (c *cube) ratio(s *cell) (odds, times float64) {
	usual := c.usual(s)
	times = math.Log((s.k + 0.5) / (usual + 0.5))
	if c.counts {
		return times, times
	}
	return math.Log((s.k + 0.5) / (s.n - s.k + 0.5) * (max(s.n-usual, 0) + 0.5) / (usual + 0.5)), times
}

// usual is how many bad ones were to be expected of a set, by its own past too.
func (c *cube) usual(s *cell) float64 {
	e := s.e * (s.wk + c.known) / (s.we + c.known)
	if !c.counts {
		e = min(e, s.n)
	}
	return e
}

func xlog(x, y float64) float64 {
	if x <= 0 {
		return 0
	}
	return x * math.Log(y)
}
