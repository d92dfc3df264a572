package feedback

import (
	"context"
	"time"

	"github.com/dhvani/dhvani/internal/language"
)

const (
	comparedTexts = 2500   // so many texts are read of a span of time, and of the time before
	keptPhrases   = 20_000 // of all phrases in them
)

// FewTexts is below how many texts before nothing can be told to rise.
const FewTexts = 50

// Rising are the phrases that more customers write than in the time before.
type Rising struct {
	Phrases []language.Phrase // the clearest first
	Before  int               // texts of the time before
}

// Rising compares the texts of a filter's span of time, which has both ends, with those
// of the equally long time before.
func (s Store) Rising(ctx context.Context, workspace int64, f Filter, most int) (Rising, error) {
	long := f.To - f.From
	past := f
	past.From, past.To = max(f.From-long, 1), f.From
	before, err := s.SaidTexts(ctx, workspace, past, comparedTexts)
	if err != nil || len(before) < FewTexts {
		return Rising{Before: len(before)}, err
	}
	now, err := s.SaidTexts(ctx, workspace, f, comparedTexts)
	if err != nil {
		return Rising{}, err
	}
	window := time.Duration(long) * time.Microsecond
	p := language.NewPhrases(language.PhrasesOptions{Most: keptPhrases, Window: window, Baseline: 4 * window})
	// Phrases counts by halves of its window: times are moved so that two of them are
	// the span of time.
	half := max(long/2, 1)
	move := half - f.To%half
	for _, texts := range [][]SaidText{before, now} {
		for _, t := range texts {
			p.Add(time.UnixMicro(t.At+move), t.Customer, t.Text)
		}
	}
	found := p.Rising(time.UnixMicro(f.To + move - 1))
	return Rising{found[:min(len(found), most)], len(before)}, nil
}
