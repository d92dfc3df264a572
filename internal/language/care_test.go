package language

import (
	"slices"
	"strings"
	"testing"
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
				m.care(&w, 0)
			}
		})
	}
}
