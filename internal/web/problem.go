// Package web is what all HTTP surfaces share: errors as problem documents
// (RFC 9457), request ids, recovery, the access log, keys in the Authorization
// header, and a server with limits that stops cleanly. It knows none of the
// other rooms.
package web

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// Problem is an error that a client gets to see, as RFC 9457 writes it. Its
// shape is also that of huma's StatusError, HeadersError and ContentTypeFilter.
type Problem struct {
	Type     string `json:"type" doc:"A URI for the kind of problem" example:"about:blank"`
	Title    string `json:"title" doc:"The kind of problem in few words" example:"Not Found"`
	Status   int    `json:"status" doc:"The HTTP status" example:"404"`
	Detail   string `json:"detail,omitempty" doc:"What is wrong with this request"`
	Instance string `json:"instance,omitempty" doc:"The request's id, as in X-Request-Id and in the server's log"`
	Flaws    []Flaw `json:"errors,omitempty" doc:"Each thing that is wrong, where there may be several"`

	header http.Header
	cause  error
}

// Flaw is one thing that is wrong with a request.
type Flaw struct {
	Detail   string `json:"detail"`
	Location string `json:"location,omitempty" doc:"Where, such as query.limit or body.name"`
}

// NewProblem returns a problem whose detail is written for the client.
func NewProblem(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// Because keeps the error behind a problem, for the log only.
func (p *Problem) Because(err error) *Problem {
	p.cause = err
	return p
}

// With sets a header of the answer.
func (p *Problem) With(name, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// RetryAfter asks the client to come back after d, rounded up to a second.
func (p *Problem) RetryAfter(d time.Duration) *Problem {
	return p.With("Retry-After", strconv.Itoa(max(1, int(math.Ceil(d.Seconds())))))
}

func (p *Problem) Error() string {
	text := p.Title
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	if p.cause != nil {
		text += ": " + p.cause.Error()
	}
	return text
}

func (p *Problem) Unwrap() error { return p.cause }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns the headers of the answer.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType names the format of the answer.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// write answers with the problem.
func (p *Problem) write(w http.ResponseWriter, r *http.Request) {
	out := *p
	out.Instance = RequestID(r.Context())
	body, err := json.Marshal(&out)
	if err != nil { // texts and numbers only
		panic(err)
	}
	h := w.Header()
	maps.Copy(h, p.header)
	h.Set("Content-Type", p.ContentType(""))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// HandlerFunc is a handler that leaves its errors to Handle.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// Handle makes a handler of h. What h returns is answered as a Problem: its
// own, else what translate makes of it (translate may be nil, and may return
// nil), else 500 without the error's text, which goes to the log.
func Handle(log *slog.Logger, translate func(error) *Problem, h HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rw := wrap(w)
		err := h(rw, r)
		if err == nil {
			return
		}
		if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
			return // nobody is there to answer
		}
		var p *Problem
		if !errors.As(err, &p) && translate != nil {
			p = translate(err)
		}
		if p == nil {
			p = NewProblem(http.StatusInternalServerError, "")
		}
		if p.Status >= 500 {
			log.ErrorContext(r.Context(), "request failed", "method", r.Method, "route", route(r), "request_id", RequestID(r.Context()), "error", err)
		}
		rw.fail(r, p)
	})
}

// NotFound answers 404, for the addresses that no route knows.
func NotFound(w http.ResponseWriter, r *http.Request) {
	NewProblem(http.StatusNotFound, "there is nothing at this address").write(w, r)
}
