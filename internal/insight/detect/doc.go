// Package detect notices that a series is no longer as it usually is.
//
// It is pure: no clock, no database, no randomness. Each detector is a small struct of numbers that is fed in the order of
// time, event by event or in buckets, looks after every feed, and can be stored as bytes (State). There are four:
//
//   - [Count]: how many events came (orders, visits, failures). Up, down, and silence, which is the limit of down.
//   - [Share]: how many of n went wrong, or the mean of values from 0 to 1 (ratings, sentiment).
//   - [Term]: how many of n opinions hold something that hardly any does, such as a phrase; one of very many that are looked for.
//   - [Level]: any number without bounds (latency, money, a foreign series), of which nothing is known beforehand.
//
// Count and Share compare with a [Baseline]: what is usual at this hour of the week, how surely that is known, and how the day was so far. What they
// gather is an e-detector (Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change
// detection", New England Journal of Statistics in Data Science, 2023): the sum, over all moments at which a change may have begun, of the likelihood ratio since then, which is Shiryaev's and Roberts'
// statistic. While all is usual its mean grows by no more than the weight that is given to the beginnings. These weights add
// up to one in four weeks of usual traffic, so the expected number of times that it passes c in four weeks is at most 1/c, however often one looks
// (Ville's inequality). Nothing is calibrated by hand; that holds as far as days and hours differ as they have differed.
//
// [Budget] shares the false alarms that a workspace may have over all its signals.
package detect

import "math"

// Period is the time in hours for which false alarms are counted: four weeks.
const Period = 28 * 24

// Micros of an hour.
const hour = int64(3600) * 1e6

// Moment is when something is fed: the time in microseconds UTC, and what the shop's calendar says of it.
type Moment struct {
	At      int64
	Hour    int  // of the week in the shop's own time: 0 is Monday from 00:00, 167 Sunday from 23:00
	Holiday bool // a day that is not as its weekday is
}

// UTC is the moment in a shop whose clock is UTC and which has no holidays.
func UTC(at int64) Moment {
	h := floorDiv(at, hour) + 72 // 1 January 1970 was a Thursday
	return Moment{At: at, Hour: int(((h % 168) + 168) % 168)}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Direction is where a series went.
type Direction int8

// Up is more than usual, Down less.
const (
	Down Direction = iota - 1
	Unchanged
	Up
)

// Reading is what a detector says after a feed.
type Reading struct {
	Phase     Phase
	Began     bool      // this feed began the alarm; one that Raise began is not told so
	Direction Direction // of the alarm, or of what comes nearest to one
	Evidence  float64   // an e-value: 1/Evidence bounds how often four usual weeks come this far
	Expected  float64   // the usual rate: events an hour, or the usual share or level
	Low, High float64   // the band in which the rate is usual
	Since     int64     // when the change began, by what is known now; microseconds UTC
	Ended     int64     // of an alarm, since when all is as usual again, where that is likelier than not; 0: it lasts
	Ratio     float64   // how many times the usual, as far as the evidence says; for a share, of its odds
	Excess    float64   // of events or failures beyond the usual since then, in an alarm
}

// Score is the evidence against its limit as a number from 0 to 1: one half at the limit.
func (r Reading) Score(limit float64) float64 {
	if !(r.Evidence > 0) {
		return 0
	}
	return 1 / (1 + math.Sqrt(limit/r.Evidence))
}
