package watch

import (
	"slices"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/language"
)

// becomes lets a signal begin where a rise is.
func (s *shop) becomes(g *signal, r *rise) {
	*g.term = r.term
	g.hash, g.wary, g.changed = r.hash, max(s.wary[g.name], 1), true
	g.wrote = map[event.ID]bool{}
	for _, x := range r.uses {
		g.wrote[x.what] = true
		g.moods += float64(x.bad)
	}
	g.now = g.reading()
}

// rises are the clearest ones that are no signals yet.
func (s *shop) rises() (out []*rise) {
	for _, t := range s.searches() {
		t.drop(func(what event.ID) bool {
			return slices.ContainsFunc(s.terms, func(g *signal) bool { return g.says() == (t == s.phrases) && g.wrote[what] })
		})
		if r := t.strongest(); r != nil {
			r.evidence /= max(s.wary[phraseSignal+r.text], s.wary[praiseSignal+r.text], s.wary[r.text], 1)
			out = append(out, r)
		}
	}
	return out
}

// searches are the terms of which enough is known, and searched how many they are: each is one series in the budget.
func (s *shop) searches() (out []*terms) {
	if s.phrases.ready() {
		out = append(out, s.phrases)
	}
	if t := s.strangers; t.ready() && t.sums.PastUses < usuallyStrange*t.sums.Past {
		out = append(out, t)
	}
	return out
}

func (s *shop) searched() int { return len(s.searches()) }

// risen makes a rise a signal, where the budget says so.
func (s *shop) risen(r *rise, v detect.Verdict, n *news) {
	many := 0
	for _, g := range s.terms {
		if g.says() == (r.of == s.phrases) {
			many++
		}
	}
	if v == detect.Nothing || many >= mostPhrases {
		return
	}
	if len(language.Personals(r.text, nil)) > 0 { // a number of somebody is no word
		delete(r.of.rising, r.hash)
		return
	}
	part := 0.1
	if v == detect.Tell {
		part = 1e-4
	}
	var g *signal
	if r.of == s.strangers {
		g = s.strangersOf(r)
	} else {
		g = s.phraseOf(r.of.wordiest(r, part))
	}
	if !s.add(g) {
		return
	}
	if v == detect.Tell {
		g.raise()
		g.term.Ep.Evidence = max(g.term.Ep.Evidence, r.evidence)
		g.now = g.reading()
		n.told = append(n.told, g)
	} else {
		g.listed = true
		n.listed = append(n.listed, g)
	}
	r.of.drop(func(what event.ID) bool { return g.wrote[what] })
}

// tidy drops the signals of terms that have been as usual for a day.
func (s *shop) tidy() {
	for _, g := range slices.Clone(s.terms) {
		if g.on() || g.listed || g.insight != "" || s.latest-g.term.Since < 2*halfDay {
			continue
		}
		is := func(other *signal) bool { return other == g }
		s.order, s.terms = slices.DeleteFunc(s.order, is), slices.DeleteFunc(s.terms, is)
		delete(s.signals, g.name)
		s.dropped = append(s.dropped, g.name)
	}
}
