package console

import (
	"context"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
)

const shownPhrases = 8

// rising are the phrases that more customers write than in the time before.
type rising struct {
	phrases []language.Phrase
	before  int // texts of the time before
}

// risingPhrases compares the texts of a filter's span of time with those of the
// equally long time before.
func (c *Console) risingPhrases(ctx context.Context, v *ui.Viewer, f feedback.Filter) (rising, error) {
	found, err := c.Feedback.Rising(ctx, v.Workspace.Number, f, shownPhrases)
	return rising{found.Phrases, found.Before}, err
}

// url leads to the opinions with a phrase.
func (r rising) url(v *ui.Viewer, q feedbackQuery, topic string, phrase language.Phrase) string {
	q = q.times()
	q.topic, q.text = topic, phrase.Text
	return q.address(v.URL("feedback"))
}
