package feedback_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
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
			a.Care, a.Urgency = []language.Flag{{Kind: "safety"}}, language.Urgency{Grade: 3}
		case "now":
			a.Urgency.Grade = 2
		case "price", "delivery", "pay_ment":
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
