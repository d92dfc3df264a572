package language

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// three things that customers say, the first of them most often, and one that only
// one says
var said = []string{
	"courier came a week late and the parcel was wet", "parcel late again, courier did not call", "late delivery, the courier left the parcel outside", "a week late, courier rude",
	"delivery took a week, parcel came late and torn", "the courier is always late with my parcel", "parcel came late",
	"size too small, had to return the shirt", "shirt is a size smaller than the chart says", "the size chart is wrong, shirt too small", "too small for a large size shirt",
	"refund not in my account yet", "no refund after ten days in my bank account", "my account shows no refund",
	"parking at your mall is a nightmare on Sundays",
	"late late late", "ok", "", "!!!",
}

func TestSummarize(t *testing.T) {
	got := Summarize(said, 3)
	of := func(i int) int {
		switch {
		case i < 7:
			return 0
		case i < 11:
			return 1
		case i < 14:
			return 2
		}
		return 3
	}
	if len(got) != 3 || of(got[0]) != 0 {
		t.Fatalf("%d", got)
	}
	slices.SortFunc(got, func(a, b int) int { return of(a) - of(b) })
	for n, i := range got {
		if of(i) != n {
			t.Errorf("%d: %q", n, said[i])
		}
	}
}

func TestSummarizeSkipsWhatIsAlike(t *testing.T) {
	texts := []string{"the courier came late again", "The courier came late, again!", "courier came late again", "colour of the kurta faded", "kurta colour faded in one wash"}
	got := Summarize(texts, 5)
	n := 0
	for _, i := range got {
		if i < 3 {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of three nearly equal texts in %d", n, got)
	}
	if got := Summarize([]string{"parcel late"}, 3); !slices.Equal(got, []int{0}) {
		t.Errorf("%d of one text", got)
	}
	if got := Summarize(nil, 3); len(got) != 0 {
		t.Errorf("%d of none", got)
	}
}

// A text that speaks of everything at length is not what anybody wants to read.
func TestSummarizeLikesShortTexts(t *testing.T) {
	texts := append(slices.Clone(said), strings.Join(said, ", "))
	if got := Summarize(texts, 3); slices.Contains(got, len(said)) {
		t.Errorf("%d", got)
	}
}

// In every script a summary has different indexes of texts, is the same each time,
// and covers more than texts drawn at random.
func TestSummarizeCovers(t *testing.T) {
	words := strings.Fields("delivery late parcel courier size small refund money लेट डिलीवरी पैसा साइज़ দাম টাকা দেরি entrega atrasada devolução talla chica caro ramro")
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.Custom(func(rt *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 3, 9).Draw(rt, "words"), " ")
		})
		texts := rapid.SliceOfN(text, 1, 60).Draw(rt, "texts")
		k := rapid.IntRange(1, 6).Draw(rt, "k")
		got := Summarize(texts, k)
		if len(got) == 0 || len(got) > k || !slices.Equal(got, Summarize(texts, k)) {
			rt.Fatalf("%d", got)
		}
		worth := func(set []int) float64 {
			c := newCoverage(texts)
			sum := 0.0
			for _, i := range set {
				for _, f := range c.contents[i] {
					sum += c.weight[f] * math.Pow(doubt, float64(c.covered[f]))
					c.covered[f]++
				}
			}
			return sum
		}
		r := rand.New(rand.NewPCG(1, uint64(len(texts))))
		best := 0.0
		for range 5 {
			best += worth(r.Perm(len(texts))[:len(got)]) / 5
		}
		if w := worth(got); w < best*0.8 {
			rt.Fatalf("worth %f, drawn at random %f", w, best)
		}
	})
}

func FuzzSummarize(f *testing.F) {
	f.Add("a b\nb c\n\xff", 2)
	f.Fuzz(func(t *testing.T, s string, k int) {
		texts := strings.Split(s, "\n")
		got := Summarize(texts, k)
		slices.Sort(got)
		if len(slices.Compact(slices.Clone(got))) != len(got) || len(got) > max(k, 0) || len(got) > 0 && (got[0] < 0 || got[len(got)-1] >= len(texts)) {
			t.Fatalf("%d of %q", got, texts)
		}
	})
}

func BenchmarkSummarize(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, words := range map[string]int{"short": 20, "long": 2000} {
		texts := make([]string, mostSummarized)
		for i := range texts {
			var s strings.Builder
			for range words {
				fmt.Fprintf(&s, "word%d ", int(r.ExpFloat64()*200))
			}
			texts[i] = s.String()
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Summarize(texts, 5)
			}
		})
	}
}
