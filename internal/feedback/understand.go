package feedback

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/language"
)

// Analyzer says what a text says. It may be used by many at once.
type Analyzer interface {
	Analyze(text string) language.Analysis
}

// Analyzers gives the Analyzer of a workspace. Where it is nil, nothing is understood.
type Analyzers func(workspace int64) Analyzer

// Aspect is a topic with the sentiment towards it.
type Aspect struct {
	Topic     string `json:"topic"`
	Sentiment string `json:"sentiment"`
}

// understood is what a text says: the columns that models and staff make.
type understood struct {
	language  string
	sentiment string
	score     event.Millionths // -1 to 1
	topics    []Aspect         // the most certain first
	care      []string
	urgency   int64
	calm      int64 // urgency if no person need read it; only known where a text was just read
	corrected int64
}

// The bits of corrected.
const (
	correctedSentiment = 1
	correctedTopics    = 2
	correctedCare      = 4
	correctedLanguage  = 8
)

// Analysed is the text of an opinion as it is analysed: spans of an analysis are
// parts of it.
func Analysed(title, text string) string {
	if title == "" || text == "" {
		return title + text
	}
	return title + "\n" + text
}

func understand(a Analyzer, text string) understood {
	if a == nil || text == "" {
		return understood{}
	}
	found := a.Analyze(text)
	u := understood{language: found.Language, sentiment: string(found.Sentiment), urgency: int64(found.Urgency.Grade), calm: int64(found.Urgency.Calm)}
	if u.sentiment != "" {
		u.score = event.Millionths(math.Round(found.Score * float64(event.One)))
	}
	for _, t := range found.Topics {
		if slices.ContainsFunc(u.topics, func(a Aspect) bool { return a.Topic == t.Name }) {
			continue
		}
		u.topics = append(u.topics, Aspect{t.Name, string(t.Sentiment)})
	}
	for _, c := range found.Care {
		u.care = append(u.care, c.Kind)
	}
	return u
}

// scoreOrNull is the value of the column sentiment_score.
func (u *understood) scoreOrNull() any {
	if u.sentiment == "" {
		return nil
	}
	return int64(u.score)
}

// formatAspects writes aspects as the column topics has them.
func formatAspects(list []Aspect) string {
	var b strings.Builder
	for _, a := range list {
		b.WriteString("|" + a.Topic + ":" + a.Sentiment)
	}
	if b.Len() > 0 {
		b.WriteByte('|')
	}
	return b.String()
}

func parseAspects(s string) (list []Aspect) {
	for _, part := range splitList(s) {
		topic, sentiment, _ := strings.Cut(part, ":")
		list = append(list, Aspect{topic, sentiment})
	}
	return list
}

// joinList writes a list of words that hold no bar.
func joinList(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "|" + strings.Join(words, "|") + "|"
}

func splitList(s string) []string {
	if s = strings.Trim(s, "|"); s == "" {
		return nil
	}
	return strings.Split(s, "|")
}

// heard is how an opinion without a rating sounds: a mood by the model or, marked,
// by staff.
type heard int64

const (
	silent  heard = 0 // nothing tells
	byStaff heard = 4
)

// heardMoods are the moods by their number.
var heardMoods = []Mood{Unrated, Bad, Neutral, Good}

func (h heard) mood() Mood { return heardMoods[h&3] }

// byModel reports whether a model said it.
func (h heard) byModel() bool { return h != silent && h < byStaff }

// heardSQL is heard of the row f.
const heardSQL = "CASE WHEN f.rating IS NOT NULL OR f.mood IS NULL THEN 0 ELSE f.mood + 2 + 4 * (f.corrected & 1) END"

// heard tells how the text sounds, where there is no rating. The words of a choice
// are the shop's.
func (o *opinion) heard() heard {
	if o.rated || o.kind == Choice {
		return silent
	}
	mood := map[string]Mood{string(language.Negative): Bad, string(language.Neutral): Neutral, string(language.Positive): Good}[o.sentiment]
	h := heard(slices.Index(heardMoods, mood))
	if h != silent && o.corrected&correctedSentiment != 0 {
		h += byStaff
	}
	return h
}

// Prepare analyses the texts of a batch, on all cores; Apply picks up what was
// found with each event.
func (s Stage) Prepare(ctx context.Context, b *event.Batch) error {
	var speaking []*event.Event
	for i := range b.Events {
		if e := &b.Events[i]; Speaks(e) {
			speaking = append(speaking, e)
		}
	}
	const share = 8 // texts that are worth a goroutine
	inParallel(min(runtime.GOMAXPROCS(0), (len(speaking)+share-1)/share), len(speaking), func(i int) {
		if ctx.Err() == nil {
			speaking[i].Prepared = s.hear(speaking[i])
		}
	})
	return ctx.Err()
}

// hear decodes an event and understands its texts.
func (s Stage) hear(e *event.Event) []opinion {
	list := decode(e)
	if s.Analyzers == nil || s.Recall {
		return list
	}
	for i := range list {
		o := &list[i]
		o.understood = understand(s.Analyzers(e.Workspace), Analysed(o.title, o.text))
	}
	return list
}

// inParallel calls f for 0 to n-1 by some goroutines. Where f panics, so does
// inParallel, when all have ended.
func inParallel(workers, n int, f func(i int)) {
	if workers < 2 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var all sync.WaitGroup
	var once sync.Once
	var panicked any
	for range workers {
		all.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					once.Do(func() { panicked = v })
				}
			}()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				f(int(i))
			}
		})
	}
	all.Wait()
	if panicked != nil {
		panic(panicked)
	}
}
