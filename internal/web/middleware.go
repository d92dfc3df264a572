package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"runtime/debug"
	"time"
)

// Standard is what surrounds the API and the pages: a request id, the access
// log and recovery. Collection, which answers thousands of requests a second,
// takes only WithRequestID and Recover, and counts in metrics instead.
func Standard(log *slog.Logger, next http.Handler) http.Handler {
	return WithRequestID(AccessLog(log, Recover(log, next)))
}

type requestIDKey struct{}

// RequestID returns the id of the request a context belongs to, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// WithRequestID gives every request an id, the client's own X-Request-Id where
// it is fit for a log (8 to 64 letters, digits, points, underscores and
// hyphens), and says it in the answer.
func WithRequestID(next http.Handler) http.Handler {
	fit := regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !fit.MatchString(id) {
			id = rand.Text()
		}
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// AccessLog writes a line for each answered request. It names the route, never
// the address: paths and queries hold ids of customers.
func AccessLog(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rw := wrap(w)
		defer func() { // also where an aborted answer panics
			level := slog.LevelDebug // of what went well there is much, and the metrics count it
			if rw.status >= 400 {
				level = slog.LevelInfo
			}
			log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method), slog.String("route", route(r)),
				slog.Int("status", rw.status), slog.Int64("bytes", rw.bytes), slog.Duration("took", time.Since(began)),
				slog.String("request_id", RequestID(r.Context())))
		}()
		next.ServeHTTP(rw, r)
		if rw.status == 0 {
			rw.status = http.StatusOK // net/http answers for a handler that wrote nothing
		}
	})
}

// route returns the pattern that the ServeMux found, without a method.
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

// Recover answers 500 where a handler panics and logs where. The value of the
// panic is logged only where the runtime made it: others may hold data.
func Recover(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rw := wrap(w)
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { // wanted by the handler
				panic(v)
			}
			what := fmt.Sprintf("%T", v)
			if e, ok := v.(runtime.Error); ok {
				what = e.Error()
			}
			log.ErrorContext(r.Context(), "handler panicked", "method", r.Method, "route", route(r),
				"request_id", RequestID(r.Context()), "panic", what, "stack", string(debug.Stack()))
			rw.fail(r, NewProblem(http.StatusInternalServerError, ""))
		}()
		next.ServeHTTP(rw, r)
	})
}

// SecurityHeaders sets what answers of the API need: they are data, to be
// neither kept, guessed at nor shown as a page.
func SecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// response notes what was answered.
type response struct {
	http.ResponseWriter
	status int // 0 until the answer begins
	bytes  int64
}

func wrap(w http.ResponseWriter) *response {
	if rw, ok := w.(*response); ok {
		return rw
	}
	return &response{ResponseWriter: w}
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// fail answers with a problem, or cuts the connection where an answer has
// begun: half of one must not look whole.
func (w *response) fail(r *http.Request, p *Problem) {
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	p.write(w, r)
}
