package language

import (
	"cmp"
	"math"
	"slices"
)

// maxShown is how many words are shown for a topic or a flag.
const maxShown = 4

// topics returns what a text is about, with the sentiment towards each.
func (m *Model) topics(w *work, scores [3]float64) (out []Topic) {
	for c, name := range Topics {
		p := logistic(m.meaning.score(w.sums[topicColumn+c], topicColumn+c, w.norm))
		if p < m.tuning.Topics[c] {
			continue
		}
		tokens, words := w.evidence(topicColumn + c)
		t := Topic{Name: name, Confidence: p, Words: words}
		t.Sentiment, t.Score = m.towards(w, tokens, scores)
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Topic) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// evidence returns the words that add most to a class, at least half as much as
// the first of them, in the order of the text.
func (w *work) evidence(column int) (tokens []int, words []Span) {
	var most int32
	for i := range w.tokens {
		if w.text.tokens[i].kind == word {
			most = max(most, w.tokens[i][column])
		}
	}
	if most == 0 {
		return nil, nil
	}
	for i := range w.tokens {
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

// How much of a word's feeling reaches another word: less with each word between
// them, and with each end of a clause.
const (
	fades  = 0.85
	fenced = 0.25
)

// towards is the sentiment towards what some tokens speak of: that of the words
// around them, and a part of that of the whole text.
func (m *Model) towards(w *work, tokens []int, scores [3]float64) (Sentiment, float64) {
	local, weight := 0.0, 0.0
	near := func(reach float64, i int) {
		of := &w.tokens[i]
		local += reach * (float64(of[sentimentColumn+2])*float64(m.meaning.scale[sentimentColumn+2]) - float64(of[sentimentColumn])*float64(m.meaning.scale[sentimentColumn]))
		weight += reach
	}
	for _, from := range tokens {
		near(1, from)
		for _, step := range []int{1, -1} {
			reach := 1.0
			for i := from + step; i >= 0 && i < len(w.tokens) && reach > 0.02; i += step {
				if reach *= fades; w.text.ends(i) {
					reach *= fenced
				}
				near(reach, i)
			}
		}
	}
	all := scores[2] - scores[0]
	if weight > 0 {
		// A token has some twenty features.
		local /= math.Sqrt(20 * weight)
	}
	a := m.tuning.Aspect
	score := a[0]*all + a[1]*local
	sentiment := Neutral
	if score < a[2] {
		sentiment = Negative
	} else if score > a[3] {
		sentiment = Positive
	}
	return sentiment, math.Tanh(score)
}

// ends reports whether a clause ends at a token.
func (t *text) ends(i int) bool {
	k := &t.tokens[i]
	return k.kind == mark || k.contrast
}
