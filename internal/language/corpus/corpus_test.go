package corpus

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/dhvani/dhvani/internal/language"
)

func load(t *testing.T, folder string) []Text {
	t.Helper()
	texts, err := Load(os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// There are enough texts of each label in each language to learn it from, and none
// that only test is among them.
func TestEnoughTexts(t *testing.T) {
	count := map[[3]string]int{}
	seen := map[string]bool{}
	for _, x := range load(t, ".") {
		count[[3]string{x.Kind, x.Language, x.Label}]++
		for topic := range x.Topics {
			count[[3]string{"topics", x.Language, topic}]++
		}
		seen[x.Text] = true
	}
	for _, lang := range language.Languages {
		whole := 1
		if strings.HasSuffix(lang, "-Latn") {
			whole = 0
		}
		for kind, want := range map[string]struct {
			labels []string
			n      [2]int // romanised, and in its own letters
		}{"opinions": {labels["opinions"], [2]int{80, 150}}, "messages": {labels["messages"], [2]int{12, 25}}, "care": {labels["care"], [2]int{14, 22}}, "topics": {language.Topics, [2]int{14, 25}}} {
			for _, label := range want.labels {
				if n := count[[3]string{kind, lang, label}]; n < want.n[whole] {
					t.Errorf("%s in %s: %d of %s, want %d", kind, lang, n, label, want.n[whole])
				}
			}
		}
	}
	for _, x := range load(t, "fresh") {
		if seen[x.Text] && len(x.Text) > 12 { // "hello" may be in both
			t.Errorf("is learnt from and tests: %s", x.Text)
		}
	}
}

// No text is nearly another one of its language, and texts do not begin alike, as
// they would if a program had filled in a form.
func TestNoTwoAlike(t *testing.T) {
	const alike = 0.55 // shared runs of five letters
	byLanguage := map[string][]Text{}
	for _, x := range load(t, ".") {
		byLanguage[x.Language] = append(byLanguage[x.Language], x)
	}
	for lang, texts := range byLanguage {
		if lang == language.Other {
			continue
		}
		begins := map[string]int{}
		often := map[string]int{}
		grams := make([][]string, len(texts))
		for i, x := range texts {
			plain := lettersOf(x.Text)
			if words := strings.Fields(plain); len(words) > 3 {
				begins[strings.Join(words[:3], " ")]++
			}
			grams[i] = slices.Collect(maps.Keys(runs(plain, 5)))
			for _, g := range grams[i] {
				often[g]++
			}
		}
		byRarity := slices.SortedFunc(maps.Keys(often), func(a, b string) int { return cmp.Or(cmp.Compare(often[a], often[b]), cmp.Compare(a, b)) })
		rank := map[string]int{}
		for i, g := range byRarity {
			rank[g] = i
		}
		// Two texts that are alike share one of their rarest runs: of a text's n, one
		// of the first n - alike*n + 1 (prefix filter; Chaudhuri, Ganti and Kaushik, 2006).
		ranks := make([][]int, len(texts))
		holders := make([][]int, len(byRarity))
		for i, x := range texts {
			for _, g := range grams[i] {
				ranks[i] = append(ranks[i], rank[g])
			}
			slices.Sort(ranks[i])
			n := len(ranks[i])
			seen := map[int]bool{}
			for _, g := range ranks[i][:n-int(alike*float64(n))] {
				for _, j := range holders[g] {
					seen[j] = true
				}
				holders[g] = append(holders[g], i)
			}
			for j := range seen {
				if n > 12 && jaccard(ranks[i], ranks[j]) > alike {
					t.Errorf("%s: nearly the same: %q and %q", lang, texts[j].Text, x.Text)
				}
			}
		}
		for begin, n := range begins {
			if n > 5+len(texts)/100 {
				t.Errorf("%s: %d of %d texts begin with %q", lang, n, len(texts), begin)
			}
		}
	}
}

// jaccard is the share of what two sorted sets hold together that both hold.
func jaccard(a, b []int) float64 {
	both, all := 0, len(a)+len(b)
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			both++
			a, b = a[1:], b[1:]
		}
	}
	return float64(both) / float64(all-both)
}

func lettersOf(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(norm.NFC.String(s)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
	}), " ")
}

func runs(s string, n int) map[string]bool {
	runes := []rune(s)
	out := map[string]bool{}
	for i := range max(1, len(runes)-n+1) {
		out[string(runes[i:min(i+n, len(runes))])] = true
	}
	return out
}

func TestReadRefuses(t *testing.T) {
	for _, line := range []string{
		"en\tpositive\ttext", "en\tgood\t-\ttext", "xx\tpositive\t-\ttext", "en\tpositive\tprice\ttext", "en\tpositive\tprice:good\ttext",
		"en\tpositive\tprice:neutral,price:neutral\ttext", "en\tpositive\t-\t", "en\tpositive\t-\t text",
		"en\tpositive\tprice:neutral,size:neutral,stock:neutral,trust:neutral\ttext", "en\tnegative+danger\t-\ttext",
	} {
		if _, err := Read(strings.NewReader(line), "opinions"); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: %v", line, err)
		}
	}
	got, err := Read(strings.NewReader("en\tnegative\tdelivery:negative,product:positive\tgreat shoes, awful courier\n"), "opinions")
	if err != nil || len(got) != 1 || got[0].Topics["delivery"] != "negative" || got[0].Label != "negative" || got[0].Care != "" {
		t.Errorf("%+v, %v", got, err)
	}
	for kind, line := range map[string]string{"messages": "en\tcomplaint+safety\tthe kettle burned my hand\n", "care": "en\tsafety\tthe kettle burned my hand\n"} {
		if got, err := Read(strings.NewReader(line), kind); err != nil || got[0].Care != "safety" {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
	}
}
