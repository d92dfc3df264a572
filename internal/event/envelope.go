package event

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of one event.
const (
	MaxEventBytes = 32 << 10 // of JSON
	MaxDepth      = 64       // nested objects and arrays
	maxText       = 512      // bytes of an id or a name
)

// Reject is the reason why one event is not accepted, written for the person
// who sends it. It is one of a fixed set of sentences and holds no data of the
// event, so that reasons can be counted.
type Reject string

func (r Reject) Error() string { return string(r) }

// Defaults is what a request says about all of its events.
type Defaults struct {
	Type         Type   // the call, where the path names it
	ReceivedAt   int64  // microseconds
	SentAt       int64  // microseconds, 0 where unknown
	Context      string // merged under each event's own
	Integrations string
	Flags        Flags
	Source       string
}

// Rejection is a rejected event of a request.
type Rejection struct {
	Index  int
	Reason Reject
	Raw    string // the event as it came, JSON or not
}

// Payload is a decoded request.
type Payload struct {
	WriteKey string // the key, where the body holds it
	Events   []Event
	Indexes  []int // position of each event in the request
	Rejected []Rejection
	Single   bool // the request is one event, no batch
}

// Add keeps an event, or the reason why it is rejected.
func (p *Payload) Add(index int, raw string, e Event, err error) {
	if err == nil {
		p.Events, p.Indexes = append(p.Events, e), append(p.Indexes, index)
		return
	}
	r, ok := err.(Reject)
	if !ok {
		r = Reject(err.Error())
	}
	p.Rejected = append(p.Rejected, Rejection{Index: index, Reason: r, Raw: raw})
}

// Reasons to reject an event in any format.
const (
	NotObject = Reject("the event is not a JSON object")
	tooLarge  = Reject("the event is larger than 32768 bytes")
	tooDeep   = Reject("the event is nested deeper than 64 levels")
)

// CheckSize returns the reason to reject a raw event that is too large or too
// deeply nested.
func CheckSize(raw string) error {
	_, depth := skipValue(raw, skipSpace(raw, 0))
	return checkSize(raw, depth)
}

func checkSize(raw string, depth int) error {
	switch {
	case len(raw) > MaxEventBytes:
		return tooLarge
	case depth > MaxDepth:
		return tooDeep
	}
	return nil
}

// Decode reads one event in the Segment format from valid JSON, fills in what
// the request says about all of its events, and validates it. The error is a
// Reject.
func Decode(raw string, d *Defaults) (Event, error) {
	_, depth := skipValue(raw, skipSpace(raw, 0))
	return decode(raw, depth, d)
}

func decode(raw string, depth int, d *Defaults) (Event, error) {
	if err := checkSize(raw, depth); err != nil {
		return Event{}, err
	}
	if i := skipSpace(raw, 0); i >= len(raw) || raw[i] != '{' {
		return Event{}, NotObject
	}
	e := Event{Type: d.Type, ReceivedAt: d.ReceivedAt, Flags: d.Flags, Source: d.Source}
	var typeName, original, timestamp, sent, category string
	var err error
	object := func(name, value string) string {
		switch {
		case value == "null":
			return ""
		case value[0] != '{' && err == nil:
			err = Reject(name + " must be an object")
		}
		return value
	}
	eachMember(raw, func(name, value string) {
		switch name {
		case "type":
			typeName = ScalarText(value)
		case "messageId":
			e.MessageID = identifier(value)
		case "userId":
			e.UserID = identifier(value)
		case "anonymousId":
			e.AnonymousID = identifier(value)
		case "previousId":
			e.PreviousID = identifier(value)
		case "groupId":
			e.GroupID = identifier(value)
		case "event", "name":
			if t := ScalarText(value); t != "" && (name == "event" || e.Name == "") {
				e.Name = t
			}
		case "category":
			category = ScalarText(value)
		case "timestamp":
			timestamp = ScalarText(value)
		case "originalTimestamp":
			original = ScalarText(value)
		case "sentAt":
			sent = ScalarText(value)
		case "properties":
			e.Properties = object(name, value)
		case "traits":
			e.Traits = object(name, value)
		case "context":
			e.Context = object(name, value)
		case "integrations":
			e.Integrations = object(name, value)
		}
	})
	if err != nil {
		return Event{}, err
	}
	if typeName != "" {
		t := ParseType(typeName)
		if t == 0 {
			return Event{}, Reject("type must be identify, track, page, screen, group or alias")
		}
		if d.Type != 0 && t != d.Type {
			return Event{}, Reject("type does not agree with the address it was sent to")
		}
		e.Type = t
	}
	e.Context = Merge(d.Context, e.Context)
	e.Integrations = Merge(d.Integrations, e.Integrations)
	if len(e.Context) > MaxEventBytes || len(e.Integrations) > MaxEventBytes {
		return Event{}, tooLarge
	}
	if isEmpty(e.Integrations) {
		e.Integrations = ""
	}
	if e.Traits == "" && e.Type == Identify {
		if t := get(e.Context, "traits"); !isEmpty(t) {
			e.Traits = t
		}
	}
	if (e.Type == Page || e.Type == Screen) && e.Name == "" {
		if e.Name = category; e.Name == "" {
			e.Name = ParseObject(e.Properties).First("name", "category", "title")
		}
	}
	if original == "" || e.Has(History) && timestamp != "" {
		original = timestamp
	}
	sentAt, ok := ParseTime(sent)
	if !ok {
		sentAt = d.SentAt
	}
	if err := e.SetTime(original, sentAt); err != nil {
		return Event{}, err
	}
	return e, e.Validate()
}

// SetTime sets the event's time from the text that the client wrote and the
// time by its clock at which it sent the request (microseconds, 0 where
// unknown), and corrects for a clock that is off, as the Segment format says:
// timestamp = receivedAt - (sentAt - originalTimestamp). Times ahead of the
// arrival are clamped to it and flagged, times in the past are kept, a missing
// time is the arrival. History is taken as it is written. The error is a
// Reject.
func (e *Event) SetTime(written string, sentAt int64) error {
	e.At = e.ReceivedAt
	if written == "" {
		return nil
	}
	at, ok := ParseTime(written)
	if !ok {
		return Reject("timestamp is not an ISO 8601 time such as 2026-03-01T10:00:00.000Z")
	}
	if sentAt != 0 && !e.Has(History) {
		// A correction that leaves the calendar corrects nothing.
		if corrected := e.ReceivedAt - (sentAt - at); corrected > earliest {
			at = corrected
		}
	}
	if e.At = at; at > e.ReceivedAt {
		e.At = e.ReceivedAt
		e.Flags |= Clamped
	}
	return nil
}

// earliest is the beginning of the year 1, before which no time can be written.
var earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// Validate checks an event's required fields, shortens a long page name and
// makes a message id where it is missing. The error is a Reject.
func (e *Event) Validate() error {
	if e.Type == Page || e.Type == Screen {
		e.Name = cutText(e.Name) // it is a title, and titles are long
	}
	switch {
	case e.Type == 0:
		return Reject("type is missing: identify, track, page, screen, group or alias")
	case e.UserID == "" && e.AnonymousID == "" && e.Type != Staff:
		if e.Type != Alias || e.PreviousID == "" {
			return Reject("userId or anonymousId is missing")
		}
		return Reject("alias needs userId and previousId")
	case e.Type == Track && strings.TrimSpace(e.Name) == "":
		return Reject("event, the name of what happened, is missing")
	case e.Type == Group && e.GroupID == "":
		return Reject("groupId is missing")
	case e.Type == Alias && (e.PreviousID == "" || e.UserID == ""):
		return Reject("alias needs userId and previousId")
	}
	for _, f := range [...]struct{ name, text string }{
		{"messageId", e.MessageID}, {"userId", e.UserID}, {"anonymousId", e.AnonymousID},
		{"previousId", e.PreviousID}, {"groupId", e.GroupID}, {"event", e.Name},
	} {
		if len(f.text) > maxText {
			return Reject(f.name + " is longer than 512 bytes")
		}
		// Different ids that were damaged in the same way would join strangers.
		if f.name != "event" && strings.ContainsRune(f.text, utf8.RuneError) {
			return Reject(f.name + " holds bytes that are not UTF-8 text")
		}
	}
	if e.MessageID == "" {
		var b [16]byte
		rand.Read(b[:])
		e.MessageID = "dhv-" + hex.EncodeToString(b[:])
	}
	return nil
}

// identifier returns an id's text.
func identifier(raw string) string { return Identifier(ScalarText(raw)) }

// Identifier returns an id as it is kept. What broken pages send where an id is
// missing counts as missing: such a value would join strangers.
func Identifier(id string) string {
	for _, missing := range [...]string{"null", "undefined", "nan", "none", "true", "false", "[object object]"} {
		if len(id) == len(missing) && strings.EqualFold(id, missing) {
			return ""
		}
	}
	return id
}

// cutText shortens a text to the longest allowed, at a character.
func cutText(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}
