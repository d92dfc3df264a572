package console

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/language"
)

// Words of two topics overlap; what is analysed begins with the title.
func TestMarked(t *testing.T) {
	const title, text = "Late!", "great shoes, awful <b>courier</b>"
	said := title + "\n" + text
	span := func(words string) []language.Span {
		at := strings.Index(said, words)
		return []language.Span{{From: at, To: at + len(words)}}
	}
	topics := []shownTopic{
		{"delivery", language.Negative, append(span("Late!"), span("awful <b>courier</b>")...)},
		{"product", language.Positive, span("great shoes, awful")},
	}
	show := func(parts []markedPart) string {
		var b strings.Builder
		for _, p := range parts {
			names := ""
			for _, x := range p.topics {
				names += x.name[:1]
			}
			b.WriteString(names + "[" + p.text + "]" + string(p.worst()) + " ")
		}
		return b.String()
	}
	if got, want := show(marked(title, 0, topics)), "d[Late!]negative "; got != want {
		t.Errorf("title: %s", got)
	}
	if got, want := show(marked(text, len(title)+1, topics)), "p[great shoes, ]positive dp[awful]negative d[ <b>courier</b>]negative "; got != want {
		t.Errorf("text: %s\nwant: %s", got, want)
	}
}

// Whatever the spans are, the parts are the text, and no letter is split.
func TestMarkedKeepsTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, from := rapid.String().Draw(t, "text"), rapid.IntRange(-3, 40).Draw(t, "from")
		var topics []shownTopic
		for _, name := range language.Topics[:rapid.IntRange(0, 4).Draw(t, "topics")] {
			x := shownTopic{name: name, sentiment: rapid.SampledFrom(language.Sentiments).Draw(t, "sentiment")}
			for range rapid.IntRange(0, 4).Draw(t, "words") {
				x.words = append(x.words, language.Span{From: rapid.IntRange(-9, 60).Draw(t, "from"), To: rapid.IntRange(-9, 60).Draw(t, "to")})
			}
			topics = append(topics, x)
		}
		var all strings.Builder
		for i, p := range marked(text, from, topics) {
			all.WriteString(p.text)
			if p.text == "" || !utf8.ValidString(p.text) {
				t.Fatalf("part %d is %q", i, p.text)
			}
			for _, x := range p.topics {
				covered := false
				for _, y := range topics {
					for _, w := range y.words {
						covered = covered || y.name == x.name && w.From-from < all.Len() && w.To-from > all.Len()-len(p.text)
					}
				}
				if !covered {
					t.Fatalf("%q shows %s by no word", p.text, x.name)
				}
			}
		}
		if all.String() != text {
			t.Fatalf("the parts are %q", all.String())
		}
	})
}
