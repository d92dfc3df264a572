package detect

import (
	"math"
	"slices"
)

// Budget shares the false alarms that a workspace may have in four weeks over all its signals, by e-BH (Wang and Ramdas, "False discovery rate
// control with e-values", Journal of the Royal Statistical Society B, 2022), which holds however signals depend on each other: of K signals the k with the most evidence
// are alarms where each has at least K/(alpha k). Several signals that go wrong together so help each other.
type Budget struct {
	Signals int     // K: those that are watched
	Told    float64 // alpha of what people are told: in four weeks, and of what they are told
	Listed  float64 // the same of what stands in the console only
}

// DefaultBudget tells falsely at most once in four weeks by its bound, and lists once a week.
func DefaultBudget(signals int) Budget { return Budget{Signals: signals, Told: 1, Listed: 4} }

// Limits is the evidence at which one signal alone is told and listed.
func (b Budget) Limits() (told, listed float64) {
	k := float64(max(b.Signals, 1))
	return k / b.Told, k / b.Listed
}

// Verdict is what is done with an alarm.
type Verdict int8

// What is told is listed as well.
const (
	Nothing Verdict = iota
	List
	Tell
)

// Decide says of the evidence of each signal what to do.
func (b Budget) Decide(evidence []float64) []Verdict {
	out := make([]Verdict, len(evidence))
	k := float64(max(b.Signals, len(evidence)))
	for _, l := range []struct {
		alpha   float64
		verdict Verdict
	}{{b.Listed, List}, {b.Told, Tell}} {
		limit := threshold(evidence, k, l.alpha)
		for i, e := range evidence {
			if e >= limit {
				out[i] = l.verdict
			}
		}
	}
	return out
}

func threshold(evidence []float64, k, alpha float64) float64 {
	sorted := slices.Clone(evidence)
	slices.SortFunc(sorted, func(a, b float64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	limit := math.Inf(1)
	for i, e := range sorted {
		if l := k / (alpha * float64(i+1)); e >= l {
			limit = l
		}
	}
	return limit
}
