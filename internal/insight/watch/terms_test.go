package watch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/event"
)

// zipfTexts are texts of words that come as often as in a language, each from a customer of its own; how often a word comes differs from day to day.
type zipfTexts struct {
	r     *rand.Rand
	zipf  *rand.Zipf
	noisy map[uint64]float64
	day   int64
}

func newZipfTexts(seed uint64) *zipfTexts {
	r := rand.New(rand.NewPCG(seed, 77))
	return &zipfTexts{r: r, zipf: rand.NewZipf(r, 1.1, 4, 20_000), noisy: map[uint64]float64{}}
}

// next is a text of some ten words of the day, of which some are fashionable.
func (z *zipfTexts) next(day int64, sigma float64) string {
	if day != z.day {
		z.day = day
		clear(z.noisy)
	}
	var b strings.Builder
	for n := 0; n < 10; {
		w := z.zipf.Uint64() + 1
		f, ok := z.noisy[w]
		if !ok {
			f = min(1, 0.35*math.Exp(sigma*z.r.NormFloat64()))
			z.noisy[w] = f
		}
		if z.r.Float64() > f {
			continue
		}
		n++
		b.WriteByte('w')
		for ; w > 0; w /= 20 {
			b.WriteByte("bcdfghjklmnpqrstvxyz"[w%20])
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// In weeks in which nothing happens, though words have their fashions, evidence passes a limit seldom.
func TestPhrasesRarelyRiseByChance(t *testing.T) {
	const limit, runs = 20.0, 2
	for _, daily := range []int{30, 1000} {
		s, passed, weeks := newShop(1), 0, 0.0
		for seed := range runs {
			z := newZipfTexts(uint64(seed))
			tm := newTerms("t")
			days := int64(42)
			if daily > 100 {
				days = 30
			}
			for day := int64(0); day < days; day++ {
				for i := range daily {
					at := day*2*halfDay + int64(i)*2*halfDay/int64(daily)
					tm.turn(slotOf(at)+1, nil)
					tm.hear(use{at: at, who: z.r.Uint64()}, s.phrasesIn(z.next(day, 0.5)), true)
					if day < 28 {
						clear(tm.rising)
					} else if r := tm.strongest(); r != nil && r.evidence > limit {
						passed++
						t.Logf("%d a day: %q by %d, evidence %.3g", daily, r.text, len(r.uses), r.evidence)
						clear(tm.rising)
					}
				}
			}
			weeks += float64(days-28) / 7
		}
		t.Logf("%d texts a day: evidence passed %.0f %d times in %.0f weeks; %.2f may be expected", daily, limit, passed, weeks, weeks/4/limit)
		if passed > 2 {
			t.Errorf("%d texts a day: %d false rises", daily, passed)
		}
	}
}

// What is stored and read again is the same, and nothing else is taken for it.
func TestTermState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newTerms("a")
		a.begin(1 << rapid.IntRange(10, 13).Draw(t, "width"))
		for i := range rapid.IntRange(0, 40).Draw(t, "opinions") {
			slot := int64(1 + i/7)
			a.turn(slot, map[int]event.Position{0: event.Position(i), 3: event.Position(2 * i)})
			var list []term
			for range rapid.IntRange(0, 5).Draw(t, "terms") {
				list = append(list, term{hash: rapid.Uint64Range(0, 50).Draw(t, "term"), words: 1, text: "x"})
			}
			a.hear(use{at: slot * halfDay, who: rapid.Uint64Range(0, 9).Draw(t, "who")}, list, rapid.Bool().Draw(t, "teaches"))
		}
		b := newTerms("b")
		stored := a.state()
		if err := b.restore(stored); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.past.rows[0], b.past.rows[0]) || !slices.Equal(a.last.rows[1], b.last.rows[1]) || a.sums != b.sums || a.slot != b.slot || fmt.Sprint(a.from, a.mid) != fmt.Sprint(b.from, b.mid) {
			t.Fatal("it is another")
		}
		if n := rapid.IntRange(0, len(stored)-1).Draw(t, "cut"); b.restore(stored[:n]) == nil {
			t.Fatal("a part is taken for the whole")
		}
	})
}

func FuzzTermState(f *testing.F) {
	f.Add(newTerms("a").state())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newTerms("a")
		if s.restore(b) == nil {
			s.turn(s.slot+1, nil)
			s.hear(use{at: 1, who: 1}, []term{{hash: 1, words: 1, text: "x"}}, true)
			s.strongest()
		}
	})
}

// A sketch never says less than there was.
func TestSketchIsNeverTooLow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, is := newSketch(narrowest), map[uint64]float64{}
		for _, h := range rapid.SliceOfN(rapid.Uint64(), 0, 2000).Draw(t, "uses") {
			s.add(h%500*0x9e3779b97f4a7c15, 1)
			is[h%500*0x9e3779b97f4a7c15]++
		}
		for h, n := range is {
			if s.count(h) < n {
				t.Fatalf("%d was used %g times, and %g are said", h, n, s.count(h))
			}
		}
	})
}

// What hearing an opinion costs: 10 words, 1,000 opinions a day.
func BenchmarkHear(b *testing.B) {
	z, s, tm := newZipfTexts(1), newShop(1), newTerms("t")
	tm.begin(widthFor(1e6))
	texts := make([]string, 20_000)
	for i := range texts {
		texts[i] = z.next(int64(i/1000), 0.5)
	}
	for i := range 40_000 {
		tm.turn(int64(1+i/500), nil)
		tm.hear(use{at: int64(i), who: z.r.Uint64()}, s.phrasesIn(texts[i%len(texts)]), true)
	}
	b.ReportAllocs()
	n := 40_000
	for b.Loop() {
		n++
		tm.turn(int64(1+n/500), nil)
		tm.hear(use{at: int64(n), who: uint64(n) * 0x9e3779b97f4a7c15}, s.phrasesIn(texts[n%len(texts)]), true)
	}
}
