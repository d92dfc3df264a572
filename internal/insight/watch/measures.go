package watch

import (
	"slices"

	"github.com/dhvani/dhvani/internal/insight"
)

// Ratings and Web Vitals are watched as means. Each is a height from 0 to 1 on an
// insight.Measure (of a vital, on a scale of logarithms), and a detect.Share bets on the mean of
// such heights: that a mean falls from 4.6 to 3.9 stars it sees though hardly anybody
// gives one star. A detect.Level would know nothing of who said what, and takes
// what stays bad for the usual within some dozen rows (docs/insight.md).

// pageDims are where causes of what happens to pages are looked for.
var pageDims = []insight.Dim{insight.DimDevice, insight.DimSystem, insight.DimBrowser, insight.DimRelease, insight.DimCountry}

// isVital reports whether outcomes of a kind are how fast pages were.
func isVital(kind insight.OutcomeKind) bool {
	_, ok := insight.MeasureOf(kind, "")
	return ok && kind != insight.RatingGiven
}

// covers reports whether nearly all ratings are of kinds that are watched by
// themselves: then their whole is not. It would move when more of one kind come
// than usual, since people do not use the scales alike.
func covers(kinds []insight.ValueCount, all int64) bool {
	n := int64(0)
	for _, v := range kinds {
		if v.N >= leastSeen && v.Value != "*" {
			n += v.N
		}
	}
	return 10*n >= 9*all
}

// slowest is the part of the pages before that were slower than what is taken as slow in the search
// for causes. So they are looked for among shares, which are robust, and customers hit
// are those whose page was slower than usual ones.
const slowest = 0.1

// slow is how bad a vital is that few pages before had.
func slow(was []insight.Outcome) float64 {
	if len(was) == 0 {
		return 0.5
	}
	bad := make([]float64, len(was))
	for i := range was {
		bad[i] = was[i].Bad
	}
	slices.Sort(bad)
	return bad[int(float64(len(bad)-1)*(1-slowest))]
}
