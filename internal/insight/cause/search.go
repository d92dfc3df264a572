package cause

import (
	"cmp"
	"slices"
)

const (
	kept = 160 // sets that are remembered
	beam = 96  // sets of two values that are widened to three
)

// code is a value by its numbers.
type code struct{ dim, value uint8 }

// set is a set of values with what its cases sum up to.
type set struct {
	pairs [3]code
	size  int
	sum   cell
	fit   float64 // logarithm of the likelihood ratio to "nothing changed"
	score float64 // with what it costs to name it
}

func compareSets(a, b set) int {
	if d := cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.size, b.size)); d != 0 {
		return d
	}
	return slices.CompareFunc(a.pairs[:a.size], b.pairs[:b.size], func(p, q code) int {
		return cmp.Or(cmp.Compare(p.dim, q.dim), cmp.Compare(p.value, q.value))
	})
}

// best remembers the best sets.
type best struct {
	sets []set
	size int
	less func(a, b set) int
}

func (b *best) add(s *set) {
	b.sets = append(b.sets, *s)
	if len(b.sets) >= 4*b.size {
		b.cut()
	}
}

func (b *best) cut() []set {
	slices.SortFunc(b.sets, b.less)
	b.sets = b.sets[:min(len(b.sets), b.size)]
	return b.sets
}

// search looks at everybody, at all values, at all pairs of values, and at what three values have in common around the
// best pairs. The best come first.
func (c *cube) search() []set {
	found := best{size: kept, less: compareSets}
	wide := best{size: beam, less: func(a, b set) int {
		return cmp.Or(cmp.Compare(b.fit, a.fit), compareSets(a, b))
	}}
	everybody := set{sum: c.total}
	if c.weigh(&everybody) {
		found.add(&everybody)
	}
	cells := make([]cell, (most+1)*(most+1))
	for d, codes := range c.codes {
		one := cells[:len(c.names[d])]
		clear(one)
		for i, v := range codes {
			one[v].add(&c.rows[i])
		}
		for v := 1; v < len(one); v++ {
			s := set{pairs: [3]code{{uint8(d), uint8(v)}}, size: 1, sum: one[v]}
			if c.weigh(&s) {
				found.add(&s)
			}
		}
	}
	for d := range c.codes {
		for f := d + 1; f < len(c.codes); f++ {
			width := len(c.names[f])
			two := cells[:len(c.names[d])*width]
			clear(two)
			first, second := c.codes[d], c.codes[f]
			for i := range c.rows {
				two[int(first[i])*width+int(second[i])].add(&c.rows[i])
			}
			for v := 1; v < len(c.names[d]); v++ {
				for w := 1; w < width; w++ {
					x := &two[v*width+w]
					if x.k < least && x.e < least {
						continue
					}
					s := set{pairs: [3]code{{uint8(d), uint8(v)}, {uint8(f), uint8(w)}}, size: 2, sum: *x}
					if c.weigh(&s) {
						found.add(&s)
						wide.add(&s)
					}
				}
			}
		}
	}
	var rows []int32
	for _, s := range wide.cut() {
		rows = c.rowsOf(&s, rows)
		c.widen(&s, rows, cells, &found)
	}
	return slices.CompactFunc(found.cut(), func(a, b set) bool { return a.size == b.size && a.pairs == b.pairs })
}

// widen adds a third value to a pair.
func (c *cube) widen(s *set, rows []int32, cells []cell, found *best) {
	for d, codes := range c.codes {
		if d == int(s.pairs[0].dim) || d == int(s.pairs[1].dim) {
			continue
		}
		one := cells[:len(c.names[d])]
		clear(one)
		for _, i := range rows {
			one[codes[i]].add(&c.rows[i])
		}
		for v := 1; v < len(one); v++ {
			if one[v].k < least && one[v].e < least {
				continue
			}
			t := set{size: 3, sum: one[v], pairs: s.pairs}
			t.pairs[2] = code{uint8(d), uint8(v)}
			slices.SortFunc(t.pairs[:], func(a, b code) int { return cmp.Compare(a.dim, b.dim) })
			if c.weigh(&t) {
				found.add(&t)
			}
		}
	}
}
