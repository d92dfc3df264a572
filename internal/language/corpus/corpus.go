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

	"github.com/dhvani/dhvani/internal/language"
)

// None is the label of texts that only look as if a person had to take them.
const None = "none"

// labels are those of each kind of file; any will do where there are none.
var labels = map[string][]string{
	"opinions":  sentiments(),
	"messages":  language.Intents,
	"care":      append(slices.Clone(language.Care), None),
	"languages": nil,
}

func sentiments() (out []string) {
	for _, s := range language.Sentiments {
		out = append(out, string(s))
	}
	return out
}

// Text is a labelled text.
type Text struct {
	Language string
	Label    string            // sentiment, intent, care flag, or the name of another language
	Topics   map[string]string // of an opinion: the sentiment of each topic
	Text     string
	Kind     string // opinions, messages, care or languages
	Care     string // the flag of a text that a person must take, else empty
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
// their topics before the text, as topic:sentiment,topic:sentiment or "-". The label
// of an opinion or message that a person must take has the flag behind it, as in
// negative+safety. The error names the first line that is not so.
func Read(r io.Reader, kind string) ([]Text, error) {
	labels, ok := labels[kind]
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
		if t.Label, t.Care, _ = strings.Cut(fields[1], "+"); kind == "care" && t.Label != None {
			t.Care = t.Label
		}
		if labels != nil && !slices.Contains(labels, t.Label) || t.Care != "" && !slices.Contains(language.Care, t.Care) {
			return nil, wrong("no such label: " + fields[1])
		}
		if t.Language != language.Other && !slices.Contains(language.Languages, t.Language) {
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
		if !slices.Contains(language.Topics, topic) || !slices.Contains(language.Sentiments, language.Sentiment(sentiment)) || topics[topic] != "" {
			return nil, fmt.Errorf("no topic with its sentiment: %s", one)
		}
		topics[topic] = sentiment
	}
	if len(topics) > 3 {
		return nil, fmt.Errorf("more than three topics: %s", s)
	}
	return topics, nil
}
