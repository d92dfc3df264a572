package cause

import (
	"cmp"
	"slices"
)

// find explains, takes away what is explained, and looks again at both.
func (c *cube) find() ([]Cause, bool) {
	first := c.explain()
	if len(first) == 0 {
		return nil, false
	}
	found := [][]class{first}
	if second := c.beside(first); second != nil {
		// With the second out of the way the first is seen more clearly, and then the second.
		if again := c.without(&second[0].set).explain(); len(again) > 0 && apart(again, second) {
			if again[0].pairs == first[0].pairs {
				first = again
			} else if other := c.beside(again); other != nil {
				first, second = again, other
			}
		}
		found = [][]class{first, second}
		if third := c.without(&first[0].set).beside(second); third != nil && apart(first, third) {
			found = append(found, third)
		}
	}
	excess := c.excess(&c.total)
	var out []Cause
	for _, f := range found {
		excess = max(excess, c.excess(&f[0].sum))
	}
	for _, f := range found {
		out = append(out, c.cause(&f[0], excess))
	}
	for _, f := range found {
		for i := 1; i < len(f) && len(out) < causes && f[i].sure >= slight; i++ {
			if slices.ContainsFunc(found, func(g []class) bool { return g[0].pairs == f[i].pairs }) {
				continue
			}
			other := c.cause(&f[i], excess)
			other.Instead = true
			out = append(out, other)
		}
	}
	lead := c.sum(&found[0][0].set)
	return out, found[0][0].sure >= certain && found[0][0].beyond > 0 && c.excess(&lead) >= enough
}

// cause tells of a class in the words of the table.
func (c *cube) cause(f *class, excess float64) Cause {
	var in, all Cause
	for i := range c.rows {
		r := &c.rows[i]
		all.N, all.Bad, all.WasN, all.WasBad = all.N+r.n, all.Bad+r.k, all.WasN+c.wasN[i], all.WasBad+r.wk
		if c.holds(&f.set, i) {
			in.N, in.Bad, in.WasN, in.WasBad = in.N+r.n, in.Bad+r.k, in.WasN+c.wasN[i], in.WasBad+r.wk
		}
	}
	sum := c.sum(&f.set)
	if excess > 0 {
		in.Explains = clamp(c.excess(&sum)/excess, 0, 1)
	}
	in.Sure = clamp(f.sure, 0, 1)
	if c.counts {
		in.Bad, in.WasBad = 0, 0
		in.Rate, in.Was, in.Others = in.N/max(in.WasN, 1), 1, (all.N-in.N)/max(all.WasN-in.WasN, 1)
	} else {
		in.Rate, in.Was, in.Others = share(in.Bad, in.N), share(in.WasBad, in.WasN), share(all.Bad-in.Bad, all.N-in.N)
	}
	in.Pairs = c.pairs(&f.set)
	for i := range f.others {
		o := &f.others[i]
		// A set with one more value that changes nothing is no news.
		told := slices.ContainsFunc(f.others[:i], func(s set) bool { return part(&s, o) })
		if o.size > 0 && !told && (f.size == 0 || !part(&f.set, o)) {
			in.Same = append(in.Same, c.pairs(o))
		}
	}
	return in
}

// part reports whether all values of a set are also named by another.
func part(a, of *set) bool {
	for _, p := range a.pairs[:a.size] {
		if !slices.Contains(of.pairs[:of.size], p) {
			return false
		}
	}
	return true
}

func (c *cube) pairs(s *set) []Pair {
	out := make([]Pair, 0, s.size)
	for _, p := range s.pairs[:s.size] {
		out = append(out, Pair{Dim: c.dims[p.dim], Value: c.names[p.dim][p.value]})
	}
	slices.SortFunc(out, func(a, b Pair) int { return cmp.Compare(a.Dim, b.Dim) })
	return out
}

func share(k, n float64) float64 {
	if n <= 0 {
		return 0
	}
	return k / n
}
