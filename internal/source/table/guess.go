package table

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Guess is what a look at the beginning of a table tells about it.
type Guess struct {
	Header  []string
	Rows    [][]string // the first ones
	Preset  *Preset
	Known   bool // by its signs
	Mapping Mapping
	Comma   bool
	// DayFirst is true where a date shows it. Unsure says that dates may be read
	// either way.
	DayFirst, Unsure bool
}

// lookAt is how many rows are looked at.
const lookAt = 200

// Look guesses what a table holds: one of the presets that is known by its
// signs, else the generic one that knows most of its columns.
func Look(r io.Reader, presets []*Preset) (Guess, error) {
	rows, err := NewReader(r)
	if err != nil {
		return Guess{}, err
	}
	var g Guess
	for range lookAt {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Guess{}, err
		}
		if g.Header == nil {
			g.Header = row.Cells
			continue
		}
		g.Rows = append(g.Rows, row.Cells)
	}
	if g.Header == nil {
		return Guess{}, io.EOF
	}
	g.Preset = Recognise(presets, g.Header)
	if g.Known = g.Preset != nil; !g.Known {
		g.Preset = likely(g.Header)
	}
	g.Use(g.Preset)
	return g, nil
}

// Use guesses anew with a preset that somebody chose.
func (g *Guess) Use(p *Preset) {
	g.Preset, g.Mapping = p, p.Propose(g.Header)
	g.Comma, g.DayFirst, g.Unsure = false, false, false
	for _, cells := range g.Rows {
		for i, cell := range cells {
			if i >= len(g.Mapping) {
				break
			}
			switch f := g.Mapping[i]; {
			case slices.Contains(moneyFields, f):
				g.Comma = g.Comma || decimalComma.MatchString(clean(cell))
			case slices.Contains(timeFields, f):
				g.date(clean(cell))
			}
		}
	}
	if g.DayFirst {
		g.Unsure = false
	}
}

func (g *Guess) date(cell string) {
	m := numeric.FindStringSubmatch(strings.Join(strings.Fields(cell), " "))
	if m == nil || len(m[1]) == 4 {
		return
	}
	a, _ := strconv.Atoi(m[1])
	b, _ := strconv.Atoi(m[2])
	g.DayFirst = g.DayFirst || a > 12
	g.Unsure = g.Unsure || a <= 12 && b <= 12
}

var moneyFields = []Field{Total, Subtotal, Shipping, Tax, Discount, Refunded, ItemPrice, ItemTotal}

var timeFields = []Field{PlacedAt, PaidAt, ShippedAt, DeliveredAt, CancelledAt, RefundedAt, CreatedAt, ReviewedAt}

// likely returns the generic preset that knows most columns and lacks nothing.
func likely(header []string) *Preset {
	best, most := Generic[0], -1
	for _, p := range Generic {
		m := p.Propose(header)
		n := 0
		for _, f := range m {
			if f != None {
				n += 2
			}
		}
		n -= 3 * len(m.Missing(p.Kind))
		if slices.Contains(m, Rating) {
			n += 4 // an order has none
		}
		if n > most {
			best, most = p, n
		}
	}
	return best
}
