package watch

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// topic is the theme that most of the opinions beyond the usual are about, with its
// topics; the general one and none where none stands out.
func (s *shop) topic(since []insight.Outcome) (theme string, topics []string) {
	extra, by, all := map[string]float64{}, map[string]float64{}, 0.0
	for i := range since {
		for _, t := range negativeTopics(&since[i]) {
			by[t]++
			extra[cmp.Or(topicThemes[t], topicTheme+t)]++
		}
		all += since[i].Bad
	}
	for _, g := range s.topics {
		by[g.of.Value] -= g.now.Expected * float64(len(since))
		extra[g.theme] -= g.now.Expected * float64(len(since))
	}
	best := largest(extra, max(3, 0.1*all))
	switch best {
	case "":
		return themeOpinion, nil
	case themeCheckout, themeService: // what customers say alone does not say that it is so
		t := largest(by, 0)
		return topicTheme + t, []string{t}
	}
	for t := range by {
		if cmp.Or(topicThemes[t], topicTheme+t) == best {
			topics = append(topics, t)
		}
	}
	return best, topics
}

// largest is the name with the largest number above a limit, "" for none.
func largest(of map[string]float64, limit float64) (name string) {
	for _, k := range slices.Sorted(maps.Keys(of)) {
		if of[k] > limit {
			name, limit = k, of[k]
		}
	}
	return name
}

// whom is what those have in common whom it hits: the cause where it is sure, else what failing checkouts are named by.
func (f *found) whom() []cause.Pair {
	switch {
	case f.Sure && len(f.Causes) > 0:
		return f.Causes[0].Pairs
	case f.Signs[0].Outcome == insight.CheckoutEnded:
		return f.Signs[f.headline()].Of
	}
	return nil
}

// hit lists the customers with a bad outcome since then who have that in common, and what is told of their failures. The newest after came when it was over.
func (s *shop) hit(c cases, since []insight.Outcome, after int, f *found) {
	whom := f.whom()
	by := map[event.ID]*incident.Hit{}
	tried := map[event.ID]*incident.Hit{} // by checkout
	reasons := map[string]int{}
	for i := len(since) - 1; i >= 0; i-- {
		o := &since[i]
		h := by[o.Profile]
		if c.bad(o) < 0.5 {
			if h == nil && !o.Subject.IsZero() {
				h = tried[o.Subject] // who failed, and has said since who they are
			}
			if h != nil && h.Back == 0 {
				h.Back = o.At
			}
			continue
		}
		if i < after || !within(o, whom) {
			continue
		}
		if !o.Again {
			if why := o.Dims[insight.DimReason]; why != "" {
				reasons[why]++
			}
		}
		if h == nil {
			if len(by) >= mostHits {
				continue
			}
			h = &incident.Hit{Profile: o.Profile, First: o.At, Currency: o.Currency}
			by[o.Profile] = h
		}
		tried[o.Subject] = h
		h.First, h.Last, h.Times = min(h.First, o.At), max(h.Last, o.At), h.Times+1
		if o.Currency == h.Currency {
			h.Amount = max(h.Amount, o.Amount)
		}
	}
	for _, h := range by {
		f.hits = append(f.hits, *h)
		f.Hit++
		if h.Back > 0 {
			f.Back++
		}
		if f.First == 0 || h.First < f.First {
			f.First = h.First
		}
	}
	slices.SortFunc(f.hits, func(a, b incident.Hit) int { return bytes.Compare(a.Profile[:], b.Profile[:]) })
	for why, n := range reasons {
		f.Reasons = append(f.Reasons, incident.Reason{Text: why, N: n})
	}
	slices.SortFunc(f.Reasons, func(a, b incident.Reason) int { return cmp.Or(b.N-a.N, strings.Compare(a.Text, b.Text)) })
	f.Reasons = f.Reasons[:min(len(f.Reasons), mostReasons)]
}

// within reports whether an outcome has the values of a cause: of several of one
// dimension, one.
func within(o *insight.Outcome, pairs []cause.Pair) bool {
	for i := 0; i < len(pairs); {
		dim, has := pairs[i].Dim, false
		for ; i < len(pairs) && pairs[i].Dim == dim; i++ {
			has = has || o.Dims[insight.Dim(dim)] == pairs[i].Value
		}
		if !has {
			return false
		}
	}
	return true
}

// voices counts the opinions since then that are about it.
func (s *shop) voices(ctx context.Context, tx *db.Tx, r Records, main *signal, f *found, now int64) error {
	list, err := s.outcomesSince(ctx, tx, r, insight.OpinionGiven, f.Since, now)
	if err != nil {
		return err
	}
	for i := range list {
		bad, good, _ := strings.Cut(list[i].Dims[insight.DimTopic], "\n")
		switch {
		case main.term != nil && !main.wrote[list[i].Subject]:
		case main.term != nil:
			f.Voices++
			if list[i].Bad > 0.5 {
				f.Upset++
			}
		case about(bad, f.Theme):
			f.Voices++
			f.Upset++
		case about(good, f.Theme):
			f.Voices++
		}
	}
	return nil
}

// about reports whether one of some topics belongs to a theme.
func about(topics, theme string) bool {
	for t := range strings.SplitSeq(topics, ",") {
		if t != "" && (topicThemes[t] == theme || "topic "+t == theme) {
			return true
		}
	}
	return false
}
