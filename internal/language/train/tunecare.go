package train

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/corpus"
)

// Of ordinary texts this share may be flagged: a miss is worse.
const careFlagged = 0.02

// Cues and pairs of them are learnt if this many texts have them.
const careSeen = 20

// signs are what tells of care in a text: the cues, by their number, and the scores
// of models that have not seen it.
type signs struct {
	cues   []int
	scores []float32
	flags  []float32 // for each flag 1 where it is right
	fold   int
	alike  bool // only looks as if a person had to take it
}

// tuneCare fits how much cues add to the models' scores, and from where on a text is
// flagged.
func tuneCare(t *language.Tuning, items []item, samples []sample, scores [][]float32, figures Figures) {
	number := map[language.CuePair]int{}
	var pairs []language.CuePair
	var seen []int
	texts := make([]signs, len(samples))
	n := 0
	for _, x := range items {
		if x.set != "" || x.Kind == "languages" {
			continue
		}
		s := signs{scores: scores[n], flags: samples[n].targets, fold: samples[n].fold, alike: x.Label == corpus.None}
		for _, p := range language.CareCues(x.Text.Text) {
			i, ok := number[p]
			if !ok {
				i = len(pairs)
				number[p], pairs, seen = i, append(pairs, p), append(seen, 0)
			}
			seen[i]++
			s.cues = append(s.cues, i)
		}
		texts[n] = s
		n++
	}
	for i := range texts {
		texts[i].cues = slices.DeleteFunc(texts[i].cues, func(c int) bool { return seen[c] < careSeen })
	}
	likeliest := make([]float64, len(texts)) // of a text, by those that have not seen it
	for f := range folds {
		for flag := range language.Care {
			w := fitCare(texts, flag, len(pairs), func(s *signs) bool { return s.fold != f })
			for i := range texts {
				if texts[i].fold == f {
					likeliest[i] = max(likeliest[i], w.probability(&texts[i], flag))
				}
			}
		}
	}
	var ordinary, must []float64
	for i := range texts {
		switch {
		case slices.Contains(texts[i].flags, 1):
			must = append(must, likeliest[i])
		case !texts[i].alike:
			ordinary = append(ordinary, likeliest[i])
		}
	}
	slices.Sort(ordinary)
	t.CareBound = ordinary[int((1-careFlagged)*float64(len(ordinary)))]
	missed := 0.0
	for _, p := range must {
		if p < t.CareBound {
			missed++
		}
	}
	figures["care out of fold: missed"] = missed / float64(len(must))
	figures["care out of fold: ordinary flagged"] = careFlagged
	for flag := range language.Care {
		w := fitCare(texts, flag, len(pairs), func(*signs) bool { return true })
		out := language.CareWeights{Bias: w.bias, Model: w.model}
		for i, v := range w.cues {
			if math.Abs(v) >= 0.05 {
				out.Cues = append(out.Cues, language.CueWeight{CuePair: pairs[i], Weight: math.Round(v*100) / 100})
			}
		}
		t.Care = append(t.Care, out)
	}
}

// careFit is a logistic regression of one flag.
type careFit struct {
	bias, model float64
	cues        []float64
}

func (w *careFit) probability(s *signs, flag int) float64 {
	score := w.bias + w.model*float64(s.scores[flag])
	for _, c := range s.cues {
		score += w.cues[c]
	}
	return 1 / (1 + math.Exp(-score))
}

// fitCare fits one flag by AdaGrad.
func fitCare(texts []signs, flag, pairs int, use func(*signs) bool) *careFit {
	const (
		epochs = 30
		rate   = 0.2
		decay  = 0.05
	)
	w := &careFit{cues: make([]float64, pairs)}
	squares := make([]float64, pairs)
	biasSquares, modelSquares := 1e-6, 1e-6
	step := func(v, sum *float64, gradient float64) {
		*sum += gradient * gradient
		*v -= rate * gradient / math.Sqrt(*sum+1e-6)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range epochs {
		for _, i := range random.Perm(len(texts)) {
			s := &texts[i]
			if !use(s) {
				continue
			}
			d := w.probability(s, flag) - float64(s.flags[flag])
			step(&w.bias, &biasSquares, d)
			step(&w.model, &modelSquares, d*float64(s.scores[flag]))
			for _, c := range s.cues {
				step(&w.cues[c], &squares[c], d+decay*w.cues[c])
			}
		}
	}
	return w
}
