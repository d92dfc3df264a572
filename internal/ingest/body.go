package ingest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
)

// budget bounds the bytes of all bodies that are in flight.
type budget struct {
	max  int64
	used atomic.Int64
}

// hold is what one request takes of a budget, and of a share of it that is for
// requests of its kind, if any.
type hold struct {
	budget, share *budget
	bytes         int64
}

func (h *hold) take(n int) bool {
	h.bytes += int64(n)
	fits := h.budget.used.Add(int64(n)) <= h.budget.max
	if h.share != nil {
		fits = h.share.used.Add(int64(n)) <= h.share.max && fits
	}
	return fits
}

// release gives back what is held above keep bytes.
func (h *hold) release(keep int) {
	h.budget.used.Add(int64(keep) - h.bytes)
	if h.share != nil {
		h.share.used.Add(int64(keep) - h.bytes)
	}
	h.bytes = int64(keep)
}

// shares are the workspaces' own: one alone cannot fill the room for bodies.
type shares struct{ byWorkspace sync.Map } // int64 -> *budget, kept for ever: some 100 bytes a workspace

func (s *shares) of(workspace int64) *budget {
	if b, ok := s.byWorkspace.Load(workspace); ok {
		return b.(*budget)
	}
	b, _ := s.byWorkspace.LoadOrStore(workspace, &budget{max: maxInFlight / 2})
	return b.(*budget)
}

// readBody returns the body of a request, inflated, and holds its size. What is
// too large is refused with nothing read past the limit, and a sender that is
// too slow is left.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, h *hold) ([]byte, error) {
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity", "gzip", "x-gzip":
	default:
		return nil, &failure{status: http.StatusUnsupportedMediaType, text: "Content-Encoding must be gzip or none", hangUp: true}
	}
	if r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	// net/http lifts the deadline when the body ends. Where a connection knows
	// none, its server bounds it.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.o.BodyTimeout))
	body, err := h.fill(r.Body, int(r.ContentLength))
	if err != nil {
		return nil, err
	}
	// The first bytes decide, not the header: some clients compress without
	// saying so, and some proxies inflate and leave the header.
	if len(body) > 2 && body[0] == 0x1f && body[1] == 0x8b {
		inflated, err := h.inflate(body)
		if err != nil {
			return nil, err
		}
		h.release(len(inflated))
		body = inflated
	}
	return body, nil
}

// fill reads to the end into a buffer that grows with what arrives, to at most
// four times of it, so that a connection that promises much and sends nothing
// holds nothing. expect is the
// size that is promised, or -1.
func (h *hold) fill(src io.Reader, expect int) ([]byte, error) {
	if expect++; expect == 0 { // one byte more shows the end
		expect = maxBody + 1
	}
	buf := make([]byte, 0, min(expect, 4096))
	for {
		if len(buf) == cap(buf) {
			size := min(4*cap(buf), maxBody+1)
			if cap(buf) < expect {
				size = min(size, expect)
			}
			buf = append(make([]byte, 0, size), buf...)
		}
		n, err := src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case !h.take(n):
			return nil, &failure{status: http.StatusServiceUnavailable, text: "too many requests at once", retry: time.Second, hangUp: true}
		case len(buf) > maxBody:
			return nil, tooLarge()
		case err == io.EOF:
			return buf, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, &failure{status: http.StatusRequestTimeout, text: "the body took too long to arrive", hangUp: true}
		case err != nil:
			return nil, &failure{status: http.StatusBadRequest, text: "the body did not arrive whole", hangUp: true}
		}
	}
}

var inflaters = sync.Pool{New: func() any { return new(gzip.Reader) }}

// inflate decompresses a whole body: done after its arrival, a slow sender
// holds no decompressor.
func (h *hold) inflate(body []byte) ([]byte, error) {
	z := inflaters.Get().(*gzip.Reader)
	defer inflaters.Put(z)
	err := z.Reset(bytes.NewReader(body))
	if err == nil {
		body, err = h.fill(z, min(4*len(body), maxBody))
	}
	var f *failure
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &f) && f.status != http.StatusBadRequest:
		return nil, err
	}
	return nil, &failure{status: http.StatusBadRequest, text: "the body is not valid gzip"}
}

func tooLarge() error {
	return &failure{status: http.StatusRequestEntityTooLarge, text: "a request holds at most 4 MB, also when inflated", hangUp: true}
}
