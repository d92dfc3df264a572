package console

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
)

// A question is not what goes wrong, unless a rating or a person says so.
func TestCertain(t *testing.T) {
	item := func(id, text, sentiment string, mood feedback.Mood, by string, score float64, corrected ...string) feedback.Item {
		return feedback.Item{ID: id, Text: text, Sentiment: sentiment, SentimentScore: &score, Mood: mood, MoodBy: by, Corrected: corrected}
	}
	rated := item("rated", "Why so late?", "negative", feedback.Bad, "rating", -0.2)
	told := item("told", "Late again", "negative", feedback.Bad, "model", -0.8)
	asks := item("asks", "¿Puedo cambiar la dirección de entrega?", "negative", feedback.Bad, "model", -0.9)
	perhaps := item("perhaps", "Box er ek kon chhera", "negative", feedback.Bad, "model", -0.4)
	mixed := item("mixed", "Great shoes, awful courier", "positive", feedback.Good, "rating", 0.7)
	neutral := item("neutral", "It came on Monday", "neutral", feedback.Neutral, "model", 0)
	corrected := item("corrected", "It came on Monday", "neutral", feedback.Neutral, "model", 0, "topics")
	for name, tt := range map[string]struct{ items, want []feedback.Item }{
		"enough": {[]feedback.Item{rated, told, rated, asks, perhaps, mixed, neutral, corrected, told, told}, []feedback.Item{rated, told, rated, told, told}},
		"few":    {[]feedback.Item{rated, asks, perhaps, mixed, neutral, corrected}, []feedback.Item{rated, perhaps, mixed, corrected}},
	} {
		if diff := gocmp.Diff(tt.want, certain(tt.items, language.Negative)); diff != "" {
			t.Error(name, diff)
		}
	}
}
