package console

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/event"
)

// What people type into a list's fields, paste into its address or have in an old
// bookmark need not make sense. Here it becomes what does, or nothing: a list that
// shows too much is of more use than a page that says no.

// oneOf is a value of a choice, "" where it is not among them.
func oneOf(value string, choices ...string) string {
	if slices.Contains(choices, value) {
		return value
	}
	return ""
}

// searched is a text to search for: without signs that cannot be seen, and at most so
// many characters and words.
func searched(text string, characters, words int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	if r := []rune(text); len(r) > characters {
		text = string(r[:characters])
	}
	inside, n := false, 0
	for i, r := range text {
		word := !unicode.IsSpace(r)
		if word && !inside {
			if n++; n > words {
				text = text[:i]
				break
			}
		}
		inside = word
	}
	return strings.TrimSpace(text)
}

// numeral is a number that was typed, as "1000.5", "" where it is none: currency
// signs and what groups digits are left out, and a comma that does not stands for a
// point.
func numeral(text string) string {
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Sc, r) })
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "−", "-").Replace(text)
	comma, point := strings.LastIndexByte(text, ','), strings.LastIndexByte(text, '.')
	switch {
	case comma >= 0 && point >= 0 && point > comma: // 1,000.5
		text = strings.ReplaceAll(text, ",", "")
	case comma >= 0 && point >= 0: // 1.000,5
		text = strings.Replace(strings.ReplaceAll(text, ".", ""), ",", ".", 1)
	case comma >= 0 && len(text)-comma == 4 || strings.Count(text, ",") > 1: // 1,000 and 1,00,000
		text = strings.ReplaceAll(text, ",", "")
	case strings.Count(text, ".") > 1: // 1.000.000
		text = strings.ReplaceAll(text, ".", "")
	default:
		text = strings.Replace(text, ",", ".", 1)
	}
	if _, ok := event.ParseMillionths(text); !ok {
		return ""
	}
	return text
}

// inOrder are the lower and upper end of a range, whichever was typed first.
func inOrder(least, most string) (low, high string) {
	least, most = numeral(least), numeral(most)
	a, _ := event.ParseMillionths(least)
	b, _ := event.ParseMillionths(most)
	if least != "" && most != "" && b < a {
		return most, least
	}
	return least, most
}
