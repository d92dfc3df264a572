package watch

import (
	"testing"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/detect"
)

// Where four times as many come, three times as many complaints are no trouble; ten times as many are.
func TestACrowdComplainsMore(t *testing.T) {
	s := newShop(1)
	up := func(name insight.Name, ratio float64) *signal {
		s.add(newCount(name))
		g := s.signals[counted+string(name)]
		g.now = detect.Reading{Direction: detect.Up, Ratio: ratio}
		return g
	}
	visits, upset := up(insight.Visits, 4.5), up(insight.Upset, 2.7)
	if s.crowded(upset) {
		t.Error("explained by a crowd that is not there")
	}
	visits.listed = true
	if !s.crowded(upset) || s.crowded(visits) {
		t.Error("not explained by the crowd, or the crowd by itself")
	}
	if upset.now.Ratio = 10; s.crowded(upset) {
		t.Error("explained by a crowd that is smaller")
	}
}
