package ingest

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// failure is the refusal of a request, in words for its sender.
type failure struct {
	status   int
	text     string
	retry    time.Duration // for Retry-After, where set
	rejected []event.Rejection
	hangUp   bool // the rest of the body is not read
}

func (f *failure) Error() string { return f.text }

// failureOf turns an error into the answer for it.
func (s *Server) failureOf(r *http.Request, err error) *failure {
	var f *failure
	var full *eventlog.Unavailable
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, event.ErrTooMany), errors.Is(err, event.ErrShared):
		return &failure{status: http.StatusRequestEntityTooLarge, text: err.Error()}
	case errors.Is(err, event.ErrBody):
		return &failure{status: http.StatusBadRequest, text: err.Error()}
	}
	// Whatever else went wrong, the events may not be on disk.
	f = &failure{status: http.StatusServiceUnavailable, text: "events cannot be stored now", retry: time.Second}
	switch {
	case errors.As(err, &full):
		f.retry = full.RetryAfter
	case r.Context().Err() == nil: // else the client left, though it may still listen
		s.o.Logger.Error("events were not stored", "error", err)
	}
	return f
}

// fail answers a request that is refused and returns its status.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) int {
	f := s.failureOf(r, err)
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(seconds(f.retry)))
	}
	if f.hangUp {
		// Else net/http drains some of the body before it closes the connection. It
		// would keep one whose body it has in its buffer, and the deadline would
		// cancel the next request on it.
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(0, 0))
	}
	text, _ := jsontext.AppendQuote(nil, f.text) // our own words are valid text
	writeJSON(w, f.status, `{"success":false,"error":`+string(text)+`}`, f.rejected)
	return f.status
}

func succeed(w http.ResponseWriter, answer string, rejected []event.Rejection) int {
	writeJSON(w, http.StatusOK, answer, rejected)
	return http.StatusOK
}

// writeJSON writes a JSON object, with the rejected events as its last member
// where there are any.
func writeJSON(w http.ResponseWriter, status int, object string, rejected []event.Rejection) {
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(status)
	if len(rejected) == 0 {
		_, _ = io.WriteString(w, object) // the client may have left
		return
	}
	b := append([]byte(object[:len(object)-1]), `,"rejected":[`...)
	for i, r := range rejected {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"index":`...)
		b = strconv.AppendInt(b, int64(r.Index), 10)
		b = append(b, `,"reason":`...)
		b, _ = jsontext.AppendQuote(b, string(r.Reason))
		b = append(b, '}')
	}
	_, _ = w.Write(append(b, "]}"...))
}

var jsonType = []string{"application/json"}

// allowOrigin lets a web page of any origin read the answer; whether it may
// send is decided by the key's allow-list. Nothing here depends on cookies, so
// a page that sends them, as sendBeacon does, gains nothing by it.
func allowOrigin(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	h.Set("Vary", "Origin")
}

// preflight answers a browser that asks whether it may send.
func preflight(w http.ResponseWriter, r *http.Request) int {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
	return http.StatusNoContent
}
