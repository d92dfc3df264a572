package fitted

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/evaluate"
	"github.com/dhvani/dhvani/internal/language/train"
)

const (
	leastTest  = 300    // newest rated texts, on which a model must prove itself
	testPart   = 5      // one in so many is one of them
	leastTrain = 100    // rated texts to learn from
	most       = 20_000 // newest rated texts that are looked at
	// labelWeight is what a correction counts: the base model was wrong there, and a
	// person read the text.
	labelWeight = 3
)

// TooFew is the error where a workspace has too few rated texts to train a model.
type TooFew struct{ Have, Need int }

func (e TooFew) Error() string {
	return fmt.Sprintf("there are %d texts with a rating, and %d are needed: %d more (the newest %d only judge the new model)", e.Have, e.Need, e.Need-e.Have, leastTest)
}

// ErrTraining is the error where a model is being trained already.
var ErrTraining = errors.New("a language model is being trained already: wait until it is done")

// Opinions are where texts come from that say how they feel.
type Opinions interface {
	Rated(ctx context.Context, workspace int64, limit int) ([]feedback.RatedText, error)
	Labels(ctx context.Context, workspace int64) ([]feedback.Label, error)
}

// Train trains a model for a workspace and compares it with the base model on the
// newest fifth of the rated texts, at least 300. It is used from then on if it is
// better: if the lower end of the 95 % interval of the difference in macro-F1 is above
// 0 (paired bootstrap). A model that was in use and is not better any more is not used
// any longer.
func (m *Models) Train(ctx context.Context, workspace int64, from Opinions, tell func(what string)) (*Model, error) {
	if !m.training.TryLock() {
		return nil, ErrTraining
	}
	defer m.training.Unlock()
	tell("Reading texts")
	learn, test, err := split(ctx, workspace, from)
	if err != nil {
		return nil, err
	}
	tell(fmt.Sprintf("Learning from %d texts", len(learn)))
	data, err := train.Adapt(m.base, learn).MarshalBinary()
	if err != nil {
		return nil, err
	}
	own, err := Open(data)
	if err != nil {
		return nil, err
	}
	tell(fmt.Sprintf("Comparing on the newest %d rated texts", len(test)))
	before := m.For(workspace)
	n := Model{TrainedAt: time.Now().UnixMicro(), Train: int64(len(learn)), Test: int64(len(test))}
	if err := n.compare(m.base, own, test); err != nil {
		return nil, err
	}
	still := Model{Used: before != m.base}
	if still.Used && !n.Used {
		if err := still.compare(m.base, before, test); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := m.store(ctx, workspace, &n, data, still.Used); err != nil {
		return nil, fmt.Errorf("store the language model of workspace %d: %w", workspace, err)
	}
	return &n, m.refresh(ctx)
}

// split returns the texts to learn from and those to compare on. A text to compare
// on is not learnt from, whether rated or corrected by staff, nor one that says the
// same.
func split(ctx context.Context, workspace int64, from Opinions) (learn []train.Labelled, test []evaluate.Line, err error) {
	rated, err := from.Rated(ctx, workspace, most)
	if err != nil {
		return nil, nil, err
	}
	held := max(leastTest, len(rated)/testPart)
	if len(rated) < held+leastTrain {
		return nil, nil, TooFew{len(rated), held + leastTrain}
	}
	labels, err := from.Labels(ctx, workspace)
	if err != nil {
		return nil, nil, err
	}
	known := map[string]bool{}
	for _, r := range rated[:held] {
		test = append(test, evaluate.Line{Language: r.Language, Label: string(r.Sentiment), Text: r.Text})
		known[r.Text] = true
	}
	corrected := map[string]bool{}
	for _, l := range labels {
		if l.Sentiment != "" && !known[l.Text] {
			corrected[l.ID] = true
			learn = append(learn, train.Labelled{Text: l.Text, Sentiment: language.Sentiment(l.Sentiment), Weight: labelWeight})
		}
	}
	for _, r := range rated[held:] {
		if !known[r.Text] && !corrected[r.ID] {
			learn = append(learn, train.Labelled{Text: r.Text, Sentiment: r.Sentiment, Weight: 1})
		}
	}
	return learn, test, nil
}

// compare fills in the figures of a model against the base model.
func (n *Model) compare(base, own *language.Analyzer, test []evaluate.Line) error {
	var cases [2][]evaluate.Case
	for i, a := range []*language.Analyzer{base, own} {
		var err error
		if cases[i], _, err = evaluate.Run(evaluate.Sentiment, test, evaluate.Part{Analyzer: a, Task: evaluate.Sentiment}, true); err != nil {
			return err
		}
	}
	b, o, difference := evaluate.Difference(cases[0], cases[1])
	n.Base, n.Own, n.Low, n.High, n.Used = b.Value, o.Value, difference.Low, difference.High, difference.Low > 0
	return nil
}
