// Package locale is how Dhvani speaks to a person: the texts of pages in six
// languages, and numbers, money, dates and times as that person reads them.
//
// Texts stand in catalogue/<language>/<area>.json, one object a file. A name in
// the file live.json is the key "live.name". A text names its arguments in
// braces; one that depends on a number is an object of plural categories:
//
//	"hello": "Hello, {Name}",
//	"orders": {"one": "{N} order", "other": "{N} orders"}
//
// and is asked for as T("live.hello", "Name", name) and T("live.orders", "N", 12).
// The argument N picks the plural and is written as the language writes numbers.
// A test fails on a text that a language lacks, on an argument that only some
// languages have, and on texts that no page uses.
//
// The patterns of numbers and dates are those of the Unicode CLDR 48 (cldr.go),
// with three choices of our own: hours are of 24 in every language, a minus is a
// true minus, and English months are cut to three letters.
package locale

import (
	"slices"
	"time"
	"unicode"

	"golang.org/x/text/language"
)

// Lang is a language that pages are written in, by its BCP 47 tag.
type Lang string

// The languages.
const (
	English    Lang = "en"
	Hindi      Lang = "hi"
	Bengali    Lang = "bn"
	Nepali     Lang = "ne"
	Portuguese Lang = "pt-BR"
	Spanish    Lang = "es"
)

// Langs lists them all, as people choose among them.
var Langs = []Lang{English, Hindi, Bengali, Nepali, Portuguese, Spanish}

// Valid reports whether pages are written in the language.
func (l Lang) Valid() bool { return slices.Contains(Langs, l) }

// Name returns what the language calls itself.
func (l Lang) Name() string {
	if p := patterns[l]; p != nil {
		return p.name
	}
	return string(l)
}

var matcher = language.NewMatcher([]language.Tag{
	language.English, language.Hindi, language.Bengali, language.Nepali, language.BrazilianPortuguese, language.Spanish,
})

// Match returns the language that suits an Accept-Language header best, English
// where none does.
func Match(acceptLanguage string) Lang {
	if len(acceptLanguage) > 512 {
		return English
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return English
	}
	_, i, confidence := matcher.Match(wanted...)
	if confidence == language.No {
		return English
	}
	return Langs[i]
}

// Locale writes for one reader. It is immutable and costs nothing to make.
type Locale struct {
	Lang Lang
	Zone *time.Location

	p     *pattern
	texts map[string]*text
}

// For returns the locale of a language, English where it is unknown, and a time
// zone, UTC where it is nil.
func For(lang Lang, zone *time.Location) *Locale {
	if !lang.Valid() {
		lang = English
	}
	if zone == nil {
		zone = time.UTC
	}
	return &Locale{Lang: lang, Zone: zone, p: patterns[lang], texts: catalogue(lang)}
}

// Home returns the locale for a reader in a shop of this currency (ISO 4217).
// English groups digits as the shop's country does: 3,12,000 in India, 312,000
// elsewhere.
func (l *Locale) Home(currency string) *Locale {
	if l.Lang != English || !lakhs(currency) {
		return l
	}
	own := *l
	own.p = indianEnglish
	return &own
}

// lakhs reports whether people who pay in a currency count in lakhs and crores.
func lakhs(currency string) bool {
	switch currency {
	case "INR", "NPR", "BDT", "PKR", "LKR", "BTN":
		return true
	}
	return false
}

// Tag returns the value of the lang attribute of a page. Scripts write numbers
// by it, so it says where English counts in lakhs.
func (l *Locale) Tag() string {
	if l.p == indianEnglish {
		return "en-IN"
	}
	return string(l.Lang)
}

// TextTag returns the lang attribute of what somebody wrote: its language where
// that is known, else at least its script, else "", which says that it is not
// known and so not the page's.
func TextTag(language, text string) string {
	if language != "" {
		return language
	}
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Bengali, r):
			return "bn" // Assamese has no other voice
		case unicode.Is(unicode.Devanagari, r):
			return "und-Deva"
		}
	}
	return ""
}
