package impact

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/event"
)

// failures is n customers who failed over so many hours, each with a cart of 10 crowns.
func failures(n int, hours float64) (out []Failed) {
	for i := range n {
		out = append(out, Failed{Age: hours * float64(i+1) / float64(n), Amount: 10 * event.One, Currency: "SEK"})
	}
	return out
}

var usual = Usual{Mean: 0.05, Low: 0.04, High: 0.06}

func TestFailures(t *testing.T) {
	back := Back{Failed: 100}
	for range 40 {
		back.Ages = append(back.Ages, 0.1)
	}
	for name, c := range map[string]struct {
		of        Failures
		low, high float64 // where the estimate must be
	}{
		"nobody failed": {Failures{Tried: 100, Usual: usual, Back: back}, 0, 0},
		// 100 failed, 5 of 100 would have anyway; it is days ago, so nobody comes through any more.
		"all fail, long ago": {Failures{Tried: 100, Failed: failures(100, 1), Usual: usual, Back: back}, 90, 98},
		// Of 100 who fail now 40 are to come through.
		"all fail, just now": {Failures{Tried: 100, Failed: failures(100, 0.001), Usual: usual, Back: Back{Failed: 100, Ages: repeat(20, 40)}}, 50, 72},
		"as many as usual":   {Failures{Tried: 2000, Failed: came(failures(100, 1)), Usual: usual, Back: back}, 0, 12},
		// 50 more than usual, of whom 20 came through.
		"twice the usual": {Failures{Tried: 1000, Failed: came(failures(100, 1)), Usual: usual, Back: back}, 24, 36},
		// As many as usual fail, but nobody comes through, as 40 would; some of that may be a day on which few would.
		"nobody comes back": {Failures{Tried: 2000, Failed: failures(100, 1), Usual: usual, Back: back}, 22, 45},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "all fail, long ago" {
				for i := range c.of.Failed {
					c.of.Failed[i].Age += 48
				}
			}
			got := c.of.Lost()
			if got.Orders < c.low || got.Orders > c.high {
				t.Errorf("%+v", got)
			}
			if c.high > 0 && math.Abs(float64(got.Money[0].Amount)/1e7-got.Orders) > 0.01*got.Orders+0.01 {
				t.Errorf("ten crowns for each order: %+v", got)
			}
		})
	}
	if n := len((Failures{Tried: 10, Failed: []Failed{{Age: 1}}, Usual: usual}).Lost().Money); n != 0 {
		t.Error("money of unknown currency")
	}
}

// came is two of five who came through.
func came(f []Failed) []Failed {
	for i := range f {
		f[i].Back = i%5 < 2
	}
	return f
}

func repeat(x float64, n int) (out []float64) {
	for range n {
		out = append(out, x)
	}
	return out
}

// Who came through is not lost.
func TestRecovered(t *testing.T) {
	f := failures(50, 1)
	for i := range f {
		f[i].Back = true
	}
	if got := (Failures{Tried: 50, Failed: f, Usual: usual}).Lost(); got.High > 0 {
		t.Errorf("%+v", got)
	}
}

// Where failures come close together before the moment that was taken for the beginning, they count too.
func TestOnset(t *testing.T) {
	var f []Failed
	for i := range 40 {
		f = append(f, Failed{Age: 0.1 * float64(i+1), Tried: 2 * float64(i+1)}) // every second one of the last 80 customers
	}
	for i := range 10 {
		f = append(f, Failed{Age: 5 + float64(i), Tried: 80 + 25*float64(i+1)}) // one in 25 before
	}
	got := Failures{Tried: 20, Since: 1, Failed: f, Usual: usual}.onset()
	n := 0.0
	for _, b := range got {
		n += float64(b.failed) / float64(len(got))
	}
	if len(got) != worlds || n < 37 || n > 44 {
		t.Errorf("%.1f of %d", n, len(got))
	}
}

// Each customer drawn and the sum of many say the same.
func TestManyAsFew(t *testing.T) {
	of := func(n int) Lost {
		f := failures(n, 3)
		r := rand.New(rand.NewPCG(1, 1))
		for i := range f {
			f[i].Amount = event.Millionths(1e6 * math.Exp(3+r.NormFloat64()))
			f[i].Back = i%4 == 0
			if i%5 == 0 {
				f[i].Amount = 0
			}
		}
		return Failures{Tried: 2 * float64(n), Failed: f, Usual: usual, Back: Back{Failed: 100, Ages: repeat(0.5, 40)}}.Lost()
	}
	a, b := of(264), of(272) // 198 and 204 are still away
	for _, x := range [][2]float64{{a.Orders, b.Orders}, {a.Low, b.Low}, {a.High, b.High},
		{float64(a.Money[0].Amount), float64(b.Money[0].Amount)}, {float64(a.Money[0].High), float64(b.Money[0].High)}, {float64(a.Money[0].Low), float64(b.Money[0].Low)}} {
		if x[1] < 0.94*x[0] || x[1] > 1.12*x[0] {
			t.Errorf("%+v\n%+v", a, b)
			break
		}
	}
}

func TestMissing(t *testing.T) {
	orders := []Order{{"EUR", 20 * event.One}, {"EUR", 40 * event.One}, {"NPR", 300 * event.One}, {"NPR", 500 * event.One}}
	got := Missing{Expected: Usual{Mean: 60, Low: 50, High: 72}, Seen: 20, Orders: orders}.Lost()
	if got.Orders < 36 || got.Orders > 44 || got.Low < 15 || got.High > 65 || len(got.Money) != 2 || got.Money[0].Currency != "NPR" {
		t.Errorf("%+v", got)
	}
	if eur := float64(got.Money[1].Amount) / 1e6; math.Abs(eur-got.Orders/2*30) > 60 {
		t.Errorf("%+v", got.Money)
	}
	if got := (Missing{Expected: Usual{Mean: 20, Low: 18, High: 22}, Seen: 40}).Lost(); got.Orders > 0.5 {
		t.Errorf("more came than were expected: %+v", got)
	}
	if got := (Missing{Seen: 4}).Lost(); got.High != 0 {
		t.Errorf("%+v", got)
	}
}

// A quiet day before the trouble says that fewer would have come, the surer the more orders it had.
func TestMissingOfThisDay(t *testing.T) {
	of := func(expected, seen float64) Lost {
		m := Missing{Expected: Usual{Mean: 1000, Low: 700, High: 1400}}
		for range 10 {
			m.Before = append(m.Before, Hour{expected / 10, seen / 10})
		}
		return m.Lost()
	}
	unknown, few, many := of(0, 0), of(50, 40), of(5000, 4000)
	if many.Orders < 790 || many.Orders > 850 || !(many.Orders < few.Orders && few.Orders < unknown.Orders) {
		t.Errorf("%.0f after many of a quiet day, %.0f after few, %.0f of an unknown one", many.Orders, few.Orders, unknown.Orders)
	}
	if a, b, c := width(many), width(few), width(unknown); !(a < 0.6*c && a < b && b < c) {
		t.Errorf("widths %.0f after many, %.0f after few, %.0f of an unknown day", a, b, c)
	}
}

func width(l Lost) float64 { return l.High - l.Low }

// Days and hours that differ beyond chance by what was given or by less: the interval holds what would have come as often as it says.
func TestMissingCovers(t *testing.T) {
	for name, c := range map[string]struct{ orders, days, hours float64 }{
		"few orders": {1, 0.2, 0.1}, "many": {50, 0.2, 0.1}, "thousands": {1500, 0.2, 0.1}, "thousands in steady hours": {1500, 0.2, 0.05}, "thousands in wild hours": {1500, 0.2, 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 7))
			const runs = 400
			covers := 0
			for range runs {
				day := math.Exp(c.days * r.NormFloat64())
				hour := func() float64 { return poisson(r, c.orders*day*math.Exp(c.hours*r.NormFloat64())) }
				band := math.Exp(2 * c.days)
				m := Missing{Expected: Usual{c.orders, c.orders / band, c.orders * band}}
				for range 10 {
					m.Before = append(m.Before, Hour{c.orders, hour()})
				}
				if got, truth := m.Lost(), hour(); got.Low <= truth && truth <= got.High {
					covers++
				}
			}
			// Ten hours tell little of how wild they are.
			if p := float64(covers) / runs; p < 0.84 && !(c.hours > 0.15 && p > 0.78) {
				t.Errorf("covers %.3f", p)
			}
		})
	}
}

// Thousands who failed do not say how many more of them come back as surely as if each decided alone.
func TestAlike(t *testing.T) {
	back := Back{Failed: 5000, Ages: repeat(5, 2500)}
	got := Failures{Tried: 8000, Failed: failures(4000, 0.5), Usual: usual, Back: back}.Lost()
	if width(got) < 0.1*got.Orders {
		t.Errorf("%+v", got)
	}
}

// A trouble whose detector tells of it an hour too late began where its failures did, though a thousand lie between.
func TestOnsetFarBack(t *testing.T) {
	var f []Failed
	for i := range 2000 {
		f = append(f, Failed{Age: 2 * float64(i+1) / 2000, Tried: 2 * float64(i+1)})
	}
	for i := range 200 {
		f = append(f, Failed{Age: 2 + 0.05*float64(i+1), Tried: 4000 + 20*float64(i+1)})
	}
	for _, b := range (Failures{Tried: 1000, Since: 0.5, Failed: f, Usual: usual}).onset() {
		if b.failed < 1950 || b.failed > 2050 {
			t.Fatalf("before %d failures", b.failed)
		}
	}
}

// Whatever is known: an interval around the estimate, nothing below zero, not more than failed, and the same twice.
func TestAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 400).Draw(t, "failed")
		f := Failures{Tried: float64(n) * rapid.Float64Range(0.5, 30).Draw(t, "tried"), Since: rapid.Float64Range(0, 50).Draw(t, "since"),
			Usual: Usual{Mean: rapid.Float64Range(0, 1).Draw(t, "usual")}, Again: rapid.Float64Range(0, 1).Draw(t, "again"), Back: Back{Failed: rapid.Float64Range(0, 90).Draw(t, "before")}}
		f.Usual.Low, f.Usual.High = f.Usual.Mean/2, f.Usual.Mean*1.5
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		for i := range n {
			f.Failed = append(f.Failed, Failed{Age: r.Float64() * 60, Back: r.Float64() < 0.3, Tried: float64(r.IntN(3) * i), Amount: event.Millionths(r.IntN(3)) * event.One, Currency: []string{"INR", "BRL"}[r.IntN(2)]})
			if r.IntN(3) == 0 {
				f.Back.Ages = append(f.Back.Ages, 30*r.Float64())
			}
		}
		got := f.Lost()
		if !cmp.Equal(got, f.Lost()) {
			t.Fatal("not the same twice")
		}
		if !(0 <= got.Low && got.Low <= got.High && got.High <= float64(n)) || !(got.Orders >= 0 && got.Orders <= float64(n)) {
			t.Fatalf("%+v of %d", got, n)
		}
		for _, m := range got.Money {
			if m.Low < 0 || m.Low > m.High || m.Amount < 0 {
				t.Fatalf("%+v", got)
			}
		}
	})
}

// So it is of orders that do not come.
func TestMissingAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := func(name string, most float64) float64 { return rapid.Float64Range(0, most).Draw(t, name) }
		m := Missing{Expected: Usual{Mean: number("mean", 5000)}, Seen: math.Trunc(number("seen", 5000)), Orders: []Order{{"BRL", 30 * event.One}, {"BRL", 90 * event.One}}}
		m.Expected.Low, m.Expected.High = m.Expected.Mean*number("low", 1), m.Expected.Mean*(1+number("high", 3))
		for range rapid.IntRange(0, 24).Draw(t, "hours") {
			m.Before = append(m.Before, Hour{number("expected", 900), math.Trunc(number("came", 900))})
		}
		got := m.Lost()
		if !cmp.Equal(got, m.Lost()) {
			t.Fatal("not the same twice")
		}
		if !(0 <= got.Low && got.Low <= got.High && got.Orders >= 0) || math.IsInf(got.High, 0) || got.Orders > 0 && len(got.Money) != 1 {
			t.Fatalf("%+v", got)
		}
		// One more order before the trouble never says that fewer were to come, but by what chance draws.
		if len(m.Before) == 1 {
			m.Before[0].Seen += 100
			if more := m.Lost(); more.Orders < 0.97*got.Orders-1 {
				t.Fatalf("%+v after more orders, %+v", more, got)
			}
		}
	})
}

func BenchmarkFailures(b *testing.B) {
	for name, n := range map[string]int{"20": 20, "200": 200, "5000": 5000} {
		b.Run(name, func(b *testing.B) {
			f := Failures{Tried: 2 * float64(n), Failed: failures(n, 3), Usual: usual, Back: Back{Failed: 200, Ages: repeat(0.5, 80)}}
			for b.Loop() {
				f.Lost()
			}
		})
	}
}
