package language

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// folded writes the tokens of a text with spaces between.
func folded(s string) string {
	var t text
	t.fold(s)
	var words []string
	for i := range t.tokens {
		words = append(words, string(t.of(&t.tokens[i])))
	}
	return strings.Join(words, " ")
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"Great!!! SOOOO good":     "great ! so good",
		"Don't, can’t":            "dont , cant",
		"ramrooo":                 "ramro",
		"क़लम हाँ":                "कलम हां",
		"ক\u09cbথ\u09be":          "ক\u09c7\u09beথ\u09be",
		"ড\u09bc \u09dc":          "ড ড",
		"a\u0301rbol Árbol":       "árbol árbol",
		"न\u200dही\u200cं":        "नहीं",
		"👍🏽 👍 ❤️ <3":              "👍 👍 ❤ ❤",
		"😂😂😂":                     "😂",
		":) :-( ;)":               "🙂 🙁 😉",
		"Rs 1,299.50 ₹20":         "rs 6 2",
		"see https://x.example/a": "see @",
		"mail me: a.b@x.example!": "mail me @ !",
		"@dhvani hello":           "@ hello",
		"ठीक है।":                 "ठीक है .",
		"ｗｉｄｅ":                    "wide",
		"what?!":                  "what ?",
		"\xff\xfe":                "",
		"العربية":                 "العربية",
	} {
		if got := folded(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestTokensSayHowItIsWritten(t *testing.T) {
	var x text
	x.fold("VERY baaaad !!! ok")
	if k := x.tokens; !k[0].shouted || k[1].shouted || !k[1].drawn || !k[2].drawn || k[3].drawn || x.latin != 12 {
		t.Errorf("%+v, %d letters", k, x.latin)
	}
}

// What is written composed or decomposed comes out the same.
func TestFoldIsCanonical(t *testing.T) {
	letters := []rune("aeiounAEIOUÑçãõéíóúüक़खड़ढ़नऩय़ािीोौंঁँড়ঢ়য়কোৌোৗ 'é́̃")
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringOfN(rapid.SampledFrom(letters), 0, 20, -1).Draw(rt, "text")
		if a, b := folded(norm.NFC.String(s)), folded(norm.NFD.String(s)); a != b {
			rt.Fatalf("%q: %q composed, %q decomposed", s, a, b)
		}
	})
}

// Any bytes are cut in order, within bounds, into tokens that are not empty.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"Great!!! 👍🏽", "क़लम हाँ।", "a@b.example http://x", ":) <3 \u200d\u09cb\xff", strings.Repeat("o", 9000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var x text
		x.fold(s)
		at := int32(0)
		for i := range x.tokens {
			k := &x.tokens[i]
			if k.from < at || k.to <= k.from || int(k.to) > len(s) || k.end <= k.start || int(k.end) > len(x.runes) {
				t.Fatalf("token %d of %q: %+v", i, s, k)
			}
			at = k.to
		}
		if utf8.RuneCountInString(s) > 0 && len(x.features(nil)) > 40*maxBytes {
			t.Fatalf("%d features", len(x.features(nil)))
		}
	})
}

func hashes(s string) map[uint32]bool {
	var x text
	x.fold(s)
	out := map[uint32]bool{}
	for _, f := range x.features(nil) {
		out[f.hash] = true
	}
	return out
}

// Spellings share features, and a negation makes words differ from themselves.
func TestFeatures(t *testing.T) {
	shared := func(a, b string) int {
		n := 0
		other := hashes(b)
		for h := range hashes(a) {
			if other[h] {
				n++
			}
		}
		return n
	}
	if shared("bahut", "bohot") == 0 || shared("accha", "acha") < 5 || shared("não", "nao") != len(hashes("nao")) {
		t.Error("spellings of a word have too little in common")
	}
	if a, b := hashes("good"), hashes("not good"); len(b) <= len(a)+len(hashes("not"))-4 {
		t.Error("a negation leaves no trace")
	}
	if len(hashes("😀")) < 2 || shared("😀", "👍") == 0 {
		t.Error("emoji of one feeling share nothing")
	}
}

func BenchmarkFeatures(b *testing.B) {
	const twenty = "The delivery was very late and the box arrived crushed, but the saree itself is lovely and the shop answered quickly"
	var x text
	var out []feature
	b.ReportAllocs()
	for b.Loop() {
		x.fold(twenty)
		out = x.features(out[:0])
	}
	b.ReportMetric(float64(len(out)), "features")
}

// Hostile texts take time in proportion to their length.
func BenchmarkHostile(b *testing.B) {
	for name, s := range map[string]string{"addresses": strings.Repeat("a@b", 1<<18), "letters": strings.Repeat("o", 1<<20), "marks": strings.Repeat("<", 1<<20), "emoji": strings.Repeat("👍", 1<<18), "bytes": strings.Repeat("\xff", 1<<20)} {
		b.Run(name, func(b *testing.B) {
			var x text
			for b.Loop() {
				x.fold(s)
				x.features(nil)
			}
		})
	}
}
