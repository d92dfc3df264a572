package event

import (
	"strings"
	"unicode"
)

// Visible is what others wrote, made fit to stand in a title or a line of a message: valid UTF-8, with a space for each control character, and without
// those that nobody sees. Characters that turn the direction of what follows (U+202E and the like) would let a name rewrite the words around it. The joiners
// of Indic scripts stay, and signs that stand before numbers.
func Visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case r == '\u200c' || r == '\u200d' || unicode.Is(unicode.Prepended_Concatenation_Mark, r):
			return r
		case unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
