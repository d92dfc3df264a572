package cause

import (
	"cmp"
	"math"
	"slices"
)

const (
	causes  = 3    // that are named at most
	enough  = 20.0 // cases beyond the usual that a cause must hold to be sure of it
	certain = 0.8  // probability of a set from which on it is sure: so 19 of 20 such claims are right, also where few failed
	beyond  = 3.0  // by how much (nats) a further cause must fit better than none
	slight  = 0.05 // share of the change that a further cause must explain, and probability of another explanation that is named
	same    = 0.95 // of their cases that two sets must have in common to be one and the same
)

// Find names causes of a rate that changed, best first, at most three: first those that hold together, one by one, each looked
// for in what those before it leave; then, where a place is left, other explanations (Instead). sure is false where there is too
// little to say. up: more bad than before.
//
// Each group has a usual rate: a factor for each of its values, fitted to the past. The hypothesis of a set is that
// its odds are new and those of all others are as usual, but for a factor near 1 that all share. Its probability follows from
// how likely that makes all cases, what its own past says of its usual rate, and how many sets there are like it. All
// values and pairs of values are weighed, and triples around the best 96 pairs. Nothing that changed less than 1.5 times against all
// others, or has fewer than five bad cases, is a cause. Sets that hold 95 % of their cases in common, and which the cases cannot tell apart, are one: named
// by the simplest, the others under Same. Values that are unknown are no cause, and neither is a dimension known only of bad cases.
func Find(t Table, up bool) (causes []Cause, sure bool) { return newCube(&t, false, up).find() }

// FindCount is the same of a count that changed: N now against WasN, the expectation for a time of the same length. Bad and WasBad are not used. Rate and
// Others are multiples of the expectation, Was is 1.
func FindCount(t Table, up bool) (causes []Cause, sure bool) {
	return newCube(&t, true, up).find()
}

// class is sets that nobody can tell apart.
type class struct {
	set
	others []set
	sure   float64
	beyond float64 // by how much it fits better than everybody or nothing
}

// explain puts the sets of a search into classes with their probabilities, the best first.
func (c *cube) explain() []class {
	sets := c.search()
	if len(sets) == 0 {
		return nil
	}
	// That nothing changed but for chance is a hypothesis, too.
	nothing, _ := c.stayed(&c.total)
	nothing += math.Log(levels[0])
	none := nothing
	top := max(sets[0].score, nothing)
	sum := math.Exp(nothing - top)
	for i := range sets {
		sum += math.Exp(sets[i].score - top)
		if sets[i].size == 0 {
			none = max(none, sets[i].score)
		}
	}
	var out []class
	for i := range sets {
		s := &sets[i]
		p := math.Exp(s.score-top) / sum
		if p < 1e-4 && i > 0 {
			break
		}
		k := slices.IndexFunc(out, func(o class) bool { return c.alike(&o.set, s) })
		if k < 0 {
			over := none
			if s.size == 0 {
				over = nothing
			}
			out = append(out, class{set: *s, sure: p, beyond: s.score - over})
			continue
		}
		out[k].sure += p
		out[k].others = append(out[k].others, *s)
	}
	slices.SortStableFunc(out, func(a, b class) int { return cmp.Compare(b.sure, a.sure) })
	return out
}

// alike reports whether two sets hold nearly the same cases and fit as well.
func (c *cube) alike(a, b *set) bool {
	near := func(x, y float64) bool { return min(x, y) >= same*max(x, y) }
	if !near(a.sum.n, b.sum.n) || !near(a.sum.k, b.sum.k) || math.Abs(a.fit-b.fit) > 2 {
		return false
	}
	var both cell
	for _, i := range c.rowsOf(a, nil) {
		if c.holds(b, int(i)) {
			both.add(&c.rows[i])
		}
	}
	return both.n >= same*(a.sum.n+b.sum.n-both.n) && both.k >= same*(a.sum.k+b.sum.k-both.k)
}

// beside looks for a cause of its own in what the first leaves. It is nil where there is none.
func (c *cube) beside(first []class) []class {
	if first[0].size == 0 {
		return nil
	}
	rest := c.without(&first[0].set)
	found := rest.explain()
	if len(found) == 0 || !apart(first, found) || found[0].beyond < beyond {
		return nil
	}
	if own := rest.excess(&found[0].sum); own < enough/2 || own < slight*c.excess(&c.total) {
		return nil
	}
	return found
}

// apart reports whether two causes are sets of which neither is a part of the other: what is left of
// a set besides its worst part is no cause of its own.
func apart(a, b []class) bool {
	return a[0].size > 0 && b[0].size > 0 && !part(&a[0].set, &b[0].set) && !part(&b[0].set, &a[0].set)
}

func (c *cube) excess(s *cell) float64 { return c.sign * (s.k - c.usual(s)) }
