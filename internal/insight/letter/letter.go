// Package letter writes the weekly letter of a shop: what customers said in a week,
// from Monday to Monday by the shop's clock, against the week before. A Letter holds
// figures and quotes, which the console shows as a page; this package also writes it
// as a mail with pictures, or shorter for a chat, and puts it into the outbox once for
// each week and receiver.
//
// What is said to have risen or fallen did so beyond chance: the 95 % interval of the
// difference, made of those of both weeks (G. Y. Zou, A. Donner, Statistics in
// Medicine 27, 2008), does not hold zero.
package letter

import (
	"math"
	"time"

	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/locale"
)

// Letter is what customers told a shop in a week.
type Letter struct {
	Week  Week
	Until time.Time // it goes so far: the end of the week, or now
	Lang  locale.Lang

	Moods   feedback.Moods // of the week's opinions
	N       int64          // how many there are
	Before  int64          // in the week before, up to the same time of it
	ByModel int64          // of N, so many sound as they do by the model
	Weeks   []feedback.Span

	Scores  []Score  // of the kinds that there are, most answers first
	Worse   []Topic  // spoken of more negatively than the week before, the clearest first
	Better  []Topic  // likewise less negatively
	Phrases []Phrase // that more customers write
	Mend    []Mend   // up to three things to mend, the most customers first
	Mended  []incident.Stood
	Good    []incident.Stood // good news
	Praised *Praise          // what was praised most
}

// Empty reports whether there is nothing to tell.
func (l *Letter) Empty() bool {
	return l.N == 0 && l.Before == 0 && len(l.Mend) == 0 && len(l.Mended) == 0 && len(l.Good) == 0
}

// Move says whether a figure changed beyond chance.
type Move int

// The moves.
const (
	NotClear Move = iota // it may be chance, or there is nothing to compare with
	Rose
	Fell
)

// Score is a score of the week, with those of the weeks before.
type Score struct {
	feedback.Score                  // of this week; its Series are the last weeks, this one last
	Last           feedback.Figures // of the week before
	Move           Move
}

// Topic is how customers speak of something, and how they did the week before.
type Topic struct {
	Name             string
	N, Negative      int64
	Share            feedback.Share // of the negative among all about it
	LastN            int64
	Last             feedback.Share
	Difference       float64 // of the shares, with its interval
	DiffLow, DiffTop float64
}

// Phrase is one that more customers write than the week before.
type Phrase struct {
	Text      string
	Customers int
	Expected  float64
}

// Mend is a thing to mend: an incident, or a topic that customers complain of.
type Mend struct {
	Incident *incident.Stood // nil for a topic
	Topic    *Topic          // nil for an incident
	Hit      int64           // customers hit, or negative opinions
	Quote    *Quote          // nil where nobody put it into words
}

// Praise is what was praised most.
type Praise struct {
	Topic    string
	Positive int64
	N        int64
	Quote    *Quote
}

// Quote is what a customer wrote, with personal data masked.
type Quote struct {
	ID       string // of the opinion
	Text     string
	Language string
	Channel  string
	At       time.Time
}

// difference is that of two estimates with its 95 % interval.
func difference(a, aLow, aHigh, b, bLow, bHigh float64) (d, low, high float64) {
	d = a - b
	return d, d - math.Hypot(a-aLow, bHigh-b), d + math.Hypot(aHigh-a, b-bLow)
}

// number is NaN where there is none.
func number(f *float64) float64 {
	if f == nil {
		return math.NaN()
	}
	return *f
}

func moveOf(low, high float64) Move {
	switch {
	case low > 0:
		return Rose
	case high < 0:
		return Fell
	}
	return NotClear
}

// compared is how a score moved against the week before.
func compared(now, last feedback.Figures) Move {
	for _, f := range []*float64{now.Value, now.Low, now.High, last.Value, last.Low, last.High} {
		if f == nil {
			return NotClear
		}
	}
	_, low, high := difference(*now.Value, *now.Low, *now.High, *last.Value, *last.Low, *last.High)
	return moveOf(low, high)
}

// masked hides the personal data in a text.
func masked(text string) string { return language.Mask(text, language.Personals(text, nil)) }
