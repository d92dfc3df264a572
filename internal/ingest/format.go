package ingest

import (
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/event"
)

// Format is one way in which clients write events.
type Format struct {
	Name     string   // becomes the events' Source
	Patterns []string // addresses, as http.ServeMux takes them, without a method
	Answer   string   // the JSON object that says that all is well

	// Decode reads the body of a request to an address. It asks admit, with the
	// key that the body holds, before it decodes any event, and returns admit's
	// error as it is.
	Decode func(address string, body []byte, admit event.Admit) (event.Payload, error)

	History bool // events are history, and only a secret key may send them
}

// segmentCalls are the calls of the Segment format by address: the one of its
// HTTP API, and the short one of its browser library. Calls without a type take
// batches.
var segmentCalls = map[string]event.Type{
	"/v1/identify": event.Identify, "/v1/i": event.Identify,
	"/v1/track": event.Track, "/v1/t": event.Track,
	"/v1/page": event.Page, "/v1/p": event.Page,
	"/v1/screen": event.Screen, "/v1/s": event.Screen,
	"/v1/group": event.Group, "/v1/g": event.Group,
	"/v1/alias": event.Alias, "/v1/a": event.Alias,
	"/v1/batch": 0, "/v1/b": 0, "/v1/import": 0,
}

// segment returns the Segment format, and its import apart.
func segment() []Format {
	f := Format{Name: "segment", Answer: `{"success":true}`, Decode: decodeSegment}
	history := f
	history.Name, history.History = "import", true
	for _, address := range slices.Sorted(maps.Keys(segmentCalls)) {
		if address == "/v1/import" {
			history.Patterns = append(history.Patterns, address)
		} else {
			f.Patterns = append(f.Patterns, address)
		}
	}
	return []Format{f, history}
}

func decodeSegment(address string, body []byte, admit event.Admit) (event.Payload, error) {
	return event.ReadPayload(body, segmentCalls[address], admit)
}
