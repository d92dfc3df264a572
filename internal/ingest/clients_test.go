package ingest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/ingest"
)

// request is one that a client was seen to send.
type request struct {
	URL        string
	RawHeaders []string
	Headers    http.Header
	Gzipped    bool
	Body       json.RawMessage
}

// captured reads the requests of a file.
func captured(t *testing.T, name string) []request {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var all []request
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// replay sends captured requests and returns how many of them were not found.
func (f *fixture) replay(t *testing.T, requests []request) (missing int) {
	for _, r := range requests {
		var h header
		for i := 0; i < len(r.RawHeaders); i += 2 {
			h = append(h, r.RawHeaders[i:i+2]...)
		}
		for name, values := range r.Headers {
			h = append(h, name, values[0])
		}
		var sent header
		for i := 0; i < len(h); i += 2 {
			switch strings.ToLower(h[i]) {
			case "content-length", "connection", "host", "accept-encoding":
			default:
				sent = append(sent, h[i], h[i+1])
			}
		}
		body := string(r.Body)
		if r.Gzipped {
			body = gzipped(body)
		}
		switch status, answer := f.post(t, r.URL, body, sent); {
		case status == 404:
			missing++
		case status != 200 || strings.Contains(answer, "rejected"):
			t.Errorf("%s: %d %s", r.URL, status, answer)
		}
	}
	return missing
}

// forClients knows the keys that captured requests hold.
func forClients(o *ingest.Options) {
	o.Keys = func(k string) (ingest.Key, bool) {
		switch k {
		case "WK_test", "phc_test", "secret":
			return ingest.Key{ID: k, Workspace: 1, Write: true}, true
		}
		return ingest.Key{}, false
	}
}

func summary(events []event.Event) []string {
	var s []string
	for _, e := range events {
		s = append(s, fmt.Sprintf("%s %s %s user=%s previous=%s group=%s", e.Source, e.Type, e.Name, e.UserID, e.PreviousID, e.GroupID))
	}
	return s
}

func TestRequestsInTheFormOfClients(t *testing.T) {
	f := start(t, forClients)
	f.replay(t, []request{
		{URL: "/v1/t", RawHeaders: []string{"Content-Type", "text/plain", "Authorization", "Basic V0tfdGVzdDo="},
			Body: json.RawMessage(`{"timestamp":"2026-03-01T11:59:58.000Z","integrations":{"Segment.io":true},"type":"track","event":"Product Added","userId":"lena","anonymousId":"a-1","properties":{"product_id":"p-9"},"context":{"page":{"path":"/"}},"messageId":"ajs-1","writeKey":"WK_test","sentAt":"2026-03-01T11:59:59.000Z","_metadata":{}}`)},
		{URL: "/v1/batch", Gzipped: true, RawHeaders: []string{"Content-Type", "application/x-www-form-urlencoded", "Content-Encoding", "gzip", "Authorization", "Basic V0tfdGVzdDo="},
			Body: json.RawMessage(`{"batch":[{"userId":"omar","traits":{"email":"o@b.example"},"type":"identify","originalTimestamp":"2026-03-01T11:59:59.517Z","messageId":"r-1","sentAt":"2026-03-01T11:59:59.524Z"}],"timestamp":"2026-03-01T11:59:59.524Z"}`)},
		{URL: "/batch/", Gzipped: true, RawHeaders: []string{"Content-Encoding", "gzip"},
			Body: json.RawMessage(`{"api_key":"phc_test","batch":[{"event":"$create_alias","properties":{"distinct_id":"ines","alias":"anon-3"},"uuid":"0190","distinct_id":"ines"}],"sent_at":"2026-03-01T11:59:59.524Z"}`)},
		{URL: "/api/s/s2s/group", RawHeaders: []string{"X-Write-Key", "kid:secret"},
			Body: json.RawMessage(`{"type":"group","groupId":"g-1","userId":"ravi","messageId":"j-1","writeKey":"kid:***"}`)},
	})
	want := []string{
		"segment track Product Added user=lena previous= group=",
		"segment identify  user=omar previous= group=",
		"posthog alias  user=ines previous=anon-3 group=",
		"jitsu group  user=ravi previous= group=g-1",
	}
	if diff := cmp.Diff(want, summary(f.log.events(t))); diff != "" {
		t.Error(diff)
	}
}

// TestCapturedRequests replays what unmodified clients sent, where the
// recordings are at hand.
func TestCapturedRequests(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	const below = "shared/data/clients/*.json"
	var files []string
	for ; len(files) == 0 && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		files, _ = filepath.Glob(filepath.Join(dir, below))
	}
	if len(files) == 0 {
		t.Skip("no recordings of clients in " + below)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			f := start(t, forClients)
			requests := captured(t, name)
			missing := f.replay(t, requests)
			flags := 0
			for _, r := range requests {
				if strings.HasPrefix(r.URL, "/flags/") {
					flags++
				}
			}
			if missing != flags {
				t.Errorf("%d requests not found, %d expected", missing, flags)
			}
			events := f.log.events(t)
			if len(events) < len(requests)-missing {
				t.Errorf("%d requests, %d events", len(requests)-missing, len(events))
			}
			for _, e := range events {
				if e.UserID == "" && e.AnonymousID == "" || e.MessageID == "" || strings.HasPrefix(e.MessageID, "dhv-") {
					t.Errorf("stored %s without who or which", e.Type)
				}
			}
		})
	}
}
