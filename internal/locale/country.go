package locale

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country names the country of a code of two letters: India for IN. What is no such
// code stays as it is.
func (l *Locale) Country(code string) string {
	r, err := language.ParseRegion(code)
	if err != nil || len(code) != 2 {
		return code
	}
	tag, err := language.Parse(string(l.Lang))
	if err != nil {
		return code
	}
	if name := display.Regions(tag).Name(r); name != "" {
		return name
	}
	return code
}
