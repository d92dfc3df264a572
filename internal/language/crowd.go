package language

import (
	"math"
	"math/bits"
	"slices"
)

// crowd counts different customers: a few exactly, many by the bits that their
// hashes set (linear counting: Whang, Vander-Zanden and Taylor, A Linear-Time
// Probabilistic Counting Algorithm, 1990).
type crowd struct {
	few  []uint32
	many []uint64
}

// mostFew is how many are counted exactly; crowdBits, a power of two, how many bits
// there are for more: with an error of 2 % for ten thousand.
const (
	mostFew   = 32
	crowdBits = 1 << 12
)

// add takes in a customer by the hash.
func (c *crowd) add(h uint64) {
	if c.many != nil {
		c.set(uint32(h >> 32))
		return
	}
	if slices.Contains(c.few, uint32(h>>32)) {
		return
	}
	if len(c.few) < mostFew {
		c.few = append(c.few, uint32(h>>32))
		return
	}
	c.grow(crowdBits)
	c.set(uint32(h >> 32))
}

// grow goes over to bits.
func (c *crowd) grow(n int) {
	c.many = make([]uint64, n/64)
	for _, h := range c.few {
		c.set(h)
	}
	c.few = nil
}

func (c *crowd) set(h uint32) {
	bit := h % uint32(len(c.many)*64)
	c.many[bit/64] |= 1 << (bit % 64)
}

// count returns how many there are.
func (c *crowd) count() float64 { return c.with(&crowd{}) }

// with returns how many there are in either of two.
func (c *crowd) with(d *crowd) float64 {
	if c.many == nil && d.many == nil {
		n := len(c.few)
		for _, h := range d.few {
			if !slices.Contains(c.few, h) {
				n++
			}
		}
		return float64(n)
	}
	if c.many == nil {
		c, d = d, c
	}
	width := float64(len(c.many) * 64)
	set := 0
	for i, w := range c.many {
		if d.many != nil {
			w |= d.many[i]
		}
		set += bits.OnesCount64(w)
	}
	for i, h := range d.few {
		bit := h % uint32(width)
		if c.many[bit/64]>>(bit%64)&1 == 0 && !slices.ContainsFunc(d.few[:i], func(g uint32) bool { return g%uint32(width) == bit }) {
			set++
		}
	}
	return width * math.Log(width/max(width-float64(set), 1))
}

// sketch keeps counts of phrases that there is no room for, never too low but for
// what Estimate takes off (count-min of Cormode and Muthukrishnan, 2005; with the
// mean of the noise taken off as Deng and Rafiei do, 2007).
type sketch struct {
	rows [2][]uint16
	sum  float64
}

func newSketch(width int) *sketch {
	s := &sketch{}
	for i := range s.rows {
		s.rows[i] = make([]uint16, width)
	}
	return s
}

func (s *sketch) cell(row int, h uint64) *uint16 {
	return &s.rows[row][mix(h, uint64(row))>>20%uint64(len(s.rows[row]))]
}

// add adds to the count of a phrase and returns what it comes to.
func (s *sketch) add(h uint64, n int) float64 {
	s.sum += float64(n)
	for i := range s.rows {
		c := s.cell(i, h)
		*c = uint16(min(int(*c)+n, math.MaxUint16))
	}
	return s.estimate(h)
}

// estimate returns the count of a phrase, without what others left in its cells.
func (s *sketch) estimate(h uint64) float64 {
	least := min(*s.cell(0, h), *s.cell(1, h))
	return max(0, float64(least)-math.Floor(s.sum/float64(len(s.rows[0]))))
}

// halve forgets half.
func (s *sketch) halve() {
	s.sum = 0
	for i, row := range s.rows {
		for j := range row {
			row[j] /= 2
			if i == 0 {
				s.sum += float64(row[j])
			}
		}
	}
}
