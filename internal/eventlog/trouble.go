package eventlog

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Causes of trouble, as the metrics name them.
const (
	causeFull        = "full"        // the log's own limit
	causeNoSpace     = "no_space"    // the disk is full; helped by room
	causeIO          = "io"          // the disk failed; helped by a restart, if at all
	causeSlow        = "slow"        // no answer for a while
	causeUnavailable = "unavailable" // no server, no leader, or a reason nobody knows
)

// trouble is why the log does not accept events, or soon may not.
type trouble struct {
	cause string
	text  string
	retry time.Duration // 0: a second
}

func (t *trouble) Error() string { return "the log is not ready: " + t.text }

// refusal is the trouble in words for who appends.
func (t *trouble) refusal() error {
	return &Unavailable{Reason: t.text, RetryAfter: cmp.Or(t.retry, time.Second)}
}

// Codes of JetStream's answers that can mean that a stream has reached its limit.
const (
	errMaxBytes    jetstream.ErrorCode = 10054 // limits exceeded
	errStoreFailed jetstream.ErrorCode = 10077 // store failed, and why
)

// troubleOf says what an answer of JetStream, or its silence, means.
func troubleOf(err error) *trouble {
	var api *jetstream.APIError
	text := err.Error()
	has := func(words ...string) bool {
		lower := strings.ToLower(text)
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
	}
	switch {
	case errors.As(err, &api) && (api.ErrorCode == errMaxBytes || api.ErrorCode == errStoreFailed && has("maximum bytes")):
		return &trouble{cause: causeFull, text: "it is full", retry: 2 * time.Second}
	case has("no space left", "quota exceeded", "insufficient storage"):
		return &trouble{cause: causeNoSpace, text: "its disk is full: " + text, retry: 5 * time.Second}
	case has("input/output error", "critical write error", "failed to store a msg", "permission denied", "read-only file system"):
		return &trouble{cause: causeIO, text: "its disk failed: " + text, retry: 5 * time.Second}
	}
	return &trouble{cause: causeUnavailable, text: "it does not answer: " + text, retry: 2 * time.Second}
}

// serverLog hands the embedded server's warnings on. They are also the only
// sign of a failed write or fsync: the server then answers its publisher
// nothing at all.
type serverLog struct {
	log   *slog.Logger
	fault chan<- *trouble // the first of the disk's faults
}

func (s *serverLog) Warnf(format string, v ...any) {
	s.log.Warn(fmt.Sprintf(format, v...))
	s.watch(format, v)
}

func (s *serverLog) Errorf(format string, v ...any) {
	s.log.Error(fmt.Sprintf(format, v...))
	s.watch(format, v)
}

func (s *serverLog) Fatalf(format string, v ...any) { s.Errorf(format, v...) }

func (s *serverLog) Noticef(string, ...any) {}
func (s *serverLog) Debugf(string, ...any)  {}
func (s *serverLog) Tracef(string, ...any)  {}

func (s *serverLog) watch(format string, v []any) {
	t := troubleOf(fmt.Errorf(format, v...))
	if t.cause != causeIO && t.cause != causeNoSpace {
		return
	}
	select {
	case s.fault <- t:
	default:
	}
}
