package ui

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/workspace"
)

// said is what the islands say: the server has the languages, so they have none.
type said struct {
	Ages     []string `json:"ages"`    // of 0 to 59 minutes
	Seconds  []string `json:"seconds"` // of 0, 5, 10 ... 55 seconds
	Lost     string   `json:"lost"`
	Failed   string   `json:"failed"`
	Close    string   `json:"close"`
	Fresh    string   `json:"fresh"`    // "{N} new", of rows that wait
	FreshOne string   `json:"freshOne"` // the same of one row
	Nothing  string   `json:"nothing"`
	TooLarge string   `json:"tooLarge"`
}

func islandWords(v *Viewer) said {
	out := said{
		Lost: v.T("ui.stream_lost"), Failed: v.T("ui.request_failed"), Close: v.T("common.close"), Nothing: v.T("ui.palette_nothing"),
		Fresh: strings.Replace(v.T("ui.fresh", "N", 2), v.L.Int(2), "{N}", 1), FreshOne: v.T("ui.fresh", "N", 1), TooLarge: v.T("ui.file_too_large"),
	}
	// Away from midnight, so that no age is told as a day.
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, v.L.Zone)
	for m := range 60 {
		out.Ages = append(out.Ages, v.L.Ago(noon.Add(-time.Duration(m)*time.Minute), noon))
	}
	for s := 0; s < 60; s += 5 {
		out.Seconds = append(out.Seconds, v.L.Ago(noon.Add(-time.Duration(s)*time.Second), noon))
	}
	return out
}

// Initials are the first letters of the first and last word of a name; a vowel sign
// of an Indic letter stays with it.
func Initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && r != '\u200d'
	})
	if len(words) == 0 {
		return "·"
	}
	out := firstLetter(words[0])
	if len(words) > 1 {
		out += firstLetter(words[len(words)-1])
	}
	return strings.ToUpper(out)
}

func firstLetter(word string) string {
	_, n := utf8.DecodeRuneInString(word)
	for n < len(word) {
		r, size := utf8.DecodeRuneInString(word[n:])
		if !unicode.IsMark(r) || r == '्' || r == '্' { // a virama would leave half a letter
			break
		}
		n += size
	}
	return word[:n]
}

// RoleName is a role in the viewer's language.
func RoleName(v *Viewer, r workspace.Role) string { return v.L.Word("common.role", string(r)) }
