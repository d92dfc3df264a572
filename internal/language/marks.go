package language

import "strings"

// faces are emoticons and the emoji that they stand for; the longest come first.
var faces = []struct {
	text string
	face rune
}{
	{":'(", '😢'}, {":'-(", '😢'}, {":-)", '🙂'}, {":-(", '🙁'}, {":-D", '😀'}, {";-)", '😉'}, {":-/", '😕'}, {":-|", '😐'}, {":-P", '😛'},
	{":)", '🙂'}, {":(", '🙁'}, {":D", '😀'}, {"=)", '🙂'}, {"=(", '🙁'}, {";)", '😉'}, {":/", '😕'}, {":|", '😐'}, {":P", '😛'}, {":p", '😛'},
	{"<3", '❤'}, {"</3", '💔'}, {"^_^", '🙂'}, {"-_-", '😑'}, {":*", '😘'},
}

// emoticon returns how long the emoticon is that a text begins with, and its face.
func emoticon(s string) (int, rune) {
	switch s[0] {
	case ':', ';', '=', '<', '^', '-':
	default:
		return 0, 0
	}
	for _, f := range faces {
		if strings.HasPrefix(s, f.text) {
			if f.text == ":/" && strings.HasPrefix(s, "://") {
				return 0, 0
			}
			return len(f.text), f.face
		}
	}
	return 0, 0
}

// addressLength returns how long the link, the e-mail address or the @name is
// that a text begins with, or 0.
func addressLength(s string) int {
	switch s[0] {
	case '@':
		n := 1
		for n < len(s) && (isASCIILetter(s[n]) || isASCIIDigit(s[n]) || s[n] == '_') {
			n++
		}
		if n > 1 {
			return n
		}
		return 0
	case 'h', 'H', 'w', 'W':
		if len(s) > 8 && (strings.EqualFold(s[:4], "http") && strings.Contains(s[4:8], ":/") || strings.EqualFold(s[:4], "www.")) {
			return untilSpace(s)
		}
	}
	if !isASCIILetter(s[0]) {
		return 0
	}
	for n := 1; n < len(s) && n < 64; n++ { // local part of an e-mail address
		switch c := s[n]; {
		case isASCIILetter(c), isASCIIDigit(c), c == '.', c == '_', c == '-', c == '+':
		case c == '@' && n+3 < len(s) && isASCIILetter(s[n+1]):
			end := untilSpace(s[:min(len(s), 254)]) // no e-mail address is longer
			if strings.IndexByte(s[n:end], '.') > 0 {
				return len(strings.TrimRight(s[:end], ".,;:!?)"))
			}
			return 0
		default:
			return 0
		}
	}
	return 0
}

func untilSpace(s string) int {
	if n := strings.IndexAny(s, " \t\r\n<>\"'"); n >= 0 {
		return n
	}
	return len(s)
}
