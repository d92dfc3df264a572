package deliver

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
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// A key is one message, whatever is put how often and in how many transactions;
// what a transaction did not commit is not sent.
func TestPutOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		to := b.destination(nil)
		b.put(Message{Destination: to.ID, Key: "a", Kind: "k"}, Message{Destination: to.ID, Key: "a", Kind: "k", Body: []byte("other")})
		b.put(Message{Destination: to.ID, Key: "a", Kind: "k", Body: []byte("third")})
		failed := errors.New("no")
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			return errors.Join(b.Put(t.Context(), tx, Message{Workspace: 7, Destination: to.ID, Key: "never"}), failed)
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		b.run()
		b.is("a", Sent)
		b.put(Message{Destination: to.ID, Key: "a", Kind: "k"})
		b.put(Message{Destination: to.ID, Key: "b", Kind: "k"})
		b.is("b", Sent)
		if got := fmt.Sprint(b.fake.order); got != "[a b]" {
			t.Error(got)
		}
		if _, err := b.Delivery(t.Context(), b.by, ID(7, "never")); err != ErrNotFound {
			t.Error(err)
		}
		if ID(7, "a") == ID(8, "a") || ID(7, "a") != "msg_hry3jzbpzmmhad4buvepnh6cgy" { // ids do not change with versions
			t.Error("ids")
		}
		got := b.delivery("a")
		if got.Attempts != 1 || len(got.Log) != 1 || got.Failure != "" {
			t.Errorf("%+v", got)
		}
	})
}

// A destination that is gone gets a dead letter, and its stage goes on.
func TestNoDestination(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		to := b.destination(nil)
		b.put(Message{Destination: to.ID, Key: "waits", NotBefore: b.time().Add(time.Hour)})
		if err := b.Delete(t.Context(), b.by, to.ID); err != nil {
			t.Fatal(err)
		}
		b.put(Message{Destination: to.ID, Key: "late"})
		for _, key := range []string{"waits", "late"} {
			if got := b.delivery(key); got.State != Dead || got.Failure != noDestination {
				t.Errorf("%+v", got)
			}
			if err := b.Again(t.Context(), b.by, ID(7, key)); err != ErrNotFound {
				t.Error(err)
			}
		}
	})
}

// What fails is tried for 75 hours, each try with the same id, then it is a dead
// letter; again makes it as new.
func TestRetries(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.fake.answer = func(*Parcel) Outcome { return Outcome{Failure: "status_500", Status: 500} }
		to := b.destination(nil)
		b.put(Message{Destination: to.ID, Key: "a"})
		b.run()
		began := b.time()
		var last time.Time
		for n := 1; n <= len(schedule); n++ {
			b.attempts(1)
			b.until("it is written", func() bool { return b.delivery("a").Attempts == n })
			last = b.time()
			b.pass(b.delivery("a").Due.Sub(b.time()) + time.Second)
		}
		got := b.delivery("a")
		if got.State != Dead || got.Failure != "status_500" || len(got.Log) != len(schedule) || got.Log[3].Status != 500 {
			t.Errorf("%+v", got)
		}
		if took := last.Sub(began); took < 65*time.Hour || took > 85*time.Hour {
			t.Errorf("tried for %s", took)
		}
		if n := b.fake.sent["7 "+ID(7, "a")]; n != len(schedule) {
			t.Errorf("%d attempts with its id", n)
		}
		dead, _, err := b.Deliveries(t.Context(), b.by, Filter{State: Dead})
		if err != nil || len(dead) != 1 || dead[0].ID != ID(7, "a") {
			t.Error(dead, err)
		}
		b.fake.mu.Lock()
		b.fake.answer = nil
		b.fake.mu.Unlock()
		if err := b.Again(t.Context(), b.by, ID(7, "a")); err != nil {
			t.Fatal(err)
		}
		b.is("a", Sent)
		if err := b.Again(t.Context(), staff.Actor{Workspace: 7, Role: workspace.Agent}, ID(7, "a")); !errors.Is(err, staff.ErrForbidden) {
			t.Error(err)
		}
		if err := b.Again(t.Context(), staff.ByOperator(8), ID(7, "a")); err != ErrNotFound {
			t.Errorf("another workspace: %v", err)
		}
	})
}

func TestSchedule(t *testing.T) {
	for _, jitter := range []float64{0, 0.5, 1} {
		total, n := time.Duration(0), 0
		for d, more := again(0, 0, jitter); more; d, more = again(n, 0, jitter) {
			total += d
			n++
		}
		if want := 75*time.Hour + 35*time.Minute + 5*time.Second; n != 10 || total < want*9/10 || total > want*11/10 {
			t.Errorf("jitter %v: %d tries in %s", jitter, n, total)
		}
	}
	if d, _ := again(1, time.Hour, 0.5); d != time.Hour {
		t.Errorf("asked to wait an hour: %s", d)
	}
	if d, _ := again(1, 1000*time.Hour, 0.5); d != maxWait {
		t.Errorf("asked to wait for ever: %s", d)
	}
}

// A refusal for good is a dead letter at once; one that pauses the destination
// loses nothing.
func TestRefusals(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.fake.answer = func(p *Parcel) Outcome {
			switch string(p.Body) {
			case "never":
				return Outcome{Failure: "status_400", Status: 400, Permanent: true}
			case "gone":
				return Outcome{Failure: "status_410", Status: 410, Gone: true}
			case "panic":
				panic("personal@example.com")
			}
			return Outcome{}
		}
		to := b.destination(nil)
		b.put(Message{Destination: to.ID, Key: "never"}, Message{Destination: to.ID, Key: "panic"})
		b.run()
		b.is("never", Dead)
		b.until("the panic is one", func() bool { return b.delivery("panic").Failure == failedInternal })
		b.put(Message{Destination: to.ID, Key: "gone"})
		b.until("it is paused", func() bool {
			got, err := b.Destination(t.Context(), b.by, to.ID)
			return err == nil && got.Paused == PausedGone
		})
		if got := b.delivery("gone"); got.State != Open {
			t.Errorf("%+v", got)
		}
		b.fake.mu.Lock()
		b.fake.answer = nil
		b.fake.mu.Unlock()
		if err := b.Resume(t.Context(), b.by, to.ID); err != nil {
			t.Fatal(err)
		}
		b.is("gone", Sent)
	})
}

// Pause keeps messages, and one destination's trouble is not another's.
func TestPause(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		one, two := b.destination(nil), b.destination(nil)
		if err := b.Pause(t.Context(), b.by, one.ID); err != nil {
			t.Fatal(err)
		}
		b.put(Message{Destination: one.ID, Key: "one"}, Message{Destination: two.ID, Key: "two"})
		b.run()
		b.is("two", Sent)
		if got := b.delivery("one"); got.State != Open || got.Attempts != 0 {
			t.Errorf("%+v", got)
		}
		if err := b.Resume(t.Context(), b.by, one.ID); err != nil {
			t.Fatal(err)
		}
		b.is("one", Sent)
	})
}

// Two pools on one database: every message goes once, never more at the same time
// than the destination takes.
func TestTwoNodes(t *testing.T) {
	d, err := db.Open(t.Context(), db.Options{URL: dbtest.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b := newBench(t, d)
	b.fake.answer = func(*Parcel) Outcome {
		<-time.After(time.Duration(rand.IntN(3)) * time.Millisecond)
		return Outcome{}
	}
	to := b.destination(func(d *Destination) { d.Limits.AtOnce = 3 })
	other := *b.Store
	pools := []*Pool{NewPool(Options{Store: b.Store, Logger: slog.New(slog.DiscardHandler)}), NewPool(Options{Store: &other, Logger: slog.New(slog.DiscardHandler)})}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, p := range pools {
		wg.Go(func() { p.Run(ctx) })
	}
	const n = 300
	for i := range n {
		b.put(Message{Destination: to.ID, Key: fmt.Sprint(i)})
		if i%50 == 0 {
			pools[i/50%2].Wake()
		}
	}
	b.attempts(n)
	stop()
	wg.Wait()
	for id, times := range b.fake.sent {
		if times != 1 {
			t.Errorf("%s was sent %d times", id, times)
		}
	}
	if len(b.fake.sent) != n || b.fake.most > 3 {
		t.Errorf("%d messages, %d at the same time", len(b.fake.sent), b.fake.most)
	}
}

// What lost its lease ends, and another goes on.
func TestLostLease(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		hold := make(chan struct{})
		letGo := sync.OnceFunc(func() { close(hold) })
		b.fake.answer = func(p *Parcel) Outcome { <-hold; return Outcome{} }
		to := b.destination(func(d *Destination) { d.Limits.AtOnce = 1 })
		b.put(Message{Destination: to.ID, Key: "a"}, Message{Destination: to.ID, Key: "b"})
		p, _ := b.run()
		t.Cleanup(letGo) // also where the test fails
		b.until("the first is on its way", func() bool { b.fake.mu.Lock(); defer b.fake.mu.Unlock(); return b.fake.now == 1 })
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE outbox_lane SET holder = 'other', until = until + 60000000")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		p.mu.Lock()
		p.renewed = time.Time{} // it is time
		p.mu.Unlock()
		p.Wake()
		l := func() *lane { p.mu.Lock(); defer p.mu.Unlock(); return p.lanes[place{7, to.ID}] }
		b.until("the lane ends", func() bool { l := l(); return l == nil || l.ctx.Err() != nil })
		letGo()
		b.until("it is gone", func() bool { return l() == nil })
		if b.fake.sent["7 "+ID(7, "a")]+b.fake.sent["7 "+ID(7, "b")] != 1 {
			t.Error("something was begun without a lease:", b.fake.sent)
		}
	})
}

// Stopping lets what is on its way end, and begins nothing.
func TestStop(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		begun, hold := make(chan struct{}), make(chan struct{})
		b.fake.answer = func(*Parcel) Outcome { close(begun); <-hold; return Outcome{} }
		to := b.destination(func(d *Destination) { d.Limits.AtOnce = 1 })
		b.put(Message{Destination: to.ID, Key: "a"}, Message{Destination: to.ID, Key: "b", NotBefore: b.time().Add(-time.Second)})
		_, stop := b.run()
		<-begun
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		<-time.After(50 * time.Millisecond)
		close(hold)
		<-stopped
		if a, b := b.delivery("a"), b.delivery("b"); a.State != Open || b.State != Sent {
			t.Errorf("%s %s", a.State, b.State)
		}
		var lanes int
		d.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(t.Context(), "SELECT count(*) FROM outbox_lane").Scan(&lanes)
		})
		if lanes != 0 {
			t.Error("lanes are still held:", lanes)
		}
	})
}

// What is urgent goes before what is one of many.
func TestBulkWaits(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		to := b.destination(func(d *Destination) { d.Limits.AtOnce = 1 })
		for i := range 5 {
			b.put(Message{Destination: to.ID, Key: fmt.Sprint(i), Bulk: true})
		}
		b.put(Message{Destination: to.ID, Key: "urgent"})
		b.run()
		b.attempts(6)
		if b.fake.order[0] != "urgent" {
			t.Error(b.fake.order)
		}
	})
}

// Consent that ended since is heeded; what a customer's messages held is forgotten.
func TestMayAndForget(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		to := b.destination(nil)
		b.put(Message{Destination: to.ID, Key: "yes", About: "c1"}, Message{Destination: to.ID, Key: "no", About: "c2"}, Message{Destination: to.ID, Key: "staff"})
		b.run(func(o *Options) {
			o.May = func(_ context.Context, workspace int64, about, kind string) (bool, error) { return about == "c1", nil }
		})
		b.is("yes", Sent)
		b.is("staff", Sent)
		b.is("no", Dead)
		if got := b.delivery("no"); got.Failure != failedConsent {
			t.Errorf("%+v", got)
		}
		if err := d.Update(t.Context(), func(tx *db.Tx) error { return b.Forget(t.Context(), tx, 7, "c1") }); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Delivery(t.Context(), b.by, ID(7, "yes")); err != ErrNotFound {
			t.Error(err)
		}
	})
}

// Secrets are sealed for their destination; where they cannot be opened it waits.
func TestSecrets(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		to := b.destination(nil)
		if len(to.Secrets[SigningSecret]) != len("whsec_")+44 {
			t.Error("no secret was made")
		}
		b.box.broken = true
		b.put(Message{Destination: to.ID, Key: "a"})
		b.run()
		b.until("it is paused", func() bool {
			got, err := b.Destination(t.Context(), b.by, to.ID)
			return err == nil && got.Paused == PausedSecrets && got.Secrets == nil
		})
		b.box.broken = false
		second, err := b.RotateSecret(t.Context(), b.by, to.ID, time.Hour)
		if err != nil || second == to.Secrets[SigningSecret] {
			t.Fatal(second, err)
		}
		b.is("a", Sent)
		d2, err := b.Destination(t.Context(), b.by, to.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.open(d2); err != nil || d2.Secrets[FormerSecret] != to.Secrets[SigningSecret] || d2.Secrets[SigningSecret] != second {
			t.Error(d2.Secrets, err)
		}
	})
}

func TestDestinations(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		b := newBench(t, d)
		one := b.destination(func(d *Destination) {
			d.Limits = Limits{AtOnce: 2, PerSecond: 0.5, PerDomain: 10, QuietFrom: 1260, QuietTo: 480}
		})
		one.Name, one.Settings["at"] = " New name ", "https://b.example"
		if err := b.Change(ctx, b.by, one); err != nil {
			t.Fatal(err)
		}
		list, err := b.Destinations(ctx, b.by)
		if err != nil || len(list) != 1 || list[0].Name != "New name" || list[0].Address != "https://b.example" || list[0].Limits != one.Limits {
			t.Errorf("%+v %v", list, err)
		}
		if list, err := b.Destinations(ctx, staff.ByOperator(8)); err != nil || len(list) != 0 {
			t.Error("another workspace:", list, err)
		}
		foreign := staff.ByOperator(8)
		for name, err := range map[string]error{
			"change": b.Change(ctx, foreign, one), "pause": b.Pause(ctx, foreign, one.ID), "delete": b.Delete(ctx, foreign, one.ID),
			"test": func() error { _, err := b.Test(ctx, foreign, one.ID); return err }(),
		} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%s from another workspace: %v", name, err)
			}
		}
		agent := staff.Actor{Workspace: 7, Role: workspace.Agent}
		if err := b.Create(ctx, agent, &Destination{Kind: Webhook, Name: "x"}); !errors.Is(err, staff.ErrForbidden) {
			t.Error(err)
		}
		var invalid workspace.Invalid
		for _, bad := range []*Destination{
			{Kind: "fax", Name: "x"}, {Kind: Webhook}, {Kind: Webhook, Name: "x", Settings: map[string]string{"bad": "1"}},
			{Kind: Webhook, Name: "x", Limits: Limits{AtOnce: 33}}, {Kind: Webhook, Name: "x", Limits: Limits{PerSecond: 0.01}}, {Kind: Webhook, Name: "x", Limits: Limits{QuietFrom: 1440}},
		} {
			if err := b.Create(ctx, b.by, bad); !errors.As(err, &invalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		id, err := b.Test(ctx, b.by, one.ID)
		if err != nil {
			t.Fatal(err)
		}
		b.run()
		b.until("the trial is sent", func() bool { d, err := b.Delivery(ctx, b.by, id); return err == nil && d.State == Sent })
	})
}

// Old messages lose their bodies, and then themselves.
func TestTidy(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		b := newBench(t, d)
		to := b.destination(func(d *Destination) { d.Kind = Email })
		b.put(Message{Destination: to.ID, Key: "a", Receiver: "asha@shop.example"}, Message{Destination: to.ID, Key: "open", NotBefore: b.time().Add(1000 * time.Hour)})
		_, stop := b.run()
		b.is("a", Sent)
		stop()
		if got := b.delivery("a"); got.Receiver != "asha@shop.example" || !got.HasBody {
			t.Errorf("%+v", got)
		}
		if got, _ := b.Delivery(ctx, staff.Actor{Workspace: 7, Role: workspace.Analyst}, ID(7, "a")); got.Receiver != "a…@shop.example" {
			t.Errorf("%+v", got)
		}
		b.pass(31 * 24 * time.Hour)
		if err := b.tidy(ctx); err != nil {
			t.Fatal(err)
		}
		if got := b.delivery("a"); got.HasBody || got.Receiver != "" || got.State != Sent {
			t.Errorf("%+v", got)
		}
		if err := b.Again(ctx, b.by, ID(7, "a")); err != ErrNotFound {
			t.Error(err)
		}
		b.pass(60 * 24 * time.Hour)
		if err := b.tidy(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Delivery(ctx, b.by, ID(7, "a")); err != ErrNotFound {
			t.Error(err)
		}
		if got := b.delivery("open"); got.State != Open || !got.HasBody {
			t.Errorf("%+v", got)
		}
	})
}
