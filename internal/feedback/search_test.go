package feedback_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
)

func TestSearch(t *testing.T) {
	texts := map[string]string{
		"en":       `The "Blue Mug" broke; 100% refund_please C:\temp`,
		"hindi":    "उत्पाद की गुणवत्ता बहुत अच्छी है, क़ीमत ठीक",
		"bengali":  "ডেলিভারি দেরিতে হয়েছে, কোমল জিনিস ভাঙা",
		"nepali":   "समान राम्रो छ, तर ढिलो आयो। गर्\u200dयो",
		"german":   "Die Straße ist GROẞ",
		"greek":    "ΟΔΟΣ",
		"french":   "de\u0301ja\u0300 vu",
		"japanese": "品質が良い",
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		var events []event.Event
		for name, text := range texts {
			events = append(events, ev(name, "Social Mention", 1, fmt.Sprintf(`{"post_id":%q,"text":%q}`, name, text)))
		}
		other := ev("x", "Social Mention", 1, `{"text":"blue mug of another shop"}`)
		other.Workspace, other.Model = 2, 102
		apply(t, d, append(events, other)...)
		for query, want := range map[string]string{
			"blue": "en", "BLUE mug": "en", "lue ug": "en", `"blue`: "en", "blue absent": "", "100%": "en", "00%": "en", "0%%": "", "d_p": "en", "dxp": "", "ref_nd": "", `c:\t`: "en",
			"mu": "en", "%": "en", "_": "en", `\`: "en", `"`: "en", "OR": "", "blue OR absent": "", "-mug": "", "mug*": "", "NEAR(blue": "",
			"गुणवत्ता": "hindi", "णव": "hindi", "है": "hindi", "\u0958ीमत": "hindi", "क\u093cीमत": "hindi", "च्छी": "hindi",
			"দেরিতে": "bengali", "হ\u09dfেছে": "bengali", "হ\u09af\u09bcেছে": "bengali", "ক\u09cbমল": "bengali", "ক\u09c7\u09beমল": "bengali", "ভাঙ": "bengali",
			"राम्रो ढिलो": "nepali", "गर्यो": "nepali", "गर्\u200dयो": "nepali",
			"STRASSE": "german", "groß": "german", "οδός": "", "οδος": "greek", "déjà": "french", "品質": "japanese", "質が良": "japanese",
		} {
			var got []string
			for _, it := range list(t, d, feedback.Filter{Query: query}) {
				got = append(got, it.ExternalID)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%q found %q, want %q", query, got, want)
			}
		}
		if n := len(list(t, d, feedback.Filter{Query: " "})); n != len(texts) {
			t.Errorf("an empty query found %d", n)
		}
		for _, query := range []string{strings.Repeat("x", 501), strings.Repeat("x ", 17)} {
			var input feedback.InputError
			if _, _, err := (feedback.Store{DB: d}).List(ctx, 1, feedback.Filter{Query: query}); !errors.As(err, &input) {
				t.Errorf("a query of %d gave %v", len(query), err)
			}
		}
	})
}

// Whatever is written and asked, search finds what the folded texts hold.
func TestSearchFindsAnything(t *testing.T) {
	lite, pg := databases(t)
	alphabet := []rune("aAbB%_\\\"'*-^:() éßकक़्षाঁক্ষো😀\u200d")
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom(alphabet), 1, 12, -1).Draw(rt, "text")
		runes := []rune(text)
		from := rapid.IntRange(0, len(runes)-1).Draw(rt, "from")
		to := rapid.IntRange(from+1, len(runes)).Draw(rt, "to")
		query := string(runes[from:to])
		whole := to == len(runes) || !unicode.Is(unicode.M, runes[to]) // it ends with a letter, and not within one, whose marks have an order of their own
		noise := rapid.StringOfN(rapid.SampledFrom(alphabet), 1, 4, -1).Draw(rt, "noise")
		var results []int
		for _, d := range []*db.DB{lite, pg} {
			clean(t, d)
			apply(t, d, ev("m", "Social Mention", 1, `{"text":`+jsonQuote(text)+`}`))
			results = append(results, len(list(t, d, feedback.Filter{Query: query})), len(list(t, d, feedback.Filter{Query: noise})))
		}
		if strings.TrimSpace(text) != "" && whole && startsLetter(query) && results[0] != 1 {
			rt.Fatalf("%q was not found in %q", query, text)
		}
		if results[0] != results[2] || results[1] != results[3] {
			rt.Fatalf("the databases differ on %q, %q in %q: %v", query, noise, text, results)
		}
	})
}

// startsLetter excludes queries that begin within a letter, with a mark that
// normalisation joins to what stands before it.
func startsLetter(s string) bool {
	for _, r := range s {
		return r < 0x900 || r >= 0x915 && r <= 0x939 || r >= 0x995 && r <= 0x9b9
	}
	return false
}

func jsonQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
