package roster

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Bounds of a card's words.
const (
	maxWords = 40
	maxWord  = 40 // characters; a longer one is found by its beginning
)

// fold is a text as it is searched: compatibility forms made plain, case folded,
// without accents over Latin letters and without what only changes how a word
// looks (joiners, soft hyphens). Letters of Indic scripts keep their signs.
func fold(s string) string {
	ascii := true
	for i := 0; ascii && i < len(s); i++ {
		ascii = s[i] < 0x80
	}
	if ascii {
		return strings.ToLower(s)
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x300 && r <= 0x36f, r == 0x200b, r == 0x200c, r == 0x200d, r == 0xad, r == 0xfeff:
			return -1
		}
		return r
	}, norm.NFKD.String(s))
	return norm.NFC.String(cases.Fold().String(s))
}

// split splits a folded text into words.
func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}

// cut is the first n characters of a text.
func cut(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// wordSet is a set of words, folded.
type wordSet map[string]bool

// add adds the words of a text.
func (w wordSet) add(text string) {
	for _, word := range split(fold(text)) {
		w[cut(word, maxWord)] = true
	}
}

// addWhole adds a text as its words and, where it is more than one, as one word.
func (w wordSet) addWhole(text string) {
	words := split(fold(text))
	if len(words) > 1 {
		w[cut(strings.Join(words, ""), maxWord)] = true
	}
	for _, word := range words {
		w[cut(word, maxWord)] = true
	}
}

// String writes the first maxWords words in order, each after a space.
func (w wordSet) String() string {
	words := slices.Sorted(maps.Keys(w))
	if len(words) == 0 {
		return ""
	}
	return " " + strings.Join(words[:min(len(words), maxWords)], " ")
}

func keysOf[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
