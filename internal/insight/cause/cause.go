// Package cause finds which values of which dimensions carry a change.
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
}
