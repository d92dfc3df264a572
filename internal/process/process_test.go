package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// recorder is a Stage that keeps what it was given, and fails when told to.
type recorder struct {
	mu     sync.Mutex
	seen   []string
	broken error
}

func (r *recorder) Name() string { return "recorder" }

func (r *recorder) Apply(_ context.Context, _ *db.Tx, b *event.Batch) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broken
}

func (r *recorder) Committed(b *event.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range b.Events {
		r.seen = append(r.seen, b.Events[i].MessageID)
	}
}

func (r *recorder) set(broken error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = broken
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

func openLog(t testing.TB, dir string) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(context.Background(), eventlog.Options{Dir: dir, MaxBytes: 1 << 30, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func start(t testing.TB, d *db.DB, l *eventlog.Log, stages ...Stage) *Runner {
	t.Helper()
	r := New(Options{DB: d, Log: l, Stages: stages, Logger: slog.New(slog.DiscardHandler)})
	if err := r.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r
}

func track(workspace int64, user, id string) event.Event {
	return event.Event{Workspace: workspace, Type: event.Track, Name: "Product Viewed", UserID: user, MessageID: id, At: 1, ReceivedAt: 2,
		Source: "segment", Properties: `{"product_id":"p1"}`, Context: `{"ip":"1.2.3.4"}`}
}

func send(t testing.TB, l *eventlog.Log, events ...event.Event) {
	t.Helper()
	byWorkspace := map[int64]*eventlog.Chunk{}
	for i := range events {
		w := events[i].Workspace
		if byWorkspace[w] == nil {
			byWorkspace[w] = &eventlog.Chunk{Workspace: w}
		}
		c := byWorkspace[w]
		c.Count++
		c.Records = event.AppendRecord(c.Records, &events[i])
	}
	var chunks []eventlog.Chunk
	for _, c := range byWorkspace {
		chunks = append(chunks, *c)
	}
	if err := l.Append(context.Background(), chunks); err != nil {
		t.Fatal(err)
	}
}

func wantStats(t testing.TB, r *Runner, workspace, stored, duplicate int64) {
	t.Helper()
	if err := r.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	s, err := r.Stats(context.Background(), workspace)
	want := Stats{Accepted: stored + duplicate, Stored: stored, Duplicate: duplicate}
	if err != nil || s != want {
		t.Fatalf("stats of %d are %+v, want %+v (%v)", workspace, s, want, err)
	}
}

func TestEveryEventTakesEffectOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		dbtest.Workspace(t, d, 2)
		dir := t.TempDir()
		l := openLog(t, dir)
		rec := &recorder{}
		r := start(t, d, l, rec)
		send(t, l, track(1, "u", "a"), track(1, "u", "a"), track(1, "v", "b"), track(2, "u", "a"), track(3, "u", "nobody's"))
		wantStats(t, r, 1, 2, 1)
		wantStats(t, r, 2, 1, 0)
		send(t, l, track(1, "u", "a"), track(1, "u", "c"))
		wantStats(t, r, 1, 3, 2)
		r.Stop()
		l.Close()

		// Again after a restart, where the hashes come from the database.
		l = openLog(t, dir)
		defer l.Close()
		r = start(t, d, l, rec)
		defer r.Stop()
		send(t, l, track(1, "u", "b"), track(1, "u", "d"))
		wantStats(t, r, 1, 4, 3)
		if rec.count() != 5 {
			t.Fatalf("the stage saw %v", rec.seen)
		}
	})
}

func TestAFailingStageHoldsTheShardAndLosesNothing(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		l := openLog(t, t.TempDir())
		defer l.Close()
		rec := &recorder{}
		r := start(t, d, l, rec)
		defer r.Stop()
		rec.set(errors.New("no"))
		send(t, l, track(1, "u", "a"))
		for r.Ready() == nil { // until the failure is noticed
		}
		s, err := r.Stats(context.Background(), 1)
		if err != nil || s.Lag != 1 || s.Stored != 0 {
			t.Fatalf("%+v %v", s, err)
		}
		rec.set(nil)
		wantStats(t, r, 1, 1, 0)
		if err := r.Ready(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestForeignLogIsRefused(t *testing.T) {
	d := dbtest.SQLite(t)
	l := openLog(t, t.TempDir())
	start(t, d, l).Stop()
	l.Close()
	l = openLog(t, t.TempDir())
	defer l.Close()
	r := New(Options{DB: d, Log: l, Logger: slog.New(slog.DiscardHandler)})
	if err := r.Start(context.Background()); err == nil {
		t.Fatal("a database was fed from another log")
	}
}

// Hashes are found whether they are in the map, in runs or in merged runs, and
// after a restart; nothing else is found.
func TestSeenIsExactThroughSealingAndMerging(t *testing.T) {
	if testing.Short() {
		t.Skip("LEFT OUT, short: a million hashes")
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		r := New(Options{DB: d, Logger: slog.New(slog.DiscardHandler)})
		s := &shard{merges: make(chan merged, 1), epoch: 1}
		err := d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO shard_cursor (shard, stream, sequence, epoch) VALUES (0, '', 0, 1)")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if s.seen, err = openSeen(ctx, d, 0, 1); err != nil {
			t.Fatal(err)
		}
		id := func(i int) event.Event {
			e := track(1, "u", fmt.Sprint("m", i))
			e.Position = event.NewPosition(0, uint64(i/1000+1), i%1000)
			return e
		}
		const batch, total = tailEntries / 4, tailEntries*(mergeRuns+1) + 5000
		add := func(events []event.Event) (fresh, duplicate int64) {
			counts := map[int64]*count{}
			var entries []entry
			err := d.Update(ctx, func(tx *db.Tx) (err error) {
				if _, entries, err = s.seen.filter(ctx, tx, events, counts); err != nil {
					return err
				}
				return s.seen.append(ctx, tx, entries)
			})
			if err != nil {
				t.Fatal(err)
			}
			s.seen.committed(entries)
			sealing, cancel := context.WithCancel(ctx)
			defer cancel() // which must not end the merging of runs
			if err := r.seal(sealing, s); err != nil {
				t.Fatal(err)
			}
			return counts[1].stored, counts[1].duplicate
		}
		for i := 0; i < total; i += batch {
			var events []event.Event
			for j := i; j < min(i+batch, total); j++ {
				events = append(events, id(j))
			}
			if n, _ := add(events); n != int64(len(events)) {
				t.Fatalf("of %d new events from %d only %d were new", len(events), i, n)
			}
		}
		check := func(when string) {
			var events []event.Event
			for range 3000 {
				e := id(rand.IntN(total))
				e.Position += 1 << 40 // arrived again, elsewhere in the log
				events = append(events, e)
			}
			distinct := map[string]bool{}
			for _, e := range events {
				distinct[e.MessageID] = true
			}
			if n, dup := add(events); n != 0 || dup != 3000 {
				t.Fatalf("%s: of 3000 seen events %d count as new", when, n)
			}
			again := id(7)
			counts := map[int64]*count{}
			d.Update(ctx, func(tx *db.Tx) error {
				kept, _, err := s.seen.filter(ctx, tx, []event.Event{again}, counts)
				if err != nil || len(kept) != 0 || counts[1].duplicate != 0 {
					t.Errorf("%s: a second reading of the same place counts as %+v (%v)", when, counts[1], err)
				}
				return nil
			})
		}
		check("sealed")
		for s.merging {
			m := <-s.merges
			s.merges <- m
			if err := r.seal(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		r.wg.Wait()
		if len(s.seen.runs) != 2 {
			t.Fatalf("%d runs after a merge", len(s.seen.runs))
		}
		check("merged")
		if s.seen, err = openSeen(ctx, d, 0, 1); err != nil {
			t.Fatal(err)
		}
		check("reopened")
	})
}

// A database that goes back while the program runs, because a copy that was
// behind took over, is brought forward again from the log.
func TestDatabaseThatGoesBack(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		l := openLog(t, t.TempDir())
		defer l.Close()
		r := start(t, d, l)
		defer r.Stop()
		for i := range 3 {
			send(t, l, track(1, "u", fmt.Sprint("m", i)))
			wantStats(t, r, 1, int64(i+1), 0)
		}
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			after := int64(event.NewPosition(0, 1, event.MaxIndex))
			for _, query := range []string{
				"DELETE FROM event WHERE key > $1", "DELETE FROM seen_tail WHERE key > $1",
				"UPDATE event_count SET stored = 1 WHERE $1 > 0", "UPDATE shard_cursor SET sequence = 1 WHERE $1 > 0",
			} {
				if _, err := tx.Exec(t.Context(), query, after); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(20 * time.Second); ; {
			s, err := r.Stats(t.Context(), 1)
			if err == nil && s.Stored == 3 && s.Lag == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%+v %v", s, err)
			}
			sleep(t.Context(), 20*time.Millisecond)
		}
		send(t, l, track(1, "u", "m2"), track(1, "u", "m3"))
		wantStats(t, r, 1, 4, 1)
	})
}
