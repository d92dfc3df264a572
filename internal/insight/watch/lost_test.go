package watch

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/detect"
)

// minutely are orders of which one came in each minute but between two times.
type minutely struct {
	Records
	stopped, again time.Time
}

func (m minutely) Series(_ context.Context, _ *db.Tx, _ int64, _ []insight.Name, from, to int64, grain insight.Grain) (map[insight.Name][]insight.Slot, error) {
	var out []insight.Slot
	for at := from; at < to; at += time.Minute.Microseconds() {
		if at >= m.stopped.UnixMicro() && at < m.again.UnixMicro() {
			continue
		}
		if k := grain.Slot(at); len(out) == 0 || out[len(out)-1].At != k {
			out = append(out, insight.Slot{At: k})
		}
		out[len(out)-1].N++
	}
	return map[insight.Name][]insight.Slot{insight.Orders: out}, nil
}

// What came on the day before orders stopped is told apart, hour by hour, from what came since; the day is that of the shop's zone.
func TestTheDayBeforeOrdersStopped(t *testing.T) {
	base := &detect.Baseline{Seen: 1000, Sum: 60_000} // 60 an hour
	for name, c := range map[string]struct {
		stopped time.Time
		before  float64 // orders of that day
		hours   int     // in so many hours of UTC
		lasts   time.Duration
	}{
		"UTC":            {time.Date(2026, 3, 9, 10, 20, 0, 0, time.UTC), 620, 11, 100 * time.Minute},
		"India":          {time.Date(2026, 3, 9, 10, 20, 0, 0, time.FixedZone("", 19_800)), 620, 11, 100 * time.Minute},
		"after midnight": {time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC), 0, 0, time.Hour},
		"for days":       {time.Date(2026, 3, 9, 10, 15, 0, 0, time.UTC), 615, 11, 50 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(1)
			s.zone = c.stopped.Location()
			again := c.stopped.Add(c.lasts)
			m, err := s.missing(t.Context(), nil, minutely{stopped: c.stopped, again: again}, base, c.stopped.UnixMicro(), again.Add(5*time.Minute).UnixMicro()-1)
			if err != nil {
				t.Fatal(err)
			}
			expected, seen := 0.0, 0.0
			for _, h := range m.Before {
				expected, seen = expected+h.Expected, seen+h.Seen
			}
			if len(m.Before) != c.hours || math.Abs(expected-c.before) > 0.1 || seen != c.before {
				t.Errorf("%.1f were expected before and %.0f came in %d hours, not %.0f", expected, seen, len(m.Before), c.before)
			}
			if want := c.lasts.Minutes() + 5; math.Abs(m.Expected.Mean-want) > 0.1 || m.Seen != 5 {
				t.Errorf("%.1f were expected since, not %.0f, and %.0f came", m.Expected.Mean, want, m.Seen)
			}
		})
	}
}
