package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/event"
)

func open(t testing.TB, dir string, maxBytes int64) *Log {
	t.Helper()
	l, err := Open(context.Background(), Options{Dir: dir, MaxBytes: maxBytes, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func chunk(workspace int64, n int, pad string) Chunk {
	var b []byte
	for i := range n {
		b = event.AppendRecord(b, &event.Event{Workspace: workspace, Type: event.Track, Name: "x", UserID: "u", MessageID: fmt.Sprint(i), Properties: pad})
	}
	return Chunk{Workspace: workspace, Count: n, Records: b}
}

func TestAppendedEventsAreReadBackAfterRestart(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	l := open(t, dir, 64<<20)
	id := l.ID(0)
	var wg sync.WaitGroup
	for w := range 50 {
		wg.Go(func() {
			if err := l.Append(ctx, []Chunk{chunk(int64(w%2+1), 10, "{}")}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for round := range 2 {
		if l.ID(0) != id || id == "" {
			t.Fatalf("the log's identity changed from %q to %q", id, l.ID(0))
		}
		seen, last := 0, l.Last(0)
		for s := uint64(1); s <= last; s++ {
			m, err := l.Read(ctx, 0, s)
			if err != nil {
				t.Fatal(err)
			}
			events, err := m.Events(nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range events {
				if e.Position.Sequence() != s || e.Position.Index() != i || e.Name != "x" {
					t.Fatalf("event %d of message %d is %+v", i, s, e)
				}
			}
			seen += len(events)
		}
		if seen != 500 || last > 50 {
			t.Fatalf("round %d: %d events in %d messages", round, seen, last)
		}
		for w, want := range map[int64]int64{1: 250, 2: 250, 3: 0} {
			if n, ok, err := l.Pending(ctx, 0, 0, w); n != want || !ok || err != nil {
				t.Fatalf("round %d: pending of %d is %d, %v, %v", round, w, n, ok, err)
			}
		}
		if round == 0 {
			l.Close()
			l = open(t, dir, 64<<20)
		}
	}
	l.Applied(0, l.Last(0))
	if n, ok, err := l.Pending(ctx, 0, l.Last(0), 1); n != 0 || !ok || err != nil {
		t.Fatal(n, ok, err)
	}
	if _, ok, _ := l.Pending(ctx, 0, 0, 1); ok {
		t.Fatal("pending before an applied sequence must say that it cannot tell")
	}
	if err := l.Trim(ctx, 0, l.Last(0)); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := l.Append(ctx, []Chunk{chunk(1, 1, "")}); !errors.As(err, new(*Unavailable)) {
		t.Fatalf("a closed log answered %v", err)
	}
}

func TestFullLogRefusesAndRecoversWhenTrimmed(t *testing.T) {
	ctx := context.Background()
	l := open(t, t.TempDir(), 1<<20)
	defer l.Close()
	big := chunk(1, 10, `{"a":"`+string(make([]byte, 20000))+`"}`)
	var err error
	for i := 0; i < 20 && err == nil; i++ {
		err = l.Append(ctx, []Chunk{big})
	}
	var u *Unavailable
	if !errors.As(err, &u) || u.RetryAfter <= 0 {
		t.Fatalf("a full log answered %v", err)
	}
	if l.Ready() == nil {
		t.Fatal("a full log calls itself ready")
	}
	if err := l.Trim(ctx, 0, l.Last(0)); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(ctx, []Chunk{big}); err != nil {
		t.Fatal(err)
	}
	if err := l.Ready(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Read(ctx, 0, 1); !errors.Is(err, ErrGap) {
		t.Fatalf("a trimmed message reads as %v", err)
	}
}

func TestALowerLimitDropsNothing(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	l := open(t, dir, 64<<20)
	big := chunk(1, 10, `{"a":"`+string(make([]byte, 20000))+`"}`)
	for range 10 {
		if err := l.Append(ctx, []Chunk{big}); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	l = open(t, dir, 1<<20)
	defer l.Close()
	for s := uint64(1); s <= 10; s++ {
		if _, err := l.Read(ctx, 0, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Append(ctx, []Chunk{big}); !errors.As(err, new(*Unavailable)) {
		t.Fatalf("over its limit the log answered %v", err)
	}
}

func TestReadWaitsForTheNextMessage(t *testing.T) {
	ctx := context.Background()
	l := open(t, t.TempDir(), 64<<20)
	defer l.Close()
	got := make(chan Message)
	go func() {
		m, err := l.Read(ctx, 0, 1)
		if err != nil {
			t.Error(err)
		}
		got <- m
	}()
	if err := l.Append(ctx, []Chunk{chunk(7, 3, "{}")}); err != nil {
		t.Fatal(err)
	}
	if m := <-got; m.Sequence != 1 || len(m.Counts) != 1 || m.Counts[0] != (Count{7, 3}) {
		t.Fatalf("%+v", m)
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := l.Read(short, 0, 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestDamagedFrameIsSeen(t *testing.T) {
	frame, _ := appendFrame(nil, []Chunk{chunk(1, 3, "{}"), chunk(2, 1, "{}")})
	counts, records, err := openFrame(frame)
	if err != nil || len(counts) != 2 || len(records) == 0 {
		t.Fatal(err, counts)
	}
	for i := range frame {
		for bit := range 8 {
			frame[i] ^= 1 << bit
			if _, _, err := openFrame(frame); !errors.Is(err, ErrDamaged) {
				t.Fatalf("bit %d of byte %d is not guarded", bit, i)
			}
			frame[i] ^= 1 << bit
		}
	}
}

func FuzzFrame(f *testing.F) {
	frame, _ := appendFrame(nil, []Chunk{chunk(1, 2, "{}")})
	f.Add(frame)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, records, err := openFrame(b); err == nil {
			m := Message{Records: records}
			m.Events(nil)
		}
	})
}

// The cost of a group commit by how many requests wait, 100 events each.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			l := open(b, b.TempDir(), 8<<30)
			defer l.Close()
			c := chunk(1, 100, `{"a":"`+string(make([]byte, 400))+`"}`)
			b.ReportAllocs()
			b.SetParallelism(writers / 2)
			b.ResetTimer()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := l.Append(context.Background(), []Chunk{c}); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// After a failed write the log refuses at once, opens itself anew, and goes on
// with all that it had acknowledged.
func TestRepair(t *testing.T) {
	ctx := context.Background()
	l := open(t, t.TempDir(), 64<<20)
	defer l.Close()
	if err := l.Append(ctx, []Chunk{chunk(1, 3, "{}")}); err != nil {
		t.Fatal(err)
	}
	broken := l.engine.Load()
	l.breakDown(broken, troubleOf(errors.New("write: no space left on device")))
	if err := l.Append(ctx, []Chunk{chunk(1, 1, "{}")}); !errors.As(err, new(*Unavailable)) || l.Ready() == nil {
		t.Fatalf("a broken log answered %v and calls itself ready: %v", err, l.Ready() == nil)
	}
	_, wake := l.committers[0].tracker.lastSequence() // the probe is the next message
	<-wake
	for l.Ready() != nil {
		runtime.Gosched()
	}
	if l.engine.Load() == broken {
		t.Fatal("the broken engine is still in use")
	}
	if err := l.Append(ctx, []Chunk{chunk(1, 2, "{}")}); err != nil {
		t.Fatal(err)
	}
	total := 0
	for s := uint64(1); s <= l.Last(0); s++ {
		m, err := l.Read(ctx, 0, s)
		if err != nil {
			t.Fatal(err)
		}
		events, err := m.Events(nil)
		if err != nil {
			t.Fatal(err)
		}
		total += len(events)
	}
	if n, ok, err := l.Pending(ctx, 0, 0, 1); total != 5 || n != 5 || !ok || err != nil {
		t.Fatalf("%d events, %d pending, %v, %v", total, n, ok, err)
	}
}
