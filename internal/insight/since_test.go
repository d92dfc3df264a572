package insight_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/insight"
)

// Since when a shop is known, and how often something was counted in each slot; of
// another shop nothing.
func TestSinceAndCountSeries(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		dbtest.Workspace(t, d, 2)
		s := &insight.Store{DB: d}
		if at, err := s.Since(t.Context(), 1); err != nil || !at.IsZero() {
			t.Errorf("a shop without events is known since %v (%v)", at, err)
		}
		apply(t, d, 0, ev("a", "Page", -2*24*60, ""), ev("b", "Page", 0, ""), ev("c", "Page", 0.5, ""))
		apply(t, d, 1, ev("e", "Page", 3, ""))
		at, err := s.Since(t.Context(), 1)
		if want := noon.AddDate(0, 0, -2); err != nil || !at.Equal(want) {
			t.Errorf("known since %v (%v), expected %v", at, err, want)
		}
		micros := func(minutes int) int64 { return noon.Add(time.Duration(minutes) * time.Minute).UnixMicro() }
		got, err := s.CountSeries(t.Context(), 1, insight.Visits, micros(-30), micros(10), insight.Minute)
		if diff := cmp.Diff([]insight.Slot{{At: micros(0), N: 2}, {At: micros(3), N: 1}}, got); err != nil || diff != "" {
			t.Errorf("by minute (%v):\n%s", err, diff)
		}
		got, err = s.CountSeries(t.Context(), 1, insight.Visits, micros(-30), micros(15), insight.Quarter)
		if diff := cmp.Diff([]insight.Slot{{At: micros(0), N: 3}}, got); err != nil || diff != "" {
			t.Errorf("by quarter (%v):\n%s", err, diff)
		}
		if got, err = s.CountSeries(t.Context(), 2, insight.Visits, 0, micros(15), insight.Quarter); err != nil || len(got) != 0 {
			t.Errorf("another shop has %v (%v)", got, err)
		}
	})
}
