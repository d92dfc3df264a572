package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// While events arrive and are applied, a backup is one state of all: everything
// that was acknowledged before it began is in it, once.
func TestWhileEventsArrive(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			source := newPlace(t, store)
			source.open()
			source.createWorkspace()
			source.start()
			var mu sync.Mutex
			var acknowledged []event.Event
			running, stop := context.WithCancel(t.Context())
			var writers sync.WaitGroup
			for w := range 2 {
				writers.Go(func() {
					for n := 0; n < 500 && running.Err() == nil; n++ { // some seconds, so that a slow machine can follow
						var list []event.Event
						for i := range 20 {
							list = append(list, source.made(fmt.Sprint("u", i), fmt.Sprint(w, " ", n, " ", i)))
						}
						source.together(list...)
						mu.Lock()
						acknowledged = append(acknowledged, list...)
						mu.Unlock()
					}
				})
			}
			for range 2 {
				source.wait()
				mu.Lock()
				before := acknowledged[:len(acknowledged):len(acknowledged)]
				mu.Unlock()
				path, _ := source.backUp()
				target := newPlace(t, store)
				target.number = source.number
				if _, err := target.restore(path, nil); err != nil {
					t.Fatal(err)
				}
				target.open()
				target.start()
				target.wait()
				target.verify()
				stats := target.stats()
				if stats.Duplicate != 0 || stats.Stored < int64(len(before)) {
					t.Errorf("%d were acknowledged before the backup, restored are %+v", len(before), stats)
				}
				for len(before) > 0 {
					n := min(500, len(before))
					target.together(before[:n]...)
					before = before[n:]
				}
				target.wait()
				if got := target.stats(); got.Stored != stats.Stored {
					t.Errorf("%d acknowledged events are not in the backup", got.Stored-stats.Stored)
				}
				target.close()
			}
			stop()
			writers.Wait()
		})
	}
}

// An event that the database refuses is kept as it came, is counted, and is
// known when it comes again.
func TestEventsThatCouldNotBeStored(t *testing.T) {
	source := newPlace(t, "postgres")
	source.open()
	source.createWorkspace()
	source.start()
	bad := source.made("u", "bad")
	bad.Name = "no text \x00 for PostgreSQL"
	source.send(bad, source.made("u", "good"))
	source.wait()
	path, _ := source.backUp()
	for _, store := range stores {
		target := newPlace(t, store)
		target.number = source.number
		if _, err := target.restore(path, nil); err != nil {
			t.Fatal(err)
		}
		target.open()
		target.start()
		target.send(bad)
		target.wait()
		if got := target.stats(); got.Stored != 2 || got.Duplicate != 1 {
			t.Errorf("%s: %+v", store, got)
		}
		if n := target.rowCount("dead_event"); n != 1 {
			t.Errorf("%s: %d dead events", store, n)
		}
		target.verify()
	}
	target := newPlace(t, "sqlite")
	target.number = source.number
	if r, err := target.restore(path, source.listOf("user_id:u")); err != nil || r.Erased != 2 || r.Events != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	target.open()
	target.start()
	if n, got := target.rowCount("dead_event"), target.stats(); n != 0 || got.Stored != 0 {
		t.Errorf("erased: %d dead events, %+v", n, got)
	}
	target.verify()
}

// A stored event that is damaged is said to be, and stays so.
func TestDamagedEvent(t *testing.T) {
	source := newPlace(t, "sqlite")
	source.fill()
	source.update(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE event SET properties = '{}' WHERE message_id = 'm7'")
		return err
	})
	_, s := source.backUp()
	if s.Damaged != 1 || s.First == "" {
		t.Errorf("%+v", s)
	}
}

// A database without its log is no backup.
func TestOtherLog(t *testing.T) {
	source := newPlace(t, "sqlite")
	source.fill()
	if _, err := Write(t.Context(), new(counter), Source{source.db, nil}); err == nil {
		t.Error("no log was taken")
	}
	source.close()
	if err := os.RemoveAll(filepath.Join(source.data, logFolder)); err != nil {
		t.Fatal(err)
	}
	source.open()
	if _, err := Write(t.Context(), new(counter), Source{source.db, source.log}); err == nil {
		t.Error("another log was taken")
	}
}

// A log that was trimmed before it was read is no backup either.
func TestTrimmedLog(t *testing.T) {
	path, _ := sampleFile(t)
	target := newPlace(t, "sqlite")
	if _, err := target.restore(path, nil); err != nil {
		t.Fatal(err)
	}
	target.open() // its log begins after the cursor
	target.update(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE shard_cursor SET sequence = sequence - 1")
		return err
	})
	if _, err := Write(t.Context(), new(counter), Source{target.db, target.log}); !errors.Is(err, errTrimmed) {
		t.Errorf("the error is %v", err)
	}
}

// A place that was never started has no log; neither has what is restored of it.
func TestNeverStarted(t *testing.T) {
	source := newPlace(t, "sqlite")
	source.open()
	source.createWorkspace()
	var b bytes.Buffer
	if _, err := Write(t.Context(), &b, Source{DB: source.db}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	target := newPlace(t, "sqlite")
	target.number = source.number
	if _, err := target.restore(path, nil); err != nil {
		t.Fatal(err)
	}
	target.open()
	target.start()
	target.send(target.made("u", "first"))
	target.wait()
	if got := target.stats(); got.Stored != 1 {
		t.Errorf("%+v", got)
	}
}

// BenchmarkWrite measures the rows and texts of events that a backup packs.
func BenchmarkWrite(b *testing.B) {
	source := newPlace(b, "sqlite")
	source.open()
	source.createWorkspace()
	source.start()
	for n := range 100 {
		var list []event.Event
		for i := range 500 {
			e := source.made(fmt.Sprint("user ", i), fmt.Sprint("m ", n, " ", i))
			e.Context = fmt.Sprintf(`{"ip":"10.0.%d.%d","userAgent":"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/%d.0","page":{"path":"/p/%d","referrer":"https://search.example/"}}`, n, i%256, i%50, n*i)
			list = append(list, e)
		}
		source.together(list...)
	}
	source.wait()
	var size counter
	for b.Loop() {
		size = 0
		if _, err := Write(b.Context(), &size, Source{source.db, source.log}); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(unpackedSize(b, source))
	b.ReportMetric(float64(size), "packed_bytes")
	b.ReportMetric(50_000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

func unpackedSize(b *testing.B, source *place) int64 {
	path, _ := source.backUp()
	p, err := openPass(path, new(counter), func(int64, int64) {})
	if err != nil {
		b.Fatal(err)
	}
	defer p.close()
	n, err := p.unzip.WriteTo(new(counter))
	if err != nil {
		b.Fatal(err)
	}
	return n
}
