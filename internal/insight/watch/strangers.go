package watch

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// Strangers: when many who never ordered rate one product low, or high, in a short time, that says something of them and not of the product. A product
// and a side are a term of a rating, as a phrase is one of a text.
const (
	strangersName   = "terms of strangers"
	strangersSignal = "strangers/" // begins the name of a signal: low or high, slash, the product
	reviewsTheme    = "reviews of "
	sideLow         = "low"
	sideHigh        = "high"
	usuallyStrange  = 0.5 // the part of ratings by strangers from which on they are no strangers: the shop does not tell who ordered
)

// sideOf is on which side a rating stands, "" in the middle.
func sideOf(bad float64) string {
	switch {
	case bad > 0.6:
		return sideLow
	case bad < 0.25:
		return sideHigh
	}
	return ""
}

// strange reports whether an opinion is one of a product by somebody who never ordered.
func strange(o *insight.Outcome) bool {
	return o.Dims[insight.DimBuyer] == incident.ByStrangers.Value && o.Dims[insight.DimProduct] != ""
}

// rated takes in a rating. One of which nobody knows whether its customer ordered tells nothing.
func (s *shop) rated(m detect.Moment, o *insight.Outcome) {
	if o.Dims[insight.DimBuyer] == "" || o.Dims[insight.DimProduct] == "" || !s.own(s.strangers, o) {
		return
	}
	s.strangers.turn(slotOf(o.At), s.cursor)
	list, name := raterTerms(o)
	teaches := true
	for _, g := range s.terms {
		if !g.rates() {
			continue
		}
		k := 0.0
		if g.name == name {
			g.writes(o)
			teaches = teaches && !g.on()
			if s.first(o, name) {
				k = 1
			}
		}
		g.feed(m, k, 1)
	}
	s.strangers.hear(use{at: o.At, who: whoOf(o.Profile), what: o.Subject, bad: float32(o.Bad)}, list, teaches)
}

// raterTerms are the terms of a rating: none but of a stranger's.
func raterTerms(o *insight.Outcome) (list []term, name string) {
	side := sideOf(o.Bad)
	if !strange(o) || side == "" {
		return nil, ""
	}
	name = strangersSignal + side + "/" + o.Dims[insight.DimProduct]
	h := fnv.New64a()
	h.Write([]byte(name))
	return []term{{h.Sum64(), 1, name}}, name
}

// rates reports whether a signal is that of strangers' ratings.
func (g *signal) rates() bool { return g.term != nil && g.kind == insight.RatingGiven }

// newStrangers makes the signal of ratings of a product, by its name; nil where that is none.
func newStrangers(name string) *signal {
	side, product, ok := strings.Cut(strings.TrimPrefix(name, strangersSignal), "/")
	if !ok || product == "" || side != sideLow && side != sideHigh {
		return nil
	}
	return &signal{name: name, kind: insight.RatingGiven, of: cause.Pair{Dim: string(insight.DimProduct), Value: product}, theme: reviewsTheme + product,
		good: detect.Down, ways: []detect.Direction{detect.Up}, term: &detect.Term{}, wary: 1}
}

// covers reports whether an opinion belongs to a flood of ratings that lasts.
func (g *signal) covers(o *insight.Outcome) bool {
	if !g.rates() || !strange(o) || o.Dims[insight.DimProduct] != g.of.Value || o.At < g.term.Born {
		return false
	}
	return g.wrote[o.Subject] || strings.HasPrefix(g.name, strangersSignal+sideLow) == (o.Bad > 0.5)
}

// flooded reports whether an opinion is one of a flood of ratings by strangers, while that lasts: it says nothing of the product.
func (s *shop) flooded(o *insight.Outcome) bool {
	return (o.Kind == insight.OpinionGiven || o.Kind == insight.RatingGiven) &&
		slices.ContainsFunc(s.terms, func(g *signal) bool { return (g.on() || g.listed) && g.covers(o) })
}

// sincere are the outcomes that are not of such a flood.
func (s *shop) sincere(list []insight.Outcome) []insight.Outcome {
	is := func(o insight.Outcome) bool { return s.flooded(&o) }
	if !slices.ContainsFunc(list, is) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), is)
}

// learnStrangers learns from history how often strangers rate products.
func (s *shop) learnStrangers(ctx context.Context, tx *db.Tx, r Records, now int64) error {
	list, err := r.OutcomesOf(ctx, tx, s.workspace, insight.RatingGiven, now-fourWeeks*halfDay, now, mostLearnt)
	if err != nil {
		return fmt.Errorf("learn who rates products: %w", err)
	}
	slices.Reverse(list)
	t, here := s.strangers, slotOf(now)
	t.begin(widthFor(float64(len(list))))
	t.slot, t.changed = here, true
	oldest := int64(-1)
	for i := range list {
		o := &list[i]
		if o.Dims[insight.DimBuyer] == "" || o.Dims[insight.DimProduct] == "" {
			continue
		}
		if oldest < 0 {
			oldest = here - slotOf(o.At)
		}
		terms, _ := raterTerms(o)
		t.learn(here-slotOf(o.At), terms)
	}
	if oldest >= 0 {
		t.sums.Halves = halvesSince(oldest)
	}
	for shard, at := range s.cursor {
		t.from[shard], t.mid[shard] = at, at
	}
	return nil
}

// strangersAgain reads anew what came since the half of a day before the last one.
func (s *shop) strangersAgain(ctx context.Context, tx *db.Tx, r Records, now int64) error {
	t := s.strangers
	if t.slot == 0 {
		return s.learnStrangers(ctx, tx, r, now)
	}
	since := s.againFrom(t, (*signal).rates)
	list, err := r.OutcomesOf(ctx, tx, s.workspace, insight.RatingGiven, since, s.latest+1, mostHeard)
	if err != nil {
		return fmt.Errorf("read ratings again: %w", err)
	}
	slices.Reverse(list)
	in := s.rehearsal(t)
	for i := range list {
		o := &list[i]
		if o.History || o.Again || o.Dims[insight.DimBuyer] == "" || o.Dims[insight.DimProduct] == "" {
			continue
		}
		terms, name := raterTerms(o)
		in.hear(o, terms, func(g *signal) bool { return g.rates() && g.name == name })
	}
	return nil
}

// mostlyStrangers reports whether a signal of opinions shows what such a flood does: most of those who complain in it are of the flood.
func (s *shop) mostlyStrangers(ctx context.Context, tx *db.Tx, r Records, g *signal, flood *signal, now int64) (bool, error) {
	c := cases{kind: cmp.Or(g.kind, insight.OpinionGiven)}
	if c.kind != insight.OpinionGiven && c.kind != insight.RatingGiven {
		return false, nil
	}
	if g.of.Dim == string(insight.DimTopic) {
		c.topics = []string{g.of.Value}
	}
	if g.says() {
		c.wrote = g.wrote
	}
	list, err := r.OutcomesOf(ctx, tx, s.workspace, c.kind, min(g.now.Since, flood.now.Since), now+1, lookedThrough)
	if err != nil {
		return false, err
	}
	all, strangers := 0, 0
	for i := range list {
		o := &list[i]
		is := c.bad(o) > 0.5
		if g.isGood() && !g.says() {
			is = c.bad(o) < 0.5
		}
		if g.count == "" && flood.on() && o.At > flood.term.Ep.Start && flood.covers(o) {
			continue // since then they do not count in it
		}
		if !is || g.of.Dim == string(insight.DimProduct) && o.Dims[insight.DimProduct] != g.of.Value {
			continue
		}
		if all++; flood.covers(o) {
			strangers++
		}
	}
	return strangers > 0 && 2*strangers >= all, nil
}

// explained reports whether a signal says no more than that a flood of ratings goes on: that is told already, and what comes of it from
// now on does not count.
func (s *shop) explained(ctx context.Context, tx *db.Tx, r Records, g *signal, now int64) (bool, error) {
	for _, flood := range s.terms {
		if g.rates() || !flood.rates() || !flood.on() && !flood.listed {
			continue
		}
		if is, err := s.mostlyStrangers(ctx, tx, r, g, flood, now); is || err != nil {
			return is, err
		}
	}
	return false, nil
}

// floodHome finds the Insight, or the step that opens one, to which strangers' ratings belong: of the same product, or that was
// opened by what they themselves rated.
func (s *shop) floodHome(ctx context.Context, tx *db.Tx, r Records, g *signal, live []*incident.Insight, steps []*step, now int64) (*step, error) {
	theirs := func(signals []*signal) (bool, error) {
		for _, other := range signals {
			if is, err := s.mostlyStrangers(ctx, tx, r, other, g, now); is || err != nil {
				return is, err
			}
		}
		return false, nil
	}
	for _, in := range live {
		if in.ID == g.insight || in.Finding.Theme == g.theme {
			return &step{in: in}, nil
		}
		if is, err := theirs(s.signs(in.ID)); is || err != nil {
			return &step{in: in}, err
		}
	}
	for _, st := range steps {
		if is, err := theirs(st.fresh); is || err != nil {
			return st, err
		}
	}
	return nil, nil
}
