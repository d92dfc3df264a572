package detect

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Where thousands go wrong on every day, days that differ by chance are no alarm.
func TestDaysThatDifferAreUsual(t *testing.T) {
	alarms := 0
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		var s Share
		at := int64(1_767_225_600) * 1e6 / (24 * hour) * 24 * hour
		on := false
		for day := range 28 + 56 {
			p := 0.09 * math.Exp(0.12*r.NormFloat64())
			for range 24 * 4 {
				at += hour / 4
				const n = 190.0
				k := math.Round(n*p + math.Sqrt(n*p*(1-p))*r.NormFloat64())
				reading := s.Feed(UTC(at), max(k, 0), n)
				if day == 27 {
					s.Calm()
				}
				if over := reading.Evidence > 350; day > 27 && over != on {
					if on = over; on {
						alarms++
						s.Calm()
					}
				}
			}
		}
	}
	if alarms > 2 {
		t.Errorf("%d alarms in 64 weeks in which nothing was the matter", alarms)
	}
}

func TestPlainWidensTheBand(t *testing.T) {
	last := 0.0
	for _, n := range []float64{1, 30, 1000, 30_000, 1e6} { // attempts an hour, of which a tenth goes wrong
		b := Baseline{Hours: 500, Seen: 500 * n, Sum: 50 * n, Pace: [2]float64{n * 400, 400}}
		x := b.plain()
		if x < 1 || x > 2 || x < last {
			t.Errorf("%g attempts: %g times", n, x)
		}
		last = x
	}
	if last < 1.9 {
		t.Errorf("it ends at %g times", last)
	}
}
