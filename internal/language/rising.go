package language

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Phrase is one that more customers write than did before.
type Phrase struct {
	Text      string    // as most people wrote it
	N         int       // texts with it
	Customers int       // that wrote them
	Expected  float64   // customers, had it grown as all texts did
	LLR       float64   // G², by which it is more
	Q         float64   // the rate of false discoveries among those at least as clear
	Since     time.Time // when the first of the texts came
}

// leastLift is how many times as many customers as expected make a rise.
const leastLift = 1.5

// sameShare is from which share of customers in common two phrases are one.
const sameShare = 0.8

// mostRising are looked at more closely, the clearest first.
const mostRising = 200

// Rising returns the phrases that rise in the window that ends at about now, the
// clearest first.
//
// How many of all customers wrote a phrase in the window and before are compared by
// the log-likelihood ratio G² (Dunning, Accurate Methods for the Statistics of
// Surprise and Coincidence, 1993), one-sided with one degree of freedom. So that few
// of many phrases rise by chance, the rate of false discoveries is bounded
// (Benjamini and Hochberg, 1995) over all phrases that were seen in the window. A
// phrase that rises only as part of a longer one is left out, and so is a longer
// one that is no greater part of it than before, and one that the same customers
// write as another.
func (p *Phrases) Rising(now time.Time) []Phrase {
	p.advance(floorDiv(now.UnixMicro(), p.half))
	recent := p.all[0].count() + p.all[1].count()
	var found []rise
	tested := p.turned[0] + p.turned[1]
	for i := range p.seen {
		s := &p.seen[i]
		s.advance(p.slot, p.fade)
		r := rise{seen: s, now: s.crowd[0].with(&s.crowd[1]), past: s.past + s.unsure}
		if r.now == 0 {
			continue
		}
		tested++
		if math.Round(r.now) < float64(p.o.Customers) || r.now*p.past < leastLift*r.past*recent {
			continue
		}
		r.llr = gSquared(r.now, recent, r.past, p.past)
		r.p = tail(r.llr)
		found = append(found, r)
	}
	slices.SortFunc(found, func(a, b rise) int {
		return cmp.Or(cmp.Compare(b.llr, a.llr), cmp.Compare(b.n, a.n), cmp.Compare(a.hash, b.hash))
	})
	q := 1.0
	kept := 0
	for i := len(found) - 1; i >= 0; i-- {
		q = min(q, found[i].p*float64(tested)/float64(i+1))
		if found[i].q = q; q <= p.o.Rate {
			kept = max(kept, i+1)
		}
	}
	found = found[:min(kept, mostRising)]
	if len(found) == 0 {
		return nil
	}
	var out []Phrase
	for _, r := range unexplained(found, recent, p.past) {
		since := r.first[0]
		if r.texts[1] > 0 {
			since = r.first[1]
		}
		n := r.texts[0] + r.texts[1]
		out = append(out, Phrase{Text: r.mostly(), N: n, Customers: min(n, int(math.Round(r.now))), Expected: r.past / p.past * recent,
			LLR: r.llr, Q: r.q, Since: time.UnixMicro(since).UTC()})
	}
	return out
}

// rise is a phrase with its customers now and before.
type rise struct {
	*seen
	now, past, llr, p, q float64
}

// gSquared is how much better two shares explain k1 of n1 and k0 of n0 than one;
// 0 where the first share is not the greater one.
func gSquared(k1, n1, k0, n0 float64) float64 {
	n1, n0 = max(n1, k1), max(n0, k0)
	if n1 == 0 || n0 == 0 || k1*n0 <= k0*n1 {
		return 0
	}
	both := (k1 + k0) / (n1 + n0)
	part := func(k, n float64) float64 { return term(k, n*both) + term(n-k, n*(1-both)) }
	return max(0, 2*(part(k1, n1)+part(k0, n0)))
}

func term(k, expected float64) float64 {
	if k <= 0 || expected <= 0 {
		return 0
	}
	return k * math.Log(k/expected)
}

// tail is how often chance alone gives as much of G² on the greater side.
func tail(g float64) float64 { return math.Erfc(math.Sqrt(g/2)) / 2 }

// unexplained leaves out what rises only with another phrase.
func unexplained(found []rise, recent, past float64) []rise {
	cut := found[len(found)-1].p
	gone := make([]bool, len(found))
	for i := range found {
		a := &found[i]
		for j := range found {
			b := &found[j]
			if b.n > a.n && within(a, b) && tail(gSquared(a.now-b.now, recent, max(0, a.past-b.past), past)) > cut {
				gone[i] = true // without the longer one it does not rise
			}
		}
	}
	var out []rise
	for i := range found {
		b := &found[i]
		for j := range found {
			a := &found[j]
			if i != j && !gone[j] && within(a, b) && tail(gSquared(b.now, a.now, b.past, a.past)) > cut {
				gone[i] = true // it rises as the shorter one does
			}
		}
		for _, a := range out {
			gone[i] = gone[i] || together(&a, b)
		}
		if !gone[i] {
			out = append(out, *b)
		}
	}
	return out
}

// within reports whether a phrase is a part of a longer one.
func within(a, b *rise) bool {
	for i := 0; i+a.n <= b.n && a.n < b.n; i++ {
		if slices.Equal(a.words[:a.n], b.words[i:i+a.n]) {
			return true
		}
	}
	return false
}

// together reports whether the customers of two phrases are nearly the same: both
// are pieces of one longer text that many write.
func together(a, b *rise) bool {
	count := func(r *rise) float64 { return r.crowd[0].count() + r.crowd[1].count() }
	most := max(count(a), count(b))
	return min(count(a), count(b)) > sameShare*most && a.crowd[0].with(&b.crowd[0])+a.crowd[1].with(&b.crowd[1]) < most/sameShare
}
