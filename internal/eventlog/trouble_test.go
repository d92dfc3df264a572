package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

func TestCauses(t *testing.T) {
	for want, list := range map[string][]error{
		causeFull: {
			&jetstream.APIError{ErrorCode: 10077, Description: "maximum bytes exceeded"},
			&jetstream.APIError{ErrorCode: 10054, Description: "resource limits exceeded for account"},
		},
		causeNoSpace: {
			errors.New("JetStream stream '$G > DHVANI_EVENTS_0' critical write error: write 1.blk: no space left on device"),
			&jetstream.APIError{ErrorCode: 10047, Description: "insufficient storage resources available"},
		},
		causeIO: {
			errors.New("JetStream stream '$G > DHVANI_EVENTS_0' critical write error: fsync 1.blk: input/output error"),
			errors.New("Filestore [DHVANI_EVENTS_0] Critical write error: write 1.blk: stale file handle"),
			errors.New("Filesystem permission denied while writing msg, disabling JetStream: open 2.blk: permission denied"),
		},
		causeUnavailable: {jetstream.ErrAsyncPublishTimeout, nats.ErrDisconnected, context.DeadlineExceeded},
	} {
		for _, err := range list {
			if got := troubleOf(err); got.cause != want {
				t.Errorf("%v is %s, not %s", err, got.cause, want)
			}
		}
	}
}

// The server tells nobody but its own log of a failed fsync: its publisher just
// has no answer. From there it ends the process, and meanwhile nobody waits.
func TestAFailedFsyncEndsTheProcess(t *testing.T) {
	ctx, registry := context.Background(), prometheus.NewRegistry()
	l, err := Open(ctx, Options{Dir: t.TempDir(), MaxBytes: 64 << 20, Logger: slog.New(slog.DiscardHandler), Metrics: registry})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	until(t, "it is ready", func() bool { return l.Ready() == nil })
	e := l.engine.Load()
	(&serverLog{slog.New(slog.DiscardHandler), e.fault}).Errorf("JetStream stream '%s' critical write error: %v", "X", errors.New("fsync 1.blk: input/output error"))
	select {
	case err := <-l.Failed():
		if !strings.Contains(err.Error(), "fsync") {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the log goes on")
	}
	var u *Unavailable
	if err := l.Append(ctx, []Chunk{chunk(1, 1, "{}")}); !errors.As(err, &u) || l.Ready() == nil {
		t.Fatalf("it answers %v and calls itself ready: %v", err, l.Ready() == nil)
	}
	until(t, "the metrics say so", func() bool { return metric(t, registry, "dhvani_log_ready", "") == 0 })
	if l.engine.Load() != e {
		t.Fatal("it was opened again")
	}
}

// A frame that the store does not answer makes the log slow, and the requests
// in it are answered when the store is given up.
func TestAStoreThatHangs(t *testing.T) {
	registry := prometheus.NewRegistry()
	l, err := Open(context.Background(), Options{Dir: t.TempDir(), MaxBytes: 64 << 20, Logger: slog.New(slog.DiscardHandler), Metrics: registry})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e := *l.engine.Load()
	e.js = &silent{e.js}
	l.engine.Store(&e)
	answered := make(chan error)
	go func() { answered <- l.Append(context.Background(), []Chunk{chunk(1, 1, "{}")}) }()
	var slow *trouble
	until(t, "it is slow", func() bool { return errors.As(l.Ready(), &slow) })
	if slow.cause != causeSlow {
		t.Fatal(slow)
	}
	until(t, "it is counted", func() bool { return metric(t, registry, "dhvani_log_failed_total", causeSlow) == 1 })
	l.breakDown(&e, troubleOf(fmt.Errorf("input/output error")))
	if err := <-answered; !errors.As(err, new(*Unavailable)) {
		t.Fatal(err)
	}
}

// metric is the value of a gauge or of a counter with a reason.
func metric(t *testing.T, registry *prometheus.Registry, name, reason string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			switch {
			case f.GetName() != name:
			case reason == "":
				return m.Gauge.GetValue()
			case m.Label[0].GetValue() == reason:
				return m.Counter.GetValue()
			}
		}
	}
	t.Fatalf("there is no metric %s of %q", name, reason)
	return 0
}

// silent is a JetStream that never answers a publisher.
type silent struct{ jetstream.JetStream }

func (s *silent) PublishMsgAsync(*nats.Msg, ...jetstream.PublishOpt) (jetstream.PubAckFuture, error) {
	return never{}, nil
}

type never struct{}

func (never) Ok() <-chan *jetstream.PubAck { return nil }
func (never) Err() <-chan error            { return nil }
func (never) Msg() *nats.Msg               { return nil }
