package letter

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
)

const (
	shownWeeks   = 8   // in pictures over time
	fewOpinions  = 10  // below so many about a topic, in either week, nothing is said of its share
	leastShare   = .25 // of the opinions about a topic, before it is a thing to mend, or praised
	mostMoved    = 3   // topics that got worse, and that got better
	mostPhrases  = 5
	mostMend     = 3
	mostMended   = 10
	mostGoodNews = 3
)

// Build writes the letter of a week as far as it has come by now. Of the same
// opinions and incidents it is the same.
func (s *Store) Build(ctx context.Context, workspace int64, week Week, now time.Time, lang locale.Lang) (*Letter, error) {
	l := &Letter{Week: week, Until: week.To, Lang: lang}
	if now.Before(week.To) {
		l.Until = time.UnixMicro(max(now.UnixMicro(), week.From.UnixMicro()+1)).In(week.From.Location())
	}
	for _, part := range []func(context.Context, int64, *Letter) error{s.opinions, s.topics, s.incidents} {
		if err := part(ctx, workspace, l); err != nil {
			return nil, fmt.Errorf("write the letter of a week: %w", err)
		}
	}
	return l, nil
}

// filter is the week's opinions.
func (l *Letter) filter() feedback.Filter {
	return feedback.Filter{From: l.Week.From.UnixMicro(), To: l.Until.UnixMicro()}
}

// last is the week before, up to the same time of it.
func (l *Letter) last() feedback.Filter {
	w := l.Week.Add(-1)
	to := w.To
	if l.Until.Before(l.Week.To) {
		y, m, d := l.Until.Date()
		h, mi, sec := l.Until.Clock()
		to = time.Date(y, m, d-7, h, mi, sec, l.Until.Nanosecond(), l.Until.Location())
		if !to.After(w.From) {
			to = w.From.Add(time.Microsecond)
		}
	}
	return feedback.Filter{From: w.From.UnixMicro(), To: to.UnixMicro()}
}

// opinions counts the week's opinions and makes its scores.
func (s *Store) opinions(ctx context.Context, workspace int64, l *Letter) error {
	f := l.filter()
	f.From = l.Week.Add(1 - shownWeeks).From.UnixMicro()
	all, err := s.Feedback.Overview(ctx, workspace, f, feedback.Buckets{Bucket: "week", Location: l.Week.From.Location()})
	if err != nil {
		return err
	}
	if n := len(all.Series); n > 0 {
		this := all.Series[n-1]
		l.Weeks, l.N, l.Moods, l.ByModel = all.Series, this.N, this.Moods, this.ByModel
		if n > 1 {
			l.Before = all.Series[n-2].N
		}
	}
	if l.Until.Before(l.Week.To) {
		before, err := s.Feedback.Overview(ctx, workspace, l.last(), feedback.Buckets{})
		if err != nil {
			return err
		}
		l.Before = before.N
	}
	for _, x := range all.Scores {
		n := len(x.Series)
		if n < 2 || x.Series[n-1].N == 0 {
			continue
		}
		x.Figures = x.Series[n-1].Figures
		last := x.Series[n-2].Figures
		l.Scores = append(l.Scores, Score{Score: x, Last: last, Move: compared(x.Figures, last)})
	}
	slices.SortStableFunc(l.Scores, func(a, b Score) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Kind, b.Kind)) })
	found, err := s.Feedback.Rising(ctx, workspace, l.filter(), mostPhrases)
	for _, p := range found.Phrases {
		if masked(p.Text) == p.Text { // a number of somebody is no word
			l.Phrases = append(l.Phrases, Phrase{p.Text, p.Customers, p.Expected})
		}
	}
	return err
}

// topics compares how customers speak of things, and finds what they complain of
// and praise.
func (s *Store) topics(ctx context.Context, workspace int64, l *Letter) error {
	now, err := s.Feedback.Topics(ctx, workspace, l.filter(), feedback.Buckets{})
	if err != nil {
		return err
	}
	last, err := s.Feedback.Topics(ctx, workspace, l.last(), feedback.Buckets{})
	if err != nil {
		return err
	}
	f := l.filter()
	f.Mood = feedback.Bad
	bad, err := s.Feedback.Topics(ctx, workspace, f, feedback.Buckets{})
	if err != nil {
		return err
	}
	contrary := map[string]int64{} // who gives one star and a good word praises nothing
	for _, r := range bad.Topics {
		contrary[r.Topic] = r.Positive
	}
	before := map[string]feedback.TopicRow{}
	for _, r := range last.Topics {
		before[r.Topic] = r
	}
	for _, r := range now.Topics {
		b := before[r.Topic]
		t := Topic{Name: r.Topic, N: r.N, Negative: r.Negative, Share: r.NegativeShare, LastN: b.N, Last: b.NegativeShare}
		if r.N >= fewOpinions && b.N >= fewOpinions {
			t.Difference, t.DiffLow, t.DiffTop = difference(t.Share.Value, t.Share.Low, t.Share.High, t.Last.Value, t.Last.Low, t.Last.High)
			switch moveOf(t.DiffLow, t.DiffTop) {
			case Rose:
				l.Worse = append(l.Worse, t)
			case Fell:
				l.Better = append(l.Better, t)
			}
		}
		if stands(r.Negative, r.N) {
			l.Mend = append(l.Mend, Mend{Topic: &t, Hit: t.Negative})
		}
		good := r.Positive - contrary[r.Topic]
		if p := l.Praised; stands(good, r.N) && good > r.Negative && (p == nil || good > p.Positive || good == p.Positive && r.Topic < p.Topic) {
			l.Praised = &Praise{Topic: r.Topic, Positive: good, N: r.N}
		}
	}
	slices.SortFunc(l.Worse, func(a, b Topic) int { return cmp.Or(cmp.Compare(b.DiffLow, a.DiffLow), cmp.Compare(a.Name, b.Name)) })
	slices.SortFunc(l.Better, func(a, b Topic) int { return cmp.Or(cmp.Compare(a.DiffTop, b.DiffTop), cmp.Compare(a.Name, b.Name)) })
	l.Worse, l.Better = l.Worse[:min(len(l.Worse), mostMoved)], l.Better[:min(len(l.Better), mostMoved)]
	if l.Praised != nil {
		f.Topic, f.TopicSentiment, f.Mood = l.Praised.Topic, "positive", feedback.Good
		l.Praised.Quote, err = s.quote(ctx, workspace, f, l.Lang, nil)
	}
	return err
}

// stands reports whether so many of the opinions about a topic are surely more than
// leastShare of them: the 95 % interval of the share, with the model's error, lies above it.
func stands(k, n int64) bool {
	share, _ := feedback.ShareByModel(k, n, n)
	return n >= fewOpinions && share.Low > leastShare
}

// incidents adds what was noticed and mended, and chooses what to mend.
func (s *Store) incidents(ctx context.Context, workspace int64, l *Letter) error {
	list, err := s.Incidents.During(ctx, workspace, l.Week.From, l.Until)
	if err != nil {
		return err
	}
	spoken := map[string]bool{} // topics of which an incident tells
	for _, x := range list {
		f := &x.Finding
		switch {
		case f.Good && !x.OpenedAt.Before(l.Week.From):
			l.Good = append(l.Good, x)
		case f.Good || !x.Told:
		case !x.MendedAt.IsZero():
			l.Mended = append(l.Mended, x)
		default:
			l.Mend = append(l.Mend, Mend{Incident: &x, Hit: int64(max(f.Hit, f.Upset))})
			spoken[f.Topic()] = true
		}
	}
	slices.SortStableFunc(l.Good, func(a, b incident.Stood) int { return b.OpenedAt.Compare(a.OpenedAt) })
	slices.SortStableFunc(l.Mended, func(a, b incident.Stood) int {
		return cmp.Or(cmp.Compare(b.Finding.Hit, a.Finding.Hit), b.MendedAt.Compare(a.MendedAt))
	})
	l.Good, l.Mended = l.Good[:min(len(l.Good), mostGoodNews)], l.Mended[:min(len(l.Mended), mostMended)]
	l.Mend = slices.DeleteFunc(l.Mend, func(m Mend) bool { return m.Topic != nil && spoken[m.Topic.Name] })
	slices.SortFunc(l.Mend, Mend.compare)
	l.Mend = l.Mend[:min(len(l.Mend), mostMend)]
	quoted := map[string]bool{}
	for i := range l.Mend {
		f := l.Mend[i].filter(l)
		if f.Topic == "" {
			continue
		}
		if l.Mend[i].Quote, err = s.quote(ctx, workspace, f, l.Lang, quoted); err != nil {
			return err
		}
		if q := l.Mend[i].Quote; q != nil {
			quoted[q.ID] = true
		}
	}
	return nil
}

// compare puts first what hit more customers; of as many, an incident.
func (m Mend) compare(o Mend) int {
	name := func(m Mend) string {
		if m.Topic != nil {
			return "1" + m.Topic.Name
		}
		return fmt.Sprintf("0%09d", m.Incident.Number)
	}
	return cmp.Or(cmp.Compare(o.Hit, m.Hit), cmp.Compare(name(m), name(o)))
}

// about is the topic of it, "" for none.
func (m *Mend) about() string {
	if m.Topic != nil {
		return m.Topic.Name
	}
	return m.Incident.Finding.Topic()
}

// filter is the opinions of the week that complain of it, and sound bad as a whole: a rating wins.
func (m *Mend) filter(l *Letter) feedback.Filter {
	f := l.filter()
	f.Topic, f.TopicSentiment, f.Mood = m.about(), "negative", feedback.Bad
	if m.Incident != nil {
		x := &m.Incident.Finding
		f.From, f.Product = min(max(f.From, x.Since), f.To-1), x.ProductID()
	}
	return f
}

const (
	readQuotes   = 100 // so many of the newest opinions may be quoted
	longestQuote = 280 // characters
	goodQuote    = 40  // from so many characters on
)

// quote picks what one customer wrote: in the reader's language where there is one,
// in whole sentences, and without personal data as far as that can be; the newest. What was quoted before is
// not quoted again.
func (s *Store) quote(ctx context.Context, workspace int64, f feedback.Filter, lang locale.Lang, quoted map[string]bool) (*Quote, error) {
	f.Limit = readQuotes
	items, _, err := s.Feedback.List(ctx, workspace, f)
	if err != nil {
		return nil, err
	}
	var best *Quote
	most := -1
	for _, it := range items {
		text := []rune(masked(it.Text))
		if len(text) == 0 || quoted[it.ID] {
			continue
		}
		points := 0
		for _, p := range []struct {
			holds bool
			worth int
		}{
			{base(it.Language) == base(string(lang)), 8}, {len(text) <= longestQuote && !it.Cut, 4}, {len(text) >= goodQuote, 2}, {string(text) == it.Text, 1},
		} {
			if p.holds {
				points += p.worth
			}
		}
		if points <= most {
			continue
		}
		if len(text) > longestQuote {
			text = append(text[:longestQuote-1], '…')
		}
		at, _ := event.ParseTime(it.At)
		most, best = points, &Quote{ID: it.ID, Text: string(text), Language: it.Language, Channel: it.Channel, At: time.UnixMicro(at)}
	}
	return best, nil
}

// base is a language without its script and country: hi of hi-Latn, pt of pt-BR.
func base(tag string) string { return tag[:min(2, len(tag))] }
