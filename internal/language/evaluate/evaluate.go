// Package evaluate says how well a model does on labelled texts: its accuracy, its
// precision, recall and F1 by class, and how far its confidence can be believed,
// each with a 95 % interval.
package evaluate

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Case is a labelled text and what a model says of it.
type Case struct {
	Language   string // figures are made for each; empty where there is none
	Gold       string // its label
	Guess      string // the label that the model thinks likeliest
	Unsure     bool   // the model would rather not say
	Confidence float64
	Text       string
}

// Figure is a measured value with its 95 % interval.
type Figure struct{ Value, Low, High float64 }

// Figures say how often guesses are right. Intervals of shares are Wilson's, those
// of F1 are percentiles of Resamples bootstrap resamples of the cases.
type Figures struct {
	N        int64            `json:"n"`
	Accuracy Figure           `json:"accuracy"`
	MacroF1  Figure           `json:"macro_f1"`     // mean F1 of the classes that are among the labels
	AllF1    Figure           `json:"macro_f1_all"` // mean F1 of the classes among labels or guesses, as scikit-learn takes it
	Classes  map[string]Class `json:"classes"`
}

// Class are the figures of one class. What has no cases has no figure.
type Class struct {
	N         int64   `json:"n"`       // with this label
	Guessed   int64   `json:"guessed"` // with this guess
	Precision *Figure `json:"precision,omitempty"`
	Recall    *Figure `json:"recall,omitempty"`
	F1        Figure  `json:"f1"`
}

// Resamples are how many a bootstrap takes.
const Resamples = 2000

// seed makes each run of a bootstrap the same.
const seed = 20261122

// tally counts cases by class.
type tally struct{ gold, guessed, right []int64 }

func newTally(classes int) tally {
	return tally{make([]int64, classes), make([]int64, classes), make([]int64, classes)}
}

func (t *tally) reset() {
	clear(t.gold)
	clear(t.guessed)
	clear(t.right)
}

func (t *tally) add(p pair) {
	t.gold[p.gold]++
	t.guessed[p.guess]++
	if p.gold == p.guess {
		t.right[p.gold]++
	}
}

// f1 is 2PR/(P+R) = 2*right/(gold+guessed), and 0 where nothing was right.
func (t *tally) f1(class int) float64 {
	if t.right[class] == 0 {
		return 0
	}
	return 2 * float64(t.right[class]) / float64(t.gold[class]+t.guessed[class])
}

// macro are the mean F1 of classes among the labels, and of those among labels or
// guesses.
func (t *tally) macro() (labelled, all float64) {
	var nLabelled, nAll float64
	for class := range t.gold {
		f1 := t.f1(class)
		if t.gold[class] > 0 {
			labelled += f1
			nLabelled++
		}
		if t.gold[class]+t.guessed[class] > 0 {
			all += f1
			nAll++
		}
	}
	return labelled / nLabelled, all / nAll
}

// pair is a case by the numbers of its classes.
type pair struct{ gold, guess int32 }

// numbered returns the classes in order, and the cases by their numbers.
func numbered(cases []Case) (classes []string, pairs []pair) {
	for _, c := range cases {
		classes = append(classes, c.Gold, c.Guess)
	}
	slices.Sort(classes)
	classes = slices.Compact(classes)
	number := map[string]int32{}
	for i, c := range classes {
		number[c] = int32(i)
	}
	for _, c := range cases {
		pairs = append(pairs, pair{number[c.Gold], number[c.Guess]})
	}
	return classes, pairs
}

// Measure counts cases, of which there is at least one.
func Measure(cases []Case) Figures {
	classes, pairs := numbered(cases)
	t := newTally(len(classes))
	right := int64(0)
	for _, p := range pairs {
		t.add(p)
		if p.gold == p.guess {
			right++
		}
	}
	out := Figures{N: int64(len(cases)), Accuracy: *share(right, int64(len(cases))), Classes: map[string]Class{}}
	f1, labelled, all := bootstrap(pairs, len(classes))
	out.MacroF1, out.AllF1 = within(labelled), within(all)
	out.MacroF1.Value, out.AllF1.Value = t.macro()
	for i, name := range classes {
		c := Class{N: t.gold[i], Guessed: t.guessed[i], Precision: share(t.right[i], t.guessed[i]), Recall: share(t.right[i], t.gold[i]), F1: within(f1[i])}
		c.F1.Value = t.f1(i)
		out.Classes[name] = c
	}
	return out
}

// bootstrap resamples cases: the F1 of each class and the two macro-F1.
func bootstrap(pairs []pair, classes int) (f1 [][]float64, labelled, all []float64) {
	random := rand.New(rand.NewPCG(seed, 1))
	f1 = make([][]float64, classes)
	t := newTally(classes)
	for range Resamples {
		t.reset()
		for range pairs {
			t.add(pairs[random.IntN(len(pairs))])
		}
		a, b := t.macro()
		labelled, all = append(labelled, a), append(all, b)
		for class := range f1 {
			f1[class] = append(f1[class], t.f1(class))
		}
	}
	return f1, labelled, all
}

// byLanguage are the figures of each language, nil where there is none.
func byLanguage(cases []Case) map[string]Figures {
	sorted := slices.Clone(cases)
	slices.SortStableFunc(sorted, func(a, b Case) int { return cmp.Compare(a.Language, b.Language) })
	var out map[string]Figures
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && sorted[n].Language == sorted[0].Language {
			n++
		}
		if name := sorted[0].Language; name != "" {
			if out == nil {
				out = map[string]Figures{}
			}
			out[name] = Measure(sorted[:n])
		}
		sorted = sorted[n:]
	}
	return out
}
