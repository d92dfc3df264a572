package detect

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// Whatever the urn holds, what is drawn from it makes no change likelier on average: the mean of each factor is 1, or a little less.
func TestAnUrnIsFair(t *testing.T) {
	var going bank
	for i := range going.W {
		going.W[i] = 2
	}
	rapid.Check(t, func(t *rapid.T) {
		l := local{Mean: rapid.Float64Range(0.3, 3).Draw(t, "mean"), Var: rapid.Float64Range(1e-4, 0.3).Draw(t, "var"), Fast: rapid.Float64Range(1e-4, 0.2).Draw(t, "fast"), Slack: rapid.Float64Range(1, 1.3).Draw(t, "slack")}
		e := rapid.Float64Range(0.01, 20).Draw(t, "expected")
		l.fill()
		var mean [len(ratios)]float64
		for n := range 1500 {
			k, at := float64(n), l
			// The negative binomial's: of n events where e are usual.
			some, _ := math.Lgamma(l.A + k)
			all, _ := math.Lgamma(l.A)
			fact, _ := math.Lgamma(k + 1)
			b := l.B[1]
			p := math.Exp(some - all - fact + l.A*math.Log(b/(b+e)) + k*math.Log(e/(b+e)))
			f, _ := at.drawn(&going, k, e)
			for i, x := range f {
				mean[i] += p * math.Exp(x)
			}
		}
		for i, m := range mean[:4] { // larger ones need numbers beyond those
			if m > 1+1e-5 || m < 0.99 { // less where what lies on the other side counts for nothing
				t.Fatalf("a count's factor for %g times has the mean %g", ratios[i], m)
			}
		}

		l.fillShare(rapid.Float64Range(1e-4, 0.95).Draw(t, "share"))
		hit, miss, half := l, l, l
		one, none, both := hit.drawnShare(&going, 1, 1), miss.drawnShare(&going, 0, 1), half.drawnShare(&going, 0.5, 1)
		for i := range one {
			p := l.A / (l.A + l.B[side(i)])
			if math.Abs(p*one[i]+(1-p)*none[i]-1) > 1e-9 || math.Abs(both[i]-(one[i]+none[i])/2) > 1e-9*both[i] {
				t.Fatalf("a share's factors for %g times: %g, %g, and %g of one half", ratios[i], one[i], none[i], both[i])
			}
		}
	})
}

func TestRise(t *testing.T) {
	for _, x := range []float64{1, 3.5, 8, 9, 30, 1e3, 1e6} {
		for _, n := range []float64{0, 0.5, 1, 7, 100, 1e4} {
			a, _ := math.Lgamma(x)
			b, _ := math.Lgamma(x + n)
			if got := rise(x, n); math.Abs(got-(b-a)) > 1e-6*max(1, math.Abs(b-a)) {
				t.Errorf("of %g and %g: %g, not %g", x, n, got, b-a)
			}
		}
	}
}

// A morning on which less goes wrong than usual says that the afternoon will be so too: three times as much is then noticed, though it is little against what
// the worst days have.
func TestTheMorningTells(t *testing.T) {
	const n = 60 // attempts in five minutes
	late := 0
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 4))
		s := &Share{Limit: 350}
		at, p := start, 0.0
		feed := func(p float64) Reading {
			at += hour / 12
			k := draw(r, n*p)
			return s.Feed(UTC(at-1), min(k, n), n)
		}
		for range 28 {
			p = 0.04 * math.Exp(0.15*r.NormFloat64())
			for range 24 * 12 {
				feed(p)
			}
		}
		s.Calm()
		for range 15 * 12 {
			feed(0.03)
		}
		for i := 0; feed(0.09).Phase != Alarm; i++ {
			if i == 19 {
				late++
				break
			}
		}
	}
	if late > 6 {
		t.Errorf("in %d of 20 shops it took more than a hundred minutes", late)
	}
}

// Where much comes and what is usual is known well, a change is known little: it must not look likely on the other side of what is usual.
func TestAFallIsNoRise(t *testing.T) {
	for factor, want := range map[float64]Direction{0.01: Down, 0.11: Down, 0.4: Down, 2.5: Up} {
		c, at := taught(rand.New(rand.NewPCG(8, 1)), 350_000)
		feed := func(minutes int, factor float64) (g Reading) {
			for range minutes {
				at += hour / 60
				g = c.Feed(UTC(at-1), math.Round(factor*350_000/1440*season(UTC(at-1).Hour)))
			}
			return g
		}
		feed(14*60+44, 1)
		g := feed(1, factor)
		if !g.Began || g.Direction != want || math.Abs(math.Log(g.Ratio/factor)) > math.Log(4) && factor > 0.1 {
			t.Errorf("%g times as many: %+v", factor, g)
		}
		if g = feed(10, factor); g.Phase == Recovered || g.Phase == Quiet || g.Direction != want {
			t.Errorf("%g times as many for ten minutes: %+v", factor, g)
		}
	}
}

// A shop that nearly stopped, for longer than a trouble lasts, and goes on as before: what is usual is what comes, not a shape of the day made of it.
func TestALevelThatMovedIsNoShape(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	c := &Count{Limit: 50}
	at := start
	days := func(n int, daily float64) {
		for range n * 96 {
			at += hour / 4
			c.Feed(UTC(at-1), draw(r, daily/96*season(UTC(at-1).Hour)))
		}
	}
	days(14, 5)
	days(60, 0)
	days(60, 20)
	sum := 0.0
	for h := range int64(24) {
		sum += c.Base.Rate(UTC(at + h*hour))
	}
	if sum < 12 || sum > 30 {
		t.Errorf("%.1f are usual in a day, where 20 come", sum)
	}
}

// Where hardly any come but at a weekly sale, the sale is usual at its hours after eight weeks, and chance makes no other hour look like one.
func TestASaleAmongFewIsUsual(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 2))
	c := &Count{} // history alarms nobody
	at := start
	sale := func(h int) bool { return h >= 50 && h < 54 }
	for range 56 * 24 {
		rate := 0.7
		if sale(UTC(at).Hour) {
			rate = 27
		}
		at += hour
		c.Feed(UTC(at-1), draw(r, rate))
	}
	for h := range int64(168) {
		m := UTC(at + h*hour)
		if rate := c.Base.Rate(m); sale(m.Hour) && (rate < 18 || rate > 36) || !sale(m.Hour) && rate > 4 {
			t.Errorf("%.1f are usual in hour %d", rate, m.Hour)
		}
	}
}

// A trouble that begins and ends within an hour says nothing of how the day is.
func TestATroubleSaysNothingOfTheDay(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 3))
	c, at := taught(r, 60_000)
	feed := func(minutes int, factor float64) (alarms int) {
		for range minutes {
			at += hour / 60
			if g := c.Feed(UTC(at-1), draw(r, factor*60_000/1440*season(UTC(at-1).Hour))); g.Began {
				alarms++
			}
		}
		return alarms
	}
	feed(14*60+5, 1)
	if feed(20, 8) != 1 || feed(34, 1) != 0 || c.S.Ep.On {
		t.Fatal("it was not noticed, or did not end")
	}
	if n := feed(120, 1); n != 0 || c.S.Local.Mean < 0.8 || c.S.Local.Mean > 1.2 {
		t.Errorf("%d alarms after it, and the day is said to be %.2f times as usual", n, c.S.Local.Mean)
	}
	if feed(20, 8) != 1 {
		t.Error("the same once more was not noticed")
	}
}
