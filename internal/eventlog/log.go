// Package eventlog is the one durable log: events are appended in framed,
// checksummed messages to JetStream, embedded in the process or a cluster of
// NATS servers, and read in order. An append returns only when its events are
// on disk.
package eventlog

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	streamName = "DHVANI_EVENTS_" // and the shard
	subject    = "dhvani.events." // and the shard
	maxPayload = 8 << 20          // bytes of one message; a request is at most 4 MB
	maxShards  = 1 << 7           // event.Position has 7 bits for them
)

// Options say where the log is and how large it may grow.
type Options struct {
	Dir      string   // folder of the embedded JetStream
	MaxBytes int64    // of the stored log, all shards together; when it is full, appends are refused
	First    []uint64 // the sequences a new log's shards begin with; an error where there is a log already
	Cluster  *Cluster // nil: embedded
	Logger   *slog.Logger
	Metrics  prometheus.Registerer

	inspected bool // the files were looked through already
}

// Cluster says how to reach a NATS cluster and how to make the log in it.
type Cluster struct {
	URL         string   // of one server or several, with commas between them
	Credentials string   // file with the user's credentials; empty: none, or in the URL
	CA          string   // file with the authority that signed the servers' certificates; empty: the system's
	Cert, Key   string   // files with the certificate and key that the servers ask for; empty: none
	Replicas    int      // of each shard, at its creation
	Shards      int      // of the log, at its creation
	Monitor     []string // addresses of the servers' monitoring, such as http://a:8222
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
	ids        []string // of the shards' streams
	committers []*committer
	totals     totals
	heard      []func() // end the subscriptions to the other nodes' news

	metrics    *metrics
	halted     atomic.Pointer[trouble] // an embedded log whose write failed accepts nothing until it is open anew
	behind     atomic.Bool
	overloaded atomic.Pointer[overload]
	closing    chan struct{}
	giveUp     chan struct{} // closed when a stop has waited long enough for the disk
	work       sync.WaitGroup
	failed     chan error
}

// Open opens the log, embedded in this process or in a cluster, and makes it
// where there is none. In a cluster it waits some time for the servers.
func Open(ctx context.Context, o Options) (*Log, error) {
	if c := o.Cluster; c != nil && (c.Shards < 1 || c.Shards > maxShards || c.Replicas < 1) {
		return nil, fmt.Errorf("open the log: %d shards of %d replicas: it has 1 to %d shards and 1, 3 or 5 replicas", c.Shards, c.Replicas, maxShards)
	}
	e, err := openEngine(ctx, o)
	if err != nil {
		return nil, err
	}
	l := &Log{
		o: o, metrics: newMetrics(o.Metrics), totals: totals{events: map[int64]int64{}},
		closing: make(chan struct{}), giveUp: make(chan struct{}), failed: make(chan error, 1),
	}
	l.o.First = nil // the log is made; to open it anew is another matter
	for shard, s := range e.streams {
		c := newCommitter(l, shard)
		c.tracker.grow(s.last)
		l.committers = append(l.committers, c)
		l.ids = append(l.ids, s.id)
	}
	l.use(e)
	if l.Shared() {
		if err := l.listen(); err != nil {
			l.Close()
			return nil, fmt.Errorf("open the log: %w", err)
		}
		l.announceApplied()
		l.work.Go(l.warn)
	}
	for _, c := range l.committers {
		l.watchShard(c)
	}
	l.watch()
	return l, nil
}

// Failed delivers an error after which only a restart can help.
func (l *Log) Failed() <-chan error { return l.failed }

// Shared reports whether other processes write and read the log too.
func (l *Log) Shared() bool { return l.o.Cluster != nil }

// ID is the identity of a shard; sequences of another one mean nothing here.
func (l *Log) ID(shard int) string { return l.ids[shard] }

// Shards returns how many shards the log has.
func (l *Log) Shards() int { return len(l.committers) }

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
	var failed error
	for _, c := range chunks {
		r, err := l.committers[c.Shard].submit(c)
		if err != nil {
			failed = err
			break
		}
		waits = append(waits, r)
	}
	for _, r := range waits {
		if err := <-r.done; err != nil {
			failed = err
		}
	}
	return failed
}

// Ready reports why the log does not accept events, or soon may not, or nil.
func (l *Log) Ready() error {
	if t := l.trouble(); t != nil {
		return t
	}
	return nil
}

func (l *Log) trouble() *trouble {
	if t := l.halted.Load(); t != nil {
		return t
	}
	if l.Shared() && !l.engine.Load().conn.IsConnected() {
		return &trouble{cause: causeUnavailable, text: "no NATS server can be reached"}
	}
	for _, c := range l.committers {
		if t := c.ready(); t != nil {
			return t
		}
	}
	return nil
}

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
	l.work.Wait()
	for _, stop := range l.heard {
		stop()
	}
	e := l.engine.Load()
	if l.Shared() || l.halted.Load() != nil {
		return e.shutdown()
	}
	newest := e.newest()
	err := e.shutdown()
	if err == nil {
		markClosed(l.o.Dir, newest)
	}
	return err
}

func shardStream(shard int) string  { return streamName + strconv.Itoa(shard) }
func shardSubject(shard int) string { return subject + strconv.Itoa(shard) }
