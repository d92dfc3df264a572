package language

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func urgencyOf(s string, care bool) Urgency {
	var t text
	t.fold(s)
	return t.urgency(care, "")
}

// lines reads the fields of the lines of files.
func lines(t *testing.T, pattern string) (out [][]string) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for s := bufio.NewScanner(f); s.Scan(); {
			out = append(out, strings.Split(s.Text(), "\t"))
		}
		f.Close()
	}
	return out
}

func TestUrgency(t *testing.T) {
	n := map[string]int{}
	for _, l := range lines(t, "testdata/urgency.tsv") {
		n[l[0]]++
		u := urgencyOf(l[3], false)
		reasons := strings.Join(u.Reasons, ",")
		if reasons == "" {
			reasons = "-"
		}
		if strconv.Itoa(u.Grade) != l[1] || reasons != l[2] {
			t.Errorf("%s: %d for %s, want %s for %s", l[3], u.Grade, reasons, l[1], l[2])
		}
	}
	for _, l := range Languages {
		if n[l] < 25 {
			t.Errorf("%s has %d texts", l, n[l])
		}
	}
}

func TestCareIsUrgent(t *testing.T) {
	if u := urgencyOf("nice shoes", true); u.Grade != 3 || !slices.Equal(u.Reasons, []string{"care"}) {
		t.Errorf("%+v", u)
	}
	var t2 text
	t2.fold("one order, two debits, two messages of the bank")
	if u := t2.urgency(false, "charged_twice"); u.Grade != 2 || !slices.Equal(u.Reasons, []string{"money"}) {
		t.Errorf("%+v", u)
	}
	if u := urgencyOf("charged twice", true); u.Grade != 3 || !slices.Equal(u.Reasons, []string{"money", "care"}) {
		t.Errorf("%+v", u)
	}
}

// Opinions and messages, which nobody wrote with urgency in mind: praise hardly
// ever asks for haste, and few texts do overall.
func TestFewAreUrgent(t *testing.T) {
	count := func(pattern, label string) (n, within int) {
		for _, l := range lines(t, pattern) {
			if label == "" || l[1] == label {
				n++
				if urgencyOf(l[len(l)-1], false).Grade >= 2 {
					within++
				}
			}
		}
		return n, within
	}
	for _, c := range []struct {
		pattern, label string
		most           float64 // of a hundred
	}{{"corpus/opinions.*.tsv", "positive", 1}, {"corpus/opinions.*.tsv", "neutral", 1}, {"corpus/opinions.*.tsv", "negative", 4}, {"corpus/messages.*.tsv", "greeting", 0.5}, {"corpus/messages.*.tsv", "availability", 2}} {
		n, within := count(c.pattern, c.label)
		share := 100 * float64(within) / float64(n)
		t.Logf("%s %s: %d of %d (%.1f %%) graded 2 or 3", c.pattern, c.label, within, n, share)
		if share > c.most {
			t.Errorf("%s %s: %.1f %% are graded 2 or 3, at most %.1f %% should be", c.pattern, c.label, share, c.most)
		}
	}
	if n, within := count("corpus/messages.*.tsv", "charged_twice"); within*10 < n*4 {
		t.Errorf("%d of %d messages of double charges are graded 2 or 3", within, n)
	}
}

func FuzzUrgency(f *testing.F) {
	for _, s := range []string{"charged twice!!!", "कई बार 😡", "5 times", "refund?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u := urgencyOf(s, false)
		if u.Grade < 0 || u.Grade > 3 || (u.Grade == 0) != (len(u.Reasons) == 0) {
			t.Fatalf("%q: %+v", s, u)
		}
	})
}

func BenchmarkUrgency(b *testing.B) {
	for name, s := range map[string]string{
		"none":       "The delivery was very late and the box arrived crushed, but the saree itself is lovely and the shop answered quickly",
		"devanagari": "डिलीवरी बहुत देर से हुई और डिब्बा टूटा हुआ आया लेकिन साड़ी बहुत सुंदर है और दुकान ने जल्दी जवाब दिया धन्यवाद आपका",
		"found":      "This is the third time I am writing, I was charged twice and my flight is tomorrow!!!",
	} {
		b.Run(name, func(b *testing.B) {
			var x text
			x.fold(s)
			b.ReportAllocs()
			for b.Loop() {
				x.urgency(false, "")
			}
		})
	}
}
