package process

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/eventlog/logtest"
)

// system is what nodes share.
type system struct {
	t        *testing.T
	database string
	nats     string
	ledger   ledger
}

// ledger writes down what all nodes applied, in the order of their commits.
type ledger struct {
	mu     sync.Mutex
	byUser map[string][]string
}

func newSystem(t *testing.T) *system {
	t.Helper()
	url, _ := logtest.Server(t)
	return &system{t: t, database: dbtest.Postgres(t), nats: url, ledger: ledger{byUser: map[string][]string{}}}
}

// node is one of several.
type node struct {
	db     *db.DB
	log    *eventlog.Log
	runner *Runner
}

func (s *system) start(name string) *node {
	s.t.Helper()
	d, err := db.Open(context.Background(), db.Options{URL: s.database})
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := eventlog.Open(context.Background(), eventlog.Options{
		MaxBytes: 1 << 30, Logger: slog.New(slog.DiscardHandler), Cluster: &eventlog.Cluster{URL: s.nats, Replicas: 1, Shards: 8}})
	if err != nil {
		s.t.Fatal(err)
	}
	n := &node{db: d, log: l, runner: New(Options{DB: d, Log: l, Node: name, Stages: []Stage{&s.ledger}, Logger: slog.New(slog.DiscardHandler)})}
	if err := n.runner.Start(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// stop ends a node cleanly; die ends it without a word to the others.
func (n *node) stop() {
	n.runner.Stop()
	n.close()
}

func (n *node) die() {
	n.runner.cancel()
	n.runner.wg.Wait()
	for _, s := range n.runner.owned() {
		s.stop()
	}
	n.close()
}

func (n *node) close() {
	n.log.Close()
	n.db.Close()
}

func (l *ledger) Name() string { return "ledger" }

// Apply writes an event's message in the same transaction as everything else.
func (l *ledger) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error { return nil }

func (l *ledger) Committed(b *event.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range b.Events {
		u := b.Events[i].UserID
		l.byUser[u] = append(l.byUser[u], b.Events[i].MessageID)
	}
}

// owners tells which node has which shards, as n sees it.
func (n *node) owners(t *testing.T) map[string]int {
	t.Helper()
	list, err := n.runner.Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, s := range list {
		out[s.Node]++
	}
	return out
}

// await waits until n sees shards owned so, and returns how long that took.
func (n *node) await(t *testing.T, want string) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		got := fmt.Sprint(n.owners(t))
		if got == want {
			return time.Since(began)
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("shards are owned by %s, want %s", got, want)
		}
		sleep(t.Context(), 20*time.Millisecond)
	}
}

// Shards have one owner at a time; they move to a new node, from one that stops
// and from one that dies; and each user's events are applied once and in the
// order in which they were acknowledged, whoever applies them.
func TestOwnersChange(t *testing.T) {
	s := newSystem(t)
	first := s.start("first")
	defer func() { first.stop() }()
	dbtest.Workspace(t, first.db, 1)
	first.await(t, "map[first:8]")

	ctx, cancel := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	sent := make([]int, 20)
	for u := range sent {
		writing.Go(func() {
			for ctx.Err() == nil {
				e := track(1, fmt.Sprint("u", u), fmt.Sprint("m", sent[u]))
				e.MessageID = e.UserID + "-" + e.MessageID
				c := eventlog.Chunk{Shard: first.log.ShardOf(e.UserID), Workspace: 1, Count: 1, Records: event.AppendRecord(nil, &e)}
				if err := first.log.Append(context.Background(), []eventlog.Chunk{c}); err != nil {
					t.Error(err)
					return
				}
				sent[u]++
			}
		})
	}

	second := s.start("second")
	t.Logf("a new node has its share after %v", second.await(t, "map[first:4 second:4]"))
	second.stop()
	if took := first.await(t, "map[first:8]"); took > time.Second {
		t.Errorf("a stopped node's shards moved after %v", took)
	}
	third := s.start("third")
	third.await(t, "map[first:4 third:4]")
	third.die()
	took := first.await(t, "map[first:8]")
	t.Logf("a dead node's shards moved after %v", took)
	if took > 10*time.Second {
		t.Errorf("a dead node's shards moved after %v", took)
	}
	cancel()
	writing.Wait()
	if err := first.runner.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range sent {
		total += n
	}
	st, err := first.runner.Stats(t.Context(), 1)
	if err != nil || st.Stored != int64(total) || st.Lag != 0 || total < 100 {
		t.Errorf("%+v of %d (%v)", st, total, err)
	}
	first.runner.Stop() // after which all is written down
	for u, n := range sent {
		user := fmt.Sprint("u", u)
		var want []string
		for i := range n {
			want = append(want, fmt.Sprint(user, "-m", i))
		}
		if got := s.ledger.byUser[user]; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %d events applied, want %d in order", user, len(got), len(want))
		}
	}
}

// A node that was frozen and comes back cannot apply what another took over.
func TestFrozenOwnerIsFenced(t *testing.T) {
	s := newSystem(t)
	n := s.start("one")
	defer n.stop()
	dbtest.Workspace(t, n.db, 1)
	n.await(t, "map[one:8]")
	old := n.runner.owned()[0]
	thief := New(Options{DB: n.db, Log: n.log, Logger: slog.New(slog.DiscardHandler)})
	stolen := &shard{number: old.number}
	if err := thief.acquire(t.Context(), stolen); err != nil {
		t.Fatal(err)
	}
	// The old owner's next batch fails; it acquires the shard again, as its lease says it may.
	user := "u"
	for i := 0; n.log.ShardOf(user) != old.number; i++ {
		user = fmt.Sprint("u", i)
	}
	e := track(1, user, "m")
	c := eventlog.Chunk{Shard: old.number, Workspace: 1, Count: 1, Records: event.AppendRecord(nil, &e)}
	if err := n.log.Append(t.Context(), []eventlog.Chunk{c}); err != nil {
		t.Fatal(err)
	}
	if err := n.runner.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !old.isLost() {
		t.Error("the old owner applied a batch")
	}
	wantStats(t, n.runner, 1, 1, 0)
}

// A shard that was given up is anybody's until somebody takes it, however long
// that lasts.
func TestGivenUpShardsStayFree(t *testing.T) {
	s := newSystem(t)
	n := s.start("stopped")
	n.runner.Stop()
	defer n.close()
	r := New(Options{DB: n.db, Log: n.log, Node: "one", Logger: slog.New(slog.DiscardHandler)})
	running, cancel := context.WithCancel(t.Context())
	defer cancel()
	look := func(want int) (free int) {
		t.Helper()
		r.renewed = time.Time{}
		if err := r.look(t.Context(), running); err != nil {
			t.Fatal(err)
		}
		if got := len(r.owned()); got != want {
			t.Fatalf("it owns %d shards, want %d", got, want)
		}
		err := n.db.View(t.Context(), func(tx *db.Tx) error {
			l, err := loadLeases(t.Context(), tx)
			for shard := range 8 {
				if err == nil && l.free(shard) {
					free++
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return free
	}
	other := func(query string) {
		t.Helper()
		err := n.db.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), query)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	look(8)
	other("INSERT INTO node (id, name, version, until) VALUES ('other', 'other', '', " + databaseMicros + " + 3600000000)")
	look(4)
	for range 3 {
		if free := look(4); free != 4 {
			t.Errorf("%d shards are free, want the 4 that were given up", free)
		}
	}
	other("DELETE FROM node WHERE id = 'other'")
	if free := look(8); free != 0 {
		t.Errorf("%d shards are free and nobody else is there", free)
	}
	for _, s := range r.owned() {
		r.disown(s)
	}
}
