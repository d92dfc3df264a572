package ingest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/ingest"
)

func TestAnswers(t *testing.T) {
	nested := func(n int) string {
		return `{"type":"track","event":"E","userId":"u","properties":` + strings.Repeat(`{"a":`, n) + `1` + strings.Repeat(`}`, n) + `}`
	}
	sized := func(n int) string {
		head, tail := `{"type":"track","event":"E","userId":"u","properties":{"a":"`, `"}}`
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	rejected := func(index int, reason string) string {
		return fmt.Sprintf(`{"success":true,"rejected":[{"index":%d,"reason":"%s"}]}`, index, reason)
	}
	refused := func(reason string) string { return `{"success":false,"error":"` + reason + `"}` }
	const noBody = "the body is not a JSON object with an event or a batch of events"
	const noName = "event, the name of what happened, is missing"
	for name, c := range map[string]struct {
		path, body string
		header     header
		status     int
		answer     string
		stored     int
	}{
		"batch":                      {body: batch(good, good), status: 200, answer: ok, stored: 2},
		"empty batch":                {body: batch(), status: 200, answer: ok},
		"any content type":           {body: batch(good), header: header{"Content-Type", "text/plain"}, status: 200, answer: ok, stored: 1},
		"form content type":          {body: batch(good), header: header{"Content-Type", "application/x-www-form-urlencoded"}, status: 200, answer: ok, stored: 1},
		"gzip":                       {body: gzipped(batch(good)), header: header{"Content-Encoding", "gzip"}, status: 200, answer: ok, stored: 1},
		"gzip without header":        {body: gzipped(batch(good)), status: 200, answer: ok, stored: 1},
		"header without gzip":        {body: batch(good), header: header{"Content-Encoding", "gzip"}, status: 200, answer: ok, stored: 1},
		"damaged gzip":               {body: gzipped(batch(good))[:40], status: 400, answer: refused("the body is not valid gzip")},
		"other encoding":             {body: batch(good), header: header{"Content-Encoding", "br"}, status: 415, answer: refused("Content-Encoding must be gzip or none")},
		"byte order mark":            {body: "\ufeff" + batch(good), status: 200, answer: ok, stored: 1},
		"single":                     {path: "/v1/track", body: good, status: 200, answer: ok, stored: 1},
		"single bad":                 {path: "/v1/track", body: `{"userId":"u"}`, status: 400, answer: `{"success":false,"error":"` + noName + `","rejected":[{"index":0,"reason":"` + noName + `"}]}`},
		"single of another type":     {path: "/v1/page", body: good, status: 400, answer: `{"success":false,"error":"type does not agree with the address it was sent to","rejected":[{"index":0,"reason":"type does not agree with the address it was sent to"}]}`},
		"one bad":                    {body: batch(good, `{"type":"track","userId":"u"}`, good), status: 200, answer: rejected(1, noName), stored: 2},
		"all bad":                    {body: batch(`7`), status: 200, answer: rejected(0, "the event is not a JSON object")},
		"unknown type":               {body: batch(good, `{"type":"zzz","userId":"u"}`), status: 200, answer: rejected(1, "type must be identify, track, page, screen, group or alias"), stored: 1},
		"nobody can send staff":      {body: batch(`{"type":"staff","userId":"u"}`), status: 200, answer: rejected(0, "type must be identify, track, page, screen, group or alias")},
		"no identity":                {body: batch(`{"type":"track","event":"E","userId":"undefined"}`), status: 200, answer: rejected(0, "userId or anonymousId is missing")},
		"bad time":                   {body: batch(`{"type":"track","event":"E","userId":"u","timestamp":"soon"}`), status: 200, answer: rejected(0, "timestamp is not an ISO 8601 time such as 2026-03-01T10:00:00.000Z")},
		"long id":                    {body: batch(`{"type":"track","event":"E","userId":"` + strings.Repeat("u", 513) + `"}`), status: 200, answer: rejected(0, "userId is longer than 512 bytes")},
		"properties no object":       {body: batch(`{"type":"track","event":"E","userId":"u","properties":[1]}`), status: 200, answer: rejected(0, "properties must be an object")},
		"32 KB":                      {body: batch(sized(32 << 10)), status: 200, answer: ok, stored: 1},
		"over 32 KB":                 {body: batch(good, sized(32<<10+1)), status: 200, answer: rejected(1, "the event is larger than 32768 bytes"), stored: 1},
		"depth 64":                   {body: batch(nested(63)), status: 200, answer: ok, stored: 1},
		"too deep":                   {body: batch(good, nested(64)), status: 200, answer: rejected(1, "the event is nested deeper than 64 levels"), stored: 1},
		"depth 9000":                 {body: batch(good, nested(9000)), status: 200, answer: rejected(1, "the event is larger than 32768 bytes"), stored: 1},
		"depth 100000":               {body: batch(nested(100_000), good), status: 200, answer: rejected(0, "the event is nested deeper than 64 levels"), stored: 1},
		"depth 100000, cut":          {body: strings.Repeat("[", 100_000), status: 400, answer: refused(noBody)},
		"damaged id":                 {body: batch("{\"type\":\"track\",\"event\":\"E\",\"userId\":\"\xe91\"}"), status: 200, answer: rejected(0, "userId holds bytes that are not UTF-8 text")},
		"useless message ids":        {body: batch(`{"type":"track","event":"E","userId":"u","messageId":"undefined"}`, `{"type":"track","event":"E","userId":"u","messageId":"null"}`), status: 200, answer: ok, stored: 2},
		"shared context":             {body: `{"context":{"a":"` + strings.Repeat("x", 1100) + `"},"batch":[` + strings.TrimSuffix(strings.Repeat(good+",", 1900), ",") + `]}`, status: 413, answer: refused("the context of the batch is too large for its number of events")},
		"shared context is no event": {body: `{"context":{"a":"` + strings.Repeat("x", 33<<10) + `"},"batch":[` + good + `]}`, status: 200, answer: rejected(0, "the event is larger than 32768 bytes")},
		"not JSON":                   {body: `{{{`, status: 400, answer: refused(noBody)},
		"JSON and more":              {body: batch(good) + `x`, status: 400, answer: refused(noBody)},
		"empty":                      {status: 400, answer: refused(noBody)},
		"text":                       {body: `"batch"`, status: 400, answer: refused(noBody)},
		"no batch":                   {body: good, status: 400, answer: refused(noBody)},
		"batch is no array":          {body: `{"batch":{}}`, status: 400, answer: refused(noBody)},
		"2000 events":                {body: batch(strings.Repeat(good+",", 1999) + good), status: 200, answer: ok, stored: 2000},
		"2001 events":                {body: batch(strings.Repeat(good+",", 2000) + good), status: 413, answer: refused("a request holds at most 2000 events")},
		"a million elements":         {body: batch(strings.Repeat("1,", 1_000_000) + "1"), status: 413, answer: refused("a request holds at most 2000 events")},
		"too large once repaired":    {body: batch(strings.TrimSuffix(strings.Repeat(`{"type":"track","event":"E","userId":"u","properties":{"a":"`+strings.Repeat("\xffa", 8000)+`"}},`, 250), ",")), status: 413, answer: refused("a request holds at most 4 MB, also when inflated")},
		"posthog":                    {path: "/batch/", body: `{"batch":[{"event":"E","distinct_id":"u"}]}`, status: 200, answer: `{"status":"Ok"}`, stored: 1},
		"posthog without slash":      {path: "/batch", body: `{"batch":[{"event":"E","distinct_id":"u"}]}`, status: 200, answer: `{"status":"Ok"}`, stored: 1},
		"posthog one bad":            {path: "/batch/", body: `{"batch":[{"event":"E","distinct_id":"u"},{"event":"E"}]}`, status: 200, answer: `{"status":"Ok","rejected":[{"index":1,"reason":"userId or anonymousId is missing"}]}`, stored: 1},
		"posthog compression":        {path: "/e/?compression=gzip-js", body: gzipped(`[{"event":"E","distinct_id":"u"}]`), status: 200, answer: `{"status":"Ok"}`, stored: 1},
		"posthog many":               {path: "/e/", body: `[` + strings.Repeat("1,", 2000) + `1]`, status: 413, answer: refused("a request holds at most 2000 events")},
		"jitsu":                      {path: "/api/s/track", body: `{"event":"E","userId":"u"}`, status: 200, answer: ok, stored: 1},
		"jitsu server":               {path: "/api/s/s2s/track", body: `{"event":"E","userId":"u"}`, status: 200, answer: ok, stored: 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, nil)
			if c.path == "" {
				c.path = "/v1/batch"
			}
			status, answer := f.post(t, c.path, c.body, append(c.header, "X-Write-Key", "wk"))
			if status != c.status || answer != c.answer {
				t.Errorf("answer %d %s\nwant %d %s", status, answer, c.status, c.answer)
			}
			if n := len(f.log.events(t)); n != c.stored {
				t.Errorf("%d events stored, want %d", n, c.stored)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	want := map[string]event.Type{"identify": event.Identify, "i": event.Identify, "track": event.Track, "t": event.Track,
		"page": event.Page, "p": event.Page, "screen": event.Screen, "s": event.Screen, "group": event.Group, "g": event.Group,
		"alias": event.Alias, "a": event.Alias}
	f := start(t, nil)
	for path, typ := range want {
		status, answer := f.post(t, "/v1/"+path, `{"event":"E","userId":"u","groupId":"g","previousId":"p"}`, basic("wk:"))
		events := f.log.events(t)
		if status != 200 || len(events) == 0 || events[len(events)-1].Type != typ {
			t.Errorf("/v1/%s: %d %s", path, status, answer)
		}
	}
	for _, path := range []string{"/v1/batch/", "/v1/zzz", "/flags/?v=2", "/decide/", "/batch/x"} {
		if status, _ := f.post(t, path, batch(good), basic("wk:")); status != 404 {
			t.Errorf("%s: %d, want 404", path, status)
		}
	}
	for _, path := range []string{"/v1/track", "/batch/", "/api/s/track"} {
		resp, _ := f.send(t, "GET", path, nil, nil)
		if resp.StatusCode != 405 || resp.Header.Get("Allow") != "POST, OPTIONS" {
			t.Errorf("GET %s: %d, Allow %q", path, resp.StatusCode, resp.Header.Get("Allow"))
		}
	}
}

func TestTexts(t *testing.T) {
	f := start(t, nil)
	status, _ := f.post(t, "/v1/batch", batch(
		`{"type":"track","event":"a\u0000b \\u0000","userId":"ux","properties":{"t":"\u0000"}}`,
		"{\"type\":\"track\",\"event\":\"E\xff\xfe\",\"userId\":\"u\",\"properties\":{\"t\":\"\xc3\"}}",
		`{"type":"track","event":"\ud800","anonymousId":17}`,
	), basic("wk:"))
	var got []string
	for _, e := range f.log.events(t) {
		got = append(got, e.Name, e.UserID+e.AnonymousID, e.Properties)
		if !strings.HasPrefix(e.MessageID, "dhv-") || len(e.MessageID) != 36 {
			t.Errorf("made the message id %q", e.MessageID)
		}
	}
	want := []string{"a\uFFFDb \\u0000", "ux", "{\"t\":\"\uFFFD\"}", "E\uFFFD", "u", "{\"t\":\"\uFFFD\"}", "\uFFFD", "17", ""}
	if diff := cmp.Diff(want, got); status != 200 || diff != "" {
		t.Errorf("status %d, stored (-want +got):\n%s", status, diff)
	}
}

func TestRejectedAreReported(t *testing.T) {
	f := start(t, nil)
	long := func(start string) string {
		return `{"type":"track","event":"E","userId":"u","properties":{"a":"` + start + strings.Repeat("é", 20_000) + `"}}`
	}
	f.post(t, "/v1/batch", batch(good, `{"type":"track"}`, long(""), long("x")), basic("wk:"))
	if len(f.rejected) != 3 {
		t.Fatalf("%d rejections reported, want 3", len(f.rejected))
	}
	if r := f.rejected[0]; r.Index != 1 || r.Raw != `{"type":"track"}` || r.Reason != "userId or anonymousId is missing" {
		t.Errorf("reported %+v", r)
	}
	for i, start := range []string{"", "x"} { // one of them has a character across the cut
		if raw := f.rejected[1+i].Raw; len(raw) < 4<<10-1 || len(raw) > 4<<10 || !utf8.ValidString(raw) || !strings.HasPrefix(long(start), raw) {
			t.Errorf("raw has %d bytes, want 4 KB cut at a character", len(raw))
		}
	}
	f.log.err = &eventlog.Unavailable{RetryAfter: time.Second}
	f.post(t, "/v1/batch", batch(good, `{"type":"track"}`), basic("wk:"))
	if len(f.rejected) != 3 {
		t.Error("reported a rejection of a request that will be sent again")
	}
}

func TestLogUnavailable(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		retry string
	}{
		"full":        {&eventlog.Unavailable{Reason: "disk", RetryAfter: 2500 * time.Millisecond}, "3"},
		"wrapped":     {fmt.Errorf("append: %w", &eventlog.Unavailable{RetryAfter: time.Millisecond}), "1"},
		"other error": {errors.New("pq: secret text"), "1"},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, nil)
			f.log.err = c.err
			resp, answer := f.send(t, "POST", "/v1/batch", strings.NewReader(batch(good)), append(basic("wk:"), "Origin", "https://a.example"))
			if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != c.retry || answer != `{"success":false,"error":"events cannot be stored now"}` {
				t.Errorf("%d, Retry-After %q: %s", resp.StatusCode, resp.Header.Get("Retry-After"), answer)
			}
			if resp.Header.Get("Access-Control-Allow-Origin") != "https://a.example" {
				t.Error("an error hides from the page that asked")
			}
		})
	}
}

func TestRateLimit(t *testing.T) {
	now := noon
	f := start(t, func(o *ingest.Options) { o.Now = func() time.Time { return now } })
	full := batch(strings.Repeat(good+",", 1999) + good)
	if status, answer := f.post(t, "/v1/batch", full, basic("limited:")); status != 200 {
		t.Fatalf("a burst of a full request: %d %s", status, answer)
	}
	resp, _ := f.send(t, "POST", "/v1/batch", strings.NewReader(batch(strings.Repeat(good+",", 149)+good)), basic("limited:"))
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "2" {
		t.Errorf("%d, Retry-After %q, want 429 and 2", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	if n := len(f.log.events(t)); n != 2000 {
		t.Errorf("%d events stored, want 2000", n)
	}
	if status, _ := f.post(t, "/v1/batch", full, basic("wk:")); status != 200 {
		t.Error("another key is limited too")
	}
	now = noon.Add(time.Second) // a refused request took nothing: 100 are free again
	if status, _ := f.post(t, "/v1/batch", batch(strings.Repeat(good+",", 99)+good), basic("limited:")); status != 200 {
		t.Error("still limited after a second")
	}
	if status, _ := f.post(t, "/v1/batch", batch(good), basic("limited:")); status != 429 {
		t.Error("not limited when used up")
	}
}

func TestCORS(t *testing.T) {
	f := start(t, nil)
	resp, _ := f.send(t, "OPTIONS", "/v1/t", nil, header{"Origin", "https://any.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type"})
	want := map[string]string{
		"Access-Control-Allow-Origin": "https://any.example", "Access-Control-Allow-Methods": "POST, OPTIONS",
		"Access-Control-Allow-Headers": "authorization,content-type", "Access-Control-Allow-Credentials": "true",
		"Access-Control-Max-Age": "7200", "Vary": "Origin",
	}
	for name, value := range want {
		if got := resp.Header.Get(name); resp.StatusCode != 204 || got != value {
			t.Errorf("preflight: %d, %s: %q, want %q", resp.StatusCode, name, got, value)
		}
	}
	for name, c := range map[string]struct {
		key, origin string
		status      int
	}{
		"open key":                {"wk", "https://any.example", 200},
		"listed":                  {"fenced", "https://shop.example", 200},
		"listed in other letters": {"fenced", "https://Shop.example", 200},
		"not listed":              {"fenced", "https://evil.example", 403},
		"listed as a part":        {"fenced", "https://shop.example.evil.example", 403},
		"opaque":                  {"fenced", "null", 403},
		"no browser":              {"fenced", "", 200},
	} {
		t.Run(name, func(t *testing.T) {
			h := basic(c.key + ":")
			if c.origin != "" {
				h = append(h, "Origin", c.origin)
			}
			resp, _ := f.send(t, "POST", "/v1/b", strings.NewReader(batch(good)), h)
			if resp.StatusCode != c.status || resp.Header.Get("Access-Control-Allow-Origin") != c.origin {
				t.Errorf("%d, allowed origin %q", resp.StatusCode, resp.Header.Get("Access-Control-Allow-Origin"))
			}
		})
	}
}

func TestShards(t *testing.T) {
	f := start(t, nil)
	f.log.shards = 3
	f.post(t, "/v1/batch", batch(
		`{"type":"track","event":"E","userId":"u1"}`, `{"type":"track","event":"F","userId":"u2"}`,
		`{"type":"track","event":"G","userId":"u1","anonymousId":"a2"}`), basic("wk:"))
	shards := map[int]int{}
	for _, c := range f.log.chunks {
		shards[c.Shard] += c.Count
	}
	if diff := cmp.Diff(map[int]int{'1' % 3: 2, '2' % 3: 1}, shards); diff != "" {
		t.Error(diff)
	}
	f.log.events(t)
}

func TestMetrics(t *testing.T) {
	f := start(t, nil)
	f.post(t, "/v1/batch", batch(good, good, `7`), basic("wk:"))
	f.post(t, "/v1/batch", `{`, basic("wk:"))
	families, err := f.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.Metric {
			name := family.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			switch {
			case m.Counter != nil && m.Counter.GetValue() > 0:
				got[name] = m.Counter.GetValue()
			case m.Gauge != nil:
				got[name] = m.Gauge.GetValue()
			case m.Histogram != nil:
				got[name] = float64(m.Histogram.GetSampleCount())
			}
		}
	}
	want := map[string]float64{
		"dhvani_ingest_events_accepted_total":                                2,
		"dhvani_ingest_events_rejected_total the event is not a JSON object": 1,
		"dhvani_ingest_requests_total segment 200":                           1,
		"dhvani_ingest_requests_total segment 400":                           1,
		"dhvani_ingest_request_seconds":                                      2,
		"dhvani_ingest_body_bytes":                                           0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPatternsFitOneMux(t *testing.T) {
	mux, s := http.NewServeMux(), ingest.New(ingest.Options{})
	for _, p := range s.Patterns() {
		mux.Handle(p, s)
	}
	if n := len(s.Patterns()); n != 15 {
		t.Errorf("%d patterns, want the 15 of Segment", n)
	}
}
