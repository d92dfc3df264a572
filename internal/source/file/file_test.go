package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/event"
)

// server answers like Dhvani and keeps what it was sent.
type server struct {
	mu       sync.Mutex
	times    map[string]int    // message id -> times accepted
	names    map[string]string // message id -> name of the event
	requests int
	lag      []int64 // to tell, one after the other, when asked
	before   func(n int, w http.ResponseWriter, r *http.Request) (answered bool)
	noStats  bool
}

func newServer() *server { return &server{times: map[string]int{}, names: map[string]string{}} }

// RoundTrip answers without a network, so that tests may use a clock of their own.
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer secret" {
		w.WriteHeader(http.StatusUnauthorized)
		return w.Result(), nil
	}
	if r.URL.Path == "/api/v1/stats" {
		if s.noStats {
			w.WriteHeader(http.StatusForbidden)
			return w.Result(), nil
		}
		stored, all, lag := len(s.times), 0, int64(0)
		for _, n := range s.times {
			all += n
		}
		if s.requests > 0 && len(s.lag) > 0 {
			lag, s.lag = s.lag[0], s.lag[1:]
		}
		fmt.Fprintf(w, `{"events":{"accepted":%d,"stored":%d,"duplicate":%d,"rejected":0,"lag":%d}}`, all, int64(stored)-lag, all-stored, lag)
		return w.Result(), nil
	}
	s.requests++
	if s.before != nil && s.before(s.requests, w, r) {
		if w.Code == http.StatusBadGateway {
			return nil, errors.New("connection refused")
		}
		return w.Result(), nil
	}
	s.take(w, r)
	return w.Result(), nil
}

func (s *server) take(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p, err := event.DecodePayload(body, event.Defaults{ReceivedAt: time.Now().UnixMicro(), Flags: event.History})
	if err != nil || len(body) > maxBytes || r.URL.Path != "/v1/import" {
		http.Error(w, fmt.Sprint(err), http.StatusBadRequest)
		return
	}
	for _, e := range p.Events {
		s.times[e.MessageID]++
		s.names[e.MessageID] = e.Name
	}
	type rejected struct {
		Index  int    `json:"index"`
		Reason string `json:"reason"`
	}
	var list []rejected
	for _, x := range p.Rejected {
		list = append(list, rejected{x.Index, string(x.Reason)})
	}
	json.NewEncoder(w).Encode(map[string]any{"success": true, "rejected": list})
}

func track(id, name string) string {
	return fmt.Sprintf(`{"type":"track","userId":"u","messageId":%q,"event":%q,"timestamp":"2026-01-01T00:00:00Z"}`, id, name)
}

func (s *server) options(t testing.TB, lines ...string) Options {
	path := filepath.Join(t.TempDir(), "events.ndjson")
	write(t, path, strings.Join(lines, "\n")+"\n")
	return Options{Path: path, URL: "http://shop.example/", Key: "secret", Client: &http.Client{Transport: s}, State: t.TempDir(), Target: "shop"}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t testing.TB, o Options) Result {
	t.Helper()
	res, err := New(o).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

func TestImport(t *testing.T) {
	a, b := track("m1", "a"), track("m2", "b")
	for name, text := range map[string]string{
		"plain":                 a + "\n" + b + "\n",
		"no end of line":        a + "\n" + b,
		"blank lines and CRLF":  "\ufeff" + a + "\r\n\r\n  \n" + b + "\r\n",
		"gzip":                  zipped(a + "\n" + b + "\n"),
		"gzip in several parts": zipped(a+"\n"+b[:20]) + zipped(b[20:]),
		"the same line twice":   a + "\n" + a + "\n" + b,
	} {
		t.Run(name, func(t *testing.T) {
			want := map[string]string{"m1": "a", "m2": "b"}
			for _, path := range []string{"file", Stdin} {
				s := newServer()
				o := s.options(t)
				write(t, o.Path, text)
				if path == Stdin {
					o.Path, o.Input = Stdin, strings.NewReader(text)
				}
				res := run(t, o)
				if diff := cmp.Diff(want, s.names); diff != "" {
					t.Fatalf("%s: %s", path, diff)
				}
				if res.Stored != 2 || res.Rejected != 0 || res.Duplicates != res.Sent-2 || !res.Counted {
					t.Errorf("%s: %+v", path, res)
				}
			}
		})
	}
}

func TestIdenticalLines(t *testing.T) {
	s := newServer()
	line := `{"type":"track","userId":"u","event":"Product Viewed"}`
	lines := []string{line, `{"type":"identify","userId":"u"}`, line, line, `{"type":"track","userId":"u","event":"x","messageId":null }`, `{"type":"page","userId":"u","messageId":"own"}`}
	o := s.options(t, lines...)
	if res := run(t, o); res.Stored != 6 || res.Sent != 6 {
		t.Fatalf("first: %+v", res)
	}
	if s.times["own"] != 1 {
		t.Error("a line's own message id was not kept")
	}
	if res := run(t, o); res.Stored != 0 || res.Duplicates != 6 {
		t.Errorf("again: %+v", res)
	}
}

func TestRejects(t *testing.T) {
	s := newServer()
	o := s.options(t,
		track("m1", "a"),
		"date,event,user", // 2
		`[1]`,             // 3
		strings.Repeat("[", 70)+strings.Repeat("]", 70),               // 4
		`{"a":`+strings.Repeat("[", 70)+strings.Repeat("]", 70)+`}`,   // 5
		`{"type":"track","userId":"u"}`,                               // 6: the server's to say
		`{"type":"track","userId":"`+strings.Repeat("x", 40_000)+`"}`, // 7
		strings.Repeat("y", 1<<20),                                    // 8
		`"half`,                                                       // 9
		strings.Replace(track("m2", "b?"), "?", "\xff", 1),
	)
	run1, run2 := run(t, o), run(t, o)
	if run1.Sent != 2 || run1.Rejected != 8 || run1.Stored != 2 || run2.Rejected != 8 || run2.Stored != 0 {
		t.Fatalf("%+v, again %+v", run1, run2)
	}
	if run1.RejectFile != o.Path+".rejects.ndjson" {
		t.Errorf("rejects are in %s", run1.RejectFile)
	}
	text, err := os.ReadFile(run1.RejectFile)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for l := range strings.Lines(string(text)) {
		var r Reject
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %s %v", r.Line, r.Reason, r.Raw != ""))
	}
	want := []string{
		"2 the line is not a JSON object true", "3 the line is not a JSON object true", "4 the line is not a JSON object true",
		"5 the event is nested deeper than 64 levels true", "6 event, the name of what happened, is missing true",
		"7 the event is larger than 32768 bytes true", "8 the line is longer than 32768 bytes false", "9 the line is not a JSON object true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	none := s.options(t, track("m3", "c"))
	if run(t, none); exists(none.Path + ".rejects.ndjson") {
		t.Error("a file of rejects without any")
	}
}

func TestRejectsBesideAFolderThatIsReadOnly(t *testing.T) {
	s := newServer()
	o := s.options(t, "no event")
	t.Chdir(t.TempDir())
	if err := os.Mkdir(o.Path+".rejects.ndjson", 0o700); err != nil { // root may write anywhere, but not into this
		t.Fatal(err)
	}
	if res := run(t, o); res.RejectFile != "events.ndjson.rejects.ndjson" || !exists(res.RejectFile) {
		t.Errorf("%+v", res)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// endless is one line without an end in sight.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestHugeLine(t *testing.T) {
	s := newServer()
	o := s.options(t)
	o.Path, o.Rejects = Stdin, filepath.Join(t.TempDir(), "r")
	long := io.LimitReader(endless{}, 256<<20)
	o.Input = io.MultiReader(strings.NewReader(track("m1", "a")+"\n"), long, strings.NewReader("\n"+track("m2", "b")))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res := run(t, o)
	runtime.ReadMemStats(&after)
	if res.Sent != 2 || res.Rejected != 1 {
		t.Errorf("%+v", res)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("%d bytes for one line", n)
	}
}

func TestBusyServer(t *testing.T) {
	for _, c := range []struct {
		status int
		header string
		wait   time.Duration
	}{
		{http.StatusTooManyRequests, "7", 7 * time.Second},
		{http.StatusServiceUnavailable, "", firstPause},
		{http.StatusBadGateway, "", firstPause}, // no connection
		{http.StatusInternalServerError, "", firstPause},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			s.before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Retry-After", c.header)
				if n < 2 {
					w.WriteHeader(c.status)
				}
				return n < 2
			}
			var notices []string
			o := s.options(t, track("m1", "a"))
			o.Notice = func(text string) { notices = append(notices, text) }
			start := time.Now()
			if res := run(t, o); res.Stored != 1 || time.Since(start) != c.wait || len(notices) != 1 {
				t.Errorf("%d: %+v after %s, told %q", c.status, res, time.Since(start), notices)
			}
		})
	}
}

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			switch {
			case n == 1, n == 99:
				w.WriteHeader(http.StatusBadGateway)
			case n < 99: // for many minutes it is there, and busy
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return n < 100
		}
		if res := run(t, s.options(t, track("m1", "a"))); res.Stored != 1 {
			t.Errorf("%+v", res)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		start := time.Now()
		_, err := New(s.options(t, track("m1", "a"))).Run(t.Context())
		if took := time.Since(start); err == nil || took < giveUp || took > giveUp+2*longPause {
			t.Errorf("gave up after %s: %v", took, err)
		}
	})
}

func TestRefused(t *testing.T) {
	s := newServer()
	o := s.options(t, track("m1", "a"))
	o.Key = "other"
	var refused *Refused
	if _, err := New(o).Run(t.Context()); !errors.As(err, &refused) || refused.Status != 401 || s.requests != 0 {
		t.Errorf("an unknown key: %v", err)
	}
	for _, status := range []int{400, 403, 404, 413} {
		s.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, `{"error":"because"}`, status)
			return true
		}
		o.Key = "secret"
		if _, err := New(o).Run(t.Context()); !errors.As(err, &refused) || refused.Status != status {
			t.Errorf("%d: %v", status, err)
		}
	}
	s.before = nil
	s.noStats = true
	if res := run(t, o); res.Sent != 1 || res.Counted {
		t.Errorf("a key that only ingests: %+v", res)
	}
}

func TestWaitsUntilVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.lag = []int64{2, 1, 1, 0}
		if res := run(t, s.options(t, track("m1", "a"), track("m2", "b"))); res.Stored != 2 || len(s.lag) != 0 {
			t.Errorf("%+v, and %v was not asked for", res, s.lag)
		}
	})
}

func TestDamagedFile(t *testing.T) {
	s := newServer()
	o := s.options(t)
	text := zipped(track("m1", "a") + "\n" + track("m2", "b") + "\n")
	write(t, o.Path, text[:len(text)-4])
	if _, err := New(o).Run(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) || len(s.times) != 2 {
		t.Errorf("%v after %d events", err, len(s.times))
	}
}

// stopAt makes the server refuse the request with the event "stop" once, or be
// left with it.
func (s *server) stopAt(cancel func()) {
	s.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte(`"stop"`)) {
			return false
		}
		s.before = nil
		if cancel != nil {
			cancel()
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		return true
	}
}

// A run that stops anywhere and another that goes on send every line at least
// once, under the message ids that one run alone would give, and keep every
// reject once.
func TestResume(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		line := rapid.Custom(func(r *rapid.T) string {
			n := rapid.IntRange(0, 20).Draw(r, "n")
			return rapid.SampledFrom([]string{
				track(fmt.Sprint("m", n), "a"),
				fmt.Sprintf(`{"type":"identify","userId":"u%d"}`, n%3),
				fmt.Sprintf(`no event %d`, n),
				`{"type":"track"}`,
				"",
			}).Draw(r, "line")
		})
		lines := rapid.SliceOfN(line, 0, 60).Draw(r, "before")
		lines = append(append(lines, track("stop", "stop")), rapid.SliceOfN(line, 0, 60).Draw(r, "after")...)
		text := strings.Join(lines, "\n")
		if rapid.Bool().Draw(r, "gzip") {
			text = zipped(text)
		}
		whole := newServer()
		o := whole.options(t)
		write(t, o.Path, text)
		want := run(t, o)
		os.Remove(o.Path + ".rejects.ndjson")
		o.State = filepath.Join(o.State, "other") // a folder that is made

		parts := newServer()
		o.Client = &http.Client{Transport: parts}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if rapid.Bool().Draw(r, "cancel") {
			parts.stopAt(cancel)
		} else {
			parts.stopAt(nil)
		}
		first := New(o)
		first.limit = rapid.IntRange(1, 10).Draw(r, "limit")
		parts.noStats = rapid.Bool().Draw(r, "noStats")
		_, err := first.Run(ctx)
		parts.noStats = false
		if err == nil {
			r.Fatal("it did not stop")
		}
		res := run(t, o)
		if diff := cmp.Diff(whole.names, parts.names); diff != "" {
			r.Fatalf("went on after line %d: %s", res.From, diff)
		}
		rejected, _ := os.ReadFile(o.Path + ".rejects.ndjson")
		if n := int64(bytes.Count(rejected, []byte("\n"))); n != want.Rejected {
			r.Fatalf("%d rejects are kept, want %d", n, want.Rejected)
		}
	})
}

func TestGoesOnWhereItStopped(t *testing.T) {
	s := newServer()
	var lines []string
	for i := range 5 * maxEvents {
		lines = append(lines, track(fmt.Sprint("m", i), "a"))
	}
	lines[3*maxEvents] = track("stop", "stop")
	o := s.options(t, lines...)
	s.stopAt(nil)
	if _, err := New(o).Run(t.Context()); err == nil {
		t.Fatal("it did not stop")
	}
	other, again := o, o
	other.Target = "another shop"
	again.Again = true
	if res := run(t, other); res.From != 0 {
		t.Errorf("another target: %+v", res)
	}
	if res := run(t, o); res.From != 3*maxEvents || res.Sent != 2*maxEvents || len(s.times) != len(lines) {
		t.Errorf("%+v, %d stored", res, len(s.times))
	}
	if res := run(t, o); res.From != 0 || res.Stored != 0 {
		t.Errorf("after the end: %+v", res)
	}
	if files, _ := os.ReadDir(o.State); len(files) != 0 {
		t.Errorf("%v is left", files)
	}
	s.stopAt(nil)
	if _, err := New(o).Run(t.Context()); err == nil {
		t.Fatal("it did not stop again")
	}
	if res := run(t, again); res.From != 0 || res.Sent != int64(len(lines)) {
		t.Errorf("from the beginning: %+v", res)
	}
}

func TestRejectsAfterACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rejects")
	write(t, path, "{1}\n{2 came after the last saved position}\n")
	r := &rejects{decoder: &lines{}, path: path, size: 4}
	if err := r.write([]Reject{{Line: 2, Reason: "x"}}); err != nil {
		t.Fatal(err)
	}
	r.close()
	if text, _ := os.ReadFile(path); string(text) != "{1}\n{\"line\":2,\"reason\":\"x\"}\n" {
		t.Errorf("%s", text)
	}
}

// Whatever a file holds, the requests are ones that the server can read.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		track("m", "a"), `{}`, "{}\n{}", `{"messageId":""}`, "{\"a\":1 }\r\n\x00", "\x1f\x8b\x00", zipped("{}\n"), "[{}]", `{"a":"\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var read atomic.Int64
		src, err := newSource("fuzz", bytes.NewReader(data), &read, openLines)
		if err != nil {
			return
		}
		src.batches(0, maxEvents, func(b *batch) bool {
			if len(b.events) == 0 {
				return true
			}
			p, err := event.DecodePayload(b.body, event.Defaults{Type: 0})
			if err != nil || len(p.Events)+len(p.Rejected) != len(b.events) || len(b.body) > maxBytes {
				t.Fatalf("%d events in %d bytes, of which the server reads %d: %v", len(b.events), len(b.body), len(p.Events)+len(p.Rejected), err)
			}
			for _, e := range b.events {
				if _, err := event.Clean(b.body[e.start:e.end]); err != nil {
					t.Fatalf("%q is no event", b.body[e.start:e.end])
				}
			}
			return true
		})
	})
}
