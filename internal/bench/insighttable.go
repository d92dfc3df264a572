package bench

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/dhvani/dhvani/internal/insight/cause"
)

// The dimensions of the simulated tables.
const (
	dimMethod = iota
	dimSystem
	dimBrowser
	dimCountry
	dimRegion
	dimProduct
	dimCampaign
	dimRelease
	causeDims
)

var (
	causeDimNames = [causeDims]string{"method", "system", "browser", "country", "region", "product", "campaign", "release"}
	causeValues   = [causeDims]int{6, 10, 8, 6, 12, 60, 10, 5}
)

// causeShop draws attempts whose values hang together as in life: the browser with the system, the region with the country,
// the release with the system, the method with the country. How much of each there is differs from shop to shop.
type causeShop struct {
	r      *rand.Rand
	plain  [causeDims][]float64   // shares
	given  [causeDims][][]float64 // shares by the value of the dimension that it hangs on
	on     [causeDims]int         // -1: on none
	base   float64
	factor [causeDims][]float64 // of the failures
	odd    [2]code2             // two pairs of values that always failed more
}

type code2 struct {
	d, v [2]int
	x    float64
}

type attempt [causeDims]uint8

func newCauseShop(r *rand.Rand) *causeShop {
	s := &causeShop{r: r, base: math.Exp(math.Log(0.01) + r.Float64()*math.Log(10)), on: [causeDims]int{-1, -1, dimSystem, -1, dimCountry, -1, -1, dimSystem}}
	for d, n := range causeValues {
		s.plain[d] = unequal(r, n, 0.5+r.Float64())
		s.factor[d] = make([]float64, n)
		for v := range n {
			s.factor[d][v] = math.Exp(0.25 * r.NormFloat64())
		}
	}
	s.on[dimMethod] = dimCountry
	for d, on := range s.on {
		if on < 0 {
			continue
		}
		s.given[d] = make([][]float64, causeValues[on])
		for v := range s.given[d] {
			mix := make([]float64, causeValues[d])
			own := unequal(r, causeValues[d], 2.5)
			for i := range mix {
				mix[i] = 0.2*s.plain[d][i] + 0.8*own[i]
				switch {
				case d == dimRegion: // of one country only
					mix[i] = 0
					if i%causeValues[dimCountry] == v {
						mix[i] = s.plain[d][i]
					}
				case d == dimMethod:
					mix[i] = 0.7*s.plain[d][i] + 0.3*own[i]
				case d == dimBrowser && mix[i] < 0.02:
					mix[i] = 0
				}
			}
			total := sum(mix)
			for i := range mix {
				mix[i] /= total
			}
			s.given[d][v] = mix
		}
	}
	for i := range s.odd {
		o := &s.odd[i]
		o.d = [2]int{dimMethod, dimSystem + r.IntN(3)}
		o.v = [2]int{r.IntN(causeValues[o.d[0]]), r.IntN(causeValues[o.d[1]])}
		o.x = 2.5
	}
	return s
}

// unequal is shares that differ as a lognormal does.
func unequal(r *rand.Rand, n int, sigma float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Exp(sigma * r.NormFloat64())
	}
	total := sum(out)
	for i := range out {
		out[i] /= total
	}
	return out
}

func (s *causeShop) draw() (a attempt, fails float64) {
	fails = s.base
	for _, d := range [causeDims]int{dimCountry, dimSystem, dimMethod, dimBrowser, dimRegion, dimProduct, dimCampaign, dimRelease} {
		shares := s.plain[d]
		if s.on[d] >= 0 {
			shares = s.given[d][a[s.on[d]]]
		}
		a[d] = uint8(pick(s.r, shares))
		fails *= s.factor[d][a[d]]
	}
	for _, o := range s.odd {
		if int(a[o.d[0]]) == o.v[0] && int(a[o.d[1]]) == o.v[1] {
			fails *= o.x
		}
	}
	return a, min(fails, 0.6)
}

// mask keeps the values of some dimensions of an attempt.
type mask struct {
	of   attempt
	dims []int
}

func (m mask) holds(a attempt) bool {
	for _, d := range m.dims {
		if a[d] != m.of[d] {
			return false
		}
	}
	return true
}

// part reports whether all values of a mask are also asked for by another.
func (m mask) part(of mask) bool {
	for _, d := range m.dims {
		if !slices.Contains(of.dims, d) || m.of[d] != of.of[d] {
			return false
		}
	}
	return true
}

func (m mask) pairs() (out []cause.Pair) {
	for _, d := range m.dims {
		out = append(out, cause.Pair{Dim: causeDimNames[d], Value: causeValueNames[d][m.of[d]]})
	}
	slices.SortFunc(out, func(a, b cause.Pair) int { return cmp.Compare(a.Dim, b.Dim) })
	return out
}

var causeValueNames = func() (out [causeDims][]string) {
	for d, n := range causeValues {
		for v := range n {
			out[d] = append(out[d], fmt.Sprintf("%s %d", causeDimNames[d], v))
		}
	}
	return out
}()

// attemptsAtMost bounds a table: sets that would need more attempts to have their extra failures are drawn again.
const attemptsAtMost = 30_000

// table draws a shop, what is wrong in it, and as many attempts as bring the extra failures.
func (k causeCase) table(r *rand.Rand) (cause.Table, [][]cause.Pair) {
	for {
		s := newCauseShop(r)
		trial := make([]attempt, 4000)
		usual := make([]float64, len(trial))
		for i := range trial {
			trial[i], usual[i] = s.draw()
		}
		// From 3 times as often to always.
		odds := math.Exp(math.Log(3) + r.Float64()*math.Log(30))
		worse := func(p float64) float64 {
			switch {
			case k.count:
				return p * (2 + math.Log(odds))
			case odds > 60:
				return 1
			}
			return min(p*odds, 1)
		}
		if k.all {
			odds = 3
		}
		var masks []mask
		n := 0.0
		for range k.sets {
			m := mask{of: trial[r.IntN(len(trial))], dims: r.Perm(causeDims)[:1+r.IntN(3)]}
			gain := 0.0
			for i, a := range trial {
				switch {
				case !m.holds(a) || slices.Contains(m.dims, dimRelease) && m.of[dimRelease] == 0: // what is unknown is no cause
				case k.count:
					gain += worse(1) - 1
				default:
					gain += worse(usual[i]) - usual[i]
				}
			}
			need := k.extra / (gain / float64(len(trial)))
			if len(masks) > 0 && (need > 4*n || n > 4*need || m.part(masks[0]) || masks[0].part(m)) {
				n = math.Inf(1) // one would hide the other
			}
			n = max(n, need)
			masks = append(masks, m)
		}
		switch {
		case k.all:
			n = k.extra / (s.base * 2)
		case k.sets == 0:
			n = 5000
		}
		if n > attemptsAtMost || n < 20 {
			continue
		}
		return k.fill(r, s, masks, worse, n), pairsOf(masks)
	}
}

func pairsOf(masks []mask) (out [][]cause.Pair) {
	for _, m := range masks {
		out = append(out, m.pairs())
	}
	return out
}

func (k causeCase) fill(r *rand.Rand, s *causeShop, masks []mask, worse func(float64) float64, n float64) cause.Table {
	groups := make(map[attempt]int)
	t := cause.Table{Dims: causeDimNames[:]}
	at := func(a attempt) *cause.Group {
		i, ok := groups[a]
		if !ok {
			i = len(t.Groups)
			groups[a] = i
			values := make([]string, causeDims)
			for d, v := range a {
				values[d] = causeValueNames[d][v]
			}
			if int(a[dimRelease])%causeValues[dimRelease] == 0 {
				values[dimRelease] = "" // a page that does not say
			}
			t.Groups = append(t.Groups, cause.Group{Values: values})
		}
		return &t.Groups[i]
	}
	bad := func(a attempt) bool { return slices.ContainsFunc(masks, func(m mask) bool { return m.holds(a) }) }
	day := math.Exp(0.1 * r.NormFloat64()) // days differ
	usual, extra := int(poisson(r, n)), 0
	if k.count {
		extra = int(poisson(r, n*(worse(1)-1))) // of which only those of the set come
	}
	for i := range usual + extra {
		a, p := s.draw()
		p = min(p*day, 1)
		switch hit := bad(a); {
		case i >= usual && !hit:
			continue
		case k.all || !k.count && hit:
			p = worse(p)
		}
		g := at(a)
		g.N++
		if r.Float64() < p {
			g.Bad++
		}
	}
	was := n * math.Exp(r.Float64()*math.Log(4))
	if k.count {
		was = 4 * n // the same time of four weeks
	}
	for range int(was) {
		a, p := s.draw()
		g := at(a)
		if k.count {
			g.WasN += n / was
			continue
		}
		g.WasN++
		if r.Float64() < p {
			g.WasBad++
		}
	}
	return t
}
