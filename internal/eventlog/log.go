package eventlog

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
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

// Log is the open log. The embedded one has a single shard, which packs best:
// one subject takes five times what eight take.
type Log struct {
	o          Options
	server     *server.Server
	conn       *nats.Conn
	js         jetstream.JetStream
	stream     jetstream.Stream
	id         string
	committers []*committer
}

// Open starts the embedded JetStream and opens or creates the log in it.
func Open(ctx context.Context, o Options) (*Log, error) {
	l := &Log{o: o}
	if err := l.open(ctx); err != nil {
		l.shutdown()
		return nil, err
	}
	return l, nil
}

func (l *Log) open(ctx context.Context) (err error) {
	if err := os.MkdirAll(l.o.Dir, 0o700); err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	l.server, err = server.NewServer(&server.Options{
		ServerName: "dhvani", DontListen: true, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: l.o.Dir, SyncAlways: true,
		JetStreamMaxMemory: 1 << 20, JetStreamMaxStore: math.MaxInt64 / 2, // the stream has the limit
		MaxPayload: maxPayload, MaxPending: 128 << 20,
	})
	if err != nil {
		return fmt.Errorf("start JetStream: %w", err)
	}
	l.server.Start()
	if !l.server.ReadyForConnections(30 * time.Second) {
		return errors.New("JetStream did not become ready in 30 s")
	}
	if l.conn, err = nats.Connect("", nats.InProcessServer(l.server), nats.Name("dhvani"), nats.MaxReconnects(-1)); err != nil {
		return fmt.Errorf("connect to JetStream: %w", err)
	}
	if l.js, err = jetstream.New(l.conn, jetstream.WithPublishAsyncTimeout(ackTimeout)); err != nil {
		return fmt.Errorf("connect to JetStream: %w", err)
	}
	if err := l.openStream(ctx); err != nil {
		return err
	}
	info, err := l.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("read the log's state: %w", err)
	}
	m := newMetrics(l.o.Metrics)
	for shard := range l.Shards() {
		c := newCommitter(l, shard, m)
		c.tracker.last = info.State.LastSeq
		l.committers = append(l.committers, c)
	}
	return nil
}

// openStream opens the stream, or creates it with a new identity.
func (l *Log) openStream(ctx context.Context) error {
	config := jetstream.StreamConfig{
		Name: streamName, Subjects: []string{subject + "*"}, Storage: jetstream.FileStorage, Replicas: 1,
		MaxBytes: l.o.MaxBytes, Discard: jetstream.DiscardNew, AllowDirect: true, MaxMsgSize: maxPayload,
		Metadata: map[string]string{},
	}
	s, err := l.js.Stream(ctx, streamName)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		var b [16]byte
		rand.Read(b[:])
		config.Metadata[identity] = hex.EncodeToString(b[:])
		s, err = l.js.CreateStream(ctx, config)
	case err == nil:
		config.Metadata[identity] = s.CachedInfo().Config.Metadata[identity]
		// A lower limit must not drop what is stored: it holds once enough is applied.
		config.MaxBytes = max(config.MaxBytes, int64(s.CachedInfo().State.Bytes))
		s, err = l.js.UpdateStream(ctx, config)
	}
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	l.stream, l.id = s, config.Metadata[identity]
	return nil
}

// ID is the identity of the log; sequences of another log mean nothing here.
func (l *Log) ID() string { return l.id }

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
	m, err := l.stream.GetMsg(ctx, sequence)
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

// Close stops accepting, waits until what was accepted is on disk, and closes
// the log.
func (l *Log) Close() error {
	for _, c := range l.committers {
		c.close()
	}
	l.shutdown()
	return nil
}

func (l *Log) shutdown() {
	if l.conn != nil {
		l.conn.Close()
	}
	if l.server != nil {
		l.server.Shutdown()
		l.server.WaitForShutdown()
	}
}

func shardSubject(shard int) string { return subject + strconv.Itoa(shard) }
