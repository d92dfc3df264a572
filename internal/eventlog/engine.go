package eventlog

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// engine is a running JetStream with the log's stream in it. After a failed
// write it accepts nothing more, and another is opened in its place.
type engine struct {
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream
	id     string
	last   uint64 // newest sequence at its opening
}

func openEngine(ctx context.Context, o Options) (*engine, error) {
	e := &engine{}
	if err := e.open(ctx, o); err != nil {
		e.shutdown()
		return nil, err
	}
	return e, nil
}

func (e *engine) open(ctx context.Context, o Options) (err error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	e.server, err = server.NewServer(&server.Options{
		ServerName: "dhvani", DontListen: true, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: o.Dir, SyncAlways: true,
		JetStreamMaxMemory: 1 << 20, JetStreamMaxStore: math.MaxInt64 / 2, // the stream has the limit
		MaxPayload: maxPayload, MaxPending: 128 << 20,
	})
	if err != nil {
		return fmt.Errorf("start JetStream: %w", err)
	}
	e.server.Start()
	if !e.server.ReadyForConnections(30 * time.Second) {
		return errors.New("JetStream did not become ready in 30 s")
	}
	if e.conn, err = nats.Connect("", nats.InProcessServer(e.server), nats.Name("dhvani"), nats.MaxReconnects(-1)); err != nil {
		return fmt.Errorf("connect to JetStream: %w", err)
	}
	if e.js, err = jetstream.New(e.conn, jetstream.WithPublishAsyncTimeout(ackTimeout)); err != nil {
		return fmt.Errorf("connect to JetStream: %w", err)
	}
	if err := e.openStream(ctx, o); err != nil {
		return err
	}
	info, err := e.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("read the log's state: %w", err)
	}
	e.last = info.State.LastSeq
	return nil
}

// openStream opens the stream, or creates it with a new identity.
func (e *engine) openStream(ctx context.Context, o Options) error {
	config := jetstream.StreamConfig{
		Name: streamName, Subjects: []string{subject + "*"}, Storage: jetstream.FileStorage, Replicas: 1,
		MaxBytes: o.MaxBytes, Discard: jetstream.DiscardNew, AllowDirect: true, MaxMsgSize: maxPayload,
		Metadata: map[string]string{},
	}
	s, err := e.js.Stream(ctx, streamName)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		var b [16]byte
		rand.Read(b[:])
		config.Metadata[identity] = hex.EncodeToString(b[:])
		s, err = e.js.CreateStream(ctx, config)
	case err == nil:
		config.Metadata[identity] = s.CachedInfo().Config.Metadata[identity]
		// A lower limit must not drop what is stored: it holds once enough is applied.
		config.MaxBytes = max(config.MaxBytes, int64(s.CachedInfo().State.Bytes))
		s, err = e.js.UpdateStream(ctx, config)
	}
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	e.stream, e.id = s, config.Metadata[identity]
	return nil
}

// probe writes a frame without events, to see whether the disk takes it.
func (e *engine) probe(ctx context.Context, shard int) (uint64, error) {
	frame, _ := appendFrame(nil, nil)
	ack, err := e.js.PublishMsg(ctx, &nats.Msg{Subject: shardSubject(shard), Data: frame})
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// shutdown stops the engine; where its disk hangs it is left behind after a while.
func (e *engine) shutdown() error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if e.conn != nil {
			e.conn.Close()
		}
		if e.server != nil {
			e.server.Shutdown()
			e.server.WaitForShutdown()
		}
	}()
	select {
	case <-done:
		return nil
	case <-time.After(shutdownWithin):
		return errors.New("the log's store does not stop: its disk hangs")
	}
}

const shutdownWithin = 5 * time.Second
