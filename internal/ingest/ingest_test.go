package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/ingest"
	"github.com/dhvani/dhvani/internal/source/jitsu"
	"github.com/dhvani/dhvani/internal/source/posthog"
)

// noon is the time of the tests' clock.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// memory is a log that keeps what it is given, or fails.
type memory struct {
	mu     sync.Mutex
	shards int
	err    error
	chunks []eventlog.Chunk
	enter  chan struct{} // an append has begun, where set
	leave  chan struct{} // closed: appends may return

	overloaded int64 // the workspace that is refused
	behind     bool
}

func (m *memory) Behind() bool { return m.behind }

func (m *memory) Admit(workspace int64) error {
	if workspace == m.overloaded {
		return &eventlog.Unavailable{Reason: "overloaded", RetryAfter: 3 * time.Second}
	}
	return nil
}

func (m *memory) Append(ctx context.Context, chunks []eventlog.Chunk) error {
	if err := ctx.Err(); err != nil { // as the log does
		return err
	}
	if m.enter != nil {
		m.enter <- struct{}{}
		select {
		case <-m.leave:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.chunks = append(m.chunks, chunks...)
	return nil
}

func (m *memory) Shards() int { return max(m.shards, 1) }

func (m *memory) ShardOf(key string) int { return int(key[len(key)-1]) % m.Shards() }

// events returns what was stored.
func (m *memory) events(t testing.TB) []event.Event {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []event.Event
	for _, c := range m.chunks {
		n := 0
		for rest := string(c.Records); rest != ""; n++ {
			e, after, err := event.DecodeRecord(rest)
			if err != nil || e.Workspace != c.Workspace {
				t.Fatalf("record of workspace %d in a chunk of %d: %v", e.Workspace, c.Workspace, err)
			}
			all, rest = append(all, e), after
		}
		if n != c.Count {
			t.Fatalf("chunk says %d events, holds %d", c.Count, n)
		}
	}
	return all
}

var keys = map[string]ingest.Key{
	"wk":      {ID: "k1", Workspace: 1, Write: true, IdentitySecret: []byte("s3cret")},
	"wk2":     {ID: "k2", Workspace: 2, Write: true},
	"sk":      {ID: "k3", Workspace: 1, Ingest: true, IdentitySecret: []byte("s3cret")},
	"reader":  {ID: "k4", Workspace: 1},
	"fenced":  {ID: "k5", Workspace: 1, Write: true, Origins: []string{"https://shop.example"}},
	"limited": {ID: "k6", Workspace: 1, Write: true, RateLimit: 100},
}

// fixture is a running Server with all formats.
type fixture struct {
	*httptest.Server
	log      *memory
	registry *prometheus.Registry

	mu       sync.Mutex
	rejected []event.Rejection
}

func start(t testing.TB, change func(*ingest.Options)) *fixture {
	f := &fixture{log: &memory{}, registry: prometheus.NewRegistry()}
	o := ingest.Options{
		Log:  f.log,
		Keys: func(k string) (ingest.Key, bool) { key, ok := keys[k]; return key, ok },
		Formats: []ingest.Format{
			{Name: "posthog", Patterns: posthog.Patterns(), Answer: posthog.Answer, Decode: posthog.Decode},
			{Name: "jitsu", Patterns: jitsu.Patterns(), Answer: jitsu.Answer, Decode: jitsu.Decode},
		},
		Rejected: func(workspace, at int64, source string, r event.Rejection) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if workspace != 1 || at != noon.UnixMicro() || source == "" {
				t.Errorf("rejection of workspace %d at %d from %q", workspace, at, source)
			}
			f.rejected = append(f.rejected, r)
		},
		Now:        func() time.Time { return noon },
		Logger:     slog.New(slog.DiscardHandler),
		Registerer: f.registry,
	}
	if change != nil {
		change(&o)
	}
	f.Server = httptest.NewServer(ingest.New(o))
	t.Cleanup(f.Close)
	return f
}

// header is a list of names and values.
type header []string

func basic(user string) header {
	return header{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(user))}
}

// send makes a request and returns its answer with the whole body.
func (f *fixture) send(t testing.TB, method, path string, body io.Reader, h header) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, f.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(h); i += 2 {
		r.Header.Add(h[i], h[i+1])
	}
	resp, err := f.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func (f *fixture) post(t testing.TB, path, body string, h header) (int, string) {
	t.Helper()
	resp, answer := f.send(t, "POST", path, strings.NewReader(body), h)
	return resp.StatusCode, answer
}

// gauge returns the bytes of bodies in flight.
func (f *fixture) gauge(t testing.TB) int {
	t.Helper()
	families, err := f.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "dhvani_ingest_body_bytes" {
			return int(family.Metric[0].Gauge.GetValue())
		}
	}
	t.Fatal("no gauge")
	return 0
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

const (
	good = `{"type":"track","event":"E","userId":"u","messageId":"m"}`
	ok   = `{"success":true}`
)

func batch(events ...string) string { return `{"batch":[` + strings.Join(events, ",") + `]}` }
