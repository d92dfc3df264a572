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
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '[' {
		return nil
	}
	var out []string
	walkArray(raw, i, func(item string, _ int) bool {
		out = append(out, item)
		return true
	})
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

// Merge puts two raw objects into one; the members of own win. What is no
// object counts as empty.
func Merge(base, own string) string {
	switch {
	case isEmpty(base):
		return own
	case isEmpty(own):
		return base
	}
	var b strings.Builder
	walk(base, func(quoted string, i int) int {
		end, _ := skipValue(base, i)
		// A name that own spells with other escapes comes twice, own's last,
		// and the last one counts.
		if strings.Contains(own, quoted) && get(own, unquote(quoted)) != "" {
			return end
		}
		if b.Len() == 0 {
			b.Grow(len(base) + len(own))
			b.WriteByte('{')
		}
		b.WriteString(quoted)
		b.WriteByte(':')
		b.WriteString(base[i:end])
		b.WriteByte(',')
		return end
	})
	if b.Len() == 0 {
		return own
	}
	b.WriteString(own[skipSpace(own, 0)+1:])
	return b.String()
}

// isEmpty reports whether a raw value is anything but an object with members.
func isEmpty(raw string) bool {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return true
	}
	i = skipSpace(raw, i+1)
	return i >= len(raw) || raw[i] == '}'
}

// get returns the raw value of a name in a raw object, the last where it is
// repeated, or "".
func get(raw, name string) string {
	found := ""
	eachMember(raw, func(n, value string) {
		if n == name {
			found = value
		}
	})
	return found
}

// eachMember calls f with the members of a valid JSON object.
func eachMember(raw string, f func(name, value string)) {
	walk(raw, func(quoted string, i int) int {
		end, _ := skipValue(raw, i)
		if end > i {
			f(unquote(quoted), raw[i:end])
		}
		return end
	})
}

// walk goes through the members of a valid JSON object: value is given a name
// as it is written and the start of its value, and returns the value's end.
func walk(raw string, value func(quoted string, i int) int) {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return
	}
	for i = skipSpace(raw, i+1); i < len(raw) && raw[i] == '"'; {
		end := skipString(raw, i)
		name := raw[i:end]
		i = skipSpace(raw, end)
		if i >= len(raw) || raw[i] != ':' {
			return
		}
		i = skipSpace(raw, i+1)
		if end = value(name, i); end <= i {
			return
		}
		i = skipSpace(raw, end)
		if i < len(raw) && raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
}

// walkArray goes through the elements of the valid JSON array that starts at
// i, with each one's depth, until f returns false. It returns where it ended.
func walkArray(raw string, i int, f func(item string, depth int) bool) int {
	for i = skipSpace(raw, i+1); i < len(raw) && raw[i] != ']'; {
		end, depth := skipValue(raw, i)
		if end <= i || !f(raw[i:end], depth) {
			return i
		}
		i = skipSpace(raw, end)
		if i < len(raw) && raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
	return i + 1
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the end of the JSON value that starts at i, and how deeply
// objects and arrays are nested in it.
func skipValue(s string, i int) (end, deepest int) {
	if i >= len(s) {
		return i, 0
	}
	switch s[i] {
	case '"':
		return skipString(s, i), 0
	case '{', '[':
		depth := 0
		for i < len(s) {
			switch s[i] {
			case '"':
				i = skipString(s, i)
				continue
			case '{', '[':
				depth++
				deepest = max(deepest, depth)
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1, deepest
				}
			}
			i++
		}
		return i, deepest
	}
	for i < len(s) {
		switch s[i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r', ':':
			return i, 0
		}
		i++
	}
	return i, 0
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
