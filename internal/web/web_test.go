package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// logged returns a logger and what it has written.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), &b
}

// get serves one request on a ServeMux with one route, inside the standard
// middleware.
func get(t *testing.T, log *slog.Logger, h http.Handler, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /customers/{id}", h)
	mux.HandleFunc("/", NotFound)
	r := httptest.NewRequest("GET", "/customers/asha?email=asha@shop.example", nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	Standard(log, SecurityHeaders(mux)).ServeHTTP(w, r)
	return w
}

func problem(t *testing.T, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	return p
}

var errShop = errors.New("no such shop")

func TestHandle(t *testing.T) {
	translate := func(err error) *Problem {
		if errors.Is(err, errShop) {
			return NewProblem(404, "there is no such shop")
		}
		return nil
	}
	for name, c := range map[string]struct {
		err    error
		want   Problem
		logged string
	}{
		"own problem": {
			err:  fmt.Errorf("wrapped: %w", NewProblem(429, "too many").RetryAfter(1100*time.Millisecond)),
			want: Problem{Title: "Too Many Requests", Status: 429, Detail: "too many"},
		},
		"translated": {err: fmt.Errorf("look: %w", errShop), want: Problem{Title: "Not Found", Status: 404, Detail: "there is no such shop"}},
		"internal":   {err: errors.New("disk on fire"), want: Problem{Title: "Internal Server Error", Status: 500}, logged: "disk on fire"},
		"with cause": {
			err:    NewProblem(503, "come back").Because(errors.New("log is full")),
			want:   Problem{Title: "Service Unavailable", Status: 503, Detail: "come back"},
			logged: "log is full",
		},
	} {
		t.Run(name, func(t *testing.T) {
			log, out := logged()
			w := get(t, log, Handle(log, translate, func(http.ResponseWriter, *http.Request) error { return c.err }),
				map[string]string{"X-Request-Id": "request-7"})
			c.want.Type, c.want.Instance = "about:blank", "request-7"
			if diff := cmp.Diff(c.want, problem(t, w), cmpopts.IgnoreUnexported(Problem{})); diff != "" || w.Code != c.want.Status {
				t.Errorf("%d %s", w.Code, diff)
			}
			if c.logged != "" && !strings.Contains(out.String(), c.logged) || strings.Contains(w.Body.String(), "disk") || strings.Contains(w.Body.String(), "full") {
				t.Errorf("logged %s\nanswered %s", out, w.Body)
			}
			if c.want.Status == 429 && w.Header().Get("Retry-After") != "2" {
				t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	for sent, kept := range map[string]bool{
		"":                      false,
		"short":                 false,
		"request-7_a.B":         true,
		"with space and more":   false,
		strings.Repeat("x", 64): true,
		strings.Repeat("x", 65): false,
		"emails@are.not.wanted": false,
	} {
		var inside string
		w := get(t, slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inside = RequestID(r.Context()) }),
			map[string]string{"X-Request-Id": sent})
		got := w.Header().Get("X-Request-Id")
		if got != inside || (got == sent) != kept || len(got) < 8 {
			t.Errorf("sent %q, inside %q, answered %q", sent, inside, got)
		}
	}
}

func TestLogsHoldNoPersonalData(t *testing.T) {
	log, out := logged()
	get(t, log, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }), nil)
	if text := out.String(); !strings.Contains(text, `route="GET /customers/{id}"`) || !strings.Contains(text, "status=200 bytes=5") {
		t.Error(text)
	}
	w := get(t, log, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("cannot read asha's cart") }), nil)
	if problem(t, w).Status != 500 {
		t.Error(w.Code)
	}
	if text := out.String(); !strings.Contains(text, "panic=string") || !strings.Contains(text, "web_test.go") {
		t.Error(text)
	}
	w = get(t, log, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { _ = []int{}[len(out.Bytes()):][0] }), nil)
	if text := out.String(); w.Code != 500 || !strings.Contains(text, "slice bounds out of range") {
		t.Error(text)
	}
	s := NewServer(nil, log)
	s.ErrorLog.Print("http: TLS handshake error from 203.0.113.9:4711: EOF")
	s.ErrorLog.Printf("http: panic serving %s: x", "[2001:db8::1%eth0]:4711")
	text := out.String()
	for _, private := range []string{"asha", "email", "203.0", "2001", "4711"} {
		if strings.Contains(text, private) {
			t.Errorf("the log holds %q:\n%s", private, text)
		}
	}
	if !strings.Contains(text, "TLS handshake error from (client): EOF") {
		t.Error(text)
	}
}

func TestFailureInTheMiddle(t *testing.T) {
	log, out := logged()
	half := Handle(log, nil, func(w http.ResponseWriter, _ *http.Request) error {
		io.WriteString(w, strings.Repeat("half an answer ", 1000))
		return errors.New("lost the rest")
	})
	s := httptest.NewServer(Standard(log, half))
	defer s.Close()
	resp, err := http.Get(s.URL)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("half an answer looks whole")
	}
	s.Close()
	if text := out.String(); !strings.Contains(text, "lost the rest") || strings.Contains(text, "panicked") || !strings.Contains(text, "msg=request ") {
		t.Error(text)
	}
}

func TestCanceledRequestsAreNotErrors(t *testing.T) {
	log, out := logged()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := httptest.NewRecorder()
	Handle(log, nil, func(_ http.ResponseWriter, r *http.Request) error { return r.Context().Err() }).
		ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	if out.Len() != 0 || w.Body.Len() != 0 {
		t.Errorf("%s %s", out, w.Body)
	}
}

func TestHeadersAndNotFound(t *testing.T) {
	h := Standard(slog.New(slog.DiscardHandler), SecurityHeaders(http.HandlerFunc(NotFound)))
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/nowhere", nil))
		if w.Code != 404 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
		if (w.Body.Len() == 0) != (method == "HEAD") {
			t.Errorf("%s: %s", method, w.Body)
		}
	}
}

type scope string

func (s scope) String() string { return string(s) }

type entry struct{ scopes string }

func (e *entry) Allows(s scope) bool { return strings.Contains(e.scopes, string(s)) }

func TestAuthorize(t *testing.T) {
	lookup := func(key string) (*entry, bool) { return &entry{scopes: "read"}, key == "sk_good" }
	for _, c := range []struct {
		header string
		scope  scope
		status int
		says   string
	}{
		{"Bearer sk_good", "read", 200, ""},
		{"bearer  sk_good ", "read", 200, ""},
		{"Bearer sk_good", "write", 403, `error="insufficient_scope", scope="write"`},
		{"Bearer sk_bad", "read", 401, `error="invalid_token"`},
		{"", "read", 401, `Bearer realm="dhvani"`},
		{"Bearer ", "read", 401, `Bearer realm="dhvani"`},
		{"Basic c2tfZ29vZDo=", "read", 401, `Bearer realm="dhvani"`},
	} {
		e, err := Authorize(c.header, lookup, c.scope)
		var p *Problem
		switch {
		case c.status == 200:
			if err != nil || e == nil {
				t.Errorf("%q: %v", c.header, err)
			}
		case !errors.As(err, &p) || p.Status != c.status || !strings.HasSuffix(p.GetHeaders().Get("WWW-Authenticate"), c.says) || e != nil:
			t.Errorf("%q %s: %v", c.header, c.scope, err)
		}
	}
}
