package table

import (
	"encoding/csv"
	"strings"
)

// Flaw is why a unit of a table is not taken. Code is for translation.
type Flaw struct {
	Code   string
	Column string // the name of the column at fault, where there is one
}

var sentences = map[string]string{
	"broken":      "the row cannot be read: is a quotation mark missing?",
	"no_order":    "the order has no number",
	"no_time":     "the time is missing; a row that belongs to an order must follow it",
	"bad_time":    "the time cannot be read",
	"bad_amount":  "the amount cannot be read",
	"no_customer": "no customer id, e-mail address or phone number",
	"unplaced":    "the order was never placed",
	"too_long":    "the order has more than 1000 rows",
	"no_opinion":  "neither a rating nor a text",
	"bad_rating":  "the rating is not a number from 1 to 5",
}

func (f Flaw) Error() string {
	if f.Column == "" {
		return sentences[f.Code]
	}
	return f.Column + ": " + sentences[f.Code]
}

// ReasonColumn is the last column of a table of rejects.
const ReasonColumn = "dhvani_reason"

// AppendRow writes cells as a line of CSV that no spreadsheet takes for formulas.
func AppendRow(b []byte, cells ...string) []byte {
	safe := make([]string, len(cells))
	for i, c := range cells {
		safe[i] = Safe(c)
	}
	var s strings.Builder
	w := csv.NewWriter(&s)
	_ = w.Write(safe) // a strings.Builder takes all
	w.Flush()
	return append(b, s.String()...)
}

// Safe returns a cell with an apostrophe before what a spreadsheet would run as
// a formula. Reading takes it away again.
func Safe(cell string) string {
	if cell != "" && strings.IndexByte("=+-@\t\r", cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}
