package incident

import (
	"cmp"
	"slices"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/locale"
)

// Measure is what number with a unit stands behind a sign's share; false where it
// is a share, or a count.
func (s *Sign) Measure() (insight.Measure, bool) {
	if s.Name != "" || slices.Contains(s.Of, ByStrangers) { // those are a share of all ratings
		return insight.Measure{}, false
	}
	return insight.MeasureOf(s.Outcome, s.of(insight.DimScore))
}

// of is the value of a dimension to which a sign is restricted, "" for none.
func (s *Sign) of(dim insight.Dim) string {
	for _, p := range s.Of {
		if p.Dim == string(dim) {
			return p.Value
		}
	}
	return ""
}

// Number writes what a badness stands for, with its unit apart: "4.2", "s".
func Number(t *locale.Locale, m insight.Measure, bad float64) (number, unit string) {
	v := m.Value(bad)
	switch {
	case m.Unit == insight.Millis && v >= 1000:
		return t.Decimal(v/1000, 1), t.T("common.unit_s", "N", 0)
	case m.Unit == insight.Millis:
		return t.Decimal(v, 0), t.T("common.unit_ms", "N", 0)
	case m.Unit == insight.NoUnit:
		return t.Decimal(v, 2), ""
	}
	return t.Decimal(v, 1), t.T("incident.of_scale", "N", t.Decimal(m.Top(), 0))
}

// NumberWords writes what a badness stands for: "4.2 s", "3.9 of 5".
func NumberWords(t *locale.Locale, m insight.Measure, bad float64) string {
	number, unit := Number(t, m, bad)
	if unit == "" {
		return number
	}
	return number + "\u00a0" + unit
}

// inUnit is a sign as programs read it: in the unit of its measure, where it has
// one, with more meaning a larger number.
func (s Sign) inUnit() (out Sign, unit string) {
	m, ok := s.Measure()
	switch {
	case s.Name == insight.Waiting:
		return s, "waiting"
	case s.counts():
		return s, "an hour"
	case !ok:
		return s, "share"
	}
	s.Expected, s.Observed, s.Low, s.High = m.Value(s.Expected), m.Value(s.Observed), m.Value(s.Low), m.Value(s.High)
	if m.Falls() {
		s.Low, s.High, s.Up = s.High, s.Low, !s.Up
	}
	s.Excess = (s.Observed - s.Expected) * s.N
	return s, cmp.Or(string(m.Unit), "number")
}

// counts reports whether a sign is of how many there are in an hour.
func (s *Sign) counts() bool { return s.Name != "" || s.Outcome == insight.OrderSentBack }
