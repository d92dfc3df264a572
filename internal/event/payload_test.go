package event

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// arrival is when the events of the tests arrive, 2026-03-01T10:00:10Z.
const arrival = 1772359210_000000

func decodeOne(t *testing.T, raw string, d Defaults) Event {
	t.Helper()
	e, err := Decode(raw, &d)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return e
}

func TestDecode(t *testing.T) {
	d := Defaults{ReceivedAt: arrival, Source: "segment", Flags: Verified}
	got := decodeOne(t, ` { "type":"track","event":" Product Added ","messageId":"m","userId":42,"anonymousId":"a",
		"properties":{"price":12.50},"context":{"x":1},"integrations":{"All":false},"version":2,"channel":"web"}`, d)
	want := Event{
		Type: Track, Flags: Verified, Source: "segment", MessageID: "m", UserID: "42", AnonymousID: "a", Name: "Product Added",
		At: arrival, ReceivedAt: arrival, Properties: `{"price":12.50}`, Context: `{"x":1}`, Integrations: `{"All":false}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNamesOfPages(t *testing.T) {
	for raw, want := range map[string]string{
		`{"name":"Home","category":"C"}`:                              "Home",
		`{"category":"C","properties":{"name":"N"}}`:                  "C",
		`{"properties":{"title":"T","category":"C"}}`:                 "C",
		`{"properties":{"title":"T"}}`:                                "T",
		`{"x":1}`:                                                     "",
		`{"name":"` + strings.Repeat("é", 300) + `"}`:                 strings.Repeat("é", 256),
		`{"name":"x` + strings.Repeat("é", 300) + `"}`:                "x" + strings.Repeat("é", 255),
		`{"properties":{"title":"` + strings.Repeat("é", 300) + `"}}`: strings.Repeat("é", 256),
	} {
		e := decodeOne(t, `{"userId":"u",`+raw[1:], Defaults{Type: Page})
		if e.Name != want {
			t.Errorf("%s: name %q, want %q", raw, e.Name, want)
		}
	}
}

func TestTraitsOfIdentify(t *testing.T) {
	for raw, want := range map[string]string{
		`{"userId":"u","traits":{"a":1},"context":{"traits":{"b":2}}}`: `{"a":1}`,
		`{"userId":"u","context":{"traits":{"b":2}}}`:                  `{"b":2}`,
		`{"userId":"u","context":{"traits":[1]}}`:                      "",
		`{"userId":"u","traits":null}`:                                 "",
	} {
		if e := decodeOne(t, raw, Defaults{Type: Identify}); e.Traits != want {
			t.Errorf("%s: traits %q, want %q", raw, e.Traits, want)
		}
	}
	if e := decodeOne(t, `{"userId":"u","event":"E","context":{"traits":{"b":2}}}`, Defaults{Type: Track}); e.Traits != "" {
		t.Error("a track event took the traits of its context")
	}
}

func TestIdentifiersThatAreNone(t *testing.T) {
	for _, id := range []string{`null`, `"null"`, `"undefined"`, `"NaN"`, `"None"`, `true`, `"False"`, `"[object Object]"`, `" "`, `{}`, `[1]`} {
		if _, err := Decode(`{"type":"track","event":"E","userId":`+id+`}`, &Defaults{}); err == nil {
			t.Errorf("took %s for a user id", id)
		}
	}
	if e := decodeOne(t, `{"type":"track","event":"E","userId":"nullable"}`, Defaults{}); e.UserID != "nullable" {
		t.Errorf("lost a user id, got %q", e.UserID)
	}
}

func TestRequired(t *testing.T) {
	for raw, want := range map[string]Reject{
		`{"userId":"u"}`:                              "type is missing: identify, track, page, screen, group or alias",
		`{"type":"Track","userId":"u"}`:               "type must be identify, track, page, screen, group or alias",
		`{"type":"track","event":"E"}`:                "userId or anonymousId is missing",
		`{"type":"track","event":" ","userId":"u"}`:   "event, the name of what happened, is missing",
		`{"type":"group","userId":"u"}`:               "groupId is missing",
		`{"type":"alias","userId":"u"}`:               "alias needs userId and previousId",
		`{"type":"alias","previousId":"p"}`:           "alias needs userId and previousId",
		`{"type":"identify","userId":"u","traits":1}`: "traits must be an object",
		`[]`:  NotObject,
		`"x"`: NotObject,
		`{"type":"track","event":"` + strings.Repeat("e", 513) + `","userId":"u"}`: "event is longer than 512 bytes",
	} {
		if _, err := Decode(raw, &Defaults{}); err != want {
			t.Errorf("%.60s: %v, want %s", raw, err, want)
		}
	}
}

func TestBatchMembersReachEveryEvent(t *testing.T) {
	body := `{"context":{"library":{"name":"go"},"ip":"1"},"batch":[
		{"type":"track","event":"A","userId":"u","context":{"ip":"2"}},
		{"type":"track","event":"B","userId":"u","integrations":{"All":true}},
		{"type":"track","event":"C","userId":"u","timestamp":"2026-03-01T09:00:00Z"}],
		"integrations":{"X":false},"sentAt":"2026-03-01T09:00:05Z","writeKey":"wk"}`
	p, err := DecodePayload([]byte(body), Defaults{ReceivedAt: arrival, Context: `{"ip":"0","gpc":true}`})
	if err != nil || p.WriteKey != "wk" || p.Single || len(p.Events) != 3 {
		t.Fatalf("%+v %v", p, err)
	}
	got := []string{p.Events[0].Context, p.Events[1].Context, p.Events[0].Integrations, p.Events[1].Integrations, FormatTime(p.Events[2].At)}
	want := []string{
		`{"gpc":true,"library":{"name":"go"},"ip":"2"}`, `{"gpc":true,"library":{"name":"go"},"ip":"1"}`,
		`{"X":false}`, `{"X":false,"All":true}`, "2026-03-01T10:00:05Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	p, err = DecodePayload([]byte(`{"context":7,"integrations":[],"batch":[{"type":"track","event":"A","userId":"u"}]}`), Defaults{})
	if err != nil || len(p.Events) != 1 || p.Events[0].Context != "" || p.Events[0].Integrations != "" {
		t.Errorf("shared members that are no objects: %+v %v", p.Events, err)
	}
}

func TestAdmitIsAskedFirst(t *testing.T) {
	refused := errors.New("no")
	for _, typ := range []Type{0, Track} {
		p, err := ReadPayload([]byte(`{"batch":[7],"writeKey":"wk"}`), typ, func(key string) (Defaults, error) {
			if key != "wk" {
				t.Errorf("asked with key %q", key)
			}
			return Defaults{}, refused
		})
		if err != refused || len(p.Rejected) > 0 {
			t.Errorf("decoded before it was admitted: %+v %v", p, err)
		}
	}
}

func TestSetTime(t *testing.T) {
	at := func(s string) int64 {
		n, ok := ParseTime(s)
		if !ok {
			t.Fatal(s)
		}
		return n
	}
	for name, c := range map[string]struct {
		written, sent string
		flags         Flags
		want          string
		clamped       bool
	}{
		"as Segment's example":     {written: "2026-03-01T09:00:00Z", sent: "2026-03-01T09:00:05Z", want: "2026-03-01T10:00:05Z"},
		"clock ahead":              {written: "2026-03-01T12:00:00Z", sent: "2026-03-01T12:00:05Z", want: "2026-03-01T10:00:05Z"},
		"sent unknown":             {written: "2026-03-01T09:00:00Z", want: "2026-03-01T09:00:00Z"},
		"unknown":                  {want: "2026-03-01T10:00:10Z"},
		"ahead, sent unknown":      {written: "2027-01-01T00:00:00Z", want: "2026-03-01T10:00:10Z", clamped: true},
		"ahead after correction":   {written: "2026-03-01T09:00:06Z", sent: "2026-03-01T09:00:05Z", want: "2026-03-01T10:00:10Z", clamped: true},
		"long past stays":          {written: "1970-01-01T00:00:00Z", want: "1970-01-01T00:00:00Z"},
		"offline for a year":       {written: "2025-03-01T10:00:00Z", sent: "2026-03-01T10:00:10Z", want: "2025-03-01T10:00:00Z"},
		"history is not corrected": {written: "2025-03-01T10:00:00Z", sent: "2025-03-01T11:00:00Z", flags: History, want: "2025-03-01T10:00:00Z"},
		"history ahead":            {written: "2027-03-01T10:00:00Z", flags: History, want: "2026-03-01T10:00:10Z", clamped: true},
	} {
		t.Run(name, func(t *testing.T) {
			e, sent := Event{ReceivedAt: arrival, Flags: c.flags}, int64(0)
			if c.sent != "" {
				sent = at(c.sent)
			}
			if err := e.SetTime(c.written, sent); err != nil {
				t.Fatal(err)
			}
			if e.At != at(c.want) || e.Has(Clamped) != c.clamped {
				t.Errorf("%s, clamped %t, want %s, %t", FormatTime(e.At), e.Has(Clamped), c.want, c.clamped)
			}
		})
	}
	live := decodeOne(t, `{"userId":"u","event":"E","originalTimestamp":"2026-03-01T09:00:00Z","timestamp":"2020-01-01","sentAt":"2026-03-01T09:00:05Z"}`, Defaults{Type: Track, ReceivedAt: arrival})
	history := decodeOne(t, `{"userId":"u","event":"E","originalTimestamp":"2026-03-01T09:00:00Z","timestamp":"2020-01-01","sentAt":"2026-03-01T09:00:05Z"}`, Defaults{Type: Track, ReceivedAt: arrival, Flags: History})
	if FormatTime(live.At) != "2026-03-01T10:00:05Z" || FormatTime(history.At) != "2020-01-01T00:00:00Z" {
		t.Errorf("live %s, history %s", FormatTime(live.At), FormatTime(history.At))
	}
}

func TestClean(t *testing.T) {
	for body, want := range map[string]string{
		` {"a":1} `:              `{"a":1}`,
		"\ufeff[1]":              `[1]`,
		`{"a":"\u0000\\u0000"}`:  "{\"a\":\"\uFFFD\\\\u0000\"}",
		`{"a":"\\\u0000"}`:       "{\"a\":\"\\\\\uFFFD\"}",
		"{\"a\":\"\xff\xfeb\"}":  "{\"a\":\"\uFFFDb\"}",
		`{"a":"\ud800"}`:         `{"a":"\ud800"}`,
		`{"a":1,"a":2}`:          `{"a":1,"a":2}`,
		"{\"a\":\"\x00\"}":       "",
		`{"a":1}{"a":1}`:         "",
		`{"a":1,}`:               "",
		`"a"`:                    "",
		``:                       "",
		`{"a":NaN}`:              "",
		strings.Repeat("[", 1e5): "",
	} {
		got, err := Clean([]byte(body))
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%.40q: %q %v, want %q", body, got, err, want)
		}
	}
}

func TestTooMany(t *testing.T) {
	calls := 0
	many := "[" + strings.Repeat("1,", MaxEvents) + "1]"
	if err := EachElement(many, func(int, string) { calls++ }); err != ErrTooMany || calls > 0 {
		t.Errorf("%v after %d calls", err, calls)
	}
	if err := EachElement("["+many[3:], func(i int, raw string) { calls++ }); err != nil || calls != MaxEvents {
		t.Errorf("%v after %d calls", err, calls)
	}
	if err := EachElement(`{}`, func(int, string) {}); err != ErrBody {
		t.Error(err)
	}
	huge := "[" + strings.Repeat("1,", 2_000_000) + "1]"
	if n := testing.AllocsPerRun(1, func() { EachElement(huge, nil) }); n > 3 {
		t.Errorf("%v allocations for what is refused", n)
	}
}

func FuzzDecodePayload(f *testing.F) {
	f.Add([]byte(`{"batch":[{"type":"track","event":"E","userId":"u","context":{"ip":"1"},"properties":{"a":[1,{"b":"\u0000"}]}}],"context":{"a":1},"sentAt":"2026-03-01T09:00:05Z","writeKey":"k"}`), uint8(0))
	f.Add([]byte(`{"event":"E","userId":"u","timestamp":"2026-03-01T09:00:05Z","traits":{ }}`), uint8(Track))
	f.Add([]byte("{\"batch\":[{\"type\":\"page\",\"anonymousId\":\"\xff\",\"name\":\"\\ud800\"},7]}"), uint8(0))
	f.Fuzz(func(t *testing.T, body []byte, typ uint8) {
		p, err := DecodePayload(body, Defaults{Type: ParseType(Type(typ).String()), ReceivedAt: arrival, Context: `{"ip":"x"}`})
		if err != nil {
			if err != ErrBody && err != ErrTooMany && err != ErrShared {
				t.Fatal(err)
			}
			return
		}
		if len(p.Events) != len(p.Indexes) || p.Single && len(p.Events)+len(p.Rejected) != 1 {
			t.Fatalf("%d events, %d indexes, %d rejections", len(p.Events), len(p.Indexes), len(p.Rejected))
		}
		for _, e := range p.Events {
			if e.At > arrival || e.MessageID == "" || e.ShardKey() == "" && e.Type != Alias {
				t.Fatalf("took %+v", e)
			}
			for _, raw := range []string{e.Properties, e.Traits, e.Context, e.Integrations} {
				if raw != "" && (raw[0] != '{' || !json.Valid([]byte(raw))) {
					t.Fatalf("%q is no object", raw)
				}
			}
			text := e.MessageID + e.UserID + e.AnonymousID + e.PreviousID + e.GroupID + e.Name + e.Properties + e.Traits + e.Context
			if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
				t.Fatalf("no store takes %q", text)
			}
			record := AppendRecord(nil, &e)
			if back, rest, err := DecodeRecord(string(record)); err != nil || rest != "" || back != e {
				t.Fatalf("round trip of %+v gives %+v, %v", e, back, err)
			}
		}
	})
}
