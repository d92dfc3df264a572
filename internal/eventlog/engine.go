package eventlog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// engine is a connection to JetStream with the log's streams in it, and the
// server itself where it is embedded. After a failed write an embedded one
// accepts nothing more, and another is opened in its place.
type engine struct {
	server  *server.Server // nil in a cluster
	conn    *nats.Conn
	js      jetstream.JetStream
	streams []shardLog

	fault  chan *trouble // the first fault of the embedded server's disk
	broken chan struct{} // closed when the embedded server is given up
}

// shardLog is the stream of one shard.
type shardLog struct {
	jetstream.Stream
	id   string
	last uint64 // newest sequence at its opening
}

func openEngine(ctx context.Context, o Options) (*engine, error) {
	e := &engine{fault: make(chan *trouble, 1), broken: make(chan struct{})}
	if err := e.open(ctx, o); err != nil {
		e.shutdown()
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return e, nil
}

func (e *engine) open(ctx context.Context, o Options) error {
	if o.Cluster == nil {
		if err := inspect(o); err != nil {
			return err
		}
		if err := e.embed(o.Dir, o.Logger); err != nil {
			return err
		}
		if err := e.openStreams(ctx, o); err != nil {
			return err
		}
		return e.opened()
	}
	return patiently(ctx, o.Logger, func() error {
		if e.conn == nil {
			if err := e.connect(o.Cluster, o.Logger); err != nil {
				return err
			}
		}
		return e.openStreams(ctx, o)
	})
}

// embed starts a server inside this process, without a port.
func (e *engine) embed(dir string, log *slog.Logger) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	e.server, err = server.NewServer(&server.Options{
		ServerName: "dhvani", DontListen: true, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: dir, SyncAlways: true,
		JetStreamMaxMemory: 1 << 20, JetStreamMaxStore: math.MaxInt64 / 2, // the stream has the limit
		MaxPayload: maxPayload, MaxPending: 128 << 20,
	})
	if err != nil {
		return fmt.Errorf("start JetStream: %w", err)
	}
	e.server.SetLogger(&serverLog{log: log, fault: e.fault}, false, false)
	e.server.Start()
	if !e.server.ReadyForConnections(30 * time.Second) {
		return errors.New("JetStream did not become ready in 30 s")
	}
	if e.conn, err = nats.Connect("", nats.InProcessServer(e.server), nats.Name("dhvani"), nats.MaxReconnects(-1)); err != nil {
		return fmt.Errorf("connect to JetStream: %w", err)
	}
	return nil
}

// opened says whether the disk failed while the engine was opened. That there
// was no room for a moment is no matter: what is to be kept was not written yet.
func (e *engine) opened() error {
	select {
	case t := <-e.fault:
		if t.cause == causeIO {
			return errors.New(t.text)
		}
	default:
	}
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
			_ = e.conn.FlushTimeout(flushWithin) // the last news, where there is a connection
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

const (
	shutdownWithin = 5 * time.Second
	flushWithin    = 500 * time.Millisecond
)

// closedFile holds the newest sequence of a log that was closed and not cut off
// by a crash.
const closedFile = "closed"

// inspect makes sure that the log's files are whole, before the store opens
// them. The error is a *Damage where they are not.
func inspect(o Options) error {
	if o.inspected {
		return nil
	}
	newest, file, err := scan(o.Dir, 0)
	if err != nil {
		return err
	}
	said, err := os.ReadFile(filepath.Join(o.Dir, closedFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if closed, err := strconv.ParseUint(string(said), 10, 64); err == nil && closed > newest {
		return &Damage{File: cmp.Or(file, o.Dir), After: newest, Lacks: closed}
	}
	if err := os.Remove(filepath.Join(o.Dir, closedFile)); err != nil {
		return err
	}
	return syncDir(o.Dir)
}

// newest returns the sequence of the newest message of an embedded log that is
// about to be closed, 0 where it is not known or has no messages.
func (e *engine) newest() uint64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	info, err := e.streams[0].Info(ctx)
	if err != nil || info.State.Msgs == 0 {
		return 0
	}
	return info.State.LastSeq
}

// markClosed keeps the newest message of a log that was closed. Where that
// fails, less is known at the next opening.
func markClosed(dir string, newest uint64) {
	if newest > 0 {
		_ = os.WriteFile(filepath.Join(dir, closedFile), strconv.AppendUint(nil, newest, 10), 0o600)
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
