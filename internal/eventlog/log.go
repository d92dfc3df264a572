// Package eventlog is the one durable log: events are appended in framed,
// checksummed messages to JetStream, embedded in the process, and read in
// order. An append returns only when its events are on disk.
package eventlog

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	streamName = "DHVANI_EVENTS"
	subject    = "dhvani.events."  // and the shard
	maxPayload = 8 << 20           // bytes of one message; a request is at most 4 MB
	identity   = "dhvani_identity" // metadata: which log the sequences belong to
)

// Options say where the log is and how large it may grow.
type Options struct {
	Dir      string // folder of the embedded JetStream
	MaxBytes int64  // of the stored log; when it is full, appends are refused
	Logger   *slog.Logger
	Metrics  prometheus.Registerer
}

// Chunk is a run of packed events of one workspace for one shard: the bytes of
// event.AppendRecord, one after another.
type Chunk struct {
	Shard     int
	Workspace int64
	Count     int
	Records   []byte
}

// Unavailable says that the log does not accept events now. The caller answers
// 503 and asks to come back after RetryAfter.
type Unavailable struct {
	Reason     string // for operators; holds no data of events
	RetryAfter time.Duration
}

func (u *Unavailable) Error() string {
	return fmt.Sprintf("the log does not accept events: %s", u.Reason)
}

// Log is the open log. The embedded one has a single shard, which packs best:
// one subject takes five times what eight take.
type Log struct {
	o          Options
	engine     atomic.Pointer[engine]
	committers []*committer

	repairing atomic.Bool // a write failed; nothing is accepted until the log is open anew
	closing   chan struct{}
	giveUp    chan struct{} // closed when a stop has waited long enough for the disk
	repairs   sync.WaitGroup
	failed    chan error
}

// Open starts the embedded JetStream and opens or creates the log in it.
func Open(ctx context.Context, o Options) (*Log, error) {
	e, err := openEngine(ctx, o)
	if err != nil {
		return nil, err
	}
	l := &Log{o: o, closing: make(chan struct{}), giveUp: make(chan struct{}), failed: make(chan error, 1)}
	l.engine.Store(e)
	m := newMetrics(o.Metrics)
	for shard := range l.Shards() {
		c := newCommitter(l, shard, m)
		c.tracker.last = e.last
		l.committers = append(l.committers, c)
	}
	return l, nil
}

// Failed delivers an error after which only a restart can help.
func (l *Log) Failed() <-chan error { return l.failed }

// ID is the identity of the log; sequences of another log mean nothing here.
func (l *Log) ID() string { return l.engine.Load().id }

// Shards returns how many shards the log has.
func (l *Log) Shards() int { return 1 }

// ShardOf places a shard key.
func (l *Log) ShardOf(key string) int {
	if l.Shards() == 1 {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32() % uint32(l.Shards()))
}

// Append stores chunks and returns when all of them are on disk, or when it is
// known that they are not. Where the log is full, failing or closed the error is
// an *Unavailable; some chunks may be stored even then. Once a chunk is handed
// over the end of ctx is no answer: the chunk may well be stored.
func (l *Log) Append(ctx context.Context, chunks []Chunk) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	waits := make([]*request, 0, len(chunks))
	for _, c := range chunks {
		r, err := l.committers[c.Shard].submit(c)
		if err != nil {
			return err
		}
		waits = append(waits, r)
	}
	var failed error
	for _, r := range waits {
		if err := <-r.done; err != nil {
			failed = err
		}
	}
	return failed
}

// Ready reports why the log does not accept events, or nil.
func (l *Log) Ready() error {
	if l.repairing.Load() {
		return errors.New("the log could not be written and is being opened anew")
	}
	for _, c := range l.committers {
		if err := c.ready(); err != nil {
			return err
		}
	}
	return nil
}

// Read returns the message at a sequence. Where it is not written yet, Read
// waits until ctx ends; a message that should be there and is not is an error.
func (l *Log) Read(ctx context.Context, shard int, sequence uint64) (Message, error) {
	c := l.committers[shard]
	for {
		wake := c.tracker.wait()
		if sequence <= c.tracker.lastSequence() {
			return l.get(ctx, shard, sequence)
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// ErrGap says that a message which was written is no longer there.
var ErrGap = errors.New("a message of the log is missing")

func (l *Log) get(ctx context.Context, shard int, sequence uint64) (Message, error) {
	m, err := l.engine.Load().stream.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Message{}, fmt.Errorf("%w: shard %d, sequence %d", ErrGap, shard, sequence)
	}
	if err != nil {
		return Message{}, fmt.Errorf("read the log at %d: %w", sequence, err)
	}
	counts, records, err := openFrame(m.Data)
	if err != nil {
		return Message{}, fmt.Errorf("read the log at %d: %w", sequence, err)
	}
	return Message{Shard: shard, Sequence: sequence, Counts: counts, Records: records}, nil
}

// Last returns the sequence of a shard's newest message that is on disk, 0 for
// an empty log.
func (l *Log) Last(shard int) uint64 { return l.committers[shard].tracker.lastSequence() }

// closeWithin is how long a stop waits for the disk to take what was accepted;
// then the requests that wait are answered with an error.
const closeWithin = 3 * time.Second

// Close stops accepting, waits until what was accepted is on disk, and closes
// the log.
func (l *Log) Close() error {
	close(l.closing)
	timer := time.AfterFunc(closeWithin, func() { close(l.giveUp) })
	defer timer.Stop()
	for _, c := range l.committers {
		c.close()
	}
	l.repairs.Wait()
	return l.engine.Load().shutdown()
}

func shardSubject(shard int) string { return subject + strconv.Itoa(shard) }
