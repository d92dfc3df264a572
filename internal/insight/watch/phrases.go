package watch

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// Phrases: when many more customers than usual write the same new words, that is a sign. The words are found by terms; once they
// are one, a signal of their own goes on (a detect.Term).
const (
	phrasesName   = "terms of texts"
	phraseSignal  = "phrase/" // begins the name of a signal of what is complained of,
	praiseSignal  = "praise/" // and of what is praised, or said without complaint
	mostPhrases   = 20        // signals of phrases, and of strangers' ratings
	mostLearnt    = 30_000    // texts that history teaches from
	mostHeard     = 50_000    // opinions that are read again after a start
	mostWrote     = 5_000     // opinions with a phrase that are remembered
	mostOfText    = 60        // phrases of a text that are looked at
	longestPhrase = 80        // bytes
	heardBefore   = 2 * int64(3600*1e6)
)

// phrasesIn are the phrases of a text.
func (s *shop) phrasesIn(said string) (list []term) {
	s.wording.Phrases(said, func(hash uint64, words int, phrase string) {
		if len(list) < mostOfText && len(phrase) <= longestPhrase && !slices.ContainsFunc(list, func(k term) bool { return k.hash == hash }) {
			list = append(list, term{hash, words, phrase})
		}
	})
	return list
}

// written takes in what an opinion says.
func (s *shop) written(m detect.Moment, o *insight.Outcome, said string) {
	t := s.phrases
	if said == "" || !s.own(t, o) {
		return
	}
	t.turn(slotOf(o.At), s.cursor)
	list := s.phrasesIn(said)
	teaches := true
	for _, g := range s.terms {
		if !g.says() {
			continue
		}
		k := 0.0
		if slices.ContainsFunc(list, func(x term) bool { return x.hash == g.hash }) {
			g.writes(o)
			teaches = teaches && !g.on()
			if s.first(o, g.name) {
				k = 1
			}
		}
		g.feed(m, k, 1)
	}
	t.hear(use{at: o.At, who: whoOf(o.Profile), what: o.Subject, bad: float32(o.Bad), about: o.Dims[insight.DimTopic]}, list, teaches)
}

// own reports whether the words of an opinion are not mere copies: the same ones count three times in a half of a day.
func (s *shop) own(t *terms, o *insight.Outcome) bool {
	if o.Words.IsZero() {
		return true
	}
	k := copyKey{o.Words, slotOf(o.At)}
	n, _ := t.copies.get(k)
	t.copies.put(k, n+1)
	return n < mayRepeat
}

// copyKey are the words of an opinion in a half of a day.
type copyKey struct {
	words event.ID
	slot  int64
}

func whoOf(profile event.ID) uint64 { return binary.BigEndian.Uint64(profile[8:]) }

// says reports whether a signal is that of a phrase.
func (g *signal) says() bool { return g.term != nil && g.kind == insight.OpinionGiven }

// writes notes that an opinion holds the phrase.
func (g *signal) writes(o *insight.Outcome) {
	if g.wrote == nil {
		g.wrote = map[event.ID]bool{}
	}
	if len(g.wrote) < mostWrote && !g.wrote[o.Subject] {
		g.wrote[o.Subject] = true
		g.moods += o.Bad
	}
}

// even reports whether those who hold it do not complain by and large.
func (g *signal) even() bool { return g.moods <= 0.5*float64(len(g.wrote)) }

// phrase is the phrase of a signal.
func (g *signal) phrase() string { return g.of.Value }

// praiseTheme begins the theme of praise of a topic.
const praiseTheme = "praise of "

// praising is the mood of opinions that praise by and large. What is asked or said without feeling is rather trouble than praise.
const praising = 0.3

// aboutIt is the part of the opinions with a phrase that are about a topic, where it is about that.
const aboutIt = 0.3

// topic is what a good part of the opinions are about, and negative where they must be.
func (r *rise) topic(negative bool) string {
	by := map[string]float64{}
	for _, x := range r.uses {
		bad, others, _ := strings.Cut(x.about, "\n")
		if !negative {
			bad += "," + others
		}
		for topic := range strings.SplitSeq(bad, ",") {
			if topic != "" {
				by[topic]++
			}
		}
	}
	return largest(by, aboutIt*float64(len(r.uses)))
}

// newPhrase makes the signal of a phrase.
func newPhrase(name string) *signal {
	g := &signal{name: name, of: cause.Pair{Dim: string(insight.DimPhrase), Value: name[len(phraseSignal):]}, kind: insight.OpinionGiven, theme: phraseSignal + name[len(phraseSignal):], good: detect.Down, ways: []detect.Direction{detect.Up}, term: &detect.Term{}, wary: 1}
	if strings.HasPrefix(name, praiseSignal) {
		g.good, g.theme = detect.Up, name
	}
	return g
}

// phraseOf makes the signal of a rise.
func (s *shop) phraseOf(r *rise) *signal {
	name := phraseSignal + r.text
	if r.mood() <= praising {
		name = praiseSignal + r.text
	}
	g := newPhrase(name)
	if topic := cmp.Or(r.topic(g.good == detect.Down), r.topic(false)); topic != "" {
		g.theme = topicTheme + topic
		if g.good == detect.Up {
			g.theme = praiseTheme + topic
		}
	}
	s.becomes(g, r)
	return g
}

// strangersOf makes the signal of a rise of strangers' ratings.
func (s *shop) strangersOf(r *rise) *signal {
	g := newStrangers(r.text)
	s.becomes(g, r)
	return g
}

// said reads what the opinions among some outcomes say.
func (s *shop) said(ctx context.Context, tx *db.Tx, r Records, list []insight.Outcome) (map[event.ID]string, error) {
	var ids []event.ID
	for i := range list {
		if o := &list[i]; o.Kind == insight.OpinionGiven && !o.History && !o.Again && !o.Words.IsZero() {
			ids = append(ids, o.Subject)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return r.TextsOf(ctx, tx, s.workspace, ids)
}

// learnTerms learns from history what customers usually write, and who rates products.
func (s *shop) learnTerms(ctx context.Context, tx *db.Tx, r Records, now int64) error {
	if err := s.learnPhrases(ctx, tx, r, now); err != nil {
		return err
	}
	return s.learnStrangers(ctx, tx, r, now)
}

// learnPhrases learns from history what customers usually write.
func (s *shop) learnPhrases(ctx context.Context, tx *db.Tx, r Records, now int64) error {
	list, err := r.TextsBefore(ctx, tx, s.workspace, now-fourWeeks*halfDay, now, mostLearnt)
	if err != nil {
		return fmt.Errorf("learn what customers write: %w", err)
	}
	uses := 0.0
	for i := range list[:min(len(list), 500)] {
		uses += float64(len(s.phrasesIn(list[i].Text)))
	}
	t := s.phrases
	t.begin(widthFor(uses / float64(max(min(len(list), 500), 1)) * float64(len(list))))
	t.changed = true
	here := slotOf(now)
	copies := map[string]int{}
	for i := range list {
		x := &list[i]
		if copies[x.Text]++; copies[x.Text] > mayRepeat*fourWeeks {
			continue
		}
		t.learn(here-slotOf(x.At), s.phrasesIn(x.Text))
	}
	if len(list) > 0 {
		t.sums.Halves = halvesSince(here - slotOf(list[0].At))
	}
	t.slot = here
	for shard, at := range s.cursor {
		t.from[shard], t.mid[shard] = at, at
	}
	return nil
}

// learn takes in what was written so many halves of a day ago.
func (t *terms) learn(age int64, list []term) {
	weight := fadedBy(age)
	t.sums.Past += weight
	for _, k := range list {
		t.past.add(k.hash, float32(weight))
		t.sums.PastUses += weight
	}
}

// again reads anew what came since the half of a day before the last one, after a start.
func (s *shop) again(ctx context.Context, tx *db.Tx, r Records, now int64) error {
	if err := s.strangersAgain(ctx, tx, r, now); err != nil {
		return err
	}
	t := s.phrases
	if t.slot == 0 { // another version knew nothing of phrases
		return s.learnPhrases(ctx, tx, r, now)
	}
	list, err := r.OutcomesOf(ctx, tx, s.workspace, insight.OpinionGiven, s.againFrom(t, (*signal).says), s.latest+1, mostHeard)
	if err != nil {
		return fmt.Errorf("hear again: %w", err)
	}
	slices.Reverse(list)
	in := s.rehearsal(t)
	for len(list) > 0 {
		part := list[:min(len(list), readAtOnce)]
		list = list[len(part):]
		said, err := s.said(ctx, tx, r, part)
		if err != nil {
			return fmt.Errorf("hear again: %w", err)
		}
		for i := range part {
			o := &part[i]
			if said[o.Subject] == "" || o.History || o.Again {
				continue
			}
			terms := s.phrasesIn(said[o.Subject])
			in.hear(o, terms, func(g *signal) bool {
				return g.says() && slices.ContainsFunc(terms, func(x term) bool { return x.hash == g.hash })
			})
		}
	}
	return nil
}

// names reports whether a phrase holds a value that an Insight is about: who writes "UPI" while UPI fails means that.
func (g *signal) names(f *incident.Finding) bool {
	said := " " + strings.ToLower(g.phrase()) + " "
	value := func(p cause.Pair) bool {
		v := strings.ToLower(p.Value)
		return p.Dim != string(insight.DimPhrase) && len(v) > 1 && strings.Contains(said, " "+v+" ")
	}
	for _, x := range f.Signs {
		if slices.ContainsFunc(x.Of, value) {
			return true
		}
	}
	return slices.ContainsFunc(f.Causes, func(c cause.Cause) bool { return slices.ContainsFunc(c.Pairs, value) })
}

// wordsFirst puts the phrase first again by which an Insight was opened, where all else is that people sound worse.
func wordsFirst(signals []*signal) {
	i := slices.IndexFunc(signals, (*signal).says)
	if i > 0 && (signals[0].kind == insight.OpinionGiven && signals[0].of.Dim == "" || signals[0].kind == insight.RatingGiven || signals[0].count == insight.Upset) {
		g := signals[i]
		copy(signals[1:], signals[:i])
		signals[0] = g
	}
}

// partOf reports whether what a phrase says belongs to an Insight.
func (g *signal) partOf(f *incident.Finding) bool {
	if f.Good && (f.Theme == themeTraffic || f.Kind == incident.Traffic) {
		return g.even() // those who come speak of why
	}
	if f.Good && g.isGood() && f.Kind == incident.Phrase {
		return true // of praise one piece of news at a time is enough
	}
	return f.Good == g.isGood() && g.names(f)
}

// holding are the opinions that hold the phrase of a signal, or one of those that are signs of the same Insight.
func holding(main *signal, signals []*signal) map[event.ID]bool {
	out := map[event.ID]bool{}
	for _, g := range signals {
		if g.says() && (g == main || g.insight == main.insight) {
			maps.Copy(out, g.wrote)
		}
	}
	return out
}

// spoken says which phrase shows it. Praise hits nobody.
func (f *found) spoken(main *signal, signals []*signal) {
	for _, g := range signals {
		if g.says() && f.Phrase == "" {
			f.Phrase = g.phrase()
		}
	}
	if main.says() && f.Good || main.rates() { // nor do ratings by strangers
		f.hits, f.Hit, f.Back = nil, 0, 0
	}
}
