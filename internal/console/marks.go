package console

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/language"
)

// shownTopic is a topic of an opinion as a page shows it: how it sounds there,
// and the words that show it, where they are known.
type shownTopic struct {
	name      string
	sentiment language.Sentiment
	words     []language.Span // of what was analysed
}

// careTopic is the name under which the words of care flags are marked.
const careTopic = "care"

// markedPart is a stretch of a text and what its words show, nothing for most.
type markedPart struct {
	text   string
	topics []shownTopic // without their words
}

// marked cuts a text where words of topics begin and end. Spans count from the
// beginning of what was analysed, in which the text stands at byte from; what lies
// outside the text, or splits a letter, is moved to where it does not.
func marked(text string, from int, topics []shownTopic) []markedPart {
	type edge struct{ at, topic, change int }
	var edges []edge
	for i, t := range topics {
		for _, w := range t.words {
			begin, end := letterBefore(text, w.From-from), letterAfter(text, w.To-from)
			if begin < end {
				edges = append(edges, edge{begin, i, 1}, edge{end, i, -1})
			}
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })
	var out []markedPart
	open, done := make([]int, len(topics)), 0
	add := func(to int) {
		if to == done {
			return
		}
		part := markedPart{text: text[done:to]}
		for i, n := range open {
			if n > 0 {
				part.topics = append(part.topics, shownTopic{name: topics[i].name, sentiment: topics[i].sentiment})
			}
		}
		done = to
		if last := len(out) - 1; last >= 0 && slices.EqualFunc(out[last].topics, part.topics, sameTopic) {
			out[last].text += part.text
			return
		}
		out = append(out, part)
	}
	for _, e := range edges {
		add(e.at)
		open[e.topic] += e.change
	}
	add(len(text))
	return out
}

func sameTopic(a, b shownTopic) bool { return a.name == b.name && a.sentiment == b.sentiment }

// letterBefore is i, or where the letter that it splits begins; within the text.
func letterBefore(text string, i int) int {
	for i = min(max(i, 0), len(text)); i > 0 && i < len(text) && !utf8.RuneStart(text[i]); i-- {
	}
	return i
}

// letterAfter is i, or where the letter that it splits ends; within the text.
func letterAfter(text string, i int) int {
	for i = min(max(i, 0), len(text)); i > 0 && i < len(text) && !utf8.RuneStart(text[i]); i++ {
	}
	return i
}

// worst is the sentiment that colours a part: the negative first, so that
// trouble shows.
func (p markedPart) worst() language.Sentiment {
	out := language.Sentiment("")
	for _, t := range p.topics {
		if out == "" || slices.Index(language.Sentiments, t.sentiment) < slices.Index(language.Sentiments, out) {
			out = t.sentiment
		}
	}
	return out
}
