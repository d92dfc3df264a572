package fitted

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/train"
)

// opinions are rated texts, the newest first, and corrections.
type opinions struct {
	rated  []feedback.RatedText
	labels []feedback.Label
}

func (o opinions) Rated(_ context.Context, _ int64, limit int) ([]feedback.RatedText, error) {
	return o.rated[:min(limit, len(o.rated))], nil
}

func (o opinions) Labels(context.Context, int64) ([]feedback.Label, error) { return o.labels, nil }

// shopWords are those by which the customers of one shop say how they feel.
var shopWords = [3][]string{
	{"zorpig", "klumsh", "vratt", "dweezle", "snarf"},
	{"brellom", "quist", "tovan", "hemmel", "ploo"},
	{"glimra", "fenzy", "waloo", "trinka", "jubb"},
}

// plainWords are known to the base model.
var plainWords = [3][]string{
	{"terrible", "awful", "broken", "rude", "worst"},
	{"okay", "average", "neither", "normal", "medium"},
	{"great", "perfect", "love", "thanks", "excellent"},
}

// talk makes n texts whose words tell their sentiment, but for some of them.
func talk(shopWords [3][]string, n int, noise float64, seed uint64) (o opinions) {
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		said := random.IntN(3)
		rated := said
		if random.Float64() < noise {
			rated = random.IntN(3)
		}
		words := shopWords[said]
		text := fmt.Sprintf("%s order%d %s item%d", words[random.IntN(5)], random.IntN(1000), words[random.IntN(5)], random.IntN(1000))
		o.rated = append(o.rated, feedback.RatedText{ID: fmt.Sprint(i), Text: text, Language: "en", Sentiment: language.Sentiments[rated], At: int64(n - i)})
	}
	return o
}

// misled is what people say of whom all but the newest are misunderstood.
func misled(words [3][]string, seed uint64) opinions {
	o := talk(words, 600, .1, seed)
	for i := range o.rated[300:] {
		o.rated[300+i].Sentiment = language.Negative
	}
	return o
}

func trained(t *testing.T, m *Models, workspace int64, o opinions) *Model {
	t.Helper()
	n, err := m.Train(t.Context(), workspace, o, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A model is used where it is better, here and on other nodes, by its workspace alone.
func TestBetterModelIsUsed(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		here, there := newModels(t, d), newModels(t, d)
		if used, last, err := here.Current(t.Context(), 1); used != nil || last != nil || err != nil || here.For(1) != here.base {
			t.Fatal(used, last, err)
		}
		n := trained(t, here, 1, talk(shopWords, 600, .1, 1))
		if !n.Used || n.Train < 250 || n.Test != 300 || n.Own < .8 || n.Low <= 0 || n.Low > n.Better() || n.High < n.Better() {
			t.Fatalf("%+v", n)
		}
		used, last, err := here.Current(t.Context(), 1)
		if err != nil || *used != *last || used.TrainedAt != n.TrainedAt || used.Train != n.Train || !used.Used || !near(used.Better(), n.Better()) || !near(used.Low, n.Low) {
			t.Errorf("%+v, trained %+v, %v", used, n, err)
		}
		if err := there.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		data, err := here.Data(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range []interface {
			Analyze(string) language.Analysis
		}{here.For(1), there.For(1), opened} {
			for s, words := range shopWords {
				if got := a.Analyze(strings.Join(words, " ")).Sentiment; got != language.Sentiments[s] {
					t.Errorf("model %d calls %s %s", i, words, got)
				}
			}
		}
		if a := here.For(1); here.For(2) != here.base || a != here.For(1) {
			t.Error("another workspace has it too, or it is read for each text")
		}
	})
}

func near(a, b float64) bool { return a-b < 1e-5 && b-a < 1e-5 }

// A model that has learnt nothing is not used; one in use stays while it is better
// than the base model, and no longer.
func TestWorseModelIsNotUsed(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		m := newModels(t, d)
		if n := trained(t, m, 1, talk(plainWords, 500, 1, 2)); n.Used || n.Low > 0 || m.For(1) != m.base {
			t.Fatalf("learnt from noise: %+v", n)
		}
		good := trained(t, m, 1, talk(shopWords, 500, .1, 3))
		if !good.Used {
			t.Fatalf("%+v", good)
		}
		// The texts before the newest mislead: the model that is in use knows better.
		n := trained(t, m, 1, misled(shopWords, 4))
		used, last, err := m.Current(t.Context(), 1)
		if n.Used || err != nil || used == nil || used.TrainedAt != good.TrainedAt || last.TrainedAt != n.TrainedAt || m.For(1) == m.base {
			t.Errorf("%+v: in use %+v, last %+v, %v", n, used, last, err)
		}
		// Now the newest speak as everybody does, and it has no more to add.
		n = trained(t, m, 1, misled(plainWords, 6))
		if used, _, err := m.Current(t.Context(), 1); n.Used || used != nil || err != nil || m.For(1) != m.base {
			t.Errorf("%+v: in use %+v %v", n, used, err)
		}
	})
}

func TestTooFew(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		m := newModels(t, d)
		_, err := m.Train(t.Context(), 1, talk(shopWords, 399, 0, 1), func(string) {})
		if want := (TooFew{399, 400}); !errors.Is(err, want) || !strings.Contains(err.Error(), "1 more") {
			t.Error(err)
		}
		if _, last, err := m.Current(t.Context(), 1); last != nil || err != nil {
			t.Error(last, err)
		}
	})
}

// What judges a model is not learnt from, in whatever way it is known.
func TestSplit(t *testing.T) {
	o := talk(shopWords, 2000, 0, 1)
	o.rated[1999].Text = o.rated[399].Text // an old one that says the same as one that judges
	label := func(i int, s string) feedback.Label {
		l := feedback.Label{ID: o.rated[i].ID, Text: o.rated[i].Text}
		l.Sentiment = s
		return l
	}
	o.labels = []feedback.Label{label(0, "neutral"), label(500, "neutral"), label(501, "")}
	learn, test, err := split(t.Context(), 1, o)
	if err != nil || len(test) != 400 || test[399].Text != o.rated[399].Text {
		t.Fatal(len(test), err)
	}
	judges := map[string]bool{}
	for _, l := range test {
		judges[l.Text] = true
	}
	for _, l := range learn {
		if judges[l.Text] {
			t.Errorf("%q judges and is learnt from", l.Text)
		}
	}
	if learn[0].Text != o.rated[500].Text || learn[0].Sentiment != "neutral" || learn[0].Weight != labelWeight || learn[1].Weight != 1 {
		t.Errorf("%+v", learn[:2])
	}
	if n := slices.IndexFunc(learn[1:], func(l train.Labelled) bool { return l.Text == o.rated[500].Text }); n >= 0 {
		t.Error("a corrected rating counts as well")
	}
}
