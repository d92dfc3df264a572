package language

import (
	"cmp"
	"math"
	"slices"
)

// maxShown is how many words are shown for a topic or a flag.
const maxShown = 4

// partLess is how much less a passage of a long text says for a topic than a whole
// text would.
const partLess = 0.3

// topics returns what a text is about, with the sentiment towards each.
func (m *Model) topics(w *work, whole [3]float64) (out []Topic) {
	var likely [intentColumn - topicColumn]float64
	var where [len(likely)]passage
	w.absent = w.text.absent(w.absent[:0])
	for _, part := range w.passages {
		sums, norm := w.part(part)
		for c := range likely {
			sum := sums[topicColumn+c]
			if c == productTopic {
				sum -= w.saidOf(c, part)
			}
			p := logistic(m.meaning.score(sum, topicColumn+c, norm))
			if part != w.whole() {
				p -= partLess
			}
			if p > likely[c] {
				likely[c], where[c] = p, part
			}
		}
	}
	if len(w.absent) > 0 && likely[deliveryTopic] < sureOfAbsence {
		likely[deliveryTopic], where[deliveryTopic] = sureOfAbsence, w.absent[0]
	}
	for c, name := range Topics {
		p := likely[c]
		if p < m.tuning.Topics[c] {
			continue
		}
		tokens, words := w.evidence(where[c], topicColumn+c)
		t := Topic{Name: name, Confidence: p, Words: words}
		t.Sentiment, t.Score = m.towards(w, tokens, whole)
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Topic) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Name, b.Name))
	})
	return out
}

var productTopic, deliveryTopic = slices.Index(Topics, "product"), slices.Index(Topics, "delivery")

// sureOfAbsence is how often what says by its words that an order did not come is about delivery.
const sureOfAbsence = 0.9

// saidOf is what the tokens that say that an order did not come add to a topic in a passage.
func (w *work) saidOf(topic int, in passage) (sum int32) {
	for _, p := range w.absent {
		for i := max(p.from, in.from); i < min(p.to, in.to); i++ {
			sum += w.tokens[i][topicColumn+topic]
		}
	}
	return sum
}

// whole is the passage that is all of the text.
func (w *work) whole() passage { return passage{0, len(w.tokens)} }

// evidence returns the words of a passage that add most to a class, at least half as
// much as the first of them, in the order of the text.
func (w *work) evidence(p passage, column int) (tokens []int, words []Span) {
	var most int32
	for i := p.from; i < p.to; i++ {
		if w.text.tokens[i].kind == word {
			most = max(most, w.tokens[i][column])
		}
	}
	if most == 0 {
		return nil, nil
	}
	for i := p.from; i < p.to; i++ {
		k := &w.text.tokens[i]
		if k.kind != word || 2*w.tokens[i][column] < most {
			continue
		}
		if len(tokens) == maxShown {
			weakest := 0
			for j, t := range tokens {
				if w.tokens[t][column] < w.tokens[tokens[weakest]][column] {
					weakest = j
				}
			}
			if w.tokens[i][column] <= w.tokens[tokens[weakest]][column] {
				continue
			}
			tokens, words = slices.Delete(tokens, weakest, weakest+1), slices.Delete(words, weakest, weakest+1)
		}
		tokens, words = append(tokens, i), append(words, Span{int(k.from), int(k.to)})
	}
	return tokens, words
}

// How much of what a word says reaches another word: less with each word between
// them, and with each end of a clause.
const (
	fades    = 0.85
	fenced   = 0.15
	faintest = 0.02
)

// reach returns how much each token has to say about what some tokens speak of, from
// 0 to 1.
func (w *work) reach(tokens []int) []float32 {
	if cap(w.reaches) < len(w.tokens) {
		w.reaches = make([]float32, len(w.tokens), cap(w.tokens))
	}
	w.reaches = w.reaches[:len(w.tokens)]
	clear(w.reaches)
	for _, from := range tokens {
		w.reaches[from] = 1
		for _, step := range []int{1, -1} {
			r := float32(1)
			for i := from + step; i >= 0 && i < len(w.tokens); i += step {
				if r *= fades; w.text.ends(i) {
					r *= fenced
				}
				if r < faintest {
					break
				}
				w.reaches[i] = max(w.reaches[i], r)
			}
		}
	}
	return w.reaches
}

// wholeCounts is how much the sentiment of the whole text counts in that towards a
// topic, beside that of the words around it.
const wholeCounts = 0.4

// towards is the sentiment towards what some tokens speak of.
func (m *Model) towards(w *work, tokens []int, whole [3]float64) (Sentiment, float64) {
	var sums [3]float64
	features := 0.0
	for i, r := range w.reach(tokens) {
		if r == 0 {
			continue
		}
		for c := range sums {
			sums[c] += float64(r) * float64(w.tokens[i][aspectColumn+c])
		}
		features += float64(r) * float64(w.lengths[i])
	}
	for c := range sums {
		column := aspectColumn + c
		sums[c] = sums[c]*float64(m.meaning.scale[column])/math.Sqrt(features+1) + float64(m.meaning.bias[column]) + wholeCounts*whole[c]
	}
	softmax(sums[:])
	return Sentiments[top(sums[:])], sums[2] - sums[0]
}

// Around returns the features of a text with how much each has to say about a topic,
// as the model sees it, for training; none where it sees nothing of the topic.
func (m *Model) Around(given, topic string) (hashes []uint32, amounts []float32) {
	w := &work{}
	w.text.fold(given)
	w.sum(m)
	tokens, _ := w.evidence(w.whole(), topicColumn+slices.Index(Topics, topic))
	reaches := w.reach(tokens)
	for _, f := range w.features {
		if r := reaches[f.token]; r > 0 {
			hashes, amounts = append(hashes, f.hash), append(amounts, r)
		}
	}
	return hashes, amounts
}

// ends reports whether a clause ends at a token.
func (t *text) ends(i int) bool {
	k := &t.tokens[i]
	return k.kind == mark || k.contrast
}
