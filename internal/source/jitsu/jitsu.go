// Package jitsu reads what Jitsu's clients send: one event a request, in the
// Segment format, with the call named by the address.
package jitsu

import (
	"path"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/dhvani/dhvani/internal/event"
)

// Answer is what Jitsu's clients expect of an accepted request.
const Answer = `{"success":true}`

// Patterns lists the addresses, as http.ServeMux takes them.
func Patterns() []string { return []string{"/api/s/{type}", "/api/s/s2s/{type}"} }

// Decode reads a request. The key in the body is masked by the clients and
// counts for nothing. The address may name a call, or "event" for what the body
// says; any other name there or in the body is the name of a track event.
func Decode(address string, body []byte, admit event.Admit) (event.Payload, error) {
	raw, err := event.Clean(body)
	if err != nil {
		return event.Payload{}, err
	}
	d, err := admit("")
	if err != nil {
		return event.Payload{}, err
	}
	o, name := event.ParseObject(raw), path.Base(address)
	if t := o.Text("type"); name == "event" && t != "" {
		name = t
	}
	one := raw
	if d.Type = event.ParseType(name); d.Type == 0 && o != nil {
		d.Type = event.Track
		one = event.Merge(raw, named(o.Text("event"), name))
	}
	p := event.Payload{Single: true}
	e, err := event.Decode(one, &d)
	p.Add(0, raw, e, err)
	return p, nil
}

// named returns the members that turn an event of a custom type into a track
// event, with the name it has or else its type's.
func named(name, custom string) string {
	if name == "" {
		name = custom
	}
	quoted, err := jsontext.AppendQuote(nil, name)
	if err != nil { // the address held bytes that are no text
		return `{"type":"track"}`
	}
	return `{"type":"track","event":` + string(quoted) + `}`
}
