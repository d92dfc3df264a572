package evaluate

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/language"
)

// The tasks.
const (
	Sentiment = "sentiment"
	Intent    = "intent"
	Language  = "language"
)

// NoNodes is how the HINT3 sets label what is out of scope.
const NoNodes = "NO_NODES_DETECTED"

// Line is a line of a labelled file.
type Line struct {
	Language, Label, Text string
	Number                int // in its file, from 1
}

// longestLine bounds the memory of a file that is none of lines.
const longestLine = 16 << 20

// Read reads a labelled file, gzipped or not: fields between tabs, without quotes.
// A first line that names label and text (and lang) says which field is which; else
// the first is the language, the second the label and the last the text, as in the
// corpus, or of two the first is the label.
func Read(r io.Reader) ([]Line, error) {
	b := bufio.NewReader(r)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		b = bufio.NewReader(z)
	}
	var out []Line
	var header []string
	lines := bufio.NewScanner(b)
	lines.Buffer(nil, longestLine)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), "\t")
		if n == 1 {
			fields[0] = strings.TrimPrefix(fields[0], "\ufeff")
			if slices.Contains(fields, "label") && slices.Contains(fields, "text") {
				header = fields
				continue
			}
		}
		if len(fields) == 1 && fields[0] == "" {
			continue
		}
		l, err := lineOf(fields, header)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		l.Number = n
		out = append(out, l)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, errors.New("there is no labelled text in it")
	}
	return out, nil
}

func lineOf(fields, header []string) (l Line, err error) {
	if header == nil {
		switch len(fields) {
		case 2:
			return Line{Label: fields[0], Text: fields[1]}, nil
		case 3, 4:
			return Line{Language: fields[0], Label: fields[1], Text: fields[len(fields)-1]}, nil
		}
		return l, fmt.Errorf("it has %d fields between tabs, not lang, label and text", len(fields))
	}
	if len(fields) != len(header) {
		return l, fmt.Errorf("it has %d fields between tabs, the first line has %d", len(fields), len(header))
	}
	for i, name := range header {
		switch name {
		case "lang":
			l.Language = fields[i]
		case "label":
			l.Label = fields[i]
		case "text":
			l.Text = fields[i]
		}
	}
	return l, nil
}

// gold is the label of a line for a task, and false where it has none.
func (l Line) gold(task string) (string, bool) {
	if task != Language {
		return l.Label, true
	}
	for _, name := range []string{l.Label, l.Language} {
		if name == language.Other || slices.Contains(language.Languages, name) {
			return name, true
		}
	}
	if l.Language == "" || strings.HasSuffix(l.Language, "-mixed") {
		return "", false
	}
	return language.Other, true
}

// known are the labels of a task, none where any will do.
func known(task string) []string {
	switch task {
	case Sentiment:
		var out []string
		for _, s := range language.Sentiments {
			out = append(out, string(s))
		}
		return out
	case Intent:
		return append([]string{NoNodes}, language.Intents...)
	}
	return nil
}
