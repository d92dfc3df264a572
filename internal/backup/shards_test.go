package backup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// startNATS starts a NATS server with JetStream, on which a log of so many
// shards can be made.
func startNATS(t *testing.T, shards int) *eventlog.Cluster {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true, MaxPayload: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("no NATS server")
	}
	return &eventlog.Cluster{URL: s.ClientURL(), Replicas: 1, Shards: shards}
}

// A shop moves to a log of more shards and back: nothing is lost, what came
// before is known, no position is used twice, and the rows are what the events make.
func TestOtherShards(t *testing.T) {
	source := newPlace(t, "sqlite")
	all := source.fill()
	for i, step := range []struct {
		store  string
		shards int
	}{{"postgres", 4}, {"postgres", 3}, {"sqlite", 0}, {"sqlite", 0}} {
		path, _ := source.backUp()
		source.start()
		source.wait()
		stats, rows := source.stats(), source.derivedRows()
		source.close()
		target := newPlace(t, step.store)
		if step.shards > 0 {
			target.cluster = startNATS(t, step.shards)
		}
		target.number, target.model = source.number, source.model
		if _, err := target.restore(path, nil); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		target.open()
		target.start()
		target.wait()
		if got := target.stats(); got != stats {
			t.Errorf("step %d: counted %+v, want %+v", i, got, stats)
		}
		sameContent(t, rows, target.derivedRows())
		target.verify()
		target.send(all...)
		target.wait()
		if got := target.stats(); got.Stored != stats.Stored || got.Duplicate != stats.Duplicate+int64(len(all)) {
			t.Errorf("step %d: after all came again %+v, and %+v before", i, got, stats)
		}
		target.stop()
		var more []event.Event // of which none is applied
		for n := range 20 {
			more = append(more, target.made(fmt.Sprint("user ", n), fmt.Sprint("step ", i, " ", n)))
		}
		target.send(more...)
		all = append(all, more...)
		source = target
	}
}

// derivedRows are the rows that events make, without those that name positions.
func (p *place) derivedRows() map[string][]string {
	p.t.Helper()
	all := p.content()
	out := map[string][]string{}
	p.update(func(ctx context.Context, tx *db.Tx) error {
		tables, err := tx.Tables(ctx)
		for _, t := range tables {
			if t.Derived() && t.Name != "dead_event" {
				out[t.Name] = all[t.Name]
			}
		}
		return err
	})
	return out
}

// A message of which the first events are applied is not applied again: with as
// many shards it goes on within it, with others it keeps only the rest of it.
func TestPartOfAMessage(t *testing.T) {
	for _, shards := range []int{0, 2} {
		source := newPlace(t, "sqlite")
		source.fill()
		source.start()
		source.wait()
		source.together(source.made("u", "one"), source.made("u", "two"), source.made("u", "three"))
		source.wait()
		source.stop()
		stats := source.statsNow()
		source.update(func(ctx context.Context, tx *db.Tx) error { // as if it had stopped after the second
			_, err := tx.Exec(ctx, "UPDATE shard_cursor SET sequence = sequence - 1, partial = 2")
			return err
		})
		path, _ := source.backUp()
		source.close()
		store, want := "sqlite", stats.Duplicate // read at the same place: no duplicate
		target := newPlace(t, "sqlite")
		if shards > 0 {
			store, want = "postgres", stats.Duplicate+1 // the third one comes once more, from another place
			target = newPlace(t, store)
			target.cluster = startNATS(t, shards)
		}
		target.number = source.number
		if _, err := target.restore(path, nil); err != nil {
			t.Fatal(err)
		}
		target.open()
		target.start()
		target.wait()
		if got := target.stats(); got.Stored != stats.Stored || got.Duplicate != want {
			t.Errorf("%d shards: %+v, want %d stored and %d duplicates", shards, got, stats.Stored, want)
		}
		target.verify()
	}
}

// statsNow counts without a running fold.
func (p *place) statsNow() (s struct{ Stored, Duplicate int64 }) {
	p.t.Helper()
	p.update(func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRow(ctx, "SELECT stored, duplicate FROM event_count").Scan(&s.Stored, &s.Duplicate)
	})
	return s
}

func TestFirstSequences(t *testing.T) {
	old := []shard{{Shard: 0, Sequence: 7}, {Shard: 1, Sequence: 9, Partial: 3}}
	for _, c := range []struct {
		shards int
		same   bool
		want   []uint64
	}{
		{2, true, []uint64{8, 10}},
		{2, false, []uint64{11, 11}}, // 10 is used by the three events
		{1, false, []uint64{11}},
		{3, false, []uint64{11, 11, 11}},
	} {
		if got := firstSequences(old, c.shards, c.same); !slices.Equal(got, c.want) {
			t.Errorf("%d shards, same %v: %v, want %v", c.shards, c.same, got, c.want)
		}
	}
}

// A cluster with a log is not written over, and one that a restore began is
// given back where it fails.
func TestClusterIsEmptyOrGivenBack(t *testing.T) {
	path, _ := sampleFile(t)
	cluster := startNATS(t, 2)
	used := newPlace(t, "postgres")
	used.cluster = cluster
	used.open()
	used.close()
	target := newPlace(t, "postgres")
	target.cluster = cluster
	if _, err := target.restore(path, nil); err == nil || !strings.Contains(err.Error(), "there is a log already") {
		t.Errorf("into a cluster with a log: %v", err)
	}
	target.wantNothing("refused")

	target.cluster = startNATS(t, 2)
	broken := rewrite(t, path, edit{rows: func(table string, rows []byte) []byte {
		if table == "workspace" {
			rows = append(rows[:len(rows):len(rows)], rows...)
		}
		return rows
	}, trailer: func(h *header, t *trailer) { t.Rows[1] *= 2 }})
	if _, err := target.restore(broken, nil); !db.IsConflict(err) {
		t.Errorf("the error is %v", err)
	}
	if _, err := target.restore(path, nil); err != nil {
		t.Errorf("the cluster is not empty after a failure: %v", err)
	}
}
