package jitsu_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/source/jitsu"
)

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		path, body string
		typ        event.Type
		event      string
		reject     event.Reject
	}{
		"track":                    {path: "/api/s/track", body: `{"type":"track","event":"E","userId":"u"}`, typ: event.Track, event: "E"},
		"server":                   {path: "/api/s/s2s/identify", body: `{"type":"identify","userId":"u"}`, typ: event.Identify},
		"type from the address":    {path: "/api/s/page", body: `{"name":"Home","anonymousId":"a"}`, typ: event.Page, event: "Home"},
		"event, type in the body":  {path: "/api/s/event", body: `{"type":"page","name":"Home","userId":"u"}`, typ: event.Page, event: "Home"},
		"event, custom type":       {path: "/api/s/event", body: `{"type":"Coupon \"X\" Seen","userId":"u"}`, typ: event.Track, event: `Coupon "X" Seen`},
		"event, custom and a name": {path: "/api/s/event", body: `{"type":"custom","event":"E","userId":"u"}`, typ: event.Track, event: "E"},
		"event, no type":           {path: "/api/s/event", body: `{"event":"E","userId":"u"}`, typ: event.Track, event: "E"},
		"custom address":           {path: "/api/s/coupon_seen", body: `{"userId":"u"}`, typ: event.Track, event: "coupon_seen"},
		"custom type staff":        {path: "/api/s/event", body: `{"type":"staff","userId":"u"}`, typ: event.Track, event: "staff"},
		"types disagree":           {path: "/api/s/page", body: `{"type":"track","event":"E","userId":"u"}`, reject: "type does not agree with the address it was sent to"},
		"no object":                {path: "/api/s/event", body: `[]`, reject: event.NotObject},
		"bad":                      {path: "/api/s/track", body: `{"event":"E"}`, reject: "userId or anonymousId is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := decode(c.path, []byte(c.body))
			if err != nil || !p.Single {
				t.Fatal(p, err)
			}
			if c.reject != "" {
				want := []event.Rejection{{Reason: c.reject, Raw: c.body}}
				if diff := cmp.Diff(want, p.Rejected); diff != "" {
					t.Error(diff)
				}
				return
			}
			if len(p.Events) != 1 || p.Events[0].Type != c.typ || p.Events[0].Name != c.event {
				t.Errorf("%+v %v", p.Events, p.Rejected)
			}
		})
	}
}

func decode(path string, body []byte) (event.Payload, error) {
	return jitsu.Decode(path, body, func(key string) (event.Defaults, error) {
		if key != "" {
			return event.Defaults{}, errors.New("trusts the key in the body")
		}
		return event.Defaults{ReceivedAt: 1, Source: "jitsu"}, nil
	})
}

func FuzzDecode(f *testing.F) {
	f.Add("/api/s/track", []byte(`{"type":"track","event":"E","userId":"u","properties":{}}`))
	f.Add("/api/s/event", []byte(`{"type":"custom","writeKey":"a:***","userId":"u","context":{"a":[]}}`))
	f.Add("/api/s/\xff", []byte(`{ }`))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		p, err := decode(path, body)
		if err != nil {
			if err != event.ErrBody {
				t.Fatal(err)
			}
			return
		}
		if len(p.Events)+len(p.Rejected) != 1 {
			t.Fatalf("%d events and %d rejections of one", len(p.Events), len(p.Rejected))
		}
		for _, e := range p.Events {
			for _, raw := range []string{e.Properties, e.Traits, e.Context, e.Integrations} {
				if raw != "" && (raw[0] != '{' || !json.Valid([]byte(raw))) {
					t.Fatalf("stored %q", raw)
				}
			}
		}
	})
}
