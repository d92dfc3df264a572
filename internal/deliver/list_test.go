package deliver

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/staff"
)

// Pages hold every message once, the latest first; all dead letters go again.
func TestDeliveries(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		b := newBench(t, d)
		b.fake.answer = func(p *Parcel) Outcome {
			if p.Attempt == 1 && string(p.Body) != "good" {
				return Outcome{Failure: "status_400", Status: 400, Permanent: true}
			}
			return Outcome{Status: 200}
		}
		to, other := b.destination(nil), b.destination(nil)
		const n = 7
		for i := range n {
			b.put(Message{Destination: to.ID, Key: fmt.Sprint(i)})
		}
		b.put(Message{Destination: other.ID, Key: "good"}, Message{Destination: other.ID, Key: "bad"})
		b.run()
		b.attempts(n + 2)
		for i := range n {
			b.is(fmt.Sprint(i), Dead)
		}
		b.is("good", Sent)
		b.is("bad", Dead)
		read := func(f Filter) (ids []string) {
			for pages := 0; pages < 10; pages++ {
				list, next, err := b.Deliveries(ctx, b.by, f)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range list {
					ids = append(ids, d.ID)
				}
				if f.Cursor = next; next == "" {
					break
				}
			}
			slices.Sort(ids)
			return ids
		}
		for _, c := range []struct {
			f    Filter
			want int
		}{
			{Filter{State: Dead, Limit: 3}, n + 1}, {Filter{Destination: to.ID, Limit: 2}, n}, {Filter{Destination: other.ID, State: Sent}, 1},
			{Filter{Destination: other.ID, State: Dead}, 1}, {Filter{Destination: other.ID}, 2},
		} {
			if ids := read(c.f); len(ids) != c.want || len(slices.Compact(ids)) != c.want {
				t.Errorf("%+v: %v", c.f, ids)
			}
		}
		if _, _, err := b.Deliveries(ctx, b.by, Filter{State: Dead, Cursor: "x"}); err != ErrCursor {
			t.Error(err)
		}
		if list, _, err := b.Deliveries(ctx, staff.ByOperator(8), Filter{State: Dead}); err != nil || len(list) > 0 {
			t.Error("another workspace:", list, err)
		}
		b.fake.mu.Lock()
		b.fake.answer = nil
		b.fake.mu.Unlock()
		if again, err := b.AgainAll(ctx, b.by, to.ID); err != nil || again != n {
			t.Error(again, err)
		}
		for i := range n {
			b.is(fmt.Sprint(i), Sent)
		}
		if got := b.delivery("bad"); got.State != Dead {
			t.Errorf("%+v", got)
		}
	})
}

// A mail that came back is marked, once it was sent, in its own workspace.
func TestReturn(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		b := newBench(t, d)
		to := b.destination(func(d *Destination) { d.Kind = Email })
		b.put(Message{Destination: to.ID, Key: "a"}, Message{Destination: to.ID, Key: "later", NotBefore: b.time().Add(time.Hour)})
		b.run()
		b.is("a", Sent)
		for _, key := range []string{"a", "later", "unknown"} {
			for _, workspace := range []int64{8, 7} {
				if got := func() State { d, _ := b.Delivery(ctx, b.by, ID(7, key)); return d.State }(); workspace == 7 && got == Returned {
					t.Error("returned by another workspace")
				}
				if err := d.Update(ctx, func(tx *db.Tx) error { return b.Return(ctx, tx, workspace, ID(7, key), "bounced_5.1.1") }); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := b.delivery("a"); got.State != Returned || got.Failure != "bounced_5.1.1" {
			t.Errorf("%+v", got)
		}
		if got := b.delivery("later"); got.State != Open {
			t.Errorf("%+v", got)
		}
	})
}

// An address that is no more gets nothing; one whose owner complained nothing that
// is written to a customer. Staff can lift it.
func TestStopped(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		b := newBench(t, d)
		to := b.destination(func(d *Destination) { d.Kind = Email })
		mail := func(key, receiver, about string) Message {
			return Message{Destination: to.ID, Key: key, Receiver: receiver, About: about}
		}
		b.put(mail("1", "gone@shop.example", ""), mail("2", "cross@shop.example", "c"), mail("3", "full@shop.example", "c"))
		b.run()
		for key, failure := range map[string]string{"1": "bounced_5.1.1", "2": "complaint", "3": "bounced_5.2.2"} {
			b.is(key, Sent)
			if err := d.Update(ctx, func(tx *db.Tx) error { return b.Return(ctx, tx, 7, ID(7, key), failure) }); err != nil {
				t.Fatal(err)
			}
		}
		b.put(mail("4", "Gone@shop.example", ""), mail("5", "cross@shop.example", "c"), mail("6", "cross@shop.example", ""), mail("7", "full@shop.example", "c"))
		for key, want := range map[string]State{"4": Dead, "5": Dead, "6": Sent, "7": Sent} {
			b.is(key, want)
		}
		if got := b.delivery("4"); got.Failure != failedStopped {
			t.Errorf("%+v", got)
		}
		if why, at, err := b.Stopped(ctx, b.by, "gone@shop.example"); err != nil || why != StoppedBounced || at.IsZero() {
			t.Error(why, at, err)
		}
		if why, _, err := b.Stopped(ctx, staff.ByOperator(8), "gone@shop.example"); err != nil || why != "" {
			t.Error("another workspace:", why, err)
		}
		if err := b.Lift(ctx, staff.ByOperator(8), "gone@shop.example"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		if err := b.Lift(ctx, b.by, "gone@shop.example"); err != nil {
			t.Fatal(err)
		}
		if err := b.Again(ctx, b.by, ID(7, "4")); err != nil {
			t.Fatal(err)
		}
		b.is("4", Sent)
	})
}

// A slow rate is kept without asking the database over and over.
func TestSlowRateIsCalm(t *testing.T) {
	var statements atomic.Int64
	d, err := db.Open(t.Context(), db.Options{Data: t.TempDir(), Statement: func(string) { statements.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b := newBench(t, d)
	to := b.destination(func(d *Destination) { d.Limits.PerSecond = 0.25 })
	for i := range 3 {
		b.put(Message{Destination: to.ID, Key: fmt.Sprint(i)})
	}
	_, stop := b.run()
	b.attempts(1)
	before := statements.Load()
	<-time.After(1200 * time.Millisecond)
	stop()
	if n := statements.Load() - before; n > 60 {
		t.Errorf("%d statements in 1.2 s of waiting", n)
	}
	if len(b.fake.order) != 1 {
		t.Errorf("%d messages went in the first second, of one in four", len(b.fake.order))
	}
}

// An overview tells what waits, what failed and when something arrived last.
func TestOverview(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		b := newBench(t, d)
		b.fake.answer = func(p *Parcel) Outcome {
			switch string(p.Body) {
			case "good":
				return Outcome{Status: 200}
			case "bad":
				return Outcome{Failure: "status_400", Status: 400, Permanent: true}
			}
			return Outcome{Failure: "timeout"}
		}
		to, fresh := b.destination(nil), b.destination(nil)
		b.put(Message{Destination: to.ID, Key: "good", Body: []byte("good")}, Message{Destination: to.ID, Key: "bad", Body: []byte("bad")},
			Message{Destination: to.ID, Key: "later", Body: []byte("later")}, Message{Destination: to.ID, Key: "waits", NotBefore: b.time().Add(time.Hour)})
		put := b.time()
		b.run()
		b.is("good", Sent)
		b.is("bad", Dead)
		b.until("it was tried", func() bool { return b.delivery("later").Attempts == 1 })
		o, err := b.Overview(ctx, b.by, to.ID)
		if err != nil || o.Waiting != 2 || o.Dead != 1 || o.Failure != "timeout" || o.LastSent.IsZero() || !o.Oldest.Equal(put.Truncate(time.Microsecond)) || o.ID != to.ID {
			t.Errorf("%+v %v", o, err)
		}
		all, err := b.Overviews(ctx, b.by)
		if err != nil || len(all) != 2 {
			t.Fatal(all, err)
		}
		for _, o := range all {
			if o.ID == fresh.ID && (o.Waiting != 0 || o.Dead != 0 || !o.LastSent.IsZero() || !o.Oldest.IsZero()) {
				t.Errorf("%+v", o)
			}
		}
		if _, err := b.Overview(ctx, staff.ByOperator(8), to.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("another workspace: %v", err)
		}
		if _, err := b.Overviews(ctx, staff.Actor{Workspace: 7}); !errors.Is(err, staff.ErrForbidden) {
			t.Error(err)
		}
	})
}
