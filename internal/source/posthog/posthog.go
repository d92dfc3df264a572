// Package posthog reads what PostHog's clients send and translates it into
// events of the Segment format. Properties stay as they came, with PostHog's
// $-names, and its surveys keep their names, for the rooms that understand them.
package posthog

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// Answer is what PostHog's clients expect of an accepted request.
const Answer = `{"status":"Ok"}`

// Patterns lists the addresses, as http.ServeMux takes them.
func Patterns() []string {
	return []string{
		"/batch", "/batch/{$}", "/e", "/e/{$}", "/i/v0/e", "/i/v0/e/{$}", "/capture", "/capture/{$}",
	}
}

// Decode reads a request: an object with a batch, an array of events, or one
// event, plain or as the data of a form.
func Decode(_ string, body []byte, admit event.Admit) (event.Payload, error) {
	body, err := formData(body)
	if err != nil {
		return event.Payload{}, err
	}
	raw, err := event.Clean(body)
	if err != nil {
		return event.Payload{}, err
	}
	var p event.Payload
	var items []string
	request := event.ParseObject(raw) // nil for an array
	array := request.Get("batch")
	switch {
	case raw[0] == '[':
		array = raw
	case array == "":
		items, p.Single = []string{raw}, true
	}
	if !p.Single {
		err := event.EachElement(array, func(_ int, item string) { items = append(items, item) })
		if err != nil {
			return event.Payload{}, err
		}
	}
	if p.WriteKey = key(request); p.WriteKey == "" && len(items) > 0 {
		p.WriteKey = key(event.ParseObject(items[0]))
	}
	d, err := admit(p.WriteKey)
	if err != nil {
		return event.Payload{}, err
	}
	d.SentAt, _ = event.ParseTime(request.Text("sent_at"))
	for i, item := range items {
		e, err := translate(item, &d)
		p.Add(i, item, e, err)
	}
	return p, nil
}

// key finds the project's key in a request or an event.
func key(o event.Object) string {
	if k := o.First("api_key", "token"); k != "" {
		return k
	}
	return o.Object("properties").Text("token")
}

// formData unpacks the body of a form, which the browser's client sends as it
// leaves a page: data is base64, or JSON as it is.
func formData(body []byte) ([]byte, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || !bytes.Contains(body[:min(len(body), 256)], []byte("data=")) || body[0] == '{' || body[0] == '[' {
		return body, nil
	}
	for rest := body; len(rest) > 0; {
		var field []byte
		field, rest, _ = bytes.Cut(rest, []byte("&"))
		value, ok := bytes.CutPrefix(field, []byte("data="))
		if !ok {
			continue
		}
		text, err := url.QueryUnescape(string(value))
		if err != nil {
			return nil, event.ErrBody
		}
		if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
			return []byte(text), nil
		}
		text = strings.NewReplacer(" ", "+", "-", "+", "_", "/", "=", "").Replace(text)
		data, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			return nil, event.ErrBody
		}
		return data, nil
	}
	return nil, event.ErrBody
}
