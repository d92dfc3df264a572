package incident

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/locale"
)

// A sign of a mean is told as a number with its unit, with more meaning a larger one.
func TestSignsInTheirUnits(t *testing.T) {
	at := func(kind insight.OutcomeKind, value float64) float64 {
		m, _ := insight.MeasureOf(kind, "")
		return m.Bad(value)
	}
	l := locale.For(locale.English, time.UTC)
	for _, c := range []struct {
		sign     Sign
		unit     string
		observed float64
		up       bool
		says     string
	}{
		{Sign{Outcome: insight.PaintTook, Up: true, Observed: at(insight.PaintTook, 5400), Expected: at(insight.PaintTook, 870)}, "ms", 5400, true, "take 5.4\u00a0s to show, usually 870\u00a0ms"},
		{Sign{Outcome: insight.LayoutMove, Up: true, Observed: at(insight.LayoutMove, .3), Expected: at(insight.LayoutMove, .05)}, "number", .3, true, "move by 0.30 while they load, usually 0.05"},
		{Sign{Outcome: insight.RatingGiven, Up: true, Observed: .275, Expected: .1}, "points", 3.9, false, "3.9\u00a0of 5, usually 4.6\u00a0of 5"},
		{Sign{Outcome: insight.RatingGiven, Up: true, Observed: .4, Expected: .2, Of: []cause.Pair{{Dim: "score", Value: "nps"}}}, "points", 6, false, "6.0\u00a0of 10 (NPS), usually 8.0\u00a0of 10"},
		{Sign{Outcome: insight.RatingGiven, Up: true, Observed: .4, Expected: .2, Of: []cause.Pair{{Dim: "product", Value: "p"}, ByStrangers}}, "share", .4, true, "40%"},
		{Sign{Outcome: insight.CheckoutEnded, Up: true, Observed: .5, Expected: .1}, "share", .5, true, "50% of checkouts"},
		{Sign{Name: insight.Waiting, Up: true, Observed: 12, Expected: 1.5}, "waiting", 12, true, "12 chats wait for an answer at a time, usually 1.5"},
	} {
		got, unit := c.sign.inUnit()
		if unit != c.unit || math.Abs(got.Observed-c.observed) > 1e-6*c.observed || got.Up != c.up {
			t.Errorf("%s: %g %s, up %v", c.sign.Outcome, got.Observed, unit, got.Up)
		}
		in := &Insight{OpenedAt: time.UnixMicro(0), Finding: Finding{Kind: Score, Signs: []Sign{c.sign}}}
		if text := Sentence(l, in, time.UnixMicro(0)); !strings.Contains(text, c.says) {
			t.Errorf("%q does not say %q", text, c.says)
		}
	}
}
