package event

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Object gives the members of a JSON object, in order, each value as raw JSON.
// It is meant for objects that were validated when they were decoded: on
// damaged text it gives the members before the damage.
type Object []Member

// Member is one name and its raw JSON value.
type Member struct{ Name, Value string }

// ParseObject splits a raw JSON object. Anything else gives nil.
func ParseObject(raw string) Object {
	var o Object
	eachMember(raw, func(name, value string) { o = append(o, Member{name, value}) })
	return o
}

// Get returns the raw value of a name, the last where it is repeated, or "".
func (o Object) Get(name string) string {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].Name == name {
			return o[i].Value
		}
	}
	return ""
}

// Text returns a string, or the text of a number or boolean; surrounding white
// space is cut. Objects, arrays and null give "".
func (o Object) Text(name string) string { return ScalarText(o.Get(name)) }

// Number returns a number, also one written as a string.
func (o Object) Number(name string) (Millionths, bool) {
	return ParseMillionths(o.Text(name))
}

// Bool returns a boolean, also "true", "false", 1 or 0 as text.
func (o Object) Bool(name string) (value, ok bool) {
	switch strings.ToLower(o.Text(name)) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// Object returns a member that is an object.
func (o Object) Object(name string) Object { return ParseObject(o.Get(name)) }

// Array returns the raw elements of a member that is an array.
func (o Object) Array(name string) []string { return ParseArray(o.Get(name)) }

// First returns the first non-empty text among several names.
func (o Object) First(names ...string) string {
	for _, n := range names {
		if t := o.Text(n); t != "" {
			return t
		}
	}
	return ""
}

// ParseArray splits a raw JSON array; anything else gives nil.
func ParseArray(raw string) []string {
	raw = strings.TrimSpace(raw)
	if raw == "" || raw[0] != '[' {
		return nil
	}
	var out []string
	for i := skipSpace(raw, 1); i < len(raw) && raw[i] != ']'; {
		end := skipValue(raw, i)
		if end <= i {
			return out
		}
		out = append(out, raw[i:end])
		i = skipSpace(raw, end)
		if i < len(raw) && raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
	return out
}

// ScalarText returns the text of a raw JSON string, number or boolean.
func ScalarText(raw string) string {
	if raw == "" {
		return ""
	}
	switch raw[0] {
	case '"':
		return strings.TrimSpace(unquote(raw))
	case '{', '[', 'n':
		return ""
	}
	return raw
}

func unquote(raw string) string {
	if len(raw) < 2 {
		return ""
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	b, err := jsontext.AppendUnquote(nil, raw)
	if err != nil && len(b) == 0 {
		return ""
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// eachMember walks the members of a valid JSON object.
func eachMember(raw string, f func(name, value string)) {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return
	}
	for i = skipSpace(raw, i+1); i < len(raw) && raw[i] == '"'; {
		end := skipValue(raw, i)
		name := raw[i:end]
		i = skipSpace(raw, end)
		if i >= len(raw) || raw[i] != ':' {
			return
		}
		i = skipSpace(raw, i+1)
		end = skipValue(raw, i)
		if end <= i {
			return
		}
		f(unquote(name), raw[i:end])
		i = skipSpace(raw, end)
		if i < len(raw) && raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the end of the JSON value that starts at i.
func skipValue(s string, i int) int {
	if i >= len(s) {
		return i
	}
	switch s[i] {
	case '"':
		return skipString(s, i)
	case '{', '[':
		depth := 0
		for i < len(s) {
			switch s[i] {
			case '"':
				i = skipString(s, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return i
	}
	for i < len(s) {
		switch s[i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r', ':':
			return i
		}
		i++
	}
	return i
}

// skipString returns the end of the string whose quote stands at i.
func skipString(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(s)
}

// depth returns how deeply objects and arrays are nested in a valid value.
func depth(s string) int {
	deepest, d := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i = skipString(s, i) - 1
		case '{', '[':
			d++
			deepest = max(deepest, d)
		case '}', ']':
			d--
		}
	}
	return deepest
}
