package feedback

import (
	"encoding/json"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/event"
)

// Whatever clients send, a row has something to say, keeps its bounds and has an
// id of its own.
func FuzzDecode(f *testing.F) {
	names := []string{"Survey Answered", "survey sent", "Product Reviewed", "Live Chat Message Sent", "Social Mention", "Email Replied", "Store Visit"}
	for _, s := range []string{
		`{"kind":"nps","score":9,"text":"x","scale":10}`, `{"rating":"5","review_id":"r","review_body":"ok"}`, `{"message_body":"hi","sender":"agent"}`,
		`{"$survey_id":"s","$survey_response":3,"$survey_response_1":["a"],"$survey_questions":[{"id":"a","type":"rating","scale":7}]}`,
		`{"choices":["a",1,null,{}]}`, `{"text":"\ud800"}`,
	} {
		for i := range names {
			f.Add(uint8(i), s)
		}
	}
	f.Fuzz(func(t *testing.T, name uint8, body string) {
		clean, err := event.Clean([]byte(body))
		if err != nil || clean[0] != '{' {
			return
		}
		e := event.Event{Workspace: 1, Type: event.Track, MessageID: "m", UserID: "u", Name: names[int(name)%len(names)], At: 1, Properties: clean}
		ids := map[event.ID]bool{}
		for _, o := range decode(&e) {
			if o.empty() || ids[o.id] || o.kind == "" || o.channel == "" {
				t.Fatalf("%+v", o)
			}
			ids[o.id] = true
			if utf8.RuneCountInString(o.text) > MaxText || !utf8.ValidString(o.text) || !utf8.ValidString(searchable(o.text)) {
				t.Fatalf("a text of %d characters, valid %v", utf8.RuneCountInString(o.text), utf8.ValidString(o.text))
			}
			if o.rated && o.scale > 0 && (o.rating > event.Millionths(o.scale)*event.One || o.rating < 0 || o.scale > maxScale) {
				t.Fatalf("%v of %d", o.rating, o.scale)
			}
			for _, id := range []string{o.product, o.order, o.survey, o.question, o.external} {
				if len(id) > maxID {
					t.Fatalf("an id of %d bytes", len(id))
				}
			}
		}
	})
}

// searchable gives the same for what reads the same, and twice is once.
func FuzzSearchable(f *testing.F) {
	for _, s := range []string{"ABC", "क़", "ক\u09c7\u09be", "Straße", "\u200dx", "e\u200d\u0301", "İ", "ΣΑΣ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		once := searchable(s)
		if twice := searchable(once); twice != once {
			t.Fatalf("%s gave %s and then %s", strconv.QuoteToASCII(s), strconv.QuoteToASCII(once), strconv.QuoteToASCII(twice))
		}
	})
}

// What nobody can see is no text.
func TestInvisibleText(t *testing.T) {
	for text, said := range map[string]bool{"\u200b\u200b": false, " \u00a0": false, "\ufeff\u2060\u3164\ufe0f": false, "\u200bok": true, "👍": true, "!": true} {
		properties, _ := json.Marshal(map[string]string{"text": text})
		e := event.Event{Workspace: 1, Type: event.Track, MessageID: "m", UserID: "u", Name: "Email Replied", At: 1, Properties: string(properties)}
		if got := decode(&e); len(got) == 1 != said {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
