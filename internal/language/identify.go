package language

import (
	"math"
	"slices"
)

// spellings are the languages that are told apart, in the order of their columns.
var spellings = append(slices.Clone(Languages), Other)

// Languages by script, as columns.
var (
	inLatin      = []int{0, 2, 4, 6, 7, 8, 9}
	inDevanagari = []int{1, 5, 9}
	inBengali    = []int{3, 9}
	inOther      = []int{9}
)

// candidates are the languages that a text's script allows. Brands, sizes and many
// a word stand in Latin letters in the middle of Indic texts.
func (t *text) candidates() []int {
	switch n := max(t.latin, t.devanagari, t.bengali, t.foreign); {
	case n == 0:
		return nil
	case t.devanagari*2 >= n && t.devanagari >= t.bengali:
		return inDevanagari
	case t.bengali*2 >= n:
		return inBengali
	case t.foreign == n:
		return inOther
	}
	return inLatin
}

// longestSpelling is the length of the runs of letters that tell a language.
const longestSpelling = 4

// spelling appends the features that tell a language: the words, and runs of up to
// four letters within a word and its edges, all with their accents.
func (t *text) spelling(out []feature) []feature {
	for i := range t.tokens {
		k := &t.tokens[i]
		if k.kind != word {
			continue
		}
		runes := t.of(k)
		whole := seeded(seedWord)
		for _, r := range runes {
			whole = mix(whole, uint64(r))
		}
		out = append(out, feature{hash: uint32(whole >> 32)})
		n := len(runes) + 2
		for i := range n - 1 {
			h := seeded(seedGram)
			for j := i; j < min(n, i+longestSpelling); j++ {
				r := uint64('_')
				if j > 0 && j < n-1 {
					r = uint64(runes[j-1])
				}
				if h = mix(h, r); j > 0 {
					out = append(out, feature{hash: uint32(h >> 32)})
				}
			}
		}
	}
	return out
}

// language returns the column of the language of a text, or -1 where it has no letters.
func (m *Model) language(t *text, scratch *[]feature) int {
	candidates := t.candidates()
	if len(candidates) == 0 {
		return -1
	}
	if len(candidates) == 1 {
		return candidates[0]
	}
	*scratch = t.spelling((*scratch)[:0])
	var sums [maxColumns]int32
	m.spelling.sums(*scratch, &sums)
	n := damp(len(*scratch))
	best, top := -1, math.Inf(-1)
	for _, c := range candidates {
		if s := m.spelling.score(sums[c], c, n); s > top {
			best, top = c, s
		}
	}
	return best
}
