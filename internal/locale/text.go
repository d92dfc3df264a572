package locale

import (
	"bytes"
	"embed"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed catalogue
var files embed.FS

// text is a message, parsed once: its parts for each plural category.
type text struct {
	other     []part
	one, many []part // nil where the message does not have them
}

// part is a piece of a message: words, or the name of an argument.
type part struct{ words, arg string }

// T returns a message of the reader's language. Its arguments are names and
// values in turn; "N" also picks the plural. A key that does not exist panics in
// tests, and is shown as it is elsewhere.
func (l *Locale) T(key string, args ...any) string {
	m := l.texts[key]
	if m == nil {
		if inTest() {
			panic("locale: no message " + key + " in " + string(l.Lang))
		}
		return key
	}
	parts := m.pick(l.Lang, args)
	if len(parts) == 1 && parts[0].arg == "" {
		return parts[0].words
	}
	var out strings.Builder
	for _, p := range parts {
		if p.arg == "" {
			out.WriteString(p.words)
			continue
		}
		value, ok := argument(args, p.arg)
		if !ok {
			if inTest() {
				panic("locale: " + key + " needs " + p.arg)
			}
			continue
		}
		out.WriteString(l.show(value))
	}
	return out.String()
}

// Has reports whether there is a message.
func (l *Locale) Has(key string) bool { return l.texts[key] != nil }

// Word returns the message prefix_value, or the value itself where there is no
// such message: for values of which some are ours and some are a shop's own, such
// as channels, reasons and kinds of event.
func (l *Locale) Word(prefix, value string) string {
	if m := l.texts[prefix+"_"+value]; m != nil && len(m.other) == 1 && m.other[0].arg == "" {
		return m.other[0].words
	}
	return value
}

func (m *text) pick(lang Lang, args []any) []part {
	if m.one == nil {
		return m.other
	}
	n, ok := argument(args, "N")
	if !ok {
		return m.other
	}
	var category string
	switch v := n.(type) {
	case int:
		category = plural(lang, int64(v))
	case int64:
		category = plural(lang, v)
	case int32:
		category = plural(lang, int64(v))
	case uint64:
		category = plural(lang, int64(v))
	case float64:
		category = pluralOfFraction(lang, v)
	}
	switch {
	case category == "one":
		return m.one
	case category == "many" && m.many != nil:
		return m.many
	}
	return m.other
}

func argument(args []any, name string) (any, bool) {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return args[i+1], true
		}
	}
	return nil, false
}

// show writes an argument.
func (l *Locale) show(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return l.Int(int64(v))
	case int64:
		return l.Int(v)
	case int32:
		return l.Int(int64(v))
	case uint64:
		return l.Int(int64(v))
	case float64:
		return l.Decimal(v, 1)
	case time.Time:
		return l.Date(v)
	case time.Duration:
		return l.Duration(v)
	}
	return fmt.Sprint(v)
}

// inTest reports whether the program is a test: such programs declare its flags.
var inTest = sync.OnceValue(func() bool { return flag.Lookup("test.v") != nil })

var catalogues = func() map[Lang]func() map[string]*text {
	out := map[Lang]func() map[string]*text{}
	for _, lang := range Langs {
		out[lang] = sync.OnceValue(func() map[string]*text {
			texts, err := parseCatalogue(files, lang)
			if err != nil {
				panic("locale: " + err.Error()) // part of the program; a test reads them all
			}
			return texts
		})
	}
	return out
}()

func catalogue(lang Lang) map[string]*text { return catalogues[lang]() }

// parseCatalogue reads all areas of a language.
func parseCatalogue(from fs.FS, lang Lang) (map[string]*text, error) {
	names, err := fs.Glob(from, "catalogue/"+string(lang)+"/*.json")
	if err != nil {
		return nil, err
	}
	out := map[string]*text{}
	for _, name := range names {
		raw, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		area := strings.TrimSuffix(path.Base(name), ".json")
		if err := parseArea(raw, area, out); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

func parseArea(raw []byte, area string, into map[string]*text) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("not an object (%v)", err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		key := area + "." + name.(string)
		if into[key] != nil {
			return fmt.Errorf("%s is there twice", key)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if into[key], err = parseText(value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	_, err := d.Token()
	return err
}

func parseText(raw json.RawMessage) (*text, error) {
	var words string
	if json.Unmarshal(raw, &words) == nil {
		parts, err := parseParts(words)
		return &text{other: parts}, err
	}
	var forms map[string]string
	if err := json.Unmarshal(raw, &forms); err != nil {
		return nil, err
	}
	m := &text{}
	for category, words := range forms {
		parts, err := parseParts(words)
		if err != nil {
			return nil, err
		}
		switch category {
		case "one":
			m.one = parts
		case "many":
			m.many = parts
		case "other":
			m.other = parts
		default:
			return nil, fmt.Errorf("%q is no plural category here", category)
		}
	}
	if m.one == nil || m.other == nil {
		return nil, fmt.Errorf("a plural needs one and other")
	}
	return m, nil
}

func parseParts(s string) ([]part, error) {
	if s == "" {
		return nil, fmt.Errorf("empty")
	}
	var out []part
	for s != "" {
		before, rest, found := strings.Cut(s, "{")
		if before != "" {
			out = append(out, part{words: before})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.ContainsAny(name, " {") {
			return nil, fmt.Errorf("%q: a brace without its end, or without a name", s)
		}
		out = append(out, part{arg: name})
		s = after
	}
	return out, nil
}
