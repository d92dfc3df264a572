package process

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

func TestRejectedKeepsTheNewestThousand(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		r := NewRejected(d, slog.New(slog.DiscardHandler), NewTail())
		add := func(w int64, i int) {
			r.Add(w, int64(i), "segment", event.Rejection{Index: i, Reason: event.Reject(fmt.Sprint("reason ", i)), Raw: "{}"})
		}
		for i := range 1500 {
			add(1, i)
			if i == 700 {
				if err := r.Flush(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		add(2, 9)
		for w, want := range map[int64]int64{1: 1500, 2: 1, 3: 0} {
			if n, err := r.Count(ctx, w); n != want || err != nil {
				t.Fatalf("workspace %d: %d rejected, want %d (%v)", w, n, want, err)
			}
		}
		var got []RejectedEvent
		for before := int64(0); ; before = got[len(got)-1].ID {
			page, err := r.List(ctx, 1, before, 300)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		if len(got) != 1000 || got[0].Reason != "reason 1499" || got[999].Reason != "reason 500" {
			t.Fatalf("%d kept, from %q to %q", len(got), got[0].Reason, got[len(got)-1].Reason)
		}
	})
}

func TestTailShowsAWorkspaceItsOwn(t *testing.T) {
	tail := NewTail()
	seen, stop, ok := tail.Watch(1)
	if !ok {
		t.Fatal("no place to watch")
	}
	tail.Committed(&event.Batch{Events: []event.Event{track(2, "u", "other"), track(1, "u", "own")}})
	tail.rejected(1, &RejectedEvent{Reason: "bad"})
	if s := <-seen; s.Event.MessageID != "own" {
		t.Fatalf("%+v", s)
	}
	if s := <-seen; s.Rejected == nil || s.Rejected.Reason != "bad" {
		t.Fatalf("%+v", s)
	}
	for range 1000 { // nobody reads: nothing waits
		tail.Committed(&event.Batch{Events: []event.Event{track(1, "u", "x")}})
	}
	for i := range maxWatchersEach {
		_, _, ok := tail.Watch(1)
		if want := i < maxWatchersEach-1; ok != want {
			t.Fatalf("watcher %d of a workspace: %v", i+2, ok)
		}
	}
	if _, _, ok := tail.Watch(2); !ok {
		t.Fatal("one workspace's watchers shut out another's")
	}
	stop()
	if tail.watchers.Load() != maxWatchersEach {
		t.Fatal("a watcher that left still counts")
	}
}
