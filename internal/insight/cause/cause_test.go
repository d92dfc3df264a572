package cause

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// shop is a table of so many cases since and before; fails says how often those with these values fail since and before.
func shop(seed uint64, n, was int, fails func(v []string) (now, before float64)) Table {
	r := rand.New(rand.NewPCG(seed, 1))
	t := Table{Dims: []string{"method", "device", "browser", "country", "product"}}
	at := map[string]int{}
	for i := range n + was {
		v := []string{
			[]string{"upi", "card", "cash"}[pick(r, 0.6, 0.3)],
			[]string{"android", "ios", "web"}[pick(r, 0.5, 0.2)],
			[]string{"chrome", "firefox", ""}[pick(r, 0.6, 0.3)],
			[]string{"in", "np", "bd"}[pick(r, 0.7, 0.2)],
			fmt.Sprint("p", r.IntN(20)),
		}
		if v[1] == "ios" {
			v[2] = "safari"
		}
		key := fmt.Sprint(v)
		k, ok := at[key]
		if !ok {
			k = len(t.Groups)
			at[key] = k
			t.Groups = append(t.Groups, Group{Values: v})
		}
		g := &t.Groups[k]
		now, before := fails(v)
		if i < n {
			g.N++
			if r.Float64() < now {
				g.Bad++
			}
			continue
		}
		g.WasN++
		if r.Float64() < before {
			g.WasBad++
		}
	}
	return t
}

func pick(r *rand.Rand, a, b float64) int {
	switch x := r.Float64(); {
	case x < a:
		return 0
	case x < a+b:
		return 1
	}
	return 2
}

func pairs(s ...string) (out []Pair) {
	for i := 0; i < len(s); i += 2 {
		out = append(out, Pair{s[i], s[i+1]})
	}
	return out
}

func TestFind(t *testing.T) {
	usual := 0.04
	for name, c := range map[string]struct {
		n     int
		fails func(v []string) (float64, float64)
		want  [][]Pair // those that hold together
		sure  bool
	}{
		"one value": {2000, func(v []string) (float64, float64) {
			if v[0] == "card" {
				return 1, usual
			}
			return usual, usual
		}, [][]Pair{pairs("method", "card")}, true},
		"two values": {2000, func(v []string) (float64, float64) {
			if v[0] == "upi" && v[1] == "android" {
				return 0.3, usual
			}
			return usual, usual
		}, [][]Pair{pairs("device", "android", "method", "upi")}, true},
		"three values": {4000, func(v []string) (float64, float64) {
			if v[0] == "upi" && v[1] == "android" && v[3] == "np" {
				return 0.5, usual
			}
			return usual, usual
		}, [][]Pair{pairs("country", "np", "device", "android", "method", "upi")}, true},
		"two at once": {4000, func(v []string) (float64, float64) {
			if v[0] == "card" || v[4] == "p7" {
				return 0.6, usual
			}
			return usual, usual
		}, [][]Pair{pairs("method", "card"), pairs("product", "p7")}, true},
		"everybody": {2000, func(v []string) (float64, float64) { return 3 * usual, usual }, [][]Pair{nil}, true},
		"what always failed more is no cause": {2000, func(v []string) (float64, float64) {
			p := usual
			if v[0] == "cash" && v[1] == "web" {
				p = 0.4
			}
			if v[3] == "bd" {
				return 0.9, p
			}
			return p, p
		}, [][]Pair{pairs("country", "bd")}, true},
		"what fails as it always did": {4000, func(v []string) (float64, float64) {
			if v[0] == "cash" && v[1] == "web" {
				return 0.6, 0.6
			}
			return usual, usual
		}, nil, false},
		"the rest of a set is no second cause": {6000, func(v []string) (float64, float64) {
			switch {
			case v[0] == "upi" && v[1] == "android":
				return 0.9, usual
			case v[0] == "upi":
				return 0.2, usual
			}
			return usual, usual
		}, [][]Pair{pairs("device", "android", "method", "upi")}, true},
		"too few": {60, func(v []string) (float64, float64) {
			if v[0] == "card" {
				return 0.6, usual
			}
			return usual, usual
		}, nil, false},
		"unknown values are no cause": {2000, func(v []string) (float64, float64) {
			if v[2] == "" {
				return 0.5, usual
			}
			return usual, usual
		}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, sure := Find(shop(3, c.n, 8000, c.fails), true)
			if sure != c.sure {
				t.Errorf("sure is %v: %+v", sure, got)
			}
			for _, g := range got {
				for _, p := range g.Pairs {
					if p.Value == "" {
						t.Errorf("unknown named: %v", g.Pairs)
					}
				}
			}
			if !c.sure {
				return
			}
			var named [][]Pair
			for _, g := range got {
				if !g.Instead {
					named = append(named, g.Pairs)
				}
			}
			if len(named) != len(c.want) {
				t.Fatalf("%+v", got)
			}
			for i, w := range c.want {
				if len(w)+len(named[i]) > 0 && !slices.ContainsFunc(c.want, func(w []Pair) bool { return cmp.Equal(w, named[i]) }) {
					t.Errorf("%v", named[i])
				}
			}
		})
	}
}

// A set that is the same cases by other words is told beside the cause.
func TestSame(t *testing.T) {
	table := shop(5, 2000, 8000, func(v []string) (float64, float64) {
		if v[1] == "ios" {
			return 0.5, 0.04
		}
		return 0.04, 0.04
	})
	table.Dims = append(table.Dims, "maker")
	for i := range table.Groups {
		g := &table.Groups[i]
		g.Values = append(g.Values, map[bool]string{true: "apple", false: "others"}[g.Values[1] == "ios"])
	}
	got, sure := Find(table, true)
	if !sure || len(got[0].Pairs) != 1 {
		t.Fatalf("%+v", got)
	}
	both := append([][]Pair{got[0].Pairs}, got[0].Same...)
	for _, w := range [][]Pair{pairs("device", "ios"), pairs("browser", "safari"), pairs("maker", "apple")} {
		if !slices.ContainsFunc(both, func(p []Pair) bool { return cmp.Equal(p, w) }) {
			t.Errorf("%v is not in %v", w, both)
		}
	}
	if len(got[0].Same) != 2 {
		t.Errorf("said twice: %v", got[0].Same)
	}
}

// A dimension known only of failures (why it failed) is no cause: it would always be the best.
func TestReason(t *testing.T) {
	table := shop(6, 2000, 8000, func(v []string) (float64, float64) {
		if v[0] == "upi" {
			return 0.4, 0.04
		}
		return 0.04, 0.04
	})
	table.Dims = append(table.Dims, "reason")
	var groups []Group
	for _, g := range table.Groups {
		good, bad := g, g
		good.N, good.Bad, good.WasN, good.WasBad = g.N-g.Bad, 0, g.WasN-g.WasBad, 0
		bad.N, bad.WasN = g.Bad, g.WasBad
		good.Values = append(slices.Clone(g.Values), "")
		bad.Values = append(slices.Clone(g.Values), "timeout")
		groups = append(groups, good, bad)
	}
	table.Groups = groups
	got, sure := Find(table, true)
	if !sure || !cmp.Equal(got[0].Pairs, pairs("method", "upi")) {
		t.Errorf("%v %+v", sure, got)
	}
}

func TestFewer(t *testing.T) {
	got, sure := Find(shop(7, 4000, 8000, func(v []string) (float64, float64) {
		if v[0] == "upi" {
			return 0.05, 0.3
		}
		return 0.3, 0.3
	}), false)
	if !sure || !cmp.Equal(got[0].Pairs, pairs("method", "upi")) {
		t.Errorf("%v %+v", sure, got)
	}
}

func TestFindCount(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, up := range []bool{true, false} {
		table := Table{Dims: []string{"campaign", "device", "country"}}
		for c := range 6 {
			for d := range 3 {
				for k := range 4 {
					g := Group{Values: []string{fmt.Sprint("c", c), fmt.Sprint("d", d), fmt.Sprint("k", k)}, WasN: 20}
					g.N = 20 + math.Round(4*r.NormFloat64())
					if c == 2 && d == 1 {
						g.N = map[bool]float64{true: 90, false: 1}[up]
					}
					table.Groups = append(table.Groups, g)
				}
			}
		}
		if up { // a value of which nothing was expected
			table.Groups = append(table.Groups, Group{Values: []string{"post", "d0", "k1"}, N: 400}, Group{Values: []string{"post", "d1", "k2"}, N: 300})
		}
		got, sure := FindCount(table, up)
		if !sure || len(got) < 1 {
			t.Fatalf("up %v: %v %+v", up, sure, got)
		}
		want := pairs("campaign", "c2", "device", "d1")
		if up {
			if !cmp.Equal(got[0].Pairs, pairs("campaign", "post")) || !cmp.Equal(got[1].Pairs, want) {
				t.Errorf("up: %+v", got)
			}
		} else if !cmp.Equal(got[0].Pairs, want) || got[0].Rate > 0.1 {
			t.Errorf("down: %+v", got)
		}
	}
}

// Whatever the table: three causes at most, in order, with sane numbers, the same each time and in any order of groups.
func TestFindAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dims := rapid.IntRange(0, 4).Draw(t, "dims")
		table := Table{}
		for d := range dims {
			table.Dims = append(table.Dims, fmt.Sprint("d", d))
		}
		seen := map[string]bool{}
		for range rapid.IntRange(0, 40).Draw(t, "groups") {
			g := Group{N: float64(rapid.IntRange(0, 60).Draw(t, "n")), WasN: float64(rapid.IntRange(0, 90).Draw(t, "was"))}
			for range dims {
				g.Values = append(g.Values, rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "value"))
			}
			g.Bad = math.Floor(g.N * rapid.Float64Range(0, 1).Draw(t, "bad"))
			g.WasBad = math.Floor(g.WasN * rapid.Float64Range(0, 1).Draw(t, "was bad"))
			if !seen[fmt.Sprint(g.Values)] {
				seen[fmt.Sprint(g.Values)] = true
				table.Groups = append(table.Groups, g)
			}
		}
		up := rapid.Bool().Draw(t, "up")
		for _, find := range []func(Table, bool) ([]Cause, bool){Find, FindCount} {
			got, sure := find(table, up)
			again, sureAgain := find(table, up)
			if !cmp.Equal(got, again) || sure != sureAgain {
				t.Fatalf("not the same twice:\n%+v\n%+v", got, again)
			}
			if len(got) > causes || sure && len(got) == 0 {
				t.Fatalf("%d causes, sure %v", len(got), sure)
			}
			for _, c := range got {
				if len(c.Pairs) > 3 || !slices.IsSortedFunc(c.Pairs, func(a, b Pair) int { return 2*btoi(a.Dim > b.Dim) - 1 }) {
					t.Fatalf("pairs: %+v", c.Pairs)
				}
				for _, x := range []float64{c.N, c.Bad, c.WasN, c.WasBad, c.Rate, c.Was, c.Others} {
					if !(x >= 0) || math.IsInf(x, 0) {
						t.Fatalf("%+v", c)
					}
				}
				for _, x := range []float64{c.Explains, c.Sure} {
					if !(x >= 0 && x <= 1) {
						t.Fatalf("%+v", c)
					}
				}
				for _, p := range c.Pairs {
					if p.Value == "" {
						t.Fatalf("unknown is a cause: %+v", c)
					}
				}
			}
		}
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestFindNothing(t *testing.T) {
	for _, table := range []Table{{}, {Dims: []string{"a"}}, {Dims: []string{"a"}, Groups: []Group{{Values: []string{"x", "y"}, N: 5}}}} {
		if got, sure := Find(table, true); len(got) > 0 || sure {
			t.Errorf("%+v", got)
		}
	}
}

// A table as large as the watch makes them: 20,000 groups with ten dimensions, with two causes if asked.
func big(groups int, two bool) Table {
	r := rand.New(rand.NewPCG(9, 9))
	sizes := []int{6, 10, 8, 6, 12, 60, 10, 5, 40, 3}
	var t Table
	for d := range sizes {
		t.Dims = append(t.Dims, fmt.Sprint("dimension ", d))
	}
	for range groups {
		g := Group{N: 1, WasN: 2}
		fails := 0.05
		for d, n := range sizes {
			g.Values = append(g.Values, fmt.Sprintf("value %d of %d", int(float64(n)*math.Pow(r.Float64(), 2)), d))
		}
		if g.Values[0] == "value 2 of 0" && g.Values[1] == "value 1 of 1" || two && g.Values[5] == "value 3 of 5" {
			fails = 0.4
		}
		if r.Float64() < fails {
			g.Bad = 1
		}
		if r.Float64() < 0.1 {
			g.WasBad = 1
		}
		t.Groups = append(t.Groups, g)
	}
	return t
}

func BenchmarkFind(b *testing.B) {
	for name, two := range map[string]bool{"one": false, "two": true} {
		b.Run(name, func(b *testing.B) {
			t := big(20_000, two)
			b.ReportAllocs()
			for b.Loop() {
				if got, sure := Find(t, true); !sure || len(got[0].Pairs)+len(got[min(1, len(got)-1)].Pairs) < 3 {
					b.Fatalf("%v %+v", sure, got)
				}
			}
		})
	}
}
