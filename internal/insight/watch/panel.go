package watch

import (
	"slices"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/detect"
)

// Panel is one shop's signals without a database: the very code that judges them in the watch, fed by a simulation. Weeks
// can so be simulated in seconds.
type Panel struct {
	s     *shop
	cases []*Case
}

// Series is a signal of a Panel.
type Series struct{ g *signal }

// Case is what would be one Insight: signals of related themes that went wrong together, or within a day one after the other.
type Case struct {
	Theme  string
	Good   bool
	Opened int64 // when it was listed, in microseconds
	Told   int64 // when people were told, 0 for not yet
	Signs  []string
	signs  []*signal
	last   int64 // when it was last a trouble
}

// NewPanel makes one that watches nothing yet.
func NewPanel() *Panel { return &Panel{s: newShop(1)} }

// Share watches which part of the outcomes of a kind goes badly, of all or of a value of one of the dimensions that the watch splits them by.
func (p *Panel) Share(kind insight.OutcomeKind, dim insight.Dim, value string) *Series {
	return p.add(newShare(kind, dim, value))
}

// Count watches how many come.
func (p *Panel) Count(name insight.Name) *Series { return p.add(newCount(name)) }

// Returns watches how much is sent back.
func (p *Panel) Returns() *Series { return p.add(newReturns()) }

func (p *Panel) add(g *signal) *Series {
	p.s.add(g)
	return &Series{p.s.signals[g.name]}
}

// Gather makes the pools, once all signals are there. What was learnt so far alarms nobody.
func (p *Panel) Gather() {
	p.s.gather()
	for _, g := range p.s.order {
		g.calm()
	}
	for _, pl := range p.s.pools {
		pl.pool.Calm()
	}
}

// Len is how many series share the budget.
func (p *Panel) Len() int { return p.s.watched() }

// Feed takes the sum k of n values of a share, or k events of a count.
func (p *Panel) Feed(x *Series, m detect.Moment, k, n float64) { p.s.feedTo(x.g, m, k, n) }

// Judge looks at all signals together, and returns those of which people must know since now, and those that are listed.
func (p *Panel) Judge() (told, listed []*Series) {
	n := p.s.judge()
	for _, g := range n.told {
		told = append(told, &Series{g})
	}
	for _, g := range n.listed {
		listed = append(listed, &Series{g})
	}
	return told, listed
}

// Cases looks as Judge does, and puts what begins into cases by themes: it returns those that are opened, and those of which people are told, now.
func (p *Panel) Cases(now int64) (opened, told []*Case) {
	n := p.s.judge()
	for _, c := range p.cases {
		if slices.ContainsFunc(c.signs, func(g *signal) bool { return g.on() || g.listed }) {
			c.last = now
		}
	}
	p.cases = slices.DeleteFunc(p.cases, func(c *Case) bool { return now-c.last > dayMicros })
	fresh := slices.Concat(n.told, n.listed)
	slices.SortFunc(fresh, byRank)
	for _, g := range fresh {
		c := p.home(g)
		if c == nil {
			c = &Case{Theme: g.themeNow(), Good: g.isGood(), Opened: now}
			p.cases, opened = append(p.cases, c), append(opened, c)
		}
		if c.last = now; !slices.Contains(c.signs, g) { // one may be listed first and told then
			c.signs, c.Signs = append(c.signs, g), append(c.Signs, g.name)
		}
		if c.Told == 0 && slices.Contains(n.told, g) {
			c.Told = now
			told = append(told, c)
		}
	}
	return opened, told
}

func (p *Panel) home(g *signal) *Case {
	for _, c := range p.cases {
		if alike(c.Theme, c.Good, g) {
			return c
		}
	}
	return nil
}

// Name is the signal's, such as checkout/method=upi.
func (x *Series) Name() string { return x.g.name }

// Reading is what its detector says now.
func (x *Series) Reading() detect.Reading { return x.g.now }

// On reports whether people know of it, and it is not over.
func (x *Series) On() bool { return x.g.on() }

// Base is what is usual.
func (x *Series) Base() *detect.Baseline {
	if x.g.share != nil {
		return &x.g.share.Base
	}
	return &x.g.tally.Base
}

// TopicTheme is the theme of opinions on a topic.
func TopicTheme(topic string) string {
	return newShare(insight.OpinionGiven, insight.DimTopic, topic).theme
}
