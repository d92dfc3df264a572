// Package corpus reads the texts that were written for this project, from which
// models learn and with which they are tested. README.md says what they are. The
// program does not hold them.
package corpus

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Languages are the forms of language that texts are written in; Other is any
// further one.
var Languages = []string{"en", "hi", "hi-Latn", "bn", "bn-Latn", "ne", "ne-Latn", "pt", "es"}

// Other is the language of texts in none of Languages.
const Other = "other"

// Labels of each kind of file.
var (
	Sentiments = []string{"negative", "neutral", "positive"}
	Topics     = []string{"checkout", "payment", "delivery", "packaging", "product", "size", "price", "website", "service", "returns", "stock", "offers", "trust"}
	Intents    = []string{"track_order", "cancel_order", "change_order", "return_exchange", "refund_status", "payment_failed", "charged_twice", "invoice",
		"product_question", "availability", "size_advice", "price_discount", "complaint", "praise", "human_agent", "account_login", "privacy_request",
		"stop_messages", "greeting", "other"}
	Care = []string{"threat", "safety", "legal", "self_harm", "minors", "none"}
)

// Text is a labelled text.
type Text struct {
	Language string
	Label    string            // sentiment, intent, care flag, or the name of another language
	Topics   map[string]string // of an opinion: the sentiment of each topic
	Text     string
	Kind     string // opinions, messages, care or languages
}

// HeldOut reports whether a text is kept for figures: a tenth, by its hash.
func (t Text) HeldOut() bool {
	h := fnv.New64a()
	io.WriteString(h, t.Text)
	return h.Sum64()%10 == 0
}

// Load reads all files of a folder, not those in folders below it.
func Load(folder fs.FS) ([]Text, error) {
	files, err := fs.Glob(folder, "*.tsv")
	if err != nil {
		return nil, err
	}
	var out []Text
	for _, name := range files {
		f, err := folder.Open(name)
		if err != nil {
			return nil, err
		}
		kind, _, _ := strings.Cut(path.Base(name), ".")
		texts, err := Read(f, kind)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, texts...)
	}
	return out, nil
}

// Read reads lines of language, label and text with tabs between; opinions have
// their topics before the text, as topic:sentiment,topic:sentiment or "-". The
// error names the first line that is not so.
func Read(r io.Reader, kind string) ([]Text, error) {
	labels, ok := map[string][]string{"opinions": Sentiments, "messages": Intents, "care": Care, "languages": nil}[kind]
	if !ok {
		return nil, fmt.Errorf("no such kind of texts: %s", kind)
	}
	var out []Text
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), "\t")
		t := Text{Language: fields[0], Kind: kind, Text: fields[len(fields)-1]}
		wrong := func(what string) error { return fmt.Errorf("line %d: %s", n, what) }
		if want := map[bool]int{true: 4, false: 3}[kind == "opinions"]; len(fields) != want {
			return nil, wrong(fmt.Sprintf("%d fields, not %d", len(fields), want))
		}
		if t.Label = fields[1]; labels != nil && !slices.Contains(labels, t.Label) {
			return nil, wrong("no such label: " + t.Label)
		}
		if t.Language != Other && !slices.Contains(Languages, t.Language) {
			return nil, wrong("no such language: " + t.Language)
		}
		if t.Text == "" || t.Text != strings.TrimSpace(t.Text) {
			return nil, wrong("no text, or space around it")
		}
		if kind == "opinions" {
			var err error
			if t.Topics, err = readTopics(fields[2]); err != nil {
				return nil, wrong(err.Error())
			}
		}
		out = append(out, t)
	}
	return out, lines.Err()
}

func readTopics(s string) (map[string]string, error) {
	topics := map[string]string{}
	if s == "-" {
		return topics, nil
	}
	for one := range strings.SplitSeq(s, ",") {
		topic, sentiment, _ := strings.Cut(one, ":")
		if !slices.Contains(Topics, topic) || !slices.Contains(Sentiments, sentiment) || topics[topic] != "" {
			return nil, fmt.Errorf("no topic with its sentiment: %s", one)
		}
		topics[topic] = sentiment
	}
	if len(topics) > 3 {
		return nil, fmt.Errorf("more than three topics: %s", s)
	}
	return topics, nil
}
