package ui

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Interval is a figure with its 95 % interval on a scale, drawn as a dot on a
// range; the usual range, where it is known, is a grey box.
type Interval struct {
	Min, Max            float64 // the scale: 0 to 100, 1 to 5
	Value, Low, High    float64
	UsualLow, UsualHigh float64 // both 0: not known
	Bad                 bool    // madder
	Label               string  // for who cannot see it: "41, between 36 and 46"
}

// percent is where a value stands on the scale, as SVG writes it.
func (i Interval) percent(value float64) float64 {
	if !(i.Max > i.Min) {
		return 0
	}
	return 100 * min(max((value-i.Min)/(i.Max-i.Min), 0), 1)
}

// IntervalBar draws an interval.
func IntervalBar(i Interval) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		class := "interval"
		if i.Bad {
			class += " is-bad"
		}
		fmt.Fprintf(&b, `<svg class="%s" role="img" aria-label="%s"><rect class="track" x="0" y="7" width="100%%" height="2" rx="1"/>`, class, templ.EscapeString(i.Label))
		if i.UsualLow != 0 || i.UsualHigh != 0 {
			low, high := i.percent(i.UsualLow), i.percent(i.UsualHigh)
			fmt.Fprintf(&b, `<rect class="usual" x="%s%%" y="4" width="%s%%" height="8" rx="1.5"/>`, short(low), short(max(high-low, 2)))
		}
		low, high := i.percent(i.Low), i.percent(i.High)
		fmt.Fprintf(&b, `<rect class="range" x="%s%%" y="6" width="%s%%" height="4" rx="2"/>`, short(low), short(max(high-low, 0)))
		fmt.Fprintf(&b, `<circle class="dot" cx="%s%%" cy="8" r="3.5"/></svg>`, short(min(max(i.percent(i.Value), 1.5), 98.5)))
		_, err := io.WriteString(w, b.String())
		return err
	})
}

func short(f float64) string { return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) }

// Sparkline is a line without axes, of values in order of time; its last point is
// dotted. label says what it shows.
func Sparkline(values []float64, bad bool, label string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		if len(values) < 2 {
			return nil
		}
		low, high := values[0], values[0]
		for _, y := range values {
			low, high = min(low, y), max(high, y)
		}
		var d strings.Builder
		var x, y float64
		for i, value := range values {
			x, y = 2+196*float64(i)/float64(len(values)-1), 9
			if high > low {
				y = 15.5 - 13*(value-low)/(high-low)
			}
			fmt.Fprintf(&d, "%c%s %s", "ML"[min(i, 1)], short(x), short(y))
		}
		class := "sparkline"
		if bad {
			class += " is-bad"
		}
		_, err := fmt.Fprintf(w, `<svg class="%s" viewBox="0 0 200 18" preserveAspectRatio="none" role="img" aria-label="%s"><path d="%s"/><path class="dot" d="M%s %sh.01"/></svg>`,
			class, templ.EscapeString(label), d.String(), short(x), short(y))
		return err
	})
}

// SplitBar shows how opinions divide: bad, neutral, good, from left to right.
func SplitBar(bad, neutral, good int64, label string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		fmt.Fprintf(&b, `<svg class="splitbar" role="img" aria-label="%s"><rect class="track" width="100%%" height="8"/>`, templ.EscapeString(label))
		total := float64(bad + neutral + good)
		from := 0.0
		for _, part := range []struct {
			class string
			n     int64
		}{{"bad", bad}, {"neutral", neutral}, {"good", good}} {
			if part.n <= 0 {
				continue
			}
			width := 100 * float64(part.n) / total
			gap := 1.2 // of the sheet's colour, before the next part
			if from+width > 99.9 {
				gap = 0
			}
			fmt.Fprintf(&b, `<rect class="%s" x="%s%%" width="%s%%" height="8"/>`, part.class, short(from), short(max(width-gap, 0.6)))
			if gap > 0 {
				fmt.Fprintf(&b, `<rect class="gap" x="%s%%" width="%s%%" height="8"/>`, short(from+width-gap), short(gap))
			}
			from += width
		}
		b.WriteString(`</svg>`)
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// Bar is a share (0 to 1) as a bar; mood colours it, MoodNone is ink.
func Bar(share float64, m Mood, label string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		class := "fill"
		if m == MoodGood || m == MoodBad {
			class = "fill-" + m.name()
		}
		_, err := fmt.Fprintf(w, `<svg class="bar" role="img" aria-label="%s"><rect class="track" width="100%%" height="8" rx="4"/><rect class="%s" width="%s%%" height="8" rx="4"/></svg>`,
			templ.EscapeString(label), class, short(100*min(max(share, 0), 1)))
		return err
	})
}
