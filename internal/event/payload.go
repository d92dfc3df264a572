package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxEvents is how many events one request may hold.
const MaxEvents = 2000

// Errors of a whole request. ErrTooMany answers 413, ErrBody 400.
var (
	ErrTooMany = fmt.Errorf("a request holds at most %d events", MaxEvents)
	ErrBody    = errors.New("the body is not a JSON object with an event or a batch of events")
)

// DecodePayload reads the body of a Segment call: one event where the defaults
// name a type, else an object with a batch. The error is ErrBody or ErrTooMany;
// bad events inside a good body are in Payload.Rejected.
func DecodePayload(body []byte, d Defaults) (Payload, error) {
	raw, err := Clean(body)
	if err != nil {
		return Payload{}, err
	}
	if d.Type == 0 {
		return decodeBatch(raw, d)
	}
	p := Payload{WriteKey: ParseObject(raw).Text("writeKey")}
	e, err := Decode(raw, &d)
	p.Add(0, raw, e, err)
	return p, nil
}

func decodeBatch(raw string, d Defaults) (Payload, error) {
	var p Payload
	batch := ""
	eachMember(raw, func(name, value string) {
		switch name {
		case "batch":
			batch = value
		case "writeKey":
			p.WriteKey = ScalarText(value)
		case "sentAt":
			d.SentAt, _ = ParseTime(ScalarText(value))
		case "context":
			d.Context = value
		case "integrations":
			d.Integrations = value
		}
	})
	if batch == "" || batch[0] != '[' {
		return p, ErrBody
	}
	err := EachElement(batch, func(i int, item string) {
		e, err := Decode(item, &d)
		p.Add(i, item, e, err)
	})
	return p, err
}

// EachElement calls f with the elements of a valid JSON array, or returns
// ErrTooMany before the first call where there are more than MaxEvents.
func EachElement(array string, f func(i int, raw string)) error {
	items := ParseArray(array)
	if len(items) > MaxEvents {
		return ErrTooMany
	}
	for i, item := range items {
		f(i, item)
	}
	return nil
}

// Clean returns a body as valid JSON text in valid UTF-8 that holds no NUL
// character, not even an escaped one; what is invalid is replaced by U+FFFD.
// Anything but one JSON object or array is ErrBody.
func Clean(body []byte) (string, error) {
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(body) == 0 || body[0] != '{' && body[0] != '[' {
		return "", ErrBody
	}
	dec := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	v, err := dec.ReadValue()
	if err != nil {
		return "", ErrBody
	}
	s := string(v)
	if _, err := dec.ReadToken(); err != io.EOF {
		return "", ErrBody
	}
	if strings.Contains(s, `\u0000`) {
		s = replaceNUL(s)
	}
	return s, nil
}

// replaceNUL turns escaped NUL characters into U+FFFD, minding that the
// backslash may itself be escaped.
func replaceNUL(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		if strings.HasPrefix(s[i+1:], "u0000") {
			b.WriteString("\uFFFD")
			i += 5
			continue
		}
		b.WriteString(s[i : i+2])
		i++
	}
	return b.String()
}

// quote writes a text as a JSON string.
func quote(s string) string {
	b, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		b, _ = jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	}
	return string(b)
}
