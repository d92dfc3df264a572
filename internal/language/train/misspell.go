package train

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// misspell writes a text as somebody in a hurry types it: letters are swapped, left
// out or doubled, in one word of eight.
func misspell(text string, random *rand.Rand) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		r := []rune(w)
		if len(r) < 4 || random.IntN(8) > 0 {
			continue
		}
		at := 1 + random.IntN(len(r)-2)
		if !unicode.IsLetter(r[at]) || !unicode.IsLetter(r[at+1]) {
			continue
		}
		switch random.IntN(3) {
		case 0:
			r[at], r[at+1] = r[at+1], r[at]
		case 1:
			r = append(r[:at], r[at+1:]...)
		default:
			r = append(r[:at+1], r[at:]...)
		}
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}
