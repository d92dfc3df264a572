package language

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// Bounds of Summarize: how many texts are looked at, and how many bytes and words of
// each.
const (
	mostSummarized = 2000
	mostRead       = 1500
	mostWords      = 120
)

// lengthCost is how much a text's length lowers what it is worth (r of Lin and
// Bilmes, Multi-document Summarization via Budgeted Maximization of Submodular
// Functions, 2010).
const lengthCost = 0.5

// doubt is what a text leaves of the doubt whether the chosen say what it contains.
const doubt = 0.1

// fewWords are too few to say what others say: a text of fewer is worth less.
const fewWords = 5

// manyWords are more than anybody reads in a summary: beyond, a text is worth less.
const manyWords = 30

// alike is the share of words, of all in two texts, from which one is no news after
// the other.
const alike = 0.6

// Summarize chooses k texts, or fewer, that together say best what all say, and
// returns their indexes, the most telling first. The same texts give the same
// answer.
//
// A set of texts is worth the sum over what they contain (words, their beginnings,
// pairs of neighbours) of how many of all texts contain it, times how rare that is,
// times how surely the set says it: each text of the set that contains it leaves a
// tenth of the doubt. That is monotone and submodular (Lin and Bilmes, A Class of
// Submodular Functions for Document Summarization, 2011; the soft coverage of
// El-Arini et al., Turning Down the Noise in the Blogosphere, 2009), so choosing greedily comes within 1-1/e of the best
// set (Nemhauser, Wolsey and Fisher, 1978), and what a text adds never grows, so few
// need to be looked at again (Minoux, Accelerated Greedy Algorithms, 1978).
func Summarize(texts []string, k int) []int {
	texts = texts[:min(len(texts), mostSummarized)]
	c := newCoverage(texts)
	var queue candidates
	for i := range c.contents {
		if len(c.words[i]) > 0 {
			queue = append(queue, candidate{text: i, gain: c.gain(i)})
		}
	}
	heap.Init(&queue)
	var chosen []int
	for len(queue) > 0 && len(chosen) < k {
		best := &queue[0]
		if best.after < len(chosen) { // what it adds was said before the last choice
			best.gain, best.after = c.gain(best.text), len(chosen)
			heap.Fix(&queue, 0)
			continue
		}
		i := heap.Pop(&queue).(candidate).text
		if slices.ContainsFunc(chosen, func(j int) bool { return overlap(c.words[i], c.words[j]) >= alike }) {
			continue
		}
		chosen = append(chosen, i)
		for _, f := range c.contents[i] {
			c.covered[f]++
		}
	}
	return chosen
}

// coverage is what texts contain, by number.
type coverage struct {
	contents [][]int32 // of each text, in order
	words    [][]uint64
	length   []int
	weight   []float64 // of each content; 0 for what one text alone contains
	covered  []int     // how many of the chosen contain it
}

func newCoverage(texts []string) *coverage {
	c := &coverage{contents: make([][]int32, len(texts)), words: make([][]uint64, len(texts)), length: make([]int, len(texts))}
	numbers := map[uint64]int32{}
	var frequency []int
	var t text
	for i, s := range texts {
		t.fold(s[:min(len(s), mostRead)])
		for h := range t.contents(&c.words[i], &c.length[i]) {
			n, ok := numbers[h]
			if !ok {
				n = int32(len(frequency))
				numbers[h] = n
				frequency = append(frequency, 0)
			}
			c.contents[i] = append(c.contents[i], n)
		}
		slices.Sort(c.contents[i])
		c.contents[i] = slices.Compact(c.contents[i])
		for _, n := range c.contents[i] {
			frequency[n]++
		}
		slices.Sort(c.words[i])
		c.words[i] = slices.Compact(c.words[i])
	}
	c.weight, c.covered = make([]float64, len(frequency)), make([]int, len(frequency))
	for n, f := range frequency {
		if f > 1 || len(texts) == 1 {
			c.weight[n] = float64(f) * math.Log(float64(len(texts)+1)/float64(f))
		}
	}
	return c
}

// contents gives the hashes of what a folded text contains, and takes down its
// words that say something and how many it has of all.
func (t *text) contents(words *[]uint64, length *int) func(yield func(uint64) bool) {
	stop := stopWords()
	return func(yield func(uint64) bool) {
		var before uint64
		for i := range t.tokens {
			k := &t.tokens[i]
			if k.kind != word || *length == mostWords {
				before = 0
				continue
			}
			*length++
			runes := t.of(k)
			h := wordHash(runes)
			if stop[h] {
				continue // and is no neighbour: "late by a week" is "late week"
			}
			*words = append(*words, h)
			if !yield(h) || before != 0 && !yield(mix(before, h)) {
				return
			}
			if len(runes) > beginning && !yield(mix(1, wordHash(runes[:beginning]))) {
				return
			}
			before = h
		}
	}
}

// beginning is how many letters of a word stand for all its forms.
const beginning = 5

// gain is what a text adds to the chosen ones, by its length.
func (c *coverage) gain(i int) float64 {
	sum := 0.0
	for _, f := range c.contents[i] {
		sum += c.weight[f] * math.Pow(doubt, float64(c.covered[f]))
	}
	n := float64(c.length[i])
	return sum / math.Pow(max(n, fewWords), lengthCost) * min(1, n/fewWords, manyWords/n)
}

// overlap is how many of the words of two texts are in both.
func overlap(a, b []uint64) float64 {
	both := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch cmp.Compare(a[i], b[j]) {
		case -1:
			i++
		case 1:
			j++
		default:
			both++
			i++
			j++
		}
	}
	return float64(both) / float64(max(1, len(a)+len(b)-both))
}

// candidate is a text and what it added when so many were chosen.
type candidate struct {
	text, after int
	gain        float64
}

type candidates []candidate

func (c candidates) Len() int      { return len(c) }
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c candidates) Less(i, j int) bool {
	return c[i].gain > c[j].gain || c[i].gain == c[j].gain && c[i].text < c[j].text
}
func (c *candidates) Push(x any) { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
