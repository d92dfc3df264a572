package language

import (
	"slices"
	"testing"
)

// What a shop's customers write in a day.
func TestAnalyze(t *testing.T) {
	a := Base()
	for _, x := range []struct {
		text, language string
		sentiment      Sentiment
		topics         map[string]Sentiment // that must be among those told; empty for any sentiment
	}{
		{"डिलीवरी बहुत लेट थी yaar", "hi", Negative, map[string]Sentiment{"delivery": Negative}},
		{"produto veio quebrado, quero meu dinheiro de volta", "pt", Negative, map[string]Sentiment{"product": Negative}},
		{"দাম অনুযায়ী ঠিক আছে", "bn", "", map[string]Sentiment{"price": ""}},
		{"ramro cha tara size sano bhayo", "ne-Latn", "", map[string]Sentiment{"size": ""}},
		{"The shoes are great but the delivery was terrible", "en", "", map[string]Sentiment{"product": Positive, "delivery": Negative}},
		{"great shoes, awful courier", "en", "", map[string]Sentiment{"delivery": Negative}},
		{"excelente calidad, llegó antes de lo esperado", "es", Positive, map[string]Sentiment{"product": Positive}},
		{"bahut badhiya kapda hai, paisa vasool", "hi-Latn", Positive, nil},
		{"মালটা একদম বাজে, টাকা নষ্ট", "bn", Negative, nil},
		{"😡😡😡", "", Negative, nil},
		{"♥️👏", "", Positive, nil},
		{"", "", "", nil},
		{" \u200b\n", "", "", nil},
		{"Ürün çok güzel, teşekkürler", Other, "", nil},
		{"商品很好", Other, "", nil},
	} {
		r := a.Analyze(x.text)
		if r.Language != x.language || x.sentiment != "" && r.Sentiment != x.sentiment || x.text == "" && r.Sentiment != "" {
			t.Errorf("%q: %s, %s %v", x.text, r.Language, r.Sentiment, r.Probabilities)
		}
		for topic, want := range x.topics {
			i := slices.IndexFunc(r.Topics, func(t Topic) bool { return t.Name == topic })
			if i < 0 || want != "" && r.Topics[i].Sentiment != want || len(r.Topics[i].Words) == 0 {
				t.Errorf("%q: %s, want %s: %+v", x.text, topic, want, r.Topics)
			}
		}
	}
	for text, want := range map[string]string{"where is my order?": "track_order", "I want to talk to a human": "human_agent", "quero cancelar meu pedido": "cancel_order", "hola buenas tardes": "greeting", "asdf qwer zxcv hjkl": Unsure} {
		if r := a.Analyze(text); r.Intent != want && !(want == Unsure && r.Intent == OtherIntent) {
			t.Errorf("%q: %s (%.2f), want %s", text, r.Intent, r.IntentConfidence, want)
		}
	}
}
