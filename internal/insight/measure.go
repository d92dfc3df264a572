package insight

import (
	"math"

	"github.com/dhvani/dhvani/internal/feedback"
)

// Unit is what a Measure is told in.
type Unit string

// The units.
const (
	NoUnit Unit = ""   // a plain number
	Millis Unit = "ms" // below a second; people read seconds beyond
	Points Unit = "points"
)

// Measure says which number with a unit the badness of outcomes stands for, where it
// is no share: the mean badness of some outcomes is their mean rating, or how long
// a page took typically (a mean of logarithms, which a few very slow
// ones do not rule).
type Measure struct {
	Unit Unit
	Best float64 // the number of what is not bad at all
	Log  bool    // a change by a factor is the same at each height
	far  float64 // the number of what is altogether bad
}

// vitals are the Web Vitals that are watched. Beyond its ends a value counts as the end:
// a faster page is no better, and one tab that slept for an hour is no hour of waiting. The
// ends are as narrow as nearly all pages allow, since a change is the plainer the more of its range it takes
// (web.dev/articles/vitals calls 2.5 s, 200 ms, 0.1 and 0.8 s good, and 4 s, 500 ms, 0.25 and 1.8 s poor).
var vitals = map[OutcomeKind]Measure{
	PaintTook:  {Millis, 500, true, 16_000},
	InputTook:  {Millis, 25, true, 1_600},
	LayoutMove: {NoUnit, 0.01, true, 0.64},
	ServerTook: {Millis, 100, true, 6_400},
}

// ratings are the scales that scores are told on, as feedback has them.
var ratings = map[string]Measure{
	feedback.NPS: {Points, 10, false, 0}, feedback.CSAT: {Points, 5, false, 1}, feedback.CES: {Points, 7, false, 1}, feedback.Rating: {Points, 5, false, 1},
}

// MeasureOf is the measure of outcomes of a kind, of one score where they are ratings
// ("" is all of them); false where their badness is a share.
func MeasureOf(kind OutcomeKind, score string) (Measure, bool) {
	if kind == RatingGiven {
		if m, ok := ratings[score]; ok {
			return m, true
		}
		return ratings[feedback.Rating], true
	}
	m, ok := vitals[kind]
	return m, ok
}

// Value is the number that a badness stands for.
func (m Measure) Value(bad float64) float64 {
	bad = min(max(bad, 0), 1)
	if m.Log {
		return m.Best * math.Pow(m.far/m.Best, bad)
	}
	return m.Best + (m.far-m.Best)*bad
}

// Bad is how badly a number is, from 0 to 1.
func (m Measure) Bad(value float64) float64 {
	if m.Log {
		return min(max(math.Log(max(value, 1e-9)/m.Best)/math.Log(m.far/m.Best), 0), 1)
	}
	return min(max((value-m.Best)/(m.far-m.Best), 0), 1)
}

// Top is the highest number.
func (m Measure) Top() float64 { return max(m.Best, m.far) }

// Falls reports whether the number is the less the worse it is.
func (m Measure) Falls() bool { return m.far < m.Best }
