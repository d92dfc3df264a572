package language

import (
	"bytes"
	"math"
	"slices"
	"sync"
)

// Analyzer analyses texts with a set of models. It may be used by many at once.
type Analyzer struct {
	load     func() *Model
	adaption *Adaption
}

// Base is the Analyzer of the models that come with the program. They are loaded
// when it first analyses a text, and take some 14 MB then.
func Base() *Analyzer { return &Analyzer{load: loadBase} }

var loadBase = sync.OnceValue(func() *Model {
	m, err := ReadModel(bytes.NewReader(baseModel))
	if err != nil {
		panic(err) // the program was built with a wrong file
	}
	return m
})

// With returns an Analyzer of a model.
func With(m *Model) *Analyzer { return &Analyzer{load: func() *Model { return m }} }

// Adapted returns an Analyzer that feels as a workspace's customers do; nil is the
// Analyzer as it is.
func (a *Analyzer) Adapted(to *Adaption) *Analyzer { return &Analyzer{a.load, to} }

// work is what one analysis needs; it is used again and again.
type work struct {
	text     text
	features []feature
	spelling []feature
	hits     []careHit
	tokens   [][maxColumns]int32 // what each token adds to the sums
	sums     [maxColumns]int32
	norm     float64
	partSums [maxColumns]int32 // see part
	passages []passage         // see text.passages; the last is the whole
	absent   []passage         // see text.absent
	lengths  []int32           // how many features each token has
	reaches  []float32         // see reach
}

var works = sync.Pool{New: func() any { return new(work) }}

// maxKept is up to how many tokens the memory of an analysis is kept for the next.
const maxKept = 1024

// release keeps the memory for the next analysis, unless it is a lot.
func (w *work) release() {
	w.text.given = ""
	if cap(w.tokens) <= maxKept {
		works.Put(w)
	}
}

// sureOfWish is how certain an intent must be to make a text urgent.
const sureOfWish = 0.75

// Analyze analyses a text; of a long one it looks at the first 8 KB.
func (a *Analyzer) Analyze(given string) Analysis {
	w := works.Get().(*work)
	defer w.release()
	m := a.load()
	t := &w.text
	t.fold(given)
	out := Analysis{Personal: Personals(given, nil)}
	if len(t.tokens) == 0 {
		return out
	}
	language := m.language(t, &w.spelling)
	if language >= 0 {
		out.Language = spellings[language]
	}
	w.sum(m)
	scores := m.sentimentScores(&w.sums, w.norm, out.Language)
	if a.adaption != nil {
		a.adaption.add(w.features, w.norm, &scores)
	}
	out.Probabilities = softmax3(scores, m.tuning.Temperature)
	out.Score = out.Probabilities[2] - out.Probabilities[0]
	out.Sentiment = Sentiments[top(out.Probabilities[:])]
	w.passages = append(t.passages(w.passages[:0]), w.whole())
	out.Topics = m.topics(w, scores)
	out.Intent, out.IntentConfidence = m.intent(w)
	out.Care = m.care(w, out.Language)
	wish := out.Intent
	if out.IntentConfidence < sureOfWish || out.Sentiment != Negative {
		wish = "" // opinions have no intents, and praise no hurry
	}
	out.Urgency = t.urgency(len(out.Care) > 0, wish)
	return out
}

// sum adds up what the features of each token say, and of all.
func (w *work) sum(m *Model) {
	t := &w.text
	w.features = t.features(w.features[:0])
	w.norm = damp(len(w.features))
	if cap(w.tokens) < len(t.tokens) {
		w.tokens = make([][maxColumns]int32, len(t.tokens)+len(t.tokens)/2)
	}
	w.tokens = w.tokens[:len(t.tokens)]
	clear(w.tokens)
	if cap(w.lengths) < len(t.tokens) {
		w.lengths = make([]int32, len(t.tokens), cap(w.tokens))
	}
	w.lengths = w.lengths[:len(t.tokens)]
	clear(w.lengths)
	w.sums = [maxColumns]int32{}
	var part [maxColumns]int32
	for from, to := 0, 0; from < len(w.features); from = to {
		token := w.features[from].token
		for to = from + 1; to < len(w.features) && w.features[to].token == token; to++ {
		}
		m.meaning.sums(w.features[from:to], &part)
		of := &w.tokens[token]
		w.lengths[token] += int32(to - from)
		for c := range columnsUsed {
			of[c] += part[c]
			w.sums[c] += part[c]
		}
	}
}

func (m *Model) sentimentScores(sums *[maxColumns]int32, norm float64, language string) (scores [3]float64) {
	prior := m.tuning.Priors[language]
	for c := range scores {
		scores[c] = m.meaning.score(sums[sentimentColumn+c], sentimentColumn+c, norm) + prior[c]
	}
	return scores
}

// intents are the scores of the intents.
func (m *Model) intents(w *work) (scores [careColumn - intentColumn]float64) {
	for c := range scores {
		scores[c] = m.meaning.score(w.sums[intentColumn+c], intentColumn+c, w.norm)
	}
	return scores
}

func (m *Model) intent(w *work) (string, float64) {
	p := m.intents(w)
	for c := range p {
		p[c] *= m.tuning.IntentScale
	}
	softmax(p[:])
	best := top(p[:])
	if p[best] < m.tuning.Intent {
		return Unsure, p[best]
	}
	return Intents[best], p[best]
}

func top(p []float64) (best int) {
	for c, v := range p {
		if v > p[best] {
			best = c
		}
	}
	return best
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softmax(scores []float64) {
	most, sum := slices.Max(scores), 0.0
	for c, v := range scores {
		scores[c] = math.Exp(v - most)
		sum += scores[c]
	}
	for c := range scores {
		scores[c] /= sum
	}
}

func softmax3(scores [3]float64, scale float64) [3]float64 {
	for c := range scores {
		scores[c] *= scale
	}
	softmax(scores[:])
	return scores
}

// LikeliestIntent is what a message most likely wants, whether or not the model is
// confident enough to say so; Unsure where there is nothing to go by.
func (a *Analyzer) LikeliestIntent(given string) string {
	w := works.Get().(*work)
	defer w.release()
	m := a.load()
	w.text.fold(given)
	if len(w.text.tokens) == 0 {
		return Unsure
	}
	w.sum(m)
	scores := m.intents(w)
	return Intents[top(scores[:])]
}

// SentimentScores are the scores of a text's sentiments before they become
// probabilities, without an Adaption, for training.
func (a *Analyzer) SentimentScores(given string) [3]float64 {
	w := works.Get().(*work)
	defer w.release()
	m := a.load()
	w.text.fold(given)
	w.sum(m)
	language := ""
	if l := m.language(&w.text, &w.spelling); l >= 0 {
		language = spellings[l]
	}
	return m.sentimentScores(&w.sums, w.norm, language)
}
