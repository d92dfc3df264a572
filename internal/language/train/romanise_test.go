package train

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/dhvani/dhvani/internal/language/corpus"
)

// first always takes the likeliest spelling.
type first struct{}

func (first) Uint64() uint64 { return 1 << 40 }

func TestRomanise(t *testing.T) {
	for _, c := range [][3]string{
		{"hi", "मुझे पैसा वापस चाहिए, नहीं तो शिकायत करूँगा।", "mujhe paisa wapas chahie, nahi to shikayat karunga."},
		{"hi", "साड़ी अच्छी है पर size ४२ छोटा", "sadi acchi hai par size 42 chota"},
		{"bn", "কাপড়টা খুব ভালো, কিন্তু দেরি হয়েছে", "kaporta khub valo, kintu deri hoyeche"},
		{"ne", "राम्रो छ तर साइज सानो भयो", "ramro cha tar saij sano bhayo"},
		{"ne", "म", "ma"},
	} {
		if got := romanise(c[1], c[0], rand.New(first{})); got != c[2] {
			t.Errorf("%s: %q, want %q", c[1], got, c[2])
		}
	}
}

func TestVariants(t *testing.T) {
	items := []item{
		{Text: corpus.Text{Kind: "opinions", Language: "ne", Label: "positive", Text: "राम्रो छ"}},
		{Text: corpus.Text{Kind: "messages", Language: "en", Label: "track_order", Text: strings.Repeat("where exactly ", 20)}},
		{Text: corpus.Text{Kind: "languages", Language: "other", Label: "Marathi", Text: "कुठे आहे"}},
	}
	got := variants(items)
	if len(got) != 2 || got[0].Language != "ne-Latn" || got[0].Label != "positive" || got[1].Language != "en" || got[1].from != items[1].Text.Text {
		t.Fatalf("%+v", got)
	}
	for _, r := range got[0].Text.Text {
		if r > unicode.MaxASCII {
			t.Errorf("left as it was: %q", got[0].Text.Text)
		}
	}
	if a, b := got[1].sample(0).fold, items[1].sample(0).fold; a != b {
		t.Errorf("fold %d, of the text itself %d", a, b)
	}
}
