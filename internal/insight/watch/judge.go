package watch

import (
	"cmp"
	"slices"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/detect"
)

// news is what a judgement changes.
type news struct {
	told   []*signal // people must know of these
	listed []*signal // these stand in the console
	over   []*signal // signs of Insights that are as usual again
}

func (n *news) none() bool { return len(n.told)+len(n.listed)+len(n.over) == 0 }

// judge looks at the evidence of all signals together.
func (s *shop) judge() (n news) {
	budget := detect.DefaultBudget(s.watched())
	_, listedAt := budget.Limits()
	weight := s.weights()
	evidence := make([]float64, 0, len(s.order)+len(s.pools))
	some := false
	for _, g := range s.order {
		e := g.evidence() * weight[g.tier()]
		evidence = append(evidence, e)
		some = some || e > 1 || g.insight != "" || g.listed
	}
	themes := s.themes()
	for _, t := range themes {
		e := s.pools[t].pool.Reading().Evidence * weight[second]
		evidence = append(evidence, e)
		some = some || e > 1
	}
	rises := s.rises()
	for _, r := range rises {
		e := r.evidence * weight[second]
		evidence = append(evidence, e)
		some = some || e > 1
	}
	if !some {
		return n
	}
	verdicts, watched := budget.Decide(evidence), len(s.order)
	for i, g := range s.order {
		switch v := verdicts[i]; {
		case v == detect.Tell && !g.on():
			g.raise()
			g.listed, g.changed = false, true
			n.told = append(n.told, g)
		case v == detect.List && !g.on() && !g.listed:
			g.listed = true
			n.listed = append(n.listed, g)
		case g.listed && !g.on() && evidence[i] < listedAt/10:
			g.listed = false
			n.over = append(n.over, g)
		case g.insight != "" && !g.on() && !g.listed && !s.held(g):
			n.over = append(n.over, g)
		}
	}
	for i, t := range themes {
		if v := verdicts[len(s.order)+i]; v == detect.Tell {
			for _, g := range s.strongest(t) {
				g.raise()
				g.listed, g.changed = false, true
				n.told = append(n.told, g)
			}
			s.pools[t].pool.Calm()
			s.pools[t].changed = true
		}
	}
	for i, v := range verdicts[watched+len(themes):] {
		s.risen(rises[i], v, &n)
	}
	s.tidy()
	return n
}

// tier says what part of the budget of false alarms a signal shares. A shop has a dozen of signals that say most plainly that it loses
// orders, and perhaps a thousand products: these must not make those slow.
type tier int

const (
	first tier = iota
	second
	third
	tiers
)

// tierShares are the parts of the budget.
var tierShares = [tiers]float64{first: 0.5, second: 0.3, third: 0.2}

func (g *signal) tier() tier {
	if g.term != nil {
		return second
	}
	if isVital(g.kind) && g.of.Dim != "" {
		return third
	}
	switch insight.Dim(g.of.Dim) {
	case insight.DimMethod, insight.DimDevice:
		return first
	case insight.DimTopic, insight.DimScore:
		return second
	case "":
		if g.kind == insight.CheckoutEnded || g.kind == insight.DeliveryEnded || g.count == insight.Orders {
			return first
		}
		return second
	}
	return third
}

// weights are what evidence counts for in each tier: their mean over all signals is 1, so the budget holds (e-BH with weights, Wang and
// Ramdas 2022, section 4).
func (s *shop) weights() (w [tiers]float64) {
	var n [tiers]float64
	for _, g := range s.order {
		if g.now.Phase != detect.Learning {
			n[g.tier()]++
		}
	}
	n[second] += float64(len(s.pools) + s.searched())
	all, shares := 0.0, 0.0
	for i := range n {
		if n[i] > 0 {
			all, shares = all+n[i], shares+tierShares[i]
		}
	}
	for i := range n {
		if n[i] > 0 {
			w[i] = tierShares[i] / shares * all / n[i]
		}
	}
	return w
}

func (s *shop) themes() (out []string) {
	for t := range s.pools {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

// strongest are the members of a pool that show what it found: those that have
// evidence of their own, at most three.
func (s *shop) strongest(theme string) (out []*signal) {
	for name := range s.pools[theme].parts {
		if g := s.signals[name]; g != nil && !g.on() && g.now.Direction == detect.Up && g.evidence() > 1 {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b *signal) int {
		return cmp.Or(cmp.Compare(b.now.Evidence, a.now.Evidence), cmp.Compare(a.name, b.name))
	})
	return out[:min(len(out), 3)]
}

// rank orders signals by how plainly they say what is wrong: what happened before
// what was said of it, and that before mere numbers.
func (g *signal) rank() int {
	switch {
	case g.kind == insight.CheckoutEnded:
		return 0
	case g.kind == insight.DeliveryEnded:
		return 1
	case g.kind == insight.PageDisturbed || g.kind == insight.ReplyWaitedFor || g.kind == insight.SearchMade || isVital(g.kind):
		return 2
	case g.rates():
		return 3
	case g.kind == insight.OpinionGiven && g.of.Dim == string(insight.DimTopic):
		return 4
	case g.says():
		return 12 // anything else tells more: who, where and how many
	case g.kind == insight.OrderSentBack:
		return 6
	case g.of.Dim == string(insight.DimProduct):
		return 7
	case g.kind == insight.RatingGiven:
		return 10
	case g.kind == insight.OpinionGiven:
		return 11
	}
	return 8 // counts
}

func byRank(a, b *signal) int {
	return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(b.now.Evidence, a.now.Evidence), cmp.Compare(a.name, b.name))
}
