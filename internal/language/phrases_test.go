package language

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var began = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// chatter is a stream of texts of words as frequent as words are, of customers of
// whom some write more often, with more texts by day than by night.
type chatter struct {
	r     *rand.Rand
	words *rand.Zipf
	day   int // texts a day
}

func newChatter(seed uint64, day int) *chatter {
	r := rand.New(rand.NewPCG(seed, 7))
	return &chatter{r, rand.NewZipf(r, 1.1, 4, 5000), day}
}

// run writes the texts of some days; each may change one.
func (c *chatter) run(from time.Time, days float64, each func(at time.Time, customer uint64, text string)) {
	n := int(days * float64(c.day))
	for i := range n {
		at := from.Add(time.Duration(float64(i) / float64(c.day) * 24 * float64(time.Hour)))
		if hour := at.Hour(); hour < 7 && c.r.IntN(4) > 0 {
			continue
		}
		var b strings.Builder
		for range 4 + c.r.IntN(10) {
			fmt.Fprintf(&b, "w%s ", letters(c.words.Uint64()))
		}
		each(at, uint64(c.r.ExpFloat64()*2000), b.String())
	}
}

// letters writes a number as a word: numbers are no words.
func letters(n uint64) string {
	s := ""
	for {
		s += string(rune('a' + n%20))
		if n /= 20; n == 0 {
			return s + "z"
		}
	}
}

func texts(found []Phrase) (out []string) {
	for _, f := range found {
		out = append(out, f.Text)
	}
	return out
}

func TestRising(t *testing.T) {
	for name, planted := range map[string][]string{
		"latin":      {"My Glass Lid cracked!", "the glass lid, it came off", "glass lid broke", "again the Glass Lid", "glass lid"},
		"devanagari": {"कांच का ढक्कन टूटा", "यह कांच का ढक्कन", "काँच का ढक्कन बेकार", "कांच का ढक्कन?", "कांच का ढक्कन"},
		"bengali":    {"কাচের ঢাকনা ভাঙা", "আবার কাচের ঢাকনা", "কাচের ঢাকনা", "কাচের ঢাকনা!", "কাচের ঢাকনা নষ্ট"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChatter(1, 300)
			p := NewPhrases(PhrasesOptions{})
			c.run(began, 20, p.Add)
			now := began.AddDate(0, 0, 20)
			for i, s := range planted {
				p.Add(now.Add(time.Duration(i)*time.Hour), uint64(90_000+i), s)
				p.Add(now.Add(time.Duration(i)*time.Hour+time.Minute), uint64(90_000+i), s+" "+s) // the same again is no more
			}
			c.run(now, 0.3, p.Add)
			found := p.Rising(now.Add(8 * time.Hour))
			if len(found) != 1 {
				t.Fatalf("%+v", found)
			}
			f := found[0]
			want := map[string]string{"latin": "glass lid", "devanagari": "कांच का ढक्कन", "bengali": "কাচের ঢাকনা"}[name]
			if f.Text != want || f.Customers != 5 || f.N != 10 || f.Expected > 0.1 || f.Q > 0.05 || !f.Since.Equal(now) {
				t.Errorf("%+v", f)
			}
			if found := p.Rising(now.AddDate(0, 0, 3)); found != nil {
				t.Errorf("three days later: %+v", found)
			}
		})
	}
}

// One customer who repeats a phrase makes no rise, nor do two.
func TestRisingNeedsCustomers(t *testing.T) {
	c := newChatter(2, 300)
	p := NewPhrases(PhrasesOptions{})
	c.run(began, 20, p.Add)
	for i := range 200 {
		p.Add(began.AddDate(0, 0, 20), uint64(i%2), "glass lid cracked")
	}
	if found := p.Rising(began.AddDate(0, 0, 20)); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// A phrase that grows only as all texts do is none.
func TestRisingAllGrow(t *testing.T) {
	p := NewPhrases(PhrasesOptions{})
	c := newChatter(3, 200)
	c.run(began, 20, p.Add)
	c.day = 2000
	c.run(began.AddDate(0, 0, 20), 1, p.Add)
	if found := p.Rising(began.AddDate(0, 0, 21)); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// In streams in which nothing changes, looks that find something stay under the
// bound.
func TestRisingFalseDiscoveries(t *testing.T) {
	looks, false_ := 0, 0
	for seed := range uint64(4) {
		p := NewPhrases(PhrasesOptions{})
		c := newChatter(seed, 200)
		c.run(began, 8, p.Add)
		for day := 8; day < 24; day++ {
			at := began.AddDate(0, 0, day)
			c.run(at, 1, p.Add)
			looks++
			if found := p.Rising(at.AddDate(0, 0, 1).Add(-time.Second)); len(found) > 0 {
				false_++
			}
		}
	}
	t.Logf("%d of %d looks found something where nothing rose", false_, looks)
	if float64(false_) > 0.05*float64(looks)+1 {
		t.Errorf("%d of %d looks found something where nothing rose", false_, looks)
	}
}

// A phrase that comes into one text of a hundred is found within hours.
func TestRisingFindsSoon(t *testing.T) {
	var after []int
	for seed := range uint64(2) {
		p := NewPhrases(PhrasesOptions{})
		c := newChatter(seed, 2400)
		c.run(began, 6, p.Add)
		from := began.AddDate(0, 0, 6).Add(9 * time.Hour)
		c.run(began.AddDate(0, 0, 6), 9./24, p.Add)
		hours := 0
		for found := false; !found && hours < 24; hours++ {
			c.run(from.Add(time.Duration(hours)*time.Hour), 1./24, func(at time.Time, customer uint64, text string) {
				if c.r.IntN(100) == 0 {
					text += "glass lid cracked"
				}
				p.Add(at, customer, text)
			})
			found = slices.Contains(texts(p.Rising(from.Add(time.Duration(hours+1)*time.Hour))), "glass lid cracked")
		}
		after = append(after, hours)
	}
	slices.Sort(after)
	t.Logf("found after %d hours, of 100 texts each", after)
	if after[len(after)/2] > 8 {
		t.Errorf("found only after %d hours", after)
	}
}

// Of phrases within phrases the one remains that rises by itself.
func TestRisingExplains(t *testing.T) {
	c := newChatter(4, 300)
	p := NewPhrases(PhrasesOptions{})
	c.run(began, 20, func(at time.Time, customer uint64, text string) {
		if c.r.IntN(10) == 0 {
			text += "delivery" // an old word
		}
		p.Add(at, customer, text)
	})
	at := began.AddDate(0, 0, 20)
	for i := range 40 {
		p.Add(at.Add(time.Duration(i)*time.Minute), uint64(70_000+i), "delivery boy strike")
	}
	for i := range 12 {
		p.Add(at.Add(time.Duration(i)*time.Minute), uint64(80_000+i), []string{"coupon DIWALI fails", "coupon diwali gone", "no coupon diwali"}[i%3])
	}
	c.run(at, 0.5, p.Add)
	if got := texts(p.Rising(at.Add(12 * time.Hour))); !slices.Equal(got, []string{"delivery boy strike", "coupon diwali"}) {
		t.Errorf("%q", got)
	}
}

// What was forgotten for want of room is not new when it comes back.
func TestRisingRemembersRoughly(t *testing.T) {
	p := NewPhrases(PhrasesOptions{Most: 100})
	customer := uint64(0)
	for day := range 11 {
		at := began.AddDate(0, 0, day)
		for i := range 1200 {
			text := letters(uint64(1000*day+i/8)) + "qq" // more say each of these
			if i < 2 && day < 10 || day == 10 && i >= 1196 {
				text = "lid cracked"
			}
			customer++
			p.Add(at.Add(time.Duration(i)*20*time.Second), customer, text)
		}
	}
	got := texts(p.Rising(began.AddDate(0, 0, 10).Add(7 * time.Hour)))
	if len(got) == 0 || slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "lid") }) {
		t.Errorf("%q", got)
	}
	var x text
	x.fold("lid")
	lid := p.find(visit{hash: mix(0, wordHash(x.runes))}, &[mostOfPhrase]uint64{}, 1)
	if all := lid.past + lid.unsure; all < 15 || all > 60 {
		t.Errorf("%f of 20 customers are remembered", all)
	}
	before := p.lost.add(1, 100)
	p.advance(p.slot + 60)
	if after := p.lost.estimate(1); after > before*0.55 {
		t.Errorf("%f of %f are left after a month", after, before)
	}
}

// A long phrase is reported once, not in pieces; a small growth, however certain,
// is no rise; and what comes too late is left out.
func TestRisingOnce(t *testing.T) {
	p := NewPhrases(PhrasesOptions{})
	customer := uint64(0)
	add := func(day, n int, text string) {
		for i := range n {
			p.Add(began.AddDate(0, 0, day).Add(time.Duration(i)*time.Second), customer, text)
			customer++
		}
	}
	for day := range 20 {
		add(day, 300, "delivery.")
		add(day, 700, "usual.")
	}
	add(20, 390, "delivery.")
	add(20, 580, "usual.")
	add(20, 30, "glass lid cracked after two wash cycles")
	p.Add(began, 1, "glass lid cracked")
	found := p.Rising(began.AddDate(0, 0, 20).Add(time.Hour))
	if len(found) != 1 || found[0].Customers != 30 || !strings.Contains(found[0].Text, "cracked") {
		t.Errorf("%+v", found)
	}
}

func TestSketch(t *testing.T) {
	s := newSketch(64)
	s.add(1, 10)
	s.halve()
	if e := s.estimate(1); e != 5 {
		t.Errorf("%f, half of 10", e)
	}
	s.add(1, math.MaxUint16)
	if e := s.estimate(1); e < 60_000 {
		t.Errorf("%f after very many", e)
	}
	for i := range uint64(64_000) {
		s.add(i<<8, 1)
	}
	if e := s.estimate(12345 << 40); e > 200 {
		t.Errorf("%f of a phrase that never came", e)
	}
}

// Phrases do not go over punctuation, and stop words are not at their edges.
func TestPhrasesOfText(t *testing.T) {
	for in, want := range map[string]string{
		"the lid of glass broke":  "broke|glass|glass broke|lid|lid of glass|lid of glass broke",
		"late, wet parcel":        "late|parcel|wet|wet parcel",
		"cash-on delivery (paid)": "cash|cash-on delivery|delivery|paid",
		"डिब्बा टूटा था":          "टूटा|डिब्बा|डिब्बा टूटा",
		"wet 😀 box 5 star":        "box|star|wet",
		"of the and":              "",
	} {
		var x text
		x.fold(in)
		var got []string
		x.phrases(func(from, to int, _ *[mostOfPhrase]uint64, _ uint64) {
			got = append(got, in[x.tokens[from].from:x.tokens[to-1].to])
		})
		slices.Sort(got)
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// The order of the texts within half a window does not matter.
func TestRisingAnyOrder(t *testing.T) {
	words := []string{"glass", "lid", "cracked", "late", "wet", "parcel"}
	rapid.Check(t, func(rt *rapid.T) {
		type one struct {
			at       time.Time
			customer uint64
			text     string
		}
		var all []one
		for range rapid.IntRange(1, 60).Draw(rt, "n") {
			all = append(all, one{began.AddDate(0, 0, 10).Add(time.Duration(rapid.IntRange(0, 11*60).Draw(rt, "minute")) * time.Minute), rapid.Uint64Range(1, 30).Draw(rt, "customer"),
				strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 4).Draw(rt, "words"), " ")})
		}
		rising := func(all []one) []Phrase {
			p := NewPhrases(PhrasesOptions{Most: 1000})
			for i := range 500 {
				p.Add(began.Add(time.Duration(i)*20*time.Minute), uint64(i), "something else said")
			}
			for _, o := range all {
				p.Add(o.at, o.customer, o.text)
			}
			return p.Rising(began.AddDate(0, 0, 10).Add(11 * time.Hour))
		}
		a, b := rising(all), rising(rapid.Permutation(all).Draw(rt, "order"))
		if d := cmp.Diff(a, b); d != "" {
			rt.Fatal(d)
		}
	})
}

// A flood of words that never come again takes no more memory, makes nothing rise,
// and does not drown what does.
func TestPhrasesAreBounded(t *testing.T) {
	const most = 3000
	p := NewPhrases(PhrasesOptions{Most: most})
	r := rand.New(rand.NewPCG(1, 1))
	flood := func(from time.Time, n int, each func(i int) string) {
		for i := range n {
			text := each(i)
			for range 6 {
				text += " " + letters(r.Uint64())
			}
			p.Add(from.Add(time.Duration(i)*24*time.Hour/time.Duration(n)), r.Uint64(), text)
			if len(p.seen) > most || len(p.known) != len(p.seen) {
				t.Fatalf("%d phrases are kept", len(p.seen))
			}
		}
	}
	for day := range 10 {
		flood(began.AddDate(0, 0, day), 500, func(i int) string { return map[bool]string{true: "usual complaint.", false: ""}[i%20 == 0] })
	}
	flood(began.AddDate(0, 0, 10), 500, func(i int) string {
		return map[bool]string{true: "usual complaint."}[i%20 == 0] + map[bool]string{true: "glass lid."}[i%20 == 1]
	})
	if got := texts(p.Rising(began.AddDate(0, 0, 11).Add(-time.Minute))); !slices.Equal(got, []string{"glass lid"}) {
		t.Errorf("%q", got)
	}
}

func TestCrowd(t *testing.T) {
	for _, n := range []int{0, 1, mostFew, mostFew + 1, 1000, 10_000} {
		var a, b crowd
		for i := range n {
			h := mix(mix(0, uint64(i)), 3)
			a.add(h)
			a.add(h)
			if i%2 == 0 {
				b.add(h)
			}
			b.add(mix(mix(0, uint64(i)), 4))
		}
		near := func(got float64, want int) bool {
			return math.Abs(got-float64(want)) <= 0.06*float64(want) && (want > mostFew || got == float64(want))
		}
		if !near(a.count(), n) || !near(a.with(&b), 2*n) && n <= 1000 || a.with(&b) != b.with(&a) {
			t.Errorf("%d are counted as %f, %f in both", n, a.count(), a.with(&b))
		}
	}
}

// G² of a table worked out by hand: 2 (10 ln(10/6) + 90 ln(90/94) + 2 ln(2/6) + 98 ln(98/94)).
func TestGSquared(t *testing.T) {
	if g := gSquared(10, 100, 2, 100); math.Abs(g-6.1626) > 0.0005 {
		t.Errorf("%f", g)
	}
	if g := gSquared(2, 100, 10, 100); g != 0 {
		t.Errorf("%f of a fall", g)
	}
	if p := tail(3.841459); math.Abs(p-0.025) > 1e-6 {
		t.Errorf("%f", p)
	}
}

func FuzzPhrases(f *testing.F) {
	f.Add("glass lid, the lid\nof glass", int64(5))
	f.Add("\xff कांच", int64(-1<<62))
	f.Fuzz(func(t *testing.T, s string, at int64) {
		p := NewPhrases(PhrasesOptions{Most: 50})
		for i, line := range strings.Split(s, "\n") {
			p.Add(time.UnixMicro(at>>8).Add(time.Duration(i)*time.Hour), uint64(i), line)
		}
		for _, r := range p.Rising(time.UnixMicro(at >> 8)) {
			if r.Text == "" || math.IsNaN(r.LLR+r.Q+r.Expected) || r.Customers > r.N {
				t.Fatalf("%+v", r)
			}
		}
	})
}

func BenchmarkPhrases(b *testing.B) {
	p := NewPhrases(PhrasesOptions{})
	c := newChatter(1, 100_000)
	var all []string
	c.run(began, 0.2, func(_ time.Time, _ uint64, text string) { all = append(all, text) })
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		p.Add(began.Add(time.Duration(i)*time.Second), uint64(i), all[i%len(all)])
		i++
	}
	b.ReportMetric(float64(len(p.seen)), "phrases")
}

func BenchmarkRising(b *testing.B) {
	p := NewPhrases(PhrasesOptions{})
	newChatter(1, 5000).run(began, 20, p.Add)
	for b.Loop() {
		p.Rising(began.AddDate(0, 0, 20))
	}
}
