package console

import (
	"context"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
)

const (
	comparedTexts = 2500   // so many texts are read of a span of time, and of the time before
	keptPhrases   = 20_000 // of all phrases in them
	fewBefore     = 50     // below so many texts before, nothing can be told to rise
	shownPhrases  = 8
)

// rising are the phrases that more customers write than in the time before.
type rising struct {
	phrases []language.Phrase
	before  int // texts of the time before
}

// risingPhrases compares the texts of a filter's span of time with those of the
// equally long time before.
func (c *Console) risingPhrases(ctx context.Context, v *ui.Viewer, f feedback.Filter) (rising, error) {
	long := f.To - f.From
	past := f
	past.From, past.To = max(f.From-long, 1), f.From
	before, err := c.Feedback.SaidTexts(ctx, v.Workspace.Number, past, comparedTexts)
	if err != nil || len(before) < fewBefore {
		return rising{before: len(before)}, err
	}
	now, err := c.Feedback.SaidTexts(ctx, v.Workspace.Number, f, comparedTexts)
	if err != nil {
		return rising{}, err
	}
	window := time.Duration(long) * time.Microsecond
	p := language.NewPhrases(language.PhrasesOptions{Most: keptPhrases, Window: window, Baseline: 4 * window})
	// Phrases counts by halves of its window: times are moved so that two of them are
	// the span of time.
	half := max(long/2, 1)
	move := half - f.To%half
	for _, texts := range [][]feedback.SaidText{before, now} {
		for _, t := range texts {
			p.Add(time.UnixMicro(t.At+move), t.Customer, t.Text)
		}
	}
	found := p.Rising(time.UnixMicro(f.To + move - 1))
	return rising{found[:min(len(found), shownPhrases)], len(before)}, nil
}

// url leads to the opinions with a phrase.
func (r rising) url(v *ui.Viewer, q feedbackQuery, topic string, phrase language.Phrase) string {
	q = q.times()
	q.topic, q.text = topic, phrase.Text
	return q.address(v.URL("feedback"))
}
