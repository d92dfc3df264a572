package evaluate

import (
	"bytes"
	"compress/gzip"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/language"
)

// casesOf are n cases of each line "gold guess n".
func casesOf(lines ...string) (out []Case) {
	for _, l := range lines {
		f := strings.Fields(l)
		for range len(f[2]) {
			out = append(out, Case{Gold: f[0], Guess: f[1]})
		}
	}
	return out
}

func near(a, b float64) bool { return math.Abs(a-b) < 5e-5 }

// Figures worked out by hand. Of a: 4 of 6 right, 5 guessed; of b: 2 of 3, 4
// guessed; c is never right; d is only guessed.
func TestMeasure(t *testing.T) {
	f := Measure(casesOf("a a xxxx", "a b x", "a d x", "b b xx", "b a x", "c b x"))
	if f.N != 10 || !near(f.Accuracy.Value, .6) || !near(f.Accuracy.Low, .3127) || !near(f.Accuracy.High, .8318) {
		t.Errorf("accuracy %+v of %d", f.Accuracy, f.N)
	}
	a, b := 2*4/(6+5.), 2*2/(3+4.)
	if !near(f.MacroF1.Value, (a+b)/3) || !near(f.AllF1.Value, (a+b)/4) {
		t.Errorf("macro-F1 %+v, %+v", f.MacroF1, f.AllF1)
	}
	if got := f.Classes["a"]; got.N != 6 || got.Guessed != 5 || !near(got.Recall.Value, 4./6) || !near(got.Precision.Value, .8) || !near(got.F1.Value, a) || !near(got.Recall.Low, .3000) || !near(got.Recall.High, .9032) {
		t.Errorf("a: %+v %+v %+v", got, *got.Precision, *got.Recall)
	}
	if got := f.Classes["c"]; got.N != 1 || got.Precision != nil || got.Recall.Value != 0 || got.F1.Value != 0 {
		t.Errorf("c: %+v", got)
	}
	if got := f.Classes["d"]; got.N != 0 || got.Recall != nil || got.Precision.Value != 0 {
		t.Errorf("d: %+v", got)
	}
}

func TestConfusionAndLanguages(t *testing.T) {
	cases := casesOf("a a xx", "a b x", "b b x")
	cases[0].Language, cases[3].Language = "hi", "hi"
	cases[1].Language, cases[2].Language = "en", "en"
	r := NewReport(Sentiment, cases)
	if diff := cmp.Diff(Confusion{[]string{"a", "b"}, [][]int64{{2, 1}, {0, 1}}}, r.Confusion); diff != "" {
		t.Error(diff)
	}
	if r.Languages["hi"].N != 2 || r.Languages["hi"].Accuracy.Value != 1 || r.Languages["en"].Accuracy.Value != .5 || len(r.Languages) != 2 {
		t.Errorf("%+v", r.Languages)
	}
	if NewReport(Sentiment, casesOf("a a x")).Languages != nil {
		t.Error("a language without a name")
	}
}

// The last bin has four cases, the sixth two.
func TestCalibration(t *testing.T) {
	cases := casesOf("a a xxx", "a b x", "a a x", "a b x")
	for i, c := range []float64{.92, .94, 1, .9, .55, .55} {
		cases[i].Confidence = c
	}
	c := calibrate(cases)
	// 3 of 4 are right with a mean confidence of .94, 1 of 2 with .55.
	if want := 4./6*(.94-.75) + 2./6*(.55-.5); !near(c.ECE, want) || c.N != 6 || c.Bins[9].N != 4 || c.Bins[5].N != 2 || !near(c.Bins[9].Accuracy, .75) || !near(c.Bins[9].Confidence, .94) {
		t.Errorf("%+v, want an ECE of %v", c, want)
	}
}

func TestScope(t *testing.T) {
	cases := casesOf("a a xxx", "a b x", "a other x", "other a xx", "other other x")
	cases[0].Unsure = true // right, not said
	cases[5].Unsure = true // out of scope, not said
	s := NewReport(Intent, cases, "other").Scope
	got := []float64{float64(s.In), float64(s.Out), s.Accuracy.Value, s.Answered.Value, s.Precision.Value, s.Rejected.Value, s.Accepted.Value}
	if diff := cmp.Diff([]float64{5, 3, 3. / 5, 3. / 5, 2. / 3, 2. / 3, 1. / 3}, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
}

// The intervals of a bootstrap are as wide as they should be: for the share of one
// class of two balanced ones, macro-F1 is near accuracy, whose interval is known.
func TestBootstrapWidth(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	f := Measure(casesOf("a a "+x(400), "a b "+x(100), "b b "+x(400), "b a "+x(100)))
	if math.Abs(f.MacroF1.Low-f.Accuracy.Low) > .003 || math.Abs(f.MacroF1.High-f.Accuracy.High) > .003 {
		t.Errorf("macro-F1 %+v, accuracy %+v", f.MacroF1, f.Accuracy)
	}
	if again := Measure(casesOf("a a "+x(400), "a b "+x(100), "b b "+x(400), "b a "+x(100))); again.MacroF1 != f.MacroF1 {
		t.Error("another run says otherwise")
	}
}

// A model that is right in 40 of the 50 cases in which the two differ is better; one
// that is right in half of them is not shown to be; nobody is better than oneself.
func TestDifference(t *testing.T) {
	models := func(better int) (base, other []Case) {
		for i := range 300 {
			gold := []string{"a", "b", "c"}[i%3]
			wrong := []string{"b", "c", "a"}[i%3]
			b, o := Case{Gold: gold, Guess: gold}, Case{Gold: gold, Guess: gold}
			switch {
			case i < better:
				b.Guess = wrong
			case i < 50:
				o.Guess = wrong
			case i < 100:
				b.Guess, o.Guess = wrong, wrong
			}
			base, other = append(base, b), append(other, o)
		}
		return base, other
	}
	base, other := models(40)
	b, o, d := Difference(base, other)
	if !near(b.Value, Measure(base).MacroF1.Value) || !near(o.Value, Measure(other).MacroF1.Value) || !near(d.Value, o.Value-b.Value) || d.Low <= 0 || d.High >= .2 {
		t.Errorf("%+v %+v %+v", b, o, d)
	}
	// McNemar's 95 % interval for the difference of shares: .1 +- 1.96*sqrt(50-30^2/300)/300.
	if math.Abs(d.Low-.0552) > .006 || math.Abs(d.High-.1448) > .006 {
		t.Errorf("%+v", d)
	}
	if _, _, d := Difference(models(25)); d.Low >= 0 || d.High <= 0 {
		t.Errorf("alike: %+v", d)
	}
	if _, _, d := Difference(base, base); d != (Figure{}) {
		t.Errorf("with itself: %+v", d)
	}
}

// Whatever the cases: figures are shares, intervals hold their value where they are
// Wilson's, counts add up, and the order of the cases does not matter.
func TestMeasureAny(t *testing.T) {
	label := rapid.SampledFrom([]string{"a", "b", "c", ""})
	one := rapid.Custom(func(r *rapid.T) Case {
		return Case{Gold: label.Draw(r, "gold"), Guess: label.Draw(r, "guess"), Confidence: rapid.Float64Range(0, 1).Draw(r, "confidence"), Unsure: rapid.Bool().Draw(r, "unsure")}
	})
	rapid.Check(t, func(r *rapid.T) {
		cases := rapid.SliceOfN(one, 1, 30).Draw(r, "cases")
		rep := NewReport(Intent, cases, "c")
		check := func(name string, f *Figure, wilson bool) {
			if f == nil {
				return
			}
			if !(f.Low >= 0 && f.Low <= f.High && f.High <= 1 && f.Value >= 0 && f.Value <= 1) || wilson && (f.Value < f.Low || f.Value > f.High) {
				r.Fatalf("%s: %+v", name, *f)
			}
		}
		var n, guessed, confused, right int64
		for name, c := range rep.Classes {
			check("precision", c.Precision, true)
			check("recall", c.Recall, true)
			check("f1 of "+name, &c.F1, false)
			n, guessed = n+c.N, guessed+c.Guessed
		}
		for i, row := range rep.Confusion.Counts {
			for _, k := range row {
				confused += k
			}
			right += row[i]
		}
		if n != rep.N || guessed != n || confused != n || rep.Accuracy.Value != float64(right)/float64(n) || rep.Scope.In+rep.Scope.Out != n {
			r.Fatalf("%+v", rep)
		}
		check("accuracy", &rep.Accuracy, true)
		check("macro-F1", &rep.MacroF1, false)
		check("accepted", rep.Scope.Accepted, true)
		if rep.AllF1.Value > rep.MacroF1.Value+1e-12 || rep.Calibration.ECE < 0 || rep.Calibration.ECE > 1 {
			r.Fatalf("%+v", rep)
		}
		mixed := slices.Clone(cases)
		slices.Reverse(mixed)
		if m := Measure(mixed); !near(m.MacroF1.Value, rep.MacroF1.Value) || m.Accuracy != rep.Accuracy {
			r.Fatalf("%+v in another order %+v", rep.Figures, m)
		}
	})
}

func TestRead(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte("lang\tlabel\ttext\nhi-Latn\tpositive\t\"best\" hai\n"))
	z.Close()
	for name, c := range map[string]struct {
		in   string
		want []Line
		err  string
	}{
		"gzip, quotes":    {zipped.String(), []Line{{"hi-Latn", "positive", `"best" hai`, 2}}, ""},
		"header":          {"\ufefftext\tid\tlabel\tlang\r\na b\t7\tx\ten\r\n\r\n", []Line{{"en", "x", "a b", 2}}, ""},
		"corpus":          {"en\tpositive\tdelivery:negative\tgood\nen\tgreeting\thi\n", []Line{{"en", "positive", "good", 1}, {"en", "greeting", "hi", 2}}, ""},
		"two":             {"x\thello\n", []Line{{"", "x", "hello", 1}}, ""},
		"no text":         {"en\tx\t\n", []Line{{"en", "x", "", 1}}, ""},
		"one":             {"en\n", nil, "line 1: it has 1 fields"},
		"unlike the head": {"lang\tlabel\ttext\nen\tx\n", nil, "line 2: it has 2 fields between tabs, the first line has 3"},
		"nothing":         {"lang\tlabel\ttext\n", nil, "no labelled text"},
		"a broken gzip":   {zipped.String()[:20], nil, "unexpected EOF"},
	} {
		got, err := Read(strings.NewReader(c.in))
		if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("lang\tlabel\ttext\nen\tx\ty\n"))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if lines, err := Read(bytes.NewReader(b)); (err == nil) != (len(lines) > 0) {
			t.Error(len(lines), err)
		}
	})
}

// fixed analyses every text alike.
type fixed language.Analysis

func (f fixed) Analyze(string) language.Analysis { return language.Analysis(f) }

// likely also tells the likeliest intent where it is not sure.
type likely struct{ fixed }

func (likely) LikeliestIntent(string) string { return "refund_status" }

func TestRun(t *testing.T) {
	a := fixed{Language: "other", Sentiment: language.Negative, Probabilities: [3]float64{.7, .2, .1}, Intent: language.Unsure, IntentConfidence: .3}
	run := func(task string, m Analyzer, lines ...Line) ([]Case, int64, error) {
		return Run(task, lines, Part{m, task}, true)
	}
	got, _, err := run(Sentiment, a, Line{"en", "positive", "t", 7})
	if diff := cmp.Diff([]Case{{Language: "en", Gold: "positive", Guess: "negative", Confidence: .7, Text: "t"}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, _, _ = run(Sentiment, fixed{}, Line{"en", "positive", "", 7})
	if got[0].Guess != "neutral" || got[0].Confidence != 0 {
		t.Errorf("nothing is said: %+v", got)
	}
	got, _, _ = run(Intent, a, Line{"en", NoNodes, "t", 7})
	if got[0].Gold != "other" || got[0].Guess != language.Unsure || !got[0].Unsure || got[0].Confidence != .3 {
		t.Errorf("%+v", got)
	}
	got, _, _ = run(Intent, likely{a}, Line{"en", "refund_status", "t", 7})
	if !got[0].Unsure || got[0].Guess != "refund_status" || got[0].Confidence != .3 {
		t.Errorf("the likeliest intent: %+v", got)
	}
	got, left, _ := run(Language, a, Line{"hi", "positive", "t", 7}, Line{"other", "fr", "t", 7}, Line{"de", "de", "t", 7}, Line{"", "bn", "t", 7}, Line{"ne-mixed", "neutral", "t", 7})
	var golds []string
	for _, c := range got {
		golds = append(golds, c.Gold)
	}
	if diff := cmp.Diff([]string{"hi", "other", "other", "bn"}, golds); diff != "" || left != 1 {
		t.Error(diff, left)
	}
	if _, _, err := run(Sentiment, a, Line{"en", "good", "t", 7}); err == nil || !strings.Contains(err.Error(), `line 7: "good"`) {
		t.Error("a label of nobody's:", err)
	}
	if _, _, err := run(Language, a, Line{"ne-mixed", "good", "t", 7}); err == nil {
		t.Error("no label at all")
	}
	var out strings.Builder
	if err := Write(&out, []Case{{Gold: "a", Guess: "b", Confidence: .5, Text: "x y"}, {Gold: "a", Guess: "a", Unsure: true, Text: "z"}}); err != nil {
		t.Fatal(err)
	}
	if want := "gold\tpredicted\tconfidence\ttext\tguess\na\tb\t0.500000\tx y\tb\na\tunsure\t0.000000\tz\ta\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
}
