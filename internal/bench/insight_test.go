package bench

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInsightIsTheSameForASeed(t *testing.T) {
	b := Insight{Seed: 3, Shops: []int{200}, Weeks: 8, Runs: 1, Jobs: 2, Parts: []string{"noticing"}}
	first, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.Jobs = 1
	second, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first.Troubles, second.Troubles); d != "" {
		t.Error(d)
	}
	if len(first.Quiet) != 1 || first.Quiet[0].Weeks != 8 || first.Quiet[0].Told > 4 {
		t.Errorf("%+v", first.Quiet)
	}
}

// The right cause is named, and the same seed names the same.
func TestCausesAreFound(t *testing.T) {
	for i, k := range causeCases {
		right, n := 0, 6
		for j := range n {
			got := k.run(Insight{Seed: 3}.rand(i, j))
			if again := k.run(Insight{Seed: 3}.rand(i, j)); got != again {
				t.Errorf("%s: %+v, then %+v", k.name, got, again)
			}
			right += count01(got.first)
			if k.extra < 10 && got.sure {
				t.Errorf("%s: sure after %.0f failures", k.name, k.extra)
			}
		}
		if k.extra >= 100 && right < n-1 {
			t.Errorf("%s, %.0f failures: %d of %d right", k.name, k.extra, right, n)
		}
	}
}

// The interval of what a trouble cost holds the truth, mostly, and a seed always gives the same.
func TestImpactCovers(t *testing.T) {
	b := Insight{Seed: 3, Shops: []int{200}, Runs: 6, Jobs: 2, Parts: []string{"impact"}}
	first, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.Jobs = 1
	second, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first, second); d != "" {
		t.Error(d)
	}
	all := first.Impact[len(first.Impact)-1]
	if all.Noticed.N < 20 || all.Noticed.Covers < 0.7 || all.Close.Covers < 0.7 || all.Close.Width > 3 {
		t.Errorf("%+v", all)
	}
}

func TestInsightStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := (Insight{Shops: []int{20}, Weeks: 400, Runs: 1, Jobs: 1}).Run(ctx); err == nil {
		t.Error("it did not stop")
	}
}

// A CUSUM with the limit that is simulated alarms as rarely as asked.
func TestLimitFor(t *testing.T) {
	const p0, p1, trials = 0.05, 0.15, 20_000.0
	h := limitFor(p0, p1, trials)
	r := rand.New(rand.NewPCG(5, 5))
	alarms, s, n := 0, 0.0, 0
	for ; alarms < 100; n++ {
		if r.Float64() < p0 {
			s = max(s, 0) + math.Log(p1/p0)
		} else {
			s = max(s, 0) + math.Log((1-p1)/(1-p0))
		}
		if s >= h {
			alarms++
			s = 0
		}
	}
	if got := float64(n) / 100; got < trials/2 || got > 2*trials {
		t.Errorf("limit %.2f alarms once in %.0f trials, not in %.0f", h, got, trials)
	}
}

func TestPoissonUpper(t *testing.T) {
	for n, want := range map[int]float64{0: 2.996, 1: 4.744, 10: 16.962, 50: 63.287} {
		if got := poissonUpper(n); math.Abs(got-want) > 0.002 {
			t.Errorf("%d: %.3f, not %.3f", n, got, want)
		}
	}
}

// Weeks with troubles are the same for a seed, and most of what is told in them is true.
func TestTroubledWeeks(t *testing.T) {
	b := Insight{Seed: 4, Shops: []int{2000}, Weeks: 16, Jobs: 2, Parts: []string{"troubled"}}
	first, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.Jobs = 1
	second, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first, second); d != "" {
		t.Error(d)
	}
	if r := first.Troubled[0]; r.Weeks != 16 || r.Troubles != 16 || r.Noticed < 10 || r.Told < r.Noticed || r.Share > 0.4 || r.Low > r.Share || r.High < r.Share {
		t.Errorf("%+v", r)
	}
}
