package cause

import (
	"cmp"
	"math"
	"slices"
)

// most values of a dimension are looked at, those with the most bad cases. All others count, but are no cause.
const most = 127

// least bad cases (or, of a change down, expected ones) that a set must have to be looked at.
const least = 5

// cell sums cases.
type cell struct {
	n, k   float64 // now: all, bad
	e      float64 // bad ones expected now, by the usual of each group
	wk, we float64 // before: bad, and expected by the same model
}

func (c *cell) add(o *cell) {
	c.n += o.n
	c.k += o.k
	c.e += o.e
	c.wk += o.wk
	c.we += o.we
}

func (c *cell) sub(o *cell) cell {
	return cell{n: c.n - o.n, k: c.k - o.k, e: c.e - o.e, wk: c.wk - o.wk, we: c.we - o.we}
}

// cube is a table made ready for search: values are numbers, 0 for what is no cause, and each row knows what was to
// be expected of it.
type cube struct {
	dims   []string    // that are looked at
	names  [][]string  // of values, by dimension
	codes  [][]uint8   // by dimension, by row
	name   []float64   // what naming a value costs, by dimension
	where  [][][]int32 // rows, by dimension, by value
	rows   []cell
	total  cell
	wasN   []float64
	counts bool    // of cases, not of bad ones among them
	sign   float64 // 1 for more, -1 for fewer
	known  float64 // how many failures the knowledge of a set's usual is worth before its own past is looked at
	still  float64 // precision of the logarithm of how much all others may have changed
}

func newCube(t *Table, counts, up bool) *cube {
	c := &cube{counts: counts, sign: 1, known: 4, still: 1 / (0.25 * 0.25), rows: make([]cell, 0, len(t.Groups))}
	if !up {
		c.sign = -1
	}
	groups := make([]*Group, 0, len(t.Groups))
	c.wasN = make([]float64, 0, len(t.Groups))
	for i := range t.Groups {
		g := &t.Groups[i]
		if len(g.Values) != len(t.Dims) || !(g.N > 0 || g.WasN > 0) {
			continue
		}
		groups = append(groups, g)
		r := cell{n: g.N, k: clamp(g.Bad, 0, g.N), wk: clamp(g.WasBad, 0, g.WasN)}
		if counts {
			// How long the past is that the expectation comes from is not said; it is taken as four times as long.
			r = cell{n: g.N, k: g.N, e: g.WasN, wk: 4 * g.WasN, we: 4 * g.WasN}
		}
		c.rows = append(c.rows, r)
		c.wasN = append(c.wasN, g.WasN)
	}
	for d, dim := range t.Dims {
		c.encode(groups, d, dim)
	}
	c.index()
	if !counts {
		c.expect()
	}
	for i := range c.rows {
		c.total.add(&c.rows[i])
	}
	return c
}

// encode gives the values of a dimension numbers.
func (c *cube) encode(groups []*Group, d int, dim string) {
	type value struct {
		text   string
		weight float64
		code   uint8
	}
	at := make(map[string]int32)
	var values []value
	which := make([]int32, len(groups))
	var known, unknown cell
	for i, g := range groups {
		text, r := g.Values[d], &c.rows[i]
		if text == "" {
			which[i] = -1
			unknown.add(r)
			unknown.e += g.N + g.WasN
			continue
		}
		v, ok := at[text]
		if !ok {
			v = int32(len(values))
			at[text] = v
			values = append(values, value{text: text})
		}
		which[i] = v
		known.add(r)
		known.e += g.N + g.WasN
		switch {
		case c.sign > 0:
			values[v].weight += r.k
		case c.counts:
			values[v].weight += r.e
		default:
			values[v].weight += r.wk
		}
	}
	if !c.counts && known.k+known.wk >= known.e && unknown.k+unknown.wk < 0.01*(known.k+known.wk) && unknown.e > 0 {
		return // known only of what went badly (why it failed): it follows from the outcome and cannot be its cause
	}
	order := make([]int32, 0, len(values))
	for v := range values {
		if values[v].weight >= least || c.sign < 0 && values[v].weight > 0 {
			order = append(order, int32(v))
		}
	}
	if len(order) == 0 {
		return
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(values[b].weight, values[a].weight) })
	order = order[:min(len(order), most)]
	names := []string{""}
	for _, v := range order {
		values[v].code = uint8(len(names))
		names = append(names, values[v].text)
	}
	codes := make([]uint8, len(groups))
	for i, v := range which {
		if v >= 0 {
			codes[i] = values[v].code
		}
	}
	c.dims = append(c.dims, dim)
	c.names = append(c.names, names)
	c.codes = append(c.codes, codes)
	c.name = append(c.name, math.Log(float64(max(len(values), 2))))
}

// expect fills in what was to be expected of each row: the usual rate of all, times a factor for each of its values, fitted
// to the past by iterative proportional fitting (Deming and Stephan, 1940) with each factor shrunk to 1. A value that was
// never seen has no factor of its own.
func (c *cube) expect() {
	var n, k, wn, wk float64
	for i := range c.rows {
		n, k, wn, wk = n+c.rows[i].n, k+c.rows[i].k, wn+c.wasN[i], wk+c.rows[i].wk
	}
	p := (wk + 0.5) / (wn + 1)
	if wn == 0 {
		// Nothing is known of before, so each set is compared with all others.
		p = (k + 0.5) / (n + 1)
		c.known = max(4, k)
		c.still = 0
	}
	rate := make([]float64, len(c.rows))
	for i := range rate {
		rate[i] = p
	}
	const sweeps, shrink = 3, 4.0
	factors := make([][most + 1]float64, len(c.codes))
	for d := range factors {
		for v := range factors[d] {
			factors[d][v] = 1
		}
	}
	for sweep := 0; sweep < sweeps && wn > 0; sweep++ {
		for d, codes := range c.codes {
			var was, is [most + 1]float64
			for i, v := range codes {
				was[v] += c.rows[i].wk
				is[v] += c.wasN[i] * rate[i]
			}
			for v, old := range factors[d] {
				// What is expected without this factor, and the factor anew.
				factors[d][v] = (was[v] + shrink) / (is[v]/old + shrink)
				was[v] = factors[d][v] / old
			}
			for i, v := range codes {
				rate[i] = min(rate[i]*was[v], 0.97)
			}
		}
	}
	for i := range c.rows {
		c.rows[i].e = c.rows[i].n * rate[i]
		c.rows[i].we = c.wasN[i] * rate[i]
	}
}

// without is the cube without the rows of a set.
func (c *cube) without(s *set) *cube {
	out := *c
	gone := c.rowsOf(s, nil)
	rest := make([]int32, 0, len(c.rows)-len(gone))
	for i := range int32(len(c.rows)) {
		if len(gone) > 0 && gone[0] == i {
			gone = gone[1:]
			continue
		}
		rest = append(rest, i)
	}
	out.total = cell{}
	out.rows, out.wasN = make([]cell, len(rest)), make([]float64, len(rest))
	for k, i := range rest {
		out.rows[k], out.wasN[k] = c.rows[i], c.wasN[i]
		out.total.add(&c.rows[i])
	}
	out.codes = make([][]uint8, len(c.codes))
	for d, codes := range c.codes {
		out.codes[d] = make([]uint8, len(rest))
		for k, i := range rest {
			out.codes[d][k] = codes[i]
		}
	}
	out.index()
	return &out
}

// holds reports whether a row belongs to a set.
func (c *cube) holds(s *set, row int) bool {
	for _, p := range s.pairs[:s.size] {
		if c.codes[p.dim][row] != p.value {
			return false
		}
	}
	return true
}

// index sorts the numbers of the rows by their values.
func (c *cube) index() {
	c.where = make([][][]int32, len(c.codes))
	for d, codes := range c.codes {
		var n [most + 1]int
		for _, v := range codes {
			n[v]++
		}
		all := make([]int32, len(codes))
		c.where[d] = make([][]int32, len(c.names[d]))
		for v, at := 0, 0; v < len(c.where[d]); v++ {
			c.where[d][v] = all[at : at : at+n[v]]
			at += n[v]
		}
		for i, v := range codes {
			c.where[d][v] = append(c.where[d][v], int32(i))
		}
	}
}

// rowsOf is the numbers of a set's rows, in room that may be given.
func (c *cube) rowsOf(s *set, room []int32) []int32 {
	if s.size == 0 {
		rows := room[:0]
		for i := range c.rows {
			rows = append(rows, int32(i))
		}
		return rows
	}
	rows := c.where[s.pairs[0].dim][s.pairs[0].value]
	for i, p := range s.pairs[1:s.size] {
		if other := c.where[p.dim][p.value]; i == 0 && len(other) < len(rows) {
			rows, p = other, s.pairs[0]
		}
		room = slices.Grow(room[:0], len(rows))[:len(rows)]
		codes, n := c.codes[p.dim], 0
		for _, row := range rows {
			room[n] = row
			if codes[row] == p.value {
				n++
			}
		}
		rows = room[:n]
	}
	return rows
}

// sum adds up the rows of a set.
func (c *cube) sum(s *set) (out cell) {
	for _, i := range c.rowsOf(s, nil) {
		out.add(&c.rows[i])
	}
	return out
}

func clamp(x, low, high float64) float64 { return max(low, min(high, x)) }
