package eventlog

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The servers take seconds to choose their leaders, so these tests share them
// and run in this order.
func TestCluster(t *testing.T) {
	t.Parallel()
	c := startServers(t)
	var a, b *Log
	t.Run("two nodes make the log at the same time", func(t *testing.T) {
		var opening sync.WaitGroup
		open := func(l **Log, shards int) {
			o := c.options()
			o.Cluster.Shards = shards
			var err error
			if *l, err = Open(context.Background(), o); err != nil {
				t.Error(err)
			}
		}
		opening.Go(func() { open(&a, 2) })
		opening.Go(func() { open(&b, 3) })
		opening.Wait()
		if t.Failed() {
			t.FailNow()
		}
		if !a.Shared() || a.Shards() != b.Shards() || a.Shards() != 2 && a.Shards() != 3 {
			t.Fatalf("%d and %d shards", a.Shards(), b.Shards())
		}
		if !slices.Equal(a.ids, b.ids) || a.ID(0) == a.ID(1) || a.ID(0) == "" {
			t.Fatalf("identities %q and %q", a.ids, b.ids)
		}
	})
	if t.Failed() {
		return
	}
	defer func() { a.Close(); b.Close() }()
	t.Run("each knows what the other does", func(t *testing.T) { testNews(t, a, b) })
	t.Run("the bus", func(t *testing.T) { testBus(t, a, b) })
	t.Run("broadcasts are lost", func(t *testing.T) { testLostNews(t, c, a) })
	t.Run("a replica is behind or damaged", func(t *testing.T) { testBadReplica(t, a) })
	t.Run("a shard is full", func(t *testing.T) { testFullShard(t, a) })
	t.Run("a leader dies, and another freezes", func(t *testing.T) { testBadLeaders(t, c, a, b) })
	t.Run("the quorum is lost and comes back", func(t *testing.T) { testNoQuorum(t, c, a) })
	t.Run("a log is not written over", func(t *testing.T) {
		o := c.options()
		o.First = []uint64{1, 1}
		if _, err := Open(context.Background(), o); !errors.As(err, new(*final)) {
			t.Fatal(err)
		}
	})
	t.Run("the log is replaced", func(t *testing.T) {
		until(t, "it is deleted", func() bool { // the servers may still be choosing a leader
			err := a.engine.Load().js.DeleteStream(context.Background(), shardStream(0))
			return err == nil || errors.Is(err, jetstream.ErrStreamNotFound)
		})
		o := c.options()
		o.Cluster.Shards = a.Shards()
		n, err := Open(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		select {
		case err := <-a.Failed():
			if n.ID(0) == a.ID(0) || err == nil {
				t.Fatal(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("nobody noticed")
		}
	})
}

func onShard(c Chunk, shard int) Chunk {
	c.Shard = shard
	return c
}

// pending is what a node knows of after a sequence.
func pending(t *testing.T, l *Log, shard int, workspace int64) int64 {
	t.Helper()
	n, _, err := l.Pending(context.Background(), shard, l.AppliedTo(shard), workspace)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func testNews(t *testing.T, a, b *Log) {
	ctx := context.Background()
	for i := range 20 {
		l := []*Log{a, b}[i%2]
		if err := l.Append(ctx, []Chunk{onShard(chunk(1, 10, "{}"), 0), onShard(chunk(2, 5, "{}"), 1)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range []*Log{a, b} {
		if err := l.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if x, y := pending(t, l, 0, 1), pending(t, l, 1, 2); x != 200 || y != 100 {
			t.Fatalf("%d and %d events wait", x, y)
		}
		if l.Oldest(0).IsZero() || l.Oldest(1).IsZero() {
			t.Fatal("nothing is the oldest")
		}
	}
	events := 0
	for s := uint64(1); s <= b.Last(0); s++ {
		m, err := b.Read(ctx, 0, s)
		if err != nil {
			t.Fatal(err)
		}
		events += int(countOf(m.Counts, 1))
	}
	if events != 200 {
		t.Fatalf("%d events were read", events)
	}
	waited := make(chan error)
	go func() { waited <- b.WaitApplied(ctx, 0, a.Last(0)) }()
	a.Applied(0, a.Last(0))
	a.Applied(0, 3) // old news
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	if n := pending(t, b, 0, 1); n != 0 || !b.Oldest(0).IsZero() || b.AppliedTo(0) != a.Last(0) {
		t.Fatalf("%d events wait after all are applied", n)
	}
}

func testBus(t *testing.T, a, b *Log) {
	heard := make(chan string, 10)
	stop, err := b.Subscribe("pages", func(d []byte) { heard <- string(d) })
	if err != nil {
		t.Fatal(err)
	}
	if err := b.engine.Load().conn.Flush(); err != nil {
		t.Fatal(err)
	}
	var got string
	until(t, "the other node hears", func() bool { // the servers pass subscriptions on when they like
		if err := a.Publish("pages", []byte("hello")); err != nil {
			t.Fatal(err)
		}
		select {
		case got = <-heard:
			return true
		default:
			return false
		}
	})
	stop()
	if got != "hello" {
		t.Fatalf("heard %q", got)
	}
}

func testLostNews(t *testing.T, c *servers, a *Log) {
	deaf := c.open(t)
	for _, s := range deaf.heard {
		s()
	}
	ctx := context.Background()
	deaf.Applied(0, a.AppliedTo(0))
	before := pending(t, deaf, 0, 7)
	if err := a.Append(ctx, []Chunk{onShard(chunk(7, 4, "{}"), 0)}); err != nil {
		t.Fatal(err)
	}
	if err := deaf.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if n := pending(t, deaf, 0, 7); n != before+4 {
		t.Fatalf("%d events wait, not %d", n, before+4)
	}
	if err := a.Append(ctx, []Chunk{onShard(chunk(7, 4, "{}"), 0)}); err != nil {
		t.Fatal(err)
	}
	if _, err := deaf.Read(ctx, 0, a.Last(0)); err != nil { // it waits for the next survey
		t.Fatal(err)
	}
}

// badReplica is a shard's stream of which a replica answers, once.
type badReplica struct {
	jetstream.Stream
	answer *jetstream.RawStreamMsg
	err    error
	asked  int
}

func (b *badReplica) GetMsg(context.Context, uint64, ...jetstream.GetMsgOpt) (*jetstream.RawStreamMsg, error) {
	b.asked++
	return b.answer, b.err
}

func testBadReplica(t *testing.T, a *Log) {
	ctx, good := context.Background(), a.engine.Load()
	for name, bad := range map[string]*badReplica{
		"behind":  {err: jetstream.ErrMsgNotFound},
		"damaged": {answer: &jetstream.RawStreamMsg{Data: []byte("DHV\x01 no frame")}},
		"silent":  {err: context.DeadlineExceeded},
	} {
		bad.Stream = good.streams[0].Stream
		e := *good
		e.streams = slices.Clone(good.streams)
		e.streams[0].Stream = bad
		a.engine.Store(&e)
		m, err := a.Read(ctx, 0, 1)
		a.engine.Store(good)
		if err != nil || m.Sequence != 1 || bad.asked != 1 {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	if _, err := a.engine.Load().js.Publish(ctx, shardSubject(1), []byte("no frame")); err != nil {
		t.Fatal(err)
	}
	if err := a.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Read(ctx, 1, a.Last(1)); !errors.Is(err, ErrDamaged) {
		t.Fatalf("a damaged message reads as %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	if _, err := a.getShared(short, 0, 1<<30); err == nil || errors.Is(err, ErrGap) {
		t.Fatalf("a message that nobody wrote reads as %v", err)
	}
	if err := a.engine.Load().streams[0].DeleteMsg(ctx, 1); err != nil {
		t.Fatal(err)
	}
	until(t, "a message that is gone is missed", func() bool { // a replica may be behind
		_, err := a.Read(ctx, 0, 1)
		return errors.Is(err, ErrGap)
	})
}

// A shard that is full does not keep the others from writing.
func testFullShard(t *testing.T, a *Log) {
	ctx := context.Background()
	info, err := a.survey(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	small := info.Config
	small.MaxBytes = int64(info.State.Bytes) + 100_000
	if _, err := a.engine.Load().js.UpdateStream(ctx, small); err != nil {
		t.Fatal(err)
	}
	big := chunk(1, 10, `{"a":"`+string(make([]byte, 2000))+`"}`)
	var refused error
	until(t, "it is full", func() bool {
		refused = a.Append(ctx, []Chunk{onShard(big, 0)})
		return refused != nil
	})
	var full *trouble
	if !errors.As(refused, new(*Unavailable)) || !errors.As(a.Ready(), &full) || full.cause != causeFull {
		t.Fatalf("%v, %v", refused, a.Ready())
	}
	if err := a.Append(ctx, []Chunk{onShard(big, 1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.engine.Load().js.UpdateStream(ctx, info.Config); err != nil {
		t.Fatal(err)
	}
	until(t, "it is not full any more", func() bool {
		return a.Append(ctx, []Chunk{onShard(big, 0)}) == nil && a.Ready() == nil && a.Admit(1) == nil
	})
}

// ledger is what was answered: which frame's worth of events are in the log.
type ledger struct {
	mu    sync.Mutex
	acked int64
	gap   time.Duration // the longest time without an answer
}

func (g *ledger) write(ctx context.Context, l *Log, workspace int64) {
	last := time.Now()
	for ctx.Err() == nil {
		err := l.Append(context.Background(), []Chunk{onShard(chunk(workspace, 1, "{}"), 0)})
		g.mu.Lock()
		if err == nil {
			g.acked++
			g.gap = max(g.gap, time.Since(last))
			last = time.Now()
		}
		g.mu.Unlock()
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

func (g *ledger) count() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.acked
}

// stored counts a workspace's events in a shard.
func stored(t *testing.T, l *Log, shard int, from uint64, workspace int64) (n int64) {
	t.Helper()
	ctx := context.Background()
	if err := l.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	for s := from; s <= l.Last(shard); s++ {
		m, err := l.Read(ctx, shard, s)
		if err != nil {
			t.Fatal(err)
		}
		n += countOf(m.Counts, workspace)
	}
	return n
}

func testBadLeaders(t *testing.T, c *servers, a, b *Log) {
	from := a.Last(0) + 1
	var g ledger
	ctx, stop := context.WithCancel(context.Background())
	var writing sync.WaitGroup
	writing.Go(func() { g.write(ctx, a, 11) })
	writing.Go(func() { g.write(ctx, b, 11) })
	defer func() { stop(); writing.Wait() }()
	until(t, "some is written", func() bool { return g.count() > 20 })
	n := c.leader(t, a, 0)
	c.kill(n)
	before := g.count()
	until(t, "writing goes on", func() bool { return g.count() > before+100 })
	c.start(t, n)
	before = g.count()
	until(t, "writing goes on", func() bool { return g.count() > before+100 })
	n = c.leader(t, a, 0)
	c.signal(n, syscall.SIGSTOP)
	before = g.count()
	until(t, "writing goes on", func() bool { return g.count() > before+100 })
	c.signal(n, syscall.SIGCONT)
	before = g.count()
	until(t, "writing goes on", func() bool { return g.count() > before+100 })
	stop()
	writing.Wait()
	t.Logf("%d events answered, the longest gap %v", g.acked, g.gap)
	if have := stored(t, b, 0, from, 11); have < g.acked {
		t.Fatalf("%d events were answered and %d are stored", g.acked, have)
	}
}

func testNoQuorum(t *testing.T, c *servers, a *Log) {
	ctx := context.Background()
	from := a.Last(0) + 1
	until(t, "the servers are whole", func() bool { return a.Ready() == nil })
	c.kill(0)
	c.kill(1)
	until(t, "the log says so", func() bool { return a.Ready() != nil })
	acked := int64(0)
	var u *Unavailable
	until(t, "an append is refused", func() bool {
		err := a.Append(ctx, []Chunk{onShard(chunk(12, 1, "{}"), 0)})
		if err == nil {
			acked++
		}
		return errors.As(err, &u) && u.RetryAfter > 0
	})
	c.start(t, 0)
	c.start(t, 1)
	until(t, "the log is ready again", func() bool { return a.Ready() == nil })
	until(t, "an append succeeds", func() bool {
		err := a.Append(ctx, []Chunk{onShard(chunk(12, 1, "{}"), 0)})
		if err == nil {
			acked++
		}
		return err == nil
	})
	if have := stored(t, a, 0, from, 12); have < acked {
		t.Fatalf("%d events were answered and %d are stored", acked, have)
	}
}
