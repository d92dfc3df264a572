package ui

import (
	"math"
	"strconv"
)

// ChartKind is how a chart draws its series.
type ChartKind string

// The kinds of chart.
const (
	Bars  ChartKind = "bars"  // side by side, from 0
	Stack ChartKind = "stack" // bars upon one another
	Wave  ChartKind = "wave"  // what is good above the line, what is bad below it
	Line  ChartKind = "line"
	Dots  ChartKind = "dots" // single values, each series in a shape of its own
)

// Tone is the colour of a series.
type Tone string

// The tones; Plain is for the only series of a chart, One to Six for categories in
// their order, the rest of which goes to "Other".
const (
	Plain   Tone = "ink"
	Good    Tone = "good"
	Neutral Tone = "neutral"
	Bad     Tone = "bad"
	One     Tone = "1"
	Two     Tone = "2"
	Three   Tone = "3"
	Four    Tone = "4"
	Five    Tone = "5"
	Six     Tone = "6"
)

// Chart is what a chart shows. Numbers are shares (0.179) where Unit is "%".
type Chart struct {
	ID     string // of the holder, so that a live part finds it again
	Kind   ChartKind
	Label  string   // what it shows, for who cannot see it
	Unit   string   // "", "%", or a currency's code
	Column string   // the table's first head: Time, Day
	Ticks  []string // below the axis, one for each point
	Names  []string // of the points, in full; nil: the ticks
	Series []Series
	Usual  *Band
	Marks  []Moment
	Links  []string // where a click on a point leads, nil for nowhere
	Min    *float64 // of the axis; nil: 0 for bars, what fits for lines
	Max    *float64
	Size   string // "", short, tall
	// Format writes a value in the table and beside the pointer.
	Format func(float64) string
}

// Series is one row of values, NaN where there is none.
type Series struct {
	Name      string
	Tone      Tone
	Values    []float64
	Low, High []float64 // the 95 % interval, nil for counts
	Last      string    // names the last point of a line: "31.2%"
}

// Band is the usual range, in grey.
type Band struct {
	Name      string
	Low, High []float64
}

// Moment is an event on a time axis: a dashed line with a label.
type Moment struct {
	At    int // index of the point
	Label string
	Bad   bool
}

// number is a value as JSON; what is no number is null.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', 8, 64), nil
}

func numbers(values []float64) []number {
	if values == nil {
		return nil
	}
	out := make([]number, len(values))
	for i, f := range values {
		out[i] = number(f)
	}
	return out
}

// drawing is the chart as the island reads it; texts it takes from the table.
type drawing struct {
	Kind   ChartKind `json:"kind"`
	Unit   string    `json:"unit,omitempty"`
	Ticks  []string  `json:"ticks"`
	Series []drawn   `json:"series"`
	Usual  *drawn    `json:"usual,omitempty"`
	Marks  []marked  `json:"marks,omitempty"`
	Links  []string  `json:"links,omitempty"`
	Min    *number   `json:"min,omitempty"`
	Max    *number   `json:"max,omitempty"`
}

type drawn struct {
	Name   string   `json:"name"`
	Tone   Tone     `json:"tone,omitempty"`
	Values []number `json:"values,omitempty"`
	Low    []number `json:"low,omitempty"`
	High   []number `json:"high,omitempty"`
	Last   string   `json:"last,omitempty"`
}

type marked struct {
	At    int    `json:"at"`
	Label string `json:"label"`
	Bad   bool   `json:"bad,omitempty"`
}

func (c Chart) drawing() drawing {
	d := drawing{Kind: c.Kind, Unit: c.Unit, Ticks: c.Ticks, Links: c.Links}
	for _, s := range c.Series {
		d.Series = append(d.Series, drawn{Name: s.Name, Tone: s.Tone, Values: numbers(s.Values), Low: numbers(s.Low), High: numbers(s.High), Last: s.Last})
	}
	if c.Usual != nil {
		d.Usual = &drawn{Name: c.Usual.Name, Low: numbers(c.Usual.Low), High: numbers(c.Usual.High)}
	}
	for _, m := range c.Marks {
		d.Marks = append(d.Marks, marked(m))
	}
	for _, edge := range []struct {
		from *float64
		to   **number
	}{{c.Min, &d.Min}, {c.Max, &d.Max}} {
		if edge.from != nil {
			n := number(*edge.from)
			*edge.to = &n
		}
	}
	return d
}

// name is a point's name in full.
func (c Chart) name(i int) string {
	if i < len(c.Names) {
		return c.Names[i]
	}
	return c.Ticks[i]
}

// cell is a value as text, with its interval where it has one.
func (c Chart) cell(v *Viewer, values []float64, i int) string {
	if i >= len(values) || math.IsNaN(values[i]) {
		return "–"
	}
	if c.Format != nil {
		return c.Format(values[i])
	}
	if c.Unit == "%" {
		return v.L.Percent(values[i], 1)
	}
	digits := 0
	if values[i] != math.Trunc(values[i]) {
		digits = 1
	}
	return v.L.Decimal(values[i], digits)
}

func (c Chart) between(v *Viewer, low, high []float64, i int) string {
	if i >= len(low) || i >= len(high) || math.IsNaN(low[i]) || math.IsNaN(high[i]) {
		return "–"
	}
	return v.T("common.range", "From", c.cell(v, low, i), "To", c.cell(v, high, i))
}
