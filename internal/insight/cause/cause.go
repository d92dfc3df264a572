// Package cause finds which values of which dimensions carry a change.
//
// What is looked for is a set of cases that have up to three values in common (payments by UPI, on Android 14) and that
// changed together while all others did not. From the literature come: that a set must both be surprising and explain much
// of the change (Adtributor; Bhagwan and others, NSDI 2014), that all combinations of values compete by how well "this set
// changed, the rest did not" fits all cases (HotSpot; Sun and others, IEEE Access 2018), and that the search widens from one
// dimension to three around what looks best (Squeeze; Li and others, ISSRE 2019). The measure of the fit is not theirs but the
// likelihood of a scan statistic (Kulldorff, Communications in Statistics 1997), with a prior that makes each further
// dimension and each value among many cost what it costs to name it. So the search ends with a probability for every set,
// and a small group cannot win by chance. See [Find].
//
// It is pure: no clock, no database, no randomness.
package cause

// Table is what ended how, by the values of its dimensions.
type Table struct {
	Dims   []string
	Groups []Group
}

// Group is what has the same values ("" where unknown) in all dimensions: since
// the change, and before it.
type Group struct {
	Values       []string
	N, Bad       float64
	WasN, WasBad float64
}

// Pair is a value of a dimension.
type Pair struct {
	Dim   string `json:"dim"`
	Value string `json:"value"`
}

// Cause is a set of values that carries a change.
type Cause struct {
	Pairs    []Pair   `json:"pairs"`         // at most three, sorted by Dim; none: everybody
	Same     [][]Pair `json:"same,omitzero"` // sets that hold nearly the same cases
	N        float64  `json:"n"`
	Bad      float64  `json:"bad"`
	WasN     float64  `json:"was_n"`
	WasBad   float64  `json:"was_bad"`
	Rate     float64  `json:"rate"`     // bad among its cases now
	Was      float64  `json:"was"`      // before
	Others   float64  `json:"others"`   // among all other cases now
	Explains float64  `json:"explains"` // its share of all that is beyond the usual, 0 to 1
	Sure     float64  `json:"sure"`     // 0 to 1: that this set is it

	// Instead says that this is no further cause: it may be the one in the place of one before it.
	Instead bool `json:"instead,omitzero"`
}
