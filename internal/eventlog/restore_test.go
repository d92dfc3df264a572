package eventlog

import (
	"context"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A message gets into another log as it was, at the sequence after those that
// the log begins with.
func TestAppendMessage(t *testing.T) {
	ctx := context.Background()
	from := open(t, t.TempDir(), 1<<20)
	defer from.Close()
	if err := from.Append(ctx, []Chunk{chunk(1, 3, "{}"), chunk(2, 2, "{}")}); err != nil {
		t.Fatal(err)
	}
	if _, err := from.engine.Load().probe(ctx, 0); err != nil { // a message without events
		t.Fatal(err)
	}
	to, err := Open(ctx, Options{Dir: t.TempDir(), MaxBytes: 1 << 20, First: []uint64{77}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	for sequence := uint64(1); sequence <= from.Last(0); sequence++ {
		m, err := from.Read(ctx, 0, sequence)
		if err != nil {
			t.Fatal(err)
		}
		got, err := to.AppendMessage(ctx, m)
		if err != nil || got != 76+sequence {
			t.Fatalf("message %d became %d: %v", sequence, got, err)
		}
		again, err := to.Read(ctx, 0, got)
		if err != nil {
			t.Fatal(err)
		}
		again.Sequence = sequence
		if diff := cmp.Diff(m, again); diff != "" {
			t.Error(diff)
		}
	}
	if n, ok, err := to.Pending(ctx, 0, 76, 2); n != 2 || !ok || err != nil {
		t.Errorf("%d events wait: %v %v", n, ok, err)
	}
}
