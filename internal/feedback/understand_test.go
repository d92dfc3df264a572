package feedback_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
)

// words is an Analyzer that a test can foresee: good and bad say how the text
// sounds, each topic is named, and sounds as the word before it says.
type words struct{}

func (words) Analyze(text string) (a language.Analysis) {
	a.Language = "en"
	a.Sentiment = language.Neutral
	before := language.Neutral
	for word := range strings.FieldsSeq(text) {
		switch word {
		case "good":
			before = language.Positive
			a.Sentiment, a.Score = before, 0.75
		case "bad":
			before = language.Negative
			a.Sentiment, a.Score = before, -0.75
		case "namaste":
			a.Language = "hi-Latn"
		case "bled":
			a.Care, a.Urgency.Grade = append(a.Care, language.Flag{Kind: "safety"}), 3
		case "sued":
			a.Care, a.Urgency.Grade = append(a.Care, language.Flag{Kind: "legal"}), 3
		case "now":
			a.Urgency.Grade, a.Urgency.Calm = max(a.Urgency.Grade, 2), 2
		case "price", "delivery", "payment":
			a.Topics = append(a.Topics, language.Topic{Name: word, Sentiment: before})
		default:
			before = language.Neutral
		}
	}
	return a
}

var hearing = feedback.Stage{Analyzers: func(int64) feedback.Analyzer { return words{} }}

// hear applies events with their texts understood.
func hear(t testing.TB, d *db.DB, events ...event.Event) {
	t.Helper()
	b := &event.Batch{Events: slices.Clone(events)}
	if err := hearing.Prepare(ctx, b); err != nil {
		t.Fatal(err)
	}
	if err := d.Update(ctx, func(tx *db.Tx) error { return hearing.Apply(ctx, tx, b) }); err != nil {
		t.Fatal(err)
	}
}

// sayings are texts of all sorts.
var sayings = []string{"good price", "bad delivery", "so so", "bad price and good delivery", "it bled", "good now", "namaste delivery"}

// A panic over a text is the caller's, who knows what to do about it.
func TestPrepare(t *testing.T) {
	var asked atomic.Int64
	st := feedback.Stage{Analyzers: func(int64) feedback.Analyzer {
		return analyze(func(text string) language.Analysis {
			asked.Add(1)
			if text == "poison" {
				panic("poison")
			}
			return words{}.Analyze(text)
		})
	}}
	var events []event.Event
	for i := range 100 {
		events = append(events, ev(fmt.Sprint(i), "Email Replied", 1, `{"text":"good"}`), ev(fmt.Sprint("v", i), "Product Viewed", 1, `{"text":"poison"}`))
	}
	if err := st.Prepare(ctx, &event.Batch{Events: events}); err != nil || asked.Load() != 100 {
		t.Fatal(asked.Load(), err)
	}
	d := dbtest.SQLite(t)
	dbtest.Workspace(t, d, 1)
	if err := d.Update(ctx, func(tx *db.Tx) error { return st.Apply(ctx, tx, &event.Batch{Events: events}) }); err != nil {
		t.Fatal(err)
	}
	if n := len(list(t, d, feedback.Filter{Sentiment: "positive", Limit: 200})); n != 100 || asked.Load() != 100 {
		t.Errorf("%d opinions, %d analysed", n, asked.Load())
	}
	events = append(events, ev("p", "Email Replied", 1, `{"text":"poison"}`))
	defer func() {
		if v := recover(); v != "poison" {
			t.Errorf("the panic was %v", v)
		}
	}()
	st.Prepare(ctx, &event.Batch{Events: events})
}

type analyze func(string) language.Analysis

func (f analyze) Analyze(text string) language.Analysis { return f(text) }
