package insight_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
)

func waitSlots(t testing.TB, d *db.DB, from, to int64, grain insight.Grain) (out []insight.Slot) {
	view(t, d, func(ctx context.Context, s *insight.Store, tx *db.Tx) error {
		by, err := s.Series(ctx, tx, 1, []insight.Name{insight.Waiting}, after(from), after(to), grain)
		out = by[insight.Waiting]
		return err
	})
	return out
}

func waitsAt(t testing.TB, d *db.DB, minute int64) (w insight.InWait) {
	view(t, d, func(ctx context.Context, s *insight.Store, tx *db.Tx) (err error) {
		w, err = s.Waits(ctx, tx, 1, after(minute))
		return err
	})
	return w
}

// Chats that wait are counted in each minute in which they do, those that still wait
// as well, and none for longer than half an hour.
func TestWaits(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		watch(t, d, 0,
			ev("a", "Live Chat Message Sent", 0, `{"conversation_id":"1","text":"good"}`), ev("b", "Live Chat Message Sent", 1, `{"conversation_id":"2","text":"good"}`))
		if got, want := waitsAt(t, d, 2), (insight.InWait{N: 2, Fresh: 2, Since: after(0)}); got != want {
			t.Errorf("%+v wait, not %+v", got, want)
		}
		if diff := cmp.Diff([]insight.Slot{{At: after(0), N: 1}, {At: after(1), N: 2}, {At: after(2), N: 2}}, waitSlots(t, d, 0, 3, insight.Minute)); diff != "" {
			t.Errorf("while they wait: %s", diff)
		}
		watch(t, d, 0,
			vouched(ev("u", "Live Chat Message Received", 3, `{"conversation_id":"1","sender":"agent","text":"hello"}`)),
			ev("x", "Page", 20, ``), // the other one is late by now
			ev("b", "Live Chat Message Sent", 21, `{"conversation_id":"2","text":"good"}`),
			vouched(ev("u", "Live Chat Message Received", 29, `{"conversation_id":"2","sender":"agent","text":"sorry"}`)),
			vouched(ev("u", "Live Chat Message Received", 30, `{"conversation_id":"2","sender":"agent","text":"is it well?"}`)))
		if got := waitsAt(t, d, 31); got.N != 0 {
			t.Errorf("%+v wait, and all have answers", got)
		}
		want := []insight.Slot{{At: after(0), N: 3 + 14}, {At: after(15), N: 14}}
		if diff := cmp.Diff(want, waitSlots(t, d, 0, 60, insight.Quarter)); diff != "" {
			t.Errorf("when they have answers: %s", diff)
		}
		if got := said(outcomes(t, d, 0)); len(got) != 5 { // three opinions, one answer in time, one that was late
			t.Errorf("%q", got)
		}
		watch(t, d, 0, ev("c", "Live Chat Message Sent", 60, `{"text":"good"}`), ev("x", "Page", 100, ``), ev("c", "Live Chat Message Sent", 120, `{"text":"good"}`))
		if got, want := waitsAt(t, d, 121), (insight.InWait{N: 1, Fresh: 1, Since: after(120)}); got != want {
			t.Errorf("%+v wait after a second message, not %+v", got, want)
		}
		if got, want := waitsAt(t, d, 200), (insight.InWait{N: 1, Since: after(120)}); got != want {
			t.Errorf("%+v wait much later, not %+v", got, want)
		}
		watch(t, d, 0, ev("x", "Page", 120+24*60+1, ``), ev("x", "Page", 120+24*60+9, ``))
		if got := waitsAt(t, d, 1000); got.N != 0 {
			t.Errorf("%+v wait a day later", got)
		}
		want = []insight.Slot{{At: after(60), N: 15}, {At: after(75), N: 15}, {At: after(120), N: 15}, {At: after(135), N: 15}}
		if diff := cmp.Diff(want, waitSlots(t, d, 60, 240, insight.Quarter)); diff != "" {
			t.Errorf("a day later: %s", diff)
		}
	})
}

// Of history it is counted how long chats waited, and nobody waits now.
func TestWaitsOfHistory(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		asked, answered := ev("a", "Live Chat Message Sent", 0, `{"conversation_id":"1","text":"good"}`), ev("a", "Live Chat Message Received", 4, `{"conversation_id":"1","text":"hello"}`)
		other := ev("b", "Live Chat Message Sent", 2, `{"conversation_id":"2","text":"good"}`)
		asked.Flags, answered.Flags, other.Flags = asked.Flags|event.History, answered.Flags|event.History, other.Flags|event.History
		watch(t, d, 0, asked, other, answered, ev("x", "Page", 9, ``))
		if got := waitsAt(t, d, 9); got.N != 0 {
			t.Errorf("%+v wait", got)
		}
		if diff := cmp.Diff([]insight.Slot{{At: after(0), N: 4}}, waitSlots(t, d, 0, 60, insight.Quarter)); diff != "" {
			t.Error(diff)
		}
	})
}
