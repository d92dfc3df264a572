package detect

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

const start = int64(1_735_689_600) * 1e6

// draw is a Poisson number.
func draw(r *rand.Rand, mean float64) float64 {
	if mean > 100 {
		return max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	n, l := 0.0, math.Exp(-mean)
	for p := r.Float64(); p > l; p *= r.Float64() {
		n++
	}
	return n
}

func season(h int) float64 { return 0.2 + 1.6*math.Pow(math.Sin(math.Pi*float64(h%24)/24), 2) }

// taught is a count of so many events a day with four weeks of history, in minutes.
func taught(r *rand.Rand, daily float64) (*Count, int64) {
	c := &Count{Limit: 100}
	at := start
	for ; at < start+28*24*hour; at += hour / 60 {
		m := UTC(at)
		c.Feed(m, draw(r, daily/1440*season(m.Hour)))
	}
	return c, at
}

func TestCountLearnsTheSeason(t *testing.T) {
	c, at := taught(rand.New(rand.NewPCG(1, 1)), 5000)
	for h := range 24 {
		m := UTC(at + int64(h)*hour)
		want := 5000.0 / 24 * season(m.Hour)
		if got := c.Base.Rate(m); math.Abs(got/want-1) > 0.15 {
			t.Errorf("at hour %d %.0f events are usual, and %.0f are said to be", m.Hour, want, got)
		}
	}
}

func TestCountNotices(t *testing.T) {
	for _, test := range []struct {
		name          string
		daily, factor float64
		within        int // minutes
		direction     Direction
	}{
		{"three times as many", 2000, 3, 60, Up},
		{"silence of a large shop", 20000, 0, 5, Down},
		{"silence of a small one", 100, 0, 8 * 60, Down},
		{"half", 5000, 0.4, 120, Down},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(2, 3))
			c, at := taught(r, test.daily)
			at += 10 * hour
			for end, i := at, c.At; i < end; i += hour / 60 {
				m := UTC(i)
				c.Feed(m, draw(r, test.daily/1440*season(m.Hour)))
			}
			for minute := range 24 * 60 {
				m := UTC(at + int64(minute)*hour/60)
				g := c.Feed(m, draw(r, test.factor*test.daily/1440*season(m.Hour)))
				if g.Phase != Alarm {
					continue
				}
				if minute > test.within || g.Direction != test.direction {
					t.Errorf("%v after %d minutes", g.Direction, minute)
				}
				if off := (g.Since - at) / (hour / 60); off < -90 || off > int64(minute)+1 {
					t.Errorf("it is said to have begun %d minutes after it did", off)
				}
				return
			}
			t.Error("not noticed")
		})
	}
}

func TestCountRecoversAndGrows(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	c, at := taught(r, 3000)
	for end := at + 9*hour; at < end; at += hour / 60 {
		c.Feed(UTC(at), draw(r, 3000/1440.0*season(UTC(at).Hour)))
	}
	seen := map[Phase]int{}
	for minute := range 600 {
		factor := 4.0
		if minute > 180 {
			factor = 1
		}
		m := UTC(at + int64(minute)*hour/60)
		g := c.Feed(m, draw(r, factor*3000/1440*season(m.Hour)))
		seen[g.Phase]++
		if g.Phase == Recovered && (minute <= 180 || minute > 240) {
			t.Errorf("recovered after %d minutes, of which 180 were trouble", minute)
		}
	}
	if seen[Alarm] == 0 || seen[Growing] < 2 || seen[Recovered] != 1 {
		t.Errorf("phases: %v", seen)
	}
}

func TestTroubleDoesNotTeach(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	c, at := taught(r, 3000)
	before := c.Base.level()
	for minute := range 3 * 24 * 60 {
		m := UTC(at + int64(minute)*hour/60)
		c.Feed(m, draw(r, 8*3000/1440*season(m.Hour)))
	}
	if after := c.Base.level(); math.Abs(after/before-1) > 0.02 {
		t.Errorf("three days of trouble moved the level from %.1f to %.1f", before, after)
	}
}

func TestLastingLevelBecomesUsual(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	c, at := taught(r, 3000)
	var g Reading
	for minute := range 20 * 24 * 60 {
		m := UTC(at + int64(minute)*hour/60)
		g = c.Feed(m, draw(r, 3*3000/1440*season(m.Hour)))
	}
	if want := 3 * 3000.0 / 24 * season(UTC(at).Hour); g.Phase != Quiet || math.Abs(c.Base.Rate(UTC(c.At))/want-1) > 0.4 {
		t.Errorf("after 20 days: %v, %.0f an hour", g.Phase, c.Base.Rate(UTC(c.At)))
	}
}

// The promise of the package: the expected number of times that evidence passes c in four usual weeks is at most 1/c. Rates here vary beyond chance, as real ones do.
func TestFalseAlarms(t *testing.T) {
	const limit, runs = 10.0, 60
	alarms := map[string]int{}
	for seed := range runs {
		r := rand.New(rand.NewPCG(7, uint64(seed)))
		c, s := &Count{Limit: limit}, &Share{Limit: limit}
		day, busy, bad := int64(-1), 1.0, 1.0
		for at := start; at < start+56*24*hour; at += hour / 12 {
			if d := at / (24 * hour); d != day {
				day, busy, bad = d, math.Exp(0.1*r.NormFloat64()), math.Exp(0.12*r.NormFloat64())
			}
			m := UTC(at)
			n := draw(r, busy*600/288*season(m.Hour))
			of := draw(r, busy*20000/288*season(m.Hour))
			k := min(of, draw(r, of*0.05*bad))
			was := [2]bool{c.S.Ep.On, s.S.Ep.On}
			c.Feed(m, n)
			s.Feed(m, k, of)
			if at < start+28*24*hour {
				continue
			}
			if c.S.Ep.On && !was[0] {
				alarms["count"]++
			}
			if s.S.Ep.On && !was[1] {
				alarms["share"]++
			}
		}
	}
	// At most 6 are expected; 12 or more come in one of 50 tests of a detector that holds its promise just so.
	for _, kind := range []string{"count", "share"} {
		t.Logf("%s: %d false alarms in %d times four weeks, at most %.0f expected", kind, alarms[kind], runs, runs/limit)
		if alarms[kind] >= 12 {
			t.Errorf("%s: %d false alarms", kind, alarms[kind])
		}
	}
}

func TestShareOfASmallShop(t *testing.T) {
	late := 0
	for seed := range 100 {
		r := rand.New(rand.NewPCG(8, uint64(seed)))
		s := &Share{}
		s.Limit, _ = DefaultBudget(12).Limits()
		at := start
		for ; at < start+28*24*hour; at += hour {
			n, k := draw(r, 0.5*season(UTC(at).Hour)), 0.0
			for range int(n) {
				if r.Float64() < 0.05 {
					k++
				}
			}
			s.Feed(UTC(at), k, n)
		}
		if s.S.Ep.On {
			continue // a false alarm just now
		}
		fails := 0
		for s.Feed(UTC(at), 0, 0).Phase != Alarm && fails < 20 {
			at += 2 * hour
			s.Feed(UTC(at), 1, 1)
			fails++
		}
		if fails > 5 {
			late++
		}
	}
	if late > 12 {
		t.Errorf("noticed after the fifth buyer in %d of 100 shops", late)
	}
}

func TestShareOfRatings(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	s := &Share{Limit: 50}
	at := start
	rate := func(bad float64) float64 {
		if r.Float64() < bad {
			return 0.25 * float64(r.IntN(3))
		}
		return 0.75 + 0.25*float64(r.IntN(2))
	}
	for i := range 28 * 24 {
		at = start + int64(i)*hour
		s.Feed(UTC(at), rate(0.1)+rate(0.1), 2)
	}
	for i := range 200 {
		if g := s.Feed(UTC(at+int64(i)*hour/4), rate(0.7), 1); g.Phase == Alarm {
			if g.Direction != Down {
				t.Errorf("it went %v", g.Direction)
			}
			t.Logf("noticed after %d bad ratings", i+1)
			return
		}
	}
	t.Error("worse ratings were not noticed")
}

// Any feed leaves numbers that are numbers, and a state that can be stored and restored.
func TestAnyFeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, s, l := &Count{Limit: 20}, &Share{Limit: 20}, &Level{Limit: 1}
		at := start
		warm := rapid.IntRange(0, 2).Draw(t, "weeks") * 168
		for i := range warm {
			at += hour
			c.Feed(UTC(at), float64(i%7))
			s.Feed(UTC(at), float64(i%2), 2)
			l.Feed(UTC(at), float64(i%24))
		}
		for range rapid.IntRange(1, 60).Draw(t, "feeds") {
			at += rapid.Int64Range(-hour, 40*24*hour).Draw(t, "gap") >> rapid.IntRange(0, 30).Draw(t, "scale")
			m := UTC(at)
			m.Holiday = rapid.Bool().Draw(t, "holiday")
			n := float64(rapid.IntRange(0, 1_000_000).Draw(t, "n") >> rapid.IntRange(0, 20).Draw(t, "small"))
			y := rapid.Float64().Draw(t, "y")
			for _, g := range []Reading{c.Feed(m, n), s.Feed(m, n*rapid.Float64Range(0, 1).Draw(t, "share"), n), l.Feed(m, y)} {
				if !finite(g.Evidence, g.Expected, g.Low, g.High, g.Ratio, g.Excess) || g.Evidence < 0 || g.Low > g.Expected+1e-9 && g.Expected < 1e200 {
					t.Fatalf("%+v", g)
				}
			}
		}
		var c2 Count
		if err := c2.Restore(c.State()); err != nil || c2 != *c {
			t.Fatal("count", err)
		}
		var s2 Share
		if err := s2.Restore(s.State()); err != nil || s2 != *s {
			t.Fatal("share", err)
		}
		var l2 Level
		if err := l2.Restore(l.State()); err != nil || l2 != *l {
			t.Fatal("level", err)
		}
	})
}

func FuzzRestore(f *testing.F) {
	c, _ := taught(rand.New(rand.NewPCG(1, 2)), 100)
	f.Add(c.State())
	f.Add((&Share{}).State())
	f.Add((&Level{}).State())
	f.Fuzz(func(t *testing.T, b []byte) {
		var c Count
		var s Share
		var l Level
		at := start + 100*24*hour
		if c.Restore(b) == nil && !finite(c.Feed(UTC(at), 3).Evidence) {
			t.Error("count")
		}
		if s.Restore(b) == nil && !finite(s.Feed(UTC(at), 1, 3).Evidence) {
			t.Error("share")
		}
		if l.Restore(b) == nil && !finite(l.Feed(UTC(at), 3).Evidence) {
			t.Error("level")
		}
	})
}

func TestBudgetIsBenjaminiHochberg(t *testing.T) {
	b := Budget{Signals: 10, Told: 0.5, Listed: 2}
	if told, listed := b.Limits(); told != 20 || listed != 5 {
		t.Error(told, listed)
	}
	for _, test := range []struct {
		evidence []float64
		want     []Verdict
	}{
		{[]float64{19, 1, 0}, []Verdict{List, Nothing, Nothing}},
		{[]float64{20, 1, 0}, []Verdict{Tell, Nothing, Nothing}},
		{[]float64{11, 10, 1}, []Verdict{Tell, Tell, Nothing}}, // two together: 10/(0.5*2)
		{[]float64{11, 9, 1}, []Verdict{List, List, Nothing}},
		{nil, []Verdict{}},
	} {
		got := b.Decide(test.evidence)
		for i, v := range test.want {
			if got[i] != v {
				t.Errorf("%v: %v", test.evidence, got)
				break
			}
		}
	}
}

func BenchmarkCount(b *testing.B) {
	c, at := taught(rand.New(rand.NewPCG(1, 2)), 5000)
	b.ReportAllocs()
	for b.Loop() {
		at += 1e5
		c.Feed(UTC(at), 1)
	}
}

func BenchmarkShare(b *testing.B) {
	s := &Share{Limit: 1e9}
	at := start
	for range 28 * 24 {
		at += hour
		s.Feed(UTC(at), 1, 20)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		at += 1e5
		i++
		s.Feed(UTC(at), float64(i%20/19), 1)
	}
}

func BenchmarkLevel(b *testing.B) {
	l := &Level{Limit: 1}
	r := rand.New(rand.NewPCG(1, 2))
	at := start
	b.ReportAllocs()
	for b.Loop() {
		at += 60e6
		l.Feed(UTC(at), 100+r.NormFloat64())
	}
}

// 5,000 live signals fit into 150 MB many times.
func TestSize(t *testing.T) {
	for name, n := range map[string]int{"count": len((&Count{}).State()), "share": len((&Share{}).State()), "level": len((&Level{}).State())} {
		t.Logf("%s: %d bytes", name, n)
		if n > 10_000 {
			t.Errorf("%s takes %d bytes", name, n)
		}
	}
}
