package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// A log that is damaged where nothing was applied yet stops the start; salvage
// saves all but the damaged message. One that is gone is begun anew.
func TestSalvage(t *testing.T) {
	bothStores(t, func(t *testing.T, o app.Options) {
		ctx := context.Background()
		a, err := app.Start(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		s := &shop{t: t, o: o}
		s.keys = s.createWorkspace("bar")
		workspace := s.number("SELECT number FROM workspace")
		if err := a.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		appendTo(t, filepath.Join(o.Data, "log"), workspace, "a", 5)
		flip(t, filepath.Join(o.Data, "log"), "a-message-3-")
		if _, err := app.Start(ctx, o); !errors.As(err, new(*eventlog.Damage)) || !strings.Contains(err.Error(), "dhvani salvage") {
			t.Fatalf("a damaged log: %v", err)
		}
		salvage := func(want string) {
			t.Helper()
			var said []string
			if err := app.Salvage(ctx, o, func(text string) { said = append(said, text) }); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(said, "\n"), want) {
				t.Errorf("salvage says %q, want %q", said, want)
			}
			if a, err = app.Start(ctx, o); err != nil {
				t.Fatal(err)
			}
		}
		wantStored := func(want int64) {
			t.Helper()
			if err := a.Stop(ctx); err != nil { // which applies nothing more
				t.Fatal(err)
			}
			if n := s.number("SELECT count(*) FROM event"); n != want {
				t.Errorf("%d events are stored, want %d", n, want)
			}
		}
		salvage("4 messages that were not yet applied are saved, 1 between them are lost")
		s.verify("")
		wantStored(4)
		if err := os.RemoveAll(filepath.Join(o.Data, "log")); err != nil {
			t.Fatal(err)
		}
		salvage("0 messages")
		s.verify("")
		wantStored(4)
		appendTo(t, filepath.Join(o.Data, "log"), workspace, "b", 3)
		if a, err = app.Start(ctx, o); err != nil {
			t.Fatal(err)
		}
		s.verify("")
		wantStored(7)
	})
}

// appendTo writes messages of one event each that nobody applies yet, and leaves
// the log as a crash would.
func appendTo(t *testing.T, dir string, workspace int64, name string, n int) {
	t.Helper()
	l, err := eventlog.Open(t.Context(), eventlog.Options{Dir: dir, MaxBytes: 1 << 30, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		e := event.Event{Workspace: workspace, Type: event.Track, Name: "x", Source: "segment", UserID: "u", MessageID: fmt.Sprintf("%s-message-%d-", name, i), At: 1, ReceivedAt: 1}
		c := eventlog.Chunk{Workspace: workspace, Count: 1, Records: event.AppendRecord(nil, &e)}
		if err := l.Append(t.Context(), []eventlog.Chunk{c}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"closed", "jetstream/*/streams/*/msgs/index.db"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, f := range files {
			os.Remove(f)
		}
	}
}

// flip changes a bit of a text in the log's files.
func flip(t *testing.T, dir, text string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "jetstream/*/streams/*/msgs/*.blk"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.Index(string(b), text); i >= 0 {
			b[i] ^= 4
			if err := os.WriteFile(f, b, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the log does not hold ", text)
}
