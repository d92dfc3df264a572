package train

import "math/rand/v2"

// variantCounts is how much a variant counts beside the text that it was made of.
const variantCounts = 0.5

// Kinds of which only one thing is learnt: how their writers feel, or that they are
// ordinary.
const (
	moodKind     = "moods"
	ordinaryKind = "ordinary"
)

// moods are how the writers of messages with some intents feel.
var moods = map[string]string{
	"praise": "positive", "complaint": "negative",
	"greeting": "neutral", "product_question": "neutral", "availability": "neutral", "size_advice": "neutral", "invoice": "neutral",
}

// variants are what a program can make of texts: those in Devanagari and Bengali in
// Latin letters too, messages with slips of the fingers, messages by their mood, and
// public messages as ordinary.
func variants(items []item) (out []item) {
	for i, x := range items {
		if x.Kind == "languages" {
			continue
		}
		if x.set != "" && x.Kind == "messages" {
			if i%4 > 0 { // many are of a kind
				continue
			}
			x.from, x.set, x.Kind, x.Label = x.Text.Text, "", ordinaryKind, ""
			out = append(out, x)
			continue
		}
		random := rand.New(rand.NewPCG(1, uint64(i)))
		put := func(language, text string) {
			v := x
			v.from, v.Language, v.Text.Text = x.Text.Text, language, text
			out = append(out, v)
		}
		if mood := moods[x.Label]; mood != "" && x.Kind == "messages" {
			put(x.Language, x.Text.Text)
			v := &out[len(out)-1]
			v.Kind, v.Label = moodKind, mood
		}
		if form := romanised[x.Language]; form != "" {
			put(form, romanise(x.Text.Text, x.Language, random))
		}
		if slip := misspell(x.Text.Text, random); x.Kind != "opinions" && slip != x.Text.Text {
			put(x.Language, slip)
		}
	}
	return out
}
