package posthog_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/source/posthog"
)

const received = 1772366400_000000 // 2026-03-01T12:00:00Z

// decode reads a body for the source "posthog", from a browser at an address.
func decode(body string) (p event.Payload, key string, err error) {
	p, err = posthog.Decode("/e/", []byte(body), func(k string) (event.Defaults, error) {
		key = k
		return event.Defaults{ReceivedAt: received, Source: "posthog", Context: `{"ip":"192.0.2.1"}`}, nil
	})
	return p, key, err
}

func TestEvents(t *testing.T) {
	base := event.Event{
		Type: event.Track, Source: "posthog", MessageID: "m", UserID: "u", Name: "E",
		At: received, ReceivedAt: received, Context: `{"ip":"192.0.2.1"}`,
	}
	with := func(f func(e *event.Event)) event.Event {
		e := base
		f(&e)
		return e
	}
	for name, c := range map[string]struct {
		raw  string
		want event.Event
	}{
		"custom": {`{"event":"E","distinct_id":"u","uuid":"m"}`, base},
		"distinct id in properties": {`{"event":"E","uuid":"m","properties":{"distinct_id":"u"}}`,
			with(func(e *event.Event) { e.Properties = `{"distinct_id":"u"}` })},
		"survey keeps its name": {`{"event":"survey sent","distinct_id":"u","uuid":"m","properties":{"$survey_id":"s","$survey_response":3}}`,
			with(func(e *event.Event) {
				e.Name, e.Properties = "survey sent", `{"$survey_id":"s","$survey_response":3}`
			})},
		"not identified": {`{"event":"E","distinct_id":"u","uuid":"m","properties":{"$is_identified":false}}`,
			with(func(e *event.Event) {
				e.UserID, e.AnonymousID, e.Properties = "", "u", `{"$is_identified":false}`
			})},
		"device id": {`{"event":"E","distinct_id":"u","uuid":"m","properties":{"$device_id":"u"}}`,
			with(func(e *event.Event) { e.UserID, e.AnonymousID, e.Properties = "", "u", `{"$device_id":"u"}` })},
		"no person profile": {`{"event":"E","distinct_id":"u","uuid":"m","properties":{"$process_person_profile":false}}`,
			with(func(e *event.Event) {
				e.UserID, e.AnonymousID, e.Properties = "", "u", `{"$process_person_profile":false}`
			})},
		"identified, on a device": {`{"event":"E","distinct_id":"u","uuid":"m","properties":{"$is_identified":true,"$device_id":"d"}}`,
			with(func(e *event.Event) { e.Properties = `{"$is_identified":true,"$device_id":"d"}` })},
		"identify": {`{"event":"$identify","distinct_id":"u","uuid":"m","properties":{"$anon_distinct_id":"a","$is_identified":false,"$set_once":{"plan":"old","age":3},"$set":{"plan":"new"}}}`,
			with(func(e *event.Event) {
				e.Type, e.Name, e.AnonymousID = event.Identify, "", "a"
				e.Traits = `{"age":3,"plan":"new"}`
				e.Properties = `{"$anon_distinct_id":"a","$is_identified":false,"$set_once":{"plan":"old","age":3},"$set":{"plan":"new"}}`
			})},
		"identify of older clients": {`{"event":"$identify","distinct_id":"u","uuid":"m","$set":{"plan":"new"}}`,
			with(func(e *event.Event) { e.Type, e.Name, e.Traits = event.Identify, "", `{"plan":"new"}` })},
		"set": {`{"event":"$set","distinct_id":"u","uuid":"m","properties":{"$set":{"plan":"new"}}}`,
			with(func(e *event.Event) {
				e.Type, e.Name, e.Traits, e.Properties = event.Identify, "", `{"plan":"new"}`, `{"$set":{"plan":"new"}}`
			})},
		"alias": {`{"event":"$create_alias","distinct_id":"u","uuid":"m","properties":{"distinct_id":"u","alias":"a"}}`,
			with(func(e *event.Event) {
				e.Type, e.Name, e.PreviousID, e.Properties = event.Alias, "", "a", `{"distinct_id":"u","alias":"a"}`
			})},
		"group of a user": {`{"event":"$groupidentify","distinct_id":"u","uuid":"m","properties":{"$group_type":"company","$group_key":"g","$group_set":{"name":"Acme"}}}`,
			with(func(e *event.Event) {
				e.Type, e.Name, e.GroupID, e.Traits = event.Group, "", "g", `{"name":"Acme"}`
				e.Properties = `{"$group_type":"company","$group_key":"g","$group_set":{"name":"Acme"}}`
			})},
		"group by itself": {`{"event":"$groupidentify","distinct_id":"$company_g","uuid":"m","properties":{"$group_type":"company","$group_key":"g"}}`,
			with(func(e *event.Event) {
				e.Type, e.Name, e.GroupID, e.UserID, e.AnonymousID = event.Group, "", "g", "", "$company_g"
				e.Properties = `{"$group_type":"company","$group_key":"g"}`
			})},
		"page": {`{"event":"$pageview","distinct_id":"u","uuid":"m","properties":{"$current_url":"https://s.example/","title":"Home","$referrer":"$direct"}}`,
			with(func(e *event.Event) {
				e.Type, e.Name = event.Page, "Home"
				e.Properties = `{"url":"https://s.example/","$current_url":"https://s.example/","title":"Home","$referrer":"$direct"}`
				e.Context = `{"ip":"192.0.2.1","page":{"url":"https://s.example/","referrer":"$direct","title":"Home"}}`
			})},
		"screen": {`{"event":"$screen","distinct_id":"u","uuid":"m","properties":{"$screen_name":"Cart"}}`,
			with(func(e *event.Event) {
				e.Type, e.Name, e.Properties = event.Screen, "Cart", `{"$screen_name":"Cart"}`
			})},
		"library and address": {`{"event":"E","distinct_id":"u","uuid":"m","properties":{"$lib":"web","$lib_version":"1.2","$ip":"198.51.100.7"}}`,
			with(func(e *event.Event) {
				e.Properties = `{"$lib":"web","$lib_version":"1.2","$ip":"198.51.100.7"}`
				e.Context = `{"library":{"name":"web","version":"1.2"},"ip":"198.51.100.7"}`
			})},
		"offset": {`{"event":"E","distinct_id":"u","uuid":"m","offset":1500}`,
			with(func(e *event.Event) { e.At = received - 1_500_000 })},
		"time": {`{"event":"E","distinct_id":"u","uuid":"m","timestamp":"2026-03-01T11:59:00.000Z","offset":1500}`,
			with(func(e *event.Event) { e.At = received - 60_000_000 })},
		"time ahead": {`{"event":"E","distinct_id":"u","uuid":"m","timestamp":"2026-03-01T12:59:00.000Z"}`,
			with(func(e *event.Event) { e.Flags = event.Clamped })},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, err := decode(`{"batch":[` + c.raw + `]}`)
			if err != nil || len(p.Events) != 1 {
				t.Fatal(err, p.Rejected)
			}
			if diff := cmp.Diff(c.want, p.Events[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBodies(t *testing.T) {
	const one = `{"api_key":"k","event":"E","distinct_id":"u"}`
	coded := base64.StdEncoding.EncodeToString([]byte(one))
	for name, c := range map[string]struct {
		body   string
		events int
		single bool
		key    string
	}{
		"single":               {one, 1, true, "k"},
		"array":                {`[` + one + `,` + one + `]`, 2, false, "k"},
		"empty array":          {`[]`, 0, false, ""},
		"batch":                {`{"token":"k","batch":[` + one + `]}`, 1, false, "k"},
		"key in properties":    {`{"event":"E","properties":{"token":"k","distinct_id":"u"}}`, 1, true, "k"},
		"form, base64":         {"data=" + url.QueryEscape(coded), 1, true, "k"},
		"form, not escaped":    {"data=" + coded, 1, true, "k"},
		"form, unpadded":       {"data=" + strings.TrimRight(coded, "="), 1, true, "k"},
		"form, other fields":   {"compression=base64&ver=1&data=" + url.QueryEscape(coded) + "&x=%zz", 1, true, "k"},
		"form, JSON":           {"data=" + url.QueryEscape(one), 1, true, "k"},
		"form in white space":  {"\n data=" + coded + "\n", 1, true, "k"},
		"JSON that says data=": {`[{"event":"data=","distinct_id":"u"}]`, 1, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, key, err := decode(c.body)
			if err != nil || len(p.Events) != c.events || p.Single != c.single || key != c.key {
				t.Errorf("%d events, single %t, key %q, %v, rejected %v", len(p.Events), p.Single, key, err, p.Rejected)
			}
		})
	}
	for _, body := range []string{"", "data=", "data=%zz", "data=!!!", "data=" + base64.StdEncoding.EncodeToString([]byte("{")), `{"batch":3}`, `{"batch":null}`, "x&data"} {
		if _, _, err := decode(body); err != event.ErrBody {
			t.Errorf("%q: %v, want ErrBody", body, err)
		}
	}
}

func TestClockIsCorrected(t *testing.T) {
	p, _, err := decode(`{"sent_at":"2026-03-01T11:00:05Z","batch":[{"event":"E","distinct_id":"u","timestamp":"2026-03-01T11:00:00Z"}]}`)
	if err != nil || p.Events[0].At != received-5_000_000 {
		t.Errorf("%v, %s", err, event.FormatTime(p.Events[0].At))
	}
}

func TestRejected(t *testing.T) {
	for raw, want := range map[string]event.Reject{
		`7`:                 event.NotObject,
		`{"event":"E"}`:     "userId or anonymousId is missing",
		`{"distinct_id":1}`: "event, the name of what happened, is missing",
		`{"event":"E","distinct_id":"u","properties":[]}`:                             "properties must be an object",
		`{"event":"E","distinct_id":"u","timestamp":"x"}`:                             "timestamp is not an ISO 8601 time such as 2026-03-01T10:00:00.000Z",
		`{"event":"$create_alias","distinct_id":"u"}`:                                 "alias needs userId and previousId",
		`{"event":"$groupidentify","distinct_id":"u"}`:                                "groupId is missing",
		`{"event":"E","distinct_id":"` + strings.Repeat("x", 33<<10) + `"}`:           "the event is larger than 32768 bytes",
		`{"event":"E","a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`: "the event is nested deeper than 64 levels",
	} {
		p, _, err := decode(`[` + raw + `]`)
		if err != nil || len(p.Rejected) != 1 || p.Rejected[0].Reason != want {
			t.Errorf("%.60s: %v %v, want %s", raw, err, p.Rejected, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"api_key":"k","batch":[{"event":"$identify","distinct_id":"u","properties":{"$set":{"a":1},"$lib":"x"}}],"sent_at":"2026-03-01T12:00:00Z"}`))
	f.Add([]byte(`[{"event":"$pageview","properties":{"distinct_id":"u","$current_url":"x"},"offset":5}]`))
	f.Add([]byte("data=eyJldmVudCI6IkUifQ%3D%3D"))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, _, err := decode(string(body))
		if err != nil && len(p.Events) > 0 {
			t.Fatal("events beside an error")
		}
		for _, e := range p.Events {
			for _, raw := range []string{e.Properties, e.Traits, e.Context} {
				if raw != "" && (raw[0] != '{' || !json.Valid([]byte(raw))) {
					t.Fatalf("stored %q", raw)
				}
			}
		}
	})
}
