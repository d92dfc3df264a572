package feedback

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/language"
)

func TestNPSVectors(t *testing.T) {
	for _, c := range []struct {
		promoters, passives, detractors int64
		want                            string
	}{
		{50, 30, 20, "30.00 [14.69, 45.31]"},
		{120, 60, 70, "20.00 [9.48, 30.52]"},
		{3, 0, 0, "100.00 [-6.58, 100.00]"},
		{0, 1, 0, "0.00 [-60.01, 60.01]"},
	} {
		i := npsInterval(c.promoters, c.detractors, c.promoters+c.passives+c.detractors)
		if got := fmt.Sprintf("%.2f [%.2f, %.2f]", i.value, i.low, i.high); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// Published points of Student's distribution.
func TestStudent(t *testing.T) {
	for degrees, want := range map[float64]float64{1: 12.706, 2: 4.303, 5: 2.571, 10: 2.228, 29: 2.04523, 100: 1.98397, 1000: 1.96234} {
		if got := student(degrees); math.Abs(got-want) > 0.001 {
			t.Errorf("%v: %v, want %v", degrees, got, want)
		}
	}
}

func TestIntervalsHoldTheirValue(t *testing.T) {
	holds := func(t *rapid.T, i interval, lowest, highest float64) {
		if !(lowest <= i.low && i.low <= i.value && i.value <= i.high && i.high <= highest) {
			t.Fatalf("%+v, of a scale from %v to %v", i, lowest, highest)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1e6).Draw(t, "n")
		p := rapid.Int64Range(0, n).Draw(t, "promoters")
		d := rapid.Int64Range(0, n-p).Draw(t, "detractors")
		holds(t, npsInterval(p, d, n), -100, 100)
		holds(t, wilson(float64(p)/float64(n), n), 0, 1)

		ratings := rapid.SliceOfN(rapid.Float64Range(1, 5), 1, 60).Draw(t, "ratings")
		sum, squares := 0.0, 0.0
		for _, r := range ratings {
			sum, squares = sum+r, squares+r*r
		}
		i, ok := meanInterval(int64(len(ratings)), sum, squares, 1, 5)
		if !ok {
			t.Fatal("a known scale bounds every mean")
		}
		i.value = min(max(i.value, 1), 5) // the sum of floats may miss by one part in 1e15
		i.low, i.high = min(i.low, i.value), max(i.high, i.value)
		holds(t, i, 1, 5)
	})
}

// Simulated: the interval holds the true score about 95 times of 100.
func TestCoverage(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const rounds = 4000
	check := func(name string, n int64, high float64, hit int) {
		t.Helper()
		least := 0.93
		if n < 30 && high > 0.9 {
			least = 0.88 // Wilson's dips near the ends (Brown, Cai, DasGupta, Statistical Science 16(2), 2001)
		}
		if share := float64(hit) / rounds; share < least {
			t.Errorf("%s of %d, %v high: only %.3f", name, n, high, share)
		}
	}
	for _, n := range []int64{5, 12, 29, 30, 100, 400} {
		for _, share := range [][2]float64{{0.5, 0.2}, {0.2, 0.5}, {0.8, 0.1}, {0.33, 0.33}, {0.95, 0.02}} {
			nps, top, mean := 0, 0, 0
			truth := 100 * (share[0] - share[1])
			meanTruth := 5*share[0] + 1*share[1] + 3*(1-share[0]-share[1])
			for range rounds {
				var p, d int64
				for range n {
					switch u := r.Float64(); {
					case u < share[0]:
						p++
					case u < share[0]+share[1]:
						d++
					}
				}
				if i := npsInterval(p, d, n); i.low <= truth && truth <= i.high {
					nps++
				}
				if i := wilson(float64(p)/float64(n), n); i.low <= share[0] && share[0] <= i.high {
					top++
				}
				sum, squares := float64(5*p+d+3*(n-p-d)), float64(25*p+d+9*(n-p-d))
				if i, _ := meanInterval(n, sum, squares, 1, 5); i.low <= meanTruth && meanTruth <= i.high {
					mean++
				}
			}
			check("nps", n, share[0], nps)
			check("top box", n, share[0], top)
			check("mean", n, share[0], mean)
		}
	}
}

func TestShareByModel(t *testing.T) {
	plain, _ := ShareOf(30, 100)
	for _, c := range []struct {
		byModel   int64
		low, high float64
	}{
		{0, plain.Low, plain.High},
		{100, .3 - math.Hypot(.3-plain.Low, 1.959964*language.ShareError), .3 + math.Hypot(plain.High-.3, 1.959964*language.ShareError)},
		{50, .3 - math.Hypot(.3-plain.Low, 1.959964*language.ShareError/2), .3 + math.Hypot(plain.High-.3, 1.959964*language.ShareError/2)},
	} {
		s, ok := ShareByModel(30, 100, c.byModel)
		if !ok || s.Value != .3 || math.Abs(s.Low-c.low) > 1e-12 || math.Abs(s.High-c.high) > 1e-12 {
			t.Errorf("%d by the model: %+v, want %v to %v", c.byModel, s, c.low, c.high)
		}
	}
	// The model's error does not go away with n, and no limit is beyond what can be.
	s, _ := ShareByModel(500_000, 1_000_000, 1_000_000)
	if d := s.High - s.Value - 1.959964*language.ShareError; math.Abs(d) > .001 {
		t.Errorf("of a million: %+v", s)
	}
	if s, _ = ShareByModel(0, 10, 10); s.Low != 0 || s.High <= .27 {
		t.Errorf("none of ten: %+v", s)
	}
	if _, ok := ShareByModel(0, 0, 0); ok {
		t.Error("a share of nothing")
	}
}
