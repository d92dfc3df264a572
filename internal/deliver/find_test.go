package deliver

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

// Looking for what is due costs by the number of destinations with open messages,
// not by the number of messages: a look at 60 destinations with 30,000 messages
// takes some milliseconds.
func TestFindIsQuick(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		b := newBench(t, d)
		const lanes, each = 60, 500
		later := b.time().Add(time.Hour)
		for i := range lanes {
			to := b.destination(nil)
			var list []Message
			for k := range each {
				m := Message{Workspace: 7, Destination: to.ID, Key: fmt.Sprint(i, " ", k), Bulk: k%2 == 0}
				if i%2 == 0 || k > 100 {
					m.NotBefore = later
				}
				list = append(list, m)
			}
			b.put(list...)
			if i%10 == 1 {
				if err := b.Pause(ctx, b.by, to.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		if d.Postgres { // as its own service does from time to time
			if err := d.Update(ctx, func(tx *db.Tx) error { _, err := tx.Exec(ctx, "ANALYZE outbox"); return err }); err != nil {
				t.Fatal(err)
			}
		}
		p := NewPool(Options{Store: b.Store})
		best := time.Hour
		for range 5 {
			began := time.Now()
			found, err := p.find(ctx)
			if err != nil || len(found) != lanes/2-lanes/10 {
				t.Fatal(len(found), err)
			}
			best = min(best, time.Since(began))
		}
		t.Logf("%s for %d destinations with %d open messages", best, lanes, lanes*each)
		if best > 200*time.Millisecond {
			t.Errorf("a look takes %s", best)
		}
		began := time.Now()
		if err := p.count(ctx); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s to count them", time.Since(began))
	})
}

// A room finds the destinations that its rules name, but for those that are gone
// and those of other workspaces.
func TestFindDestinations(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		one, two, gone := b.destination(nil), b.destination(nil), b.destination(nil)
		if err := errors.Join(b.Pause(t.Context(), b.by, two.ID), b.Delete(t.Context(), b.by, gone.ID)); err != nil {
			t.Fatal(err)
		}
		for workspace, want := range map[int64]int{7: 2, 8: 0} {
			var found []*Destination
			err := d.View(t.Context(), func(tx *db.Tx) (err error) {
				found, err = Find(t.Context(), tx, workspace, two.ID, gone.ID, one.ID, two.ID)
				return err
			})
			if err != nil || len(found) != want {
				t.Fatal(workspace, found, err)
			}
			for _, d := range found {
				if d.ID != one.ID && d.ID != two.ID || d.Kind == "" || d.Secrets != nil {
					t.Errorf("%+v", d)
				}
			}
		}
	})
}

// Looking at a destination, and at its messages in each state, costs nothing by the
// number of those that wait.
func TestListsAreQuick(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		b := newBench(t, d)
		to := b.destination(nil)
		for k := range 30 {
			var list []Message
			for i := range 1000 {
				list = append(list, Message{Destination: to.ID, Key: fmt.Sprint(k, " ", i), Bulk: true})
			}
			b.put(list...)
		}
		if d.Postgres { // as its own service does from time to time
			if err := d.Update(ctx, func(tx *db.Tx) error { _, err := tx.Exec(ctx, "ANALYZE outbox"); return err }); err != nil {
				t.Fatal(err)
			}
		}
		looks := map[string]func() error{"overview": func() error { _, err := b.Overview(ctx, b.by, to.ID); return err }}
		for _, state := range []State{"", Open, Sent, Dead, Returned} {
			looks["list "+string(state)] = func() error {
				_, _, err := b.Deliveries(ctx, b.by, Filter{Destination: to.ID, State: state})
				return err
			}
		}
		for name, look := range looks {
			best := time.Hour
			for range 5 {
				began := time.Now()
				if err := look(); err != nil {
					t.Fatal(err)
				}
				best = min(best, time.Since(began))
			}
			t.Logf("%s: %s", name, best)
			if best > 100*time.Millisecond {
				t.Errorf("%s takes %s", name, best)
			}
		}
	})
}
