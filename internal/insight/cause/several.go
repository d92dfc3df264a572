package cause

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// How several values of one dimension may be a cause together.
const (
	mostTogether  = 6
	leastTogether = 0.7  // of what is beyond the usual that they explain
	mostOfAll     = 0.75 // of all cases with a known value that they are
	leastEach     = 0.06 // of what is beyond the usual that each explains
	outsideMost   = 0.35 // of what is beyond the usual per case, outside against inside
)

// Several looks for some values of one dimension that carry a rise of the rate together, as couriers of
// three regions do, where no single set of values is sure. It returns false where there are none. This is Adtributor's set of
// elements of one dimension (Bhagwan and others, NSDI 2014): the values by how much they explain, until they explain enough; each must
// have risen by itself, and the others must be as usual.
func Several(t Table) (Cause, bool) {
	var best Cause
	score := 0.0
	for d := range t.Dims {
		if c, s := several(t, d); s > score {
			best, score = c, s
		}
	}
	return best, score > 0
}

// slice is what has one value.
type slice struct {
	value                string
	n, bad, wasN, wasBad float64
}

func several(t Table, d int) (c Cause, score float64) {
	at := map[string]int{}
	var parts []slice
	var all slice
	for _, g := range t.Groups {
		v := g.Values[d]
		i, ok := at[v]
		if !ok {
			i = len(parts)
			at[v] = i
			parts = append(parts, slice{value: v})
		}
		p := &parts[i]
		p.n, p.bad, p.wasN, p.wasBad = p.n+g.N, p.bad+g.Bad, p.wasN+g.WasN, p.wasBad+g.WasBad
		all.n, all.bad, all.wasN, all.wasBad = all.n+g.N, all.bad+g.Bad, all.wasN+g.WasN, all.wasBad+g.WasBad
	}
	if all.n == 0 || all.wasN == 0 {
		return c, 0
	}
	usual := all.wasBad / all.wasN
	// What is usual of a value, drawn to the whole where it is little known.
	was := func(p slice) float64 { return (p.wasBad + 20*usual) / (p.wasN + 20) }
	extra := func(p slice) float64 { return p.bad - was(p)*p.n }
	total := 0.0
	for _, p := range parts {
		total += extra(p)
	}
	if total < 5 {
		return c, 0
	}
	slices.SortFunc(parts, func(a, b slice) int {
		return cmp.Or(cmp.Compare(extra(b), extra(a)), strings.Compare(a.value, b.value))
	})
	known := all.n
	for _, p := range parts {
		if p.value == "" {
			known -= p.n
		}
	}
	var in slice
	var values []string
	explained := 0.0
	for _, p := range parts {
		e := extra(p)
		if p.value == "" || e < leastEach*total || e < 1.7*math.Sqrt(was(p)*p.n+0.5) || len(values) == mostTogether {
			continue
		}
		values = append(values, p.value)
		explained += e
		in.n, in.bad, in.wasN, in.wasBad = in.n+p.n, in.bad+p.bad, in.wasN+p.wasN, in.wasBad+p.wasBad
	}
	if len(values) < 2 || explained < leastTogether*total || in.n > mostOfAll*known {
		return c, 0
	}
	outside := max(total-explained, 0) / max(all.n-in.n, 1)
	if outside > outsideMost*explained/in.n {
		return c, 0
	}
	slices.Sort(values)
	c = Cause{N: in.n, Bad: in.bad, WasN: in.wasN, WasBad: in.wasBad, Rate: in.bad / in.n, Was: in.wasBad / max(in.wasN, 1),
		Others: (all.bad - in.bad) / max(all.n-in.n, 1), Explains: min(explained/total, 1)}
	for _, v := range values {
		c.Pairs = append(c.Pairs, Pair{t.Dims[d], v})
	}
	// The fewer values, the more they explain, and the less is left outside, the better.
	score = c.Explains - 0.05*float64(len(values)) - outside*in.n/explained
	c.Sure = clamp(score, 0, 1)
	return c, max(score, 0)
}
