package language

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func careOf(s string) (kinds []string, flags []Flag) {
	flags = Base().Analyze(s).Care
	for _, f := range flags {
		kinds = append(kinds, f.Kind)
	}
	return kinds, flags
}

func TestCare(t *testing.T) {
	n := map[string]int{}
	for _, l := range lines(t, "testdata/care.tsv") {
		n[l[0]+" "+l[1]]++
		kinds, flags := careOf(l[2])
		if l[1] == "-" {
			if len(kinds) > 0 {
				t.Errorf("%s: flagged %+v", l[2], flags)
			}
			continue
		}
		at := slices.Index(kinds, l[1])
		if at < 0 {
			t.Errorf("%s: %v, want %s", l[2], kinds, l[1])
			continue
		}
		f := flags[at]
		if f.Confidence < Base().load().tuning.CareBound || f.Confidence > 1 || len(f.Words) == 0 || len(f.Words) > maxShown {
			t.Errorf("%s: %+v", l[2], f)
		}
		end := 0
		for _, w := range f.Words {
			if w.From < end || w.To <= w.From || w.To > len(l[2]) {
				t.Errorf("%s: words at %v", l[2], f.Words)
			}
			end = w.To
		}
	}
	for _, l := range Languages {
		for _, flag := range append(slices.Clone(Care), "-") {
			if n[l+" "+flag] == 0 {
				t.Errorf("%s has no text of %s", l, flag)
			}
		}
	}
}

// A long text says no less than its plain sentences do.
func TestCareInLongTexts(t *testing.T) {
	const before = "The fabric is thinner than in the picture. Delivery took nine days. The box was torn. I wrote two mails. "
	for _, last := range []string{"I will kill you all.", "I want to kill myself.", "I will see you in court.", "I am 12 years old and ordered it alone."} {
		for n := range 8 {
			long := strings.Repeat(before, n) + last + " " + strings.Repeat(before, n/2)
			alone, _ := careOf(last)
			kinds, flags := careOf(long)
			if len(alone) == 0 || !slices.Contains(kinds, alone[0]) {
				t.Errorf("%q after %d sentences: %v, alone %v", last, 4*n, kinds, alone)
				continue
			}
			w := flags[slices.Index(kinds, alone[0])].Words[0]
			if at := strings.Index(long, last); w.From < at || w.To > at+len(last) {
				t.Errorf("%q: shown by %q", last, long[w.From:w.To])
			}
		}
	}
}

func TestPassages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x text
		x.fold(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"word", "and", ".", "!", "?", ",", "12"}), 1, 300).Draw(t, "words"), " "))
		end := 0
		all := x.passages(nil)
		for i, p := range all {
			if p.from > end || p.to <= end || len(x.tokens) > longText && p.to-p.from > longestPassage {
				t.Fatalf("%d of %+v of %d tokens", i, all, len(x.tokens))
			}
			end = p.to
		}
		if len(x.tokens) > longText && end != len(x.tokens) || len(x.tokens) <= longText && len(all) > 0 {
			t.Fatalf("%+v of %d tokens", all, len(x.tokens))
		}
	})
}

func TestNoCareForNothing(t *testing.T) {
	for _, s := range []string{"", " ", "!!!", "👍", "ok"} {
		if kinds, _ := careOf(s); len(kinds) > 0 {
			t.Errorf("%q: %v", s, kinds)
		}
	}
}

// Written texts of the corpus: of those that a person must take few are missed, of
// messages few are flagged.
func TestCareOfCorpus(t *testing.T) {
	missed, must := 0, 0
	for _, l := range lines(t, "corpus/care.*.tsv") {
		if l[1] == "none" {
			continue
		}
		must++
		if kinds, _ := careOf(l[2]); len(kinds) == 0 {
			missed++
		}
	}
	flagged, messages := 0, 0
	for _, l := range lines(t, "corpus/messages.*.tsv") {
		messages++
		if kinds, _ := careOf(l[2]); len(kinds) > 0 {
			flagged++
		}
	}
	t.Logf("%d of %d missed, %d of %d messages flagged", missed, must, flagged, messages)
	if missed*100 > must*10 || flagged*100 > messages*2 {
		t.Errorf("%d of %d missed, %d of %d messages flagged", missed, must, flagged, messages)
	}
}

// A text full of such words takes no longer than its length.
func TestCareIsBounded(t *testing.T) {
	careOf(strings.Repeat("kill you police fire ", 5000))
}

func BenchmarkCare(b *testing.B) {
	for name, s := range map[string]string{
		"none":       "The saree is lovely and the colour is just as in the photos, thanks to all of the team, will come again",
		"devanagari": "साड़ी बहुत सुंदर है और रंग भी वैसा ही है जैसा दिखाया था सबको बहुत अच्छी लगी धन्यवाद फिर लेंगे",
		"found":      "my son touched the kettle and got an electric shock, I will go to the consumer court if you do not answer",
	} {
		b.Run(name, func(b *testing.B) {
			m := loadBase()
			var w work
			w.text.fold(s)
			w.sum(m)
			b.ReportAllocs()
			for b.Loop() {
				m.care(&w, "en")
			}
		})
	}
}
