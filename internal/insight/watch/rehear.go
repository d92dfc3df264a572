package watch

import (
	"maps"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
)

// rehearing takes in again what was heard before a start.
type rehearing struct {
	s       *shop
	t       *terms
	reached map[int]event.Position
}

func (s *shop) rehearsal(t *terms) *rehearing { return &rehearing{s, t, maps.Clone(t.mid)} }

// againFrom is from when on opinions are heard again, for terms and the signals of some.
func (s *shop) againFrom(t *terms, which func(g *signal) bool) int64 {
	since := (t.slot-1)*halfDay - heardBefore
	for _, g := range s.terms {
		if which(g) {
			since = min(since, g.term.Born)
		}
	}
	return since
}

// hear takes in an opinion that was heard before; has says which signals' term it holds.
func (r *rehearing) hear(o *insight.Outcome, list []term, has func(g *signal) bool) {
	t, shard := r.t, o.Position.Shard()
	if o.Position > r.s.cursor[shard] {
		return
	}
	teaches := true
	for _, g := range r.s.terms {
		if has(g) {
			g.writes(o)
			teaches = teaches && !g.on()
		}
	}
	if o.Position <= t.from[shard] || !r.s.own(t, o) {
		return
	}
	taught := o.Position <= t.mid[shard]
	if !taught {
		t.turn(slotOf(o.At), r.reached)
		r.reached[shard] = o.Position
	}
	t.hear(use{at: o.At, who: whoOf(o.Profile), what: o.Subject, bad: float32(o.Bad), about: o.Dims[insight.DimTopic]}, list, teaches && !taught)
	if taught {
		t.midN = t.n
	}
}
