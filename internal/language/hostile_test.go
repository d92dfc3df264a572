package language

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// betweenRunes reports whether a place is between two runes.
func betweenRunes(text string, at int) bool {
	for i := at - 1; i >= max(0, at-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(text[i]) {
			_, size := utf8.DecodeRuneInString(text[i:])
			return i+size <= at
		}
	}
	return true
}

// flaw is what is wrong with an analysis of a text, whatever the text says; "" for
// nothing.
func flaw(text string, a *Analysis) string {
	spans := func(list []Span) bool {
		last := 0
		for _, s := range list {
			if s.From < last || s.To <= s.From || s.To > len(text) || !betweenRunes(text, s.From) || !betweenRunes(text, s.To) {
				return false
			}
			last = s.From
		}
		return true
	}
	isShare := func(p float64) bool { return p >= 0 && p <= 1 }
	p := a.Probabilities
	sum := p[0] + p[1] + p[2]
	switch {
	case !isShare(p[0]) || !isShare(p[1]) || !isShare(p[2]):
		return fmt.Sprintf("probabilities %v", p)
	case a.Sentiment == "" && sum != 0, a.Sentiment != "" && math.Abs(sum-1) > 1e-9:
		return fmt.Sprintf("%q with probabilities %v", a.Sentiment, p)
	case a.Sentiment != "" && p[slices.Index(Sentiments, a.Sentiment)] != slices.Max(p[:]):
		return fmt.Sprintf("%s of %v", a.Sentiment, p)
	case math.Abs(a.Score-(p[2]-p[0])) > 1e-9:
		return fmt.Sprintf("score %v of %v", a.Score, p)
	case a.Language != "" && a.Language != Other && !slices.Contains(Languages, a.Language):
		return "language " + a.Language
	case a.Intent != "" && a.Intent != Unsure && !slices.Contains(Intents, a.Intent) || !isShare(a.IntentConfidence):
		return fmt.Sprintf("intent %s at %v", a.Intent, a.IntentConfidence)
	case a.Urgency.Grade < 0 || a.Urgency.Grade > 3 || (a.Urgency.Grade > 0) != (len(a.Urgency.Reasons) > 0):
		return fmt.Sprintf("urgency %+v", a.Urgency)
	}
	seen := map[string]bool{}
	for _, t := range a.Topics {
		if !slices.Contains(Topics, t.Name) || seen[t.Name] || !isShare(t.Confidence) || !slices.Contains(Sentiments, t.Sentiment) || !(t.Score >= -1 && t.Score <= 1) || !spans(t.Words) {
			return fmt.Sprintf("topic %+v", t)
		}
		seen[t.Name] = true
	}
	for _, f := range a.Care {
		if !slices.Contains(Care, f.Kind) || seen[f.Kind] || !isShare(f.Confidence) || !spans(f.Words) {
			return fmt.Sprintf("flag %+v", f)
		}
		seen[f.Kind] = true
	}
	var personal []Span
	for i, one := range a.Personal {
		if personal = append(personal, one.Span); i > 0 && one.From < a.Personal[i-1].To {
			return fmt.Sprintf("personal data overlap: %+v", a.Personal)
		}
	}
	if !spans(personal) {
		return fmt.Sprintf("personal data %+v", a.Personal)
	}
	return ""
}

// hostile are texts that nobody sends in good faith.
func hostile() map[string]string {
	random := rand.New(rand.NewPCG(1, 1))
	binary := make([]byte, 1<<20)
	for i := range binary {
		binary[i] = byte(random.Uint32())
	}
	return map[string]string{
		"empty":             "",
		"NUL":               "\x00",
		"half a letter":     "bad \xe0\xa4",
		"1 MB":              strings.Repeat("terrible delivery! call me: a@b.example +91 98765 43210 ", 1<<20/56),
		"binary":            string(binary),
		"emoji only":        strings.Repeat("😡👍🏽👨‍👩‍👧‍👦🇮🇳", 5000),
		"right to left":     "\u202e" + strings.Repeat("المنتج سيئ جدا שירות גרוע ", 1000),
		"combining marks":   "a" + strings.Repeat("\u0301\u0323", 100_000),
		"marks alone":       strings.Repeat("\u0301", 100_000),
		"one word":          strings.Repeat("bad ", 100_000),
		"one long word":     strings.Repeat("a", 1<<20),
		"drawn words":       strings.Repeat("sooooo ", 50_000),
		"zero width":        strings.Repeat("\u200b\u200d\ufeff", 100_000) + "bad",
		"zero width inside": "b" + strings.Repeat("\u200d", 100_000) + "ad",
		"viramas":           strings.Repeat("क्", 50_000),
		"nuktas":            strings.Repeat("क़", 50_000),
		"digits":            strings.Repeat("4111111111111111", 60_000),
		"digits and dots":   strings.Repeat("1.", 200_000),
		"at signs":          strings.Repeat("@", 400_000),
		"addresses":         strings.Repeat("a@a.a.", 100_000),
		"links":             strings.Repeat("https://", 50_000),
		"marks of anger":    strings.Repeat("!?", 200_000),
		"apostrophes":       strings.Repeat("a'", 200_000),
		"emoticons":         strings.Repeat(":-", 200_000),
		"lines":             strings.Repeat("\n", 400_000),
		"negations":         strings.Repeat("not no never ", 30_000),
		"contrasts":         strings.Repeat("but but good ", 30_000),
		"surrogates":        strings.Repeat("\xed\xa0\x80", 100_000),
		"beyond Unicode":    strings.Repeat("\xf7\xbf\xbf\xbf", 100_000),
		"wide letters":      strings.Repeat("ＢＡＤ　", 10_000),
		"many scripts":      strings.Repeat("bad खराब খারাপ плохо 悪い ไม่ดี سيئ ", 2000),
	}
}

// cut is what is looked at of a text.
func cut(text string) string {
	if len(text) <= maxBytes {
		return text
	}
	end := maxBytes
	for end > maxBytes-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// Whatever the text: the answer makes sense, is the same each time, and comes of no
// more than the first 8 KB, so that the longest text takes no longer. Personal data
// alone is looked for in all of it.
func TestHostileTexts(t *testing.T) {
	a := Base()
	for name, text := range hostile() {
		got := a.Analyze(text)
		if f := flaw(text, &got); f != "" {
			t.Errorf("%s: %s", name, f)
		}
		if again := a.Analyze(text); !reflect.DeepEqual(again, got) {
			t.Errorf("%s is analysed in two ways: %+v %+v", name, got, again)
		}
		short := a.Analyze(cut(text))
		if short.Personal, got.Personal = nil, nil; !reflect.DeepEqual(short, got) {
			t.Errorf("%s: what is beyond the first 8 KB was looked at: %+v %+v", name, got, short)
		}
	}
}

// Tokens and features of any text are bounded, and with them the time that it takes.
func TestWorkIsBounded(t *testing.T) {
	var w text
	for name, given := range hostile() {
		w.fold(given)
		if tokens, features := len(w.tokens), len(w.features(nil)); tokens > maxBytes || len(w.runes) > maxBytes || features > 10*maxBytes {
			t.Errorf("%s: %d tokens, %d runes, %d features", name, tokens, len(w.runes), features)
		}
	}
}

// Many may ask at once, about all kinds of texts, and each gets the answer to its own.
func TestAnalyzeAtOnce(t *testing.T) {
	a := Base()
	texts := hostile()
	for i := range 50 {
		texts[fmt.Sprint(i)] = strings.Repeat(fmt.Sprintf("order %d came late but the shoes are great 😊 mail me: u%d@shop.example. ", i, i), 1+i%5)
	}
	want := map[string]Analysis{}
	for name, text := range texts {
		want[name] = a.Analyze(text)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for name, text := range texts {
				if got := a.Analyze(text); !reflect.DeepEqual(got, want[name]) {
					t.Errorf("%s: %+v, alone %+v", name, got, want[name])
				}
			}
		})
	}
	wg.Wait()
}

func TestAnyText(t *testing.T) {
	a := Base()
	piece := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		" ", "good", "bad", "not ", "खराब", "খারাপ", "muito ruim", "but", "😡", "👍🏽", "\u200d", "\u0301", "़", "!!!", "@", "98765 43210", "4111 1111 1111 1111", "a@b.example", "\xff", "\xe0\xa4", "kill you", "refund",
	}))
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Repeat(strings.Join(rapid.SliceOfN(piece, 0, 20).Draw(r, "pieces"), ""), rapid.SampledFrom([]int{1, 1, 1, 200}).Draw(r, "times"))
		got := a.Analyze(text)
		if f := flaw(text, &got); f != "" {
			r.Fatal(f)
		}
	})
}

func FuzzAnalyze(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s[:min(len(s), 64)])
	}
	f.Add("डिलीवरी बहुत लेट थी yaar, call 98765 43210")
	f.Add("great shoes, awful courier; I will sue you")
	a := Base()
	f.Fuzz(func(t *testing.T, text string) {
		got := a.Analyze(text)
		if f := flaw(text, &got); f != "" {
			t.Error(f)
		}
	})
}
