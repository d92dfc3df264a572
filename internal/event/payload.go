package event

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxEvents is how many events one request may hold.
const MaxEvents = 2000

// maxShared is how many bytes the context and integrations of a batch may come
// to when every event is given its copy.
const maxShared = 2 << 20

// Errors of a whole request. ErrTooMany and ErrShared answer 413, ErrBody 400.
var (
	ErrTooMany = fmt.Errorf("a request holds at most %d events", MaxEvents)
	ErrShared  = errors.New("the context of the batch is too large for its number of events")
	ErrBody    = errors.New("the body is not a JSON object with an event or a batch of events")
)

// DecodePayload reads the body of a Segment call: one event where the defaults
// name a type, else an object with a batch. The error is ErrBody, ErrTooMany or
// ErrShared; bad events inside a good body are in Payload.Rejected.
func DecodePayload(body []byte, d Defaults) (Payload, error) {
	return ReadPayload(body, d.Type, func(string) (Defaults, error) { return d, nil })
}

// Admit decides, by the key that the body holds or "", whether a request's
// events are taken, and returns what the request says about all of them. Its
// error ends the decoding and is returned as it is.
type Admit func(key string) (Defaults, error)

// ReadPayload is DecodePayload for a request whose key may stand in the body:
// admit is asked before any event is decoded.
func ReadPayload(body []byte, t Type, admit Admit) (Payload, error) {
	raw, err := Clean(body)
	if err != nil {
		return Payload{}, err
	}
	if t == 0 {
		return readBatch(raw, admit)
	}
	p := Payload{WriteKey: ScalarText(get(raw, "writeKey")), Single: true}
	d, err := admit(p.WriteKey)
	if err != nil {
		return Payload{}, err
	}
	d.Type = t
	e, err := Decode(raw, &d)
	p.Add(0, raw, e, err)
	return p, nil
}

// readBatch splits the body in one pass, because the members that concern all
// events may follow the batch, and decodes the events after it.
func readBatch(raw string, admit Admit) (Payload, error) {
	var p Payload
	var items []item
	var sentAt, context, integrations string
	err := ErrBody
	walk(raw, func(quoted string, i int) int {
		name := unquote(quoted)
		if name == "batch" {
			var end int
			items, end, err = splitBatch(raw, i)
			if err == nil {
				return end
			}
		}
		if err == ErrTooMany {
			return i // look no further
		}
		end, _ := skipValue(raw, i)
		switch value := raw[i:end]; name {
		case "writeKey":
			p.WriteKey = ScalarText(value)
		case "sentAt":
			sentAt = ScalarText(value)
		case "context":
			context = value
		case "integrations":
			integrations = value
		}
		return end
	})
	if err != nil {
		return Payload{}, err
	}
	if (len(context)+len(integrations))*len(items) > maxShared {
		return Payload{}, ErrShared
	}
	d, err := admit(p.WriteKey)
	if err != nil {
		return Payload{}, err
	}
	d.Type = 0
	d.SentAt, _ = ParseTime(sentAt)
	d.Context = Merge(d.Context, context)
	d.Integrations = Merge(d.Integrations, integrations)
	p.Events, p.Indexes = make([]Event, 0, len(items)), make([]int, 0, len(items))
	for i, it := range items {
		e, err := decode(it.raw, it.depth, &d)
		p.Add(i, it.raw, e, err)
	}
	return p, nil
}

// item is an element of a batch.
type item struct {
	raw   string
	depth int
}

// splitBatch splits the array that starts at i and returns its end. It stops at
// the first event too many, so that a body of millions of tiny elements costs
// nothing.
func splitBatch(raw string, i int) ([]item, int, error) {
	if i >= len(raw) || raw[i] != '[' {
		return nil, i, ErrBody
	}
	items := make([]item, 0, min(MaxEvents, len(raw)/512+1))
	end := walkArray(raw, i, func(r string, depth int) bool {
		items = append(items, item{r, depth})
		return len(items) <= MaxEvents
	})
	if len(items) > MaxEvents {
		return nil, i, ErrTooMany
	}
	return items, end, nil
}

// EachElement calls f with the elements of a valid JSON array, or returns
// ErrTooMany before the first call where there are more than MaxEvents. What
// is no array is ErrBody.
func EachElement(array string, f func(i int, raw string)) error {
	items, _, err := splitBatch(array, skipSpace(array, 0))
	for i, it := range items {
		f(i, it.raw)
	}
	return err
}

// Clean returns a body as valid JSON text in valid UTF-8 that holds no NUL
// character, not even an escaped one; what is invalid is replaced by U+FFFD.
// Anything but one JSON object or array is ErrBody.
func Clean(body []byte) (string, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(body) == 0 || body[0] != '{' && body[0] != '[' {
		return "", ErrBody
	}
	if !jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)) {
		// Either damaged characters, which are repaired, or no JSON.
		body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
		if !isJSON(body) {
			// The parser gives up where values are nested very deeply. Without
			// their depths, one such event does not fail those beside it.
			if body = prune(body); !isJSON(body) {
				return "", ErrBody
			}
		}
	}
	s := string(body)
	if strings.Contains(s, `\u0000`) {
		s = replaceNUL(s)
	}
	return s, nil
}

func isJSON(b []byte) bool {
	return jsontext.Value(b).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// pruneDepth is deep enough for the event to be rejected for its depth, in
// whatever a request wraps it.
const pruneDepth = MaxDepth + 10

// prune writes null for objects and arrays that are nested deeper than
// pruneDepth. What is not JSON stays no JSON.
func prune(body []byte) []byte {
	out := make([]byte, 0, len(body))
	depth := 0
	for i := 0; i < len(body); i++ {
		c := body[i]
		if c == '"' {
			end := i + 1
			for ; end < len(body) && body[end] != '"'; end++ {
				if body[end] == '\\' {
					end++
				}
			}
			if end = min(end+1, len(body)); depth <= pruneDepth {
				out = append(out, body[i:end]...)
			}
			i = end - 1
			continue
		}
		if c == '{' || c == '[' {
			if depth++; depth == pruneDepth+1 {
				out = append(out, "null"...)
			}
		}
		if depth <= pruneDepth {
			out = append(out, c)
		}
		if c == '}' || c == ']' {
			depth--
		}
	}
	return out
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
