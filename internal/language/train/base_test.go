package train

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dhvani/dhvani/internal/language"
)

// small is a corpus of a few texts of each kind, and a folder of public sets.
func small(t *testing.T) (fstest.MapFS, string) {
	opinions := map[string]string{
		"positive\tproduct:positive":                  "lovely soft scarf|works like a charm|great little lamp, love it|very good quality|superb cloth, superb finish",
		"negative\tdelivery:negative":                 "parcel came two weeks late|courier never showed up|still waiting for the parcel|delivery was a nightmare|late, late, late",
		"neutral\t-":                                  "it is a lamp|does what it says|neither good nor bad|average, I suppose|arrived on a Tuesday",
		"neutral\tproduct:positive,delivery:negative": "lovely lamp but the courier was late|great cloth, delivery two weeks late",
	}
	var lines [3]strings.Builder
	for label, texts := range opinions {
		for text := range strings.SplitSeq(texts, "|") {
			fmt.Fprintf(&lines[0], "en\t%s\t%s\n", label, text)
		}
	}
	for i, intent := range language.Intents {
		for n, how := range []string{"please help with %s", "my %s question", "I ask about %s again", "%s now", "what of %s"} {
			fmt.Fprintf(&lines[1], "en\t%s\t%s\n", intent, fmt.Sprintf(how, strings.ReplaceAll(intent, "_", " "))+strings.Repeat("!", (i+n)%3))
		}
	}
	for _, flag := range append([]string{"none"}, language.Care...) {
		for n := range 6 {
			fmt.Fprintf(&lines[2], "en\t%s\tthe %s matter, told %d times\n", flag, flag, n)
		}
	}
	own := fstest.MapFS{"fresh/messages.tsv": {Data: []byte("en\tgreeting\thello there\n")}}
	for i, name := range []string{"opinions.en.tsv", "messages.en.tsv", "care.en.tsv"} {
		own[name] = &fstest.MapFile{Data: []byte(lines[i].String())}
	}
	sets := t.TempDir()
	for _, s := range Sets {
		label := map[string]string{"sentiment": "positive", "intent": "track_order"}[s.Task]
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		fmt.Fprintf(z, "lang\tlabel\ttext\nhi\t%s\tबहुत अच्छा %s\nhi\t%s\tबढ़िया है\n", label, s.Name, label)
		z.Close()
		if err := os.WriteFile(sets+"/"+s.Name+".train.tsv.gz", b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return own, sets
}

// From a few texts the base models learn what these say, and the same each time.
func TestBase(t *testing.T) {
	own, sets := small(t)
	var files [2]bytes.Buffer
	for i := range files {
		m, figures, err := Base(own, sets, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Write(&files[i]); err != nil {
			t.Fatal(err)
		}
		var card strings.Builder
		if err := Card(&card, own, figures); err != nil || !strings.Contains(card.String(), "| opinions written for this project | Apache-2.0 | 17,") {
			t.Errorf("%v\n%s", err, card.String())
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("trained twice, the models differ")
	}
	m, err := language.ReadModel(&files[0])
	if err != nil {
		t.Fatal(err)
	}
	r := language.With(m).Analyze("the courier was late again")
	if r.Sentiment != language.Negative || r.Language != "en" {
		t.Errorf("%+v", r)
	}
	if _, _, err := Base(own, t.TempDir(), func(string) {}); err == nil || !strings.Contains(err.Error(), "hi_iitp_product") {
		t.Errorf("without public sets: %v", err)
	}
}
