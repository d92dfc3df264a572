package language

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxBytes is how much of a text is looked at: the rest of a longer one is cut off.
const maxBytes = 8 << 10

// kind says what a token is.
type kind uint8

const (
	word kind = iota
	number
	emoji   // also emoticons
	mark    // punctuation that says something: ! ? ... and ends of sentences
	address // a link, an e-mail address, somebody's name after @
)

// token is a piece of a text. Its runes are folded: lower case, without what only
// looks different.
type token struct {
	from, to   int32 // bytes of the text as it is given
	start, end int32 // in text.runes
	kind       kind
	shouted    bool // a word of capitals
	drawn      bool // letters or marks were repeated: sooo, !!!
	contrast   bool // a word such as but; features finds it
}

// text is a text in pieces. It is reused from text to text.
type text struct {
	given  string
	runes  []rune
	tokens []token
	// letters by script, to choose which languages come into question
	latin, devanagari, bengali, foreign int
}

func (t *text) of(k *token) []rune { return t.runes[k.start:k.end] }

// fold cuts a text into tokens. What looks the same comes out the same, whether it
// was written composed or decomposed, with or without joiners.
func (t *text) fold(given string) {
	if len(given) > maxBytes {
		end := maxBytes
		for end > maxBytes-utf8.UTFMax && !utf8.RuneStart(given[end]) {
			end--
		}
		given = given[:end]
	}
	*t = text{given: given, runes: t.runes[:0], tokens: t.tokens[:0]}
	for at := 0; at < len(given); {
		r, size := rune(given[at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(given[at:])
		}
		switch c := classOf(r); c {
		case letter:
			if n := addressLength(given[at:]); n > 0 {
				t.add(at, at+n, address, '@')
				at += n
				continue
			}
			at = t.word(at)
		case digit:
			at = t.number(at)
		case picture:
			at = t.picture(at, r, size)
		case punctuation:
			at = t.punctuation(at, r, size)
		default:
			at += size
		}
	}
}

// add appends a token of one rune.
func (t *text) add(from, to int, k kind, r rune) *token {
	t.runes = append(t.runes, r)
	n := int32(len(t.runes))
	t.tokens = append(t.tokens, token{from: int32(from), to: int32(to), start: n - 1, end: n, kind: k})
	return &t.tokens[len(t.tokens)-1]
}

// word takes a word: letters, their marks, and apostrophes between letters. It
// returns where it ends.
func (t *text) word(from int) int {
	start := len(t.runes)
	at, end := from, from
	upper, lower := 0, 0
loop:
	for at < len(t.given) {
		r, size := rune(t.given[at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(t.given[at:])
		}
		switch classOf(r) {
		case letter, sign:
		case joiner:
			at += size
			continue
		default:
			if next, _ := utf8.DecodeRuneInString(t.given[at+size:]); (r == '\'' || r == '’') && classOf(next) == letter {
				at += size
				continue // don't is dont
			}
			break loop
		}
		at += size
		end = at
		folded := r
		switch {
		case r < utf8.RuneSelf:
			if r <= 'Z' {
				folded = r + 'a' - 'A'
				upper++
			} else {
				lower++
			}
		case r < 0x250:
			folded = unicode.ToLower(r)
			if folded != r {
				upper++
			} else {
				lower++
			}
		case r == 0x9cb || r == 0x9cc: // Bengali o and au are written in two parts
			t.runes = append(t.runes, 0x9c7)
			folded = 0x9be
			if r == 0x9cc {
				folded = 0x9d7
			}
		default:
			folded = foldRare(r)
		}
		t.count(folded)
		if folded == 0 { // a mark that is left out
			continue
		}
		if folded < 0 { // is one letter with the one before
			if n := len(t.runes); n > start {
				t.runes[n-1] = joined(t.runes[n-1], -folded)
			}
			continue
		}
		t.runes = append(t.runes, folded)
	}
	if len(t.runes) == start {
		return max(end, from+1)
	}
	drawn := t.shorten(start)
	t.tokens = append(t.tokens, token{from: int32(from), to: int32(end), start: int32(start), end: int32(len(t.runes)),
		kind: word, shouted: upper >= 3 && lower == 0, drawn: drawn})
	return end
}

// shorten takes letters out of the last word that are drawn out, and reports
// whether there were any: sooo is soo, ramrooo is ramro.
func (t *text) shorten(start int) (drawn bool) {
	to := start
	for i, r := range t.runes[start:] {
		if i > 1 && to-start > 1 && r == t.runes[to-1] && r == t.runes[to-2] {
			drawn = true
			continue
		}
		t.runes[to] = r
		to++
	}
	if drawn && to-start > 2 && t.runes[to-1] == t.runes[to-2] {
		to--
	}
	t.runes = t.runes[:to]
	return drawn
}

// count notes the script of a letter.
func (t *text) count(r rune) {
	switch {
	case r <= 0:
	case r < 0x250 || r >= 0x1e00 && r < 0x1f00:
		t.latin++
	case r >= 0x900 && r < 0x980:
		t.devanagari++
	case r >= 0x980 && r < 0xa00:
		t.bengali++
	case r >= 0x300 && r < 0x370: // marks on a letter
	default:
		t.foreign++
	}
}

// number takes digits with what stands between them. How many digits it has is
// kept, what they are is not.
func (t *text) number(from int) int {
	digits, at, end := 0, from, from
	for at < len(t.given) {
		r, size := utf8.DecodeRuneInString(t.given[at:])
		if classOf(r) == digit {
			digits++
			end = at + size
		} else if r != '.' && r != ',' && r != ':' && r != '/' && r != '-' || at+size >= len(t.given) || !isASCIIDigit(t.given[at+size]) {
			break
		}
		at += size
	}
	t.add(from, end, number, '0'+rune(min(digits, 9)))
	return end
}

// picture takes an emoji with what belongs to it: colours of skin, joined ones.
func (t *text) picture(from int, r rune, size int) int {
	at := from + size
	run := 0
	for at < len(t.given) {
		next, n := utf8.DecodeRuneInString(t.given[at:])
		c := classOf(next)
		switch {
		case next >= 0x1f3fb && next <= 0x1f3ff || c == joiner:
		case next == r && c == picture:
			run++
		default:
			t.add(from, at, emoji, r).drawn = run > 0
			return at
		}
		at += n
	}
	t.add(from, at, emoji, r).drawn = run > 0
	return at
}

// punctuation takes emoticons, addresses and marks.
func (t *text) punctuation(from int, r rune, size int) int {
	rest := t.given[from:]
	if n := addressLength(rest); n > 0 {
		t.add(from, from+n, address, '@')
		return from + n
	}
	if n, face := emoticon(rest); n > 0 {
		t.add(from, from+n, emoji, face)
		return from + n
	}
	switch r {
	case '¡', '¿', '।', '॥', ';':
		t.add(from, from+size, mark, '.')
		return from + size
	case '!', '?', '.', ',':
	default:
		return from + size
	}
	at := from + size
	for at < len(t.given) && (t.given[at] == '!' || t.given[at] == '?' || t.given[at] == '.') {
		if t.given[at] == '?' && r != '?' || r == ',' {
			r = rune(t.given[at])
		}
		at++
	}
	t.add(from, at, mark, r).drawn = at-from > 1
	return at
}

// class is what a rune may be a part of.
type class uint8

const (
	space class = iota
	letter
	sign // stands on a letter
	digit
	picture
	punctuation
	joiner // is not seen
)

var asciiClass = func() (c [128]class) {
	for r := range rune(128) {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			c[r] = letter
		case r >= '0' && r <= '9':
			c[r] = digit
		case r > ' ' && r < 127:
			c[r] = punctuation
		}
	}
	return c
}()

func classOf(r rune) class {
	switch {
	case r < 128:
		return asciiClass[r]
	case r >= 0x900 && r < 0xa00: // Devanagari, Bengali
		switch {
		case r == 0x964 || r == 0x965:
			return punctuation
		case r >= 0x966 && r <= 0x96f || r >= 0x9e6 && r <= 0x9ef:
			return digit
		}
		return letter
	case r < 0x250:
		switch {
		case r == 0xad:
			return joiner
		case r >= 0xc0 && r != '×' && r != '÷' || r == 'ª' || r == 'º':
			return letter
		}
		return punctuation
	case r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff || r >= 0xfe00 && r <= 0xfe0f:
		return joiner
	case r >= 0x1f000 && r < 0x1fb00 || r >= 0x2600 && r < 0x27c0 || r == 0x2b50 || r == 0x2b55 || r == 0x231a || r == 0x2705:
		return picture
	case r >= 0x300 && r < 0x370:
		return sign
	case unicode.IsLetter(r):
		return letter
	case unicode.IsMark(r):
		return sign
	case unicode.IsDigit(r):
		return digit
	case unicode.IsSpace(r):
		return space
	}
	return punctuation
}

func isASCIILetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func isASCIIDigit(b byte) bool  { return b >= '0' && b <= '9' }

// foldRare folds a letter or mark above U+024F: 0 where it is left out, the
// negative of a mark that joins with the letter before.
func foldRare(r rune) rune {
	switch {
	case r >= 0x900 && r < 0x980:
		switch {
		case r >= 0x958 && r <= 0x95f: // letters with a dot
			return [...]rune{0x915, 0x916, 0x917, 0x91c, 0x921, 0x922, 0x92b, 0x92f}[r-0x958]
		case r == 0x929 || r == 0x931 || r == 0x934:
			return r - 1
		case r == 0x93c || r == 0x951 || r == 0x952: // the dot itself
			return 0
		case r == 0x901: // candrabindu, which many write as anusvara
			return 0x902
		}
	case r >= 0x980 && r < 0xa00:
		switch r {
		case 0x9dc:
			return 0x9a1
		case 0x9dd:
			return 0x9a2
		case 0x9df:
			return 0x9af
		case 0x9bc:
			return 0
		}
	case r >= 0x300 && r < 0x370:
		return -r
	case r >= 0xff21 && r <= 0xff5a: // wide letters
		return unicode.ToLower(r - 0xfee0)
	}
	return unicode.ToLower(r)
}

// joined is a letter with a mark that followed it.
func joined(r, m rune) rune {
	var b [2 * utf8.UTFMax]byte
	n := utf8.EncodeRune(b[:], r)
	n += utf8.EncodeRune(b[n:], m)
	if c := norm.NFC.Bytes(b[:n]); utf8.RuneCount(c) == 1 {
		r, _ = utf8.DecodeRune(c)
	}
	return r
}
