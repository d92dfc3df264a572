package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

// picky is a Stage that writes a trait for each event, and cannot take some.
type picky struct{ well atomic.Bool }

func (p *picky) Name() string { return "picky" }

func (p *picky) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	for i := range b.Events {
		e := &b.Events[i]
		profile := e.Profile()
		at := any(e.At)
		switch {
		case p.well.Load():
		case strings.HasPrefix(e.MessageID, "panic"):
			panic("the text of " + e.MessageID)
		case strings.HasPrefix(e.MessageID, "null"):
			at = nil // violates a constraint
		}
		_, err := tx.Exec(ctx, "INSERT INTO trait (model, profile, name, value, at, tie, source) VALUES ($1, $2, $3, '', $4, 0, '')", e.Model, profile[:], e.MessageID, at)
		if err != nil {
			return err
		}
	}
	return nil
}

func TestPoisonIsPutAsideAndTheOthersGoOn(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		dbtest.Workspace(t, d, 1)
		dbtest.Workspace(t, d, 2)
		dir := t.TempDir()
		l := openLog(t, dir)
		stage := &picky{}
		r := start(t, d, l, stage)
		var events []event.Event
		for i := range 200 {
			events = append(events, track(1, "u", fmt.Sprint("m", i)))
		}
		events[0].MessageID, events[77].MessageID, events[78].MessageID, events[199].MessageID = "panic-1", "null-2", "panic-3", "null-4"
		events[100].MessageID = "m99" // a duplicate, which must count once
		send(t, l, events...)
		send(t, l, track(1, "u", "after"))
		wantStats(t, r, 1, 200, 1)
		wantTraits := func(want int) {
			t.Helper()
			var n, stored int
			err := d.View(ctx, func(tx *db.Tx) error {
				return errors.Join(tx.QueryRow(ctx, "SELECT count(*) FROM trait").Scan(&n), tx.QueryRow(ctx, "SELECT count(*) FROM event").Scan(&stored))
			})
			if err != nil || n != want || stored != 200 {
				t.Fatalf("%d events are applied and %d stored, want %d and 200 (%v)", n, stored, want, err)
			}
		}
		wantTraits(196)
		dead, err := r.Dead(ctx, 1, 0, 3)
		if err != nil || len(dead) != 3 {
			t.Fatal(dead, err)
		}
		rest, err := r.Dead(ctx, 1, dead[2].ID, 3)
		if err != nil || len(rest) != 1 {
			t.Fatal(rest, err)
		}
		for i, want := range []string{"panic-1", "null-2", "panic-3", "null-4"} {
			e := append(dead, rest...)[i]
			if e.MessageID != want || e.Stage != "picky" || e.Reason == "" || e.Tries != maxTries || e.Type != event.Track {
				t.Errorf("%+v, want %s", e, want)
			}
		}
		if others, err := r.Dead(ctx, 2, 0, 10); len(others) != 0 || err != nil {
			t.Error(others, err)
		}

		if err := r.RetryDead(ctx, 1, dead[0].ID); !errors.Is(err, ErrStillDead) {
			t.Errorf("a retry that cannot work says %v", err)
		}
		if err := r.RetryDead(ctx, 2, dead[0].ID); !errors.Is(err, ErrNoDeadEvent) {
			t.Errorf("another workspace's event: %v", err)
		}
		stage.well.Store(true)
		if err := r.RetryDead(ctx, 1, dead[0].ID); err != nil {
			t.Error(err)
		}
		if err := r.RetryDead(ctx, 1, dead[0].ID); !errors.Is(err, ErrNoDeadEvent) {
			t.Errorf("a second retry: %v", err)
		}
		if err := r.DropDead(ctx, 1, dead[1].ID); err != nil {
			t.Error(err)
		}
		wantTraits(197)
		if left, err := r.Dead(ctx, 1, 0, 10); len(left) != 2 || err != nil {
			t.Error(left, err)
		}
		r.Stop()
		l.Close()

		l = openLog(t, dir) // nothing happens again
		defer l.Close()
		r = start(t, d, l, stage)
		defer r.Stop()
		send(t, l, events...)
		wantStats(t, r, 1, 200, 201)
		wantTraits(197)
	})
}

// A part of a message that was applied before a crash is not applied again.
func TestPartOfAMessageIsAppliedOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		dir := t.TempDir()
		l := openLog(t, dir)
		stage := &picky{}
		stage.well.Store(true)
		r := New(Options{DB: d, Log: l, Stages: []Stage{stage}, Logger: slog.New(slog.DiscardHandler)})
		if err := r.checkCursors(t.Context()); err != nil {
			t.Fatal(err)
		}
		send(t, l, track(1, "u", "a"), track(1, "u", "a"), track(1, "u", "b"), track(1, "u", "c"))
		s := &shard{}
		if err := r.acquire(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		var err error
		if s.seen, err = openSeen(t.Context(), d, 0, s.epoch); err != nil {
			t.Fatal(err)
		}
		b := &pending{}
		if err := r.extend(t.Context(), b, cursor{}); err != nil {
			t.Fatal(err)
		}
		first := part{Batch: event.Batch{Events: b.Events[:3]}, to: cursor{0, 3}}
		if err := r.apply(t.Context(), s, first); err != nil {
			t.Fatal(err)
		}
		next := start(t, d, l, stage) // the process died here, and another goes on
		defer l.Close()
		defer next.Stop()
		wantStats(t, next, 1, 3, 1)
		if err := r.apply(t.Context(), s, part{Batch: event.Batch{Events: b.Events[3:]}, to: cursor{1, 0}}); !errors.Is(err, errLostShard) {
			t.Errorf("the former owner went on: %v", err)
		}
		err = d.Update(t.Context(), func(tx *db.Tx) error { return s.fence(t.Context(), tx) })
		if !errors.Is(err, errLostShard) {
			t.Errorf("the former owner could seal: %v", err)
		}
	})
}
