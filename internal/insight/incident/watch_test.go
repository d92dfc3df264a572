package incident_test

import (
	"database/sql"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/impact"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
)

// happened lists what is in the timeline of an Insight.
func happened(t testing.TB, d *db.DB, id string) string {
	t.Helper()
	var out []string
	var last int64
	update(t, d, func(tx *db.Tx) error {
		out, last = nil, 0
		return tx.Each(ctx, "SELECT what, at, account FROM insight_entry WHERE insight = $1 ORDER BY n", []any{id}, func(rows *sql.Rows) error {
			var what, account string
			var at int64
			err := rows.Scan(&what, &at, &account)
			if at < last {
				t.Errorf("the timeline goes back in time at %s", what)
			}
			last = at
			if account != "" {
				what += " by " + account
			}
			out = append(out, what)
			return err
		})
	})
	return strings.Join(out, ", ")
}

func TestWatch(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, c := set(t, d)
		in := open(t, s, upi(), true, hits("ann", "bob")...)
		if in.Number != 1 || in.State != incident.Open || !in.Told || in.Severity == incident.NoSeverity || !in.OpenedAt.Equal(c.at) {
			t.Fatalf("%+v", in)
		}
		if again := open(t, s, upi(), true); again.ID != in.ID || again.Version != in.Version {
			t.Errorf("opened twice: %+v", again)
		}
		other := upi()
		other.Since++
		if twin := open(t, s, other, true); twin.ID != in.ID {
			t.Error("a theme has two open Insights")
		}
		step := func(f func(tx *db.Tx) error) {
			t.Helper()
			c.pass(time.Minute)
			update(t, d, f)
		}
		f := upi()
		f.Sure, f.Hit, f.Lost.Orders = true, 40, 30
		step(func(tx *db.Tx) error { return s.Update(ctx, tx, in, f, true, true, hits("cem", "bob", "bob")) })
		if in.Severity != incident.Critical || in.Finding.Hit != 40 {
			t.Errorf("%+v", in)
		}
		step(func(tx *db.Tx) error { return s.Update(ctx, tx, in, f, true, true, nil) })
		f.Causes[0].Pairs = f.Causes[0].Pairs[1:]
		step(func(tx *db.Tx) error { return s.Update(ctx, tx, in, f, true, false, nil) })
		step(func(tx *db.Tx) error { return s.Recover(ctx, tx, in, f) })
		step(func(tx *db.Tx) error { return s.Recover(ctx, tx, in, f) })
		c.pass(23 * time.Hour)
		step(func(tx *db.Tx) error { return s.CloseOld(ctx, tx, 1, c.at) })
		step(func(tx *db.Tx) error { return s.Reopen(ctx, tx, in, f) })
		if in.State != incident.Open || in.Reopened != 1 || !in.RecoveredAt.IsZero() {
			t.Errorf("%+v", in)
		}
		step(func(tx *db.Tx) error { return s.Recover(ctx, tx, in, f) })
		c.pass(24 * time.Hour)
		step(func(tx *db.Tx) error { return s.CloseOld(ctx, tx, 2, c.at) })
		step(func(tx *db.Tx) error { return s.CloseOld(ctx, tx, 1, c.at) })
		step(func(tx *db.Tx) error { return s.Update(ctx, tx, in, f, true, true, nil) })
		if in.State != incident.Resolved || in.ResolvedBy != "" || in.ResolvedAt.IsZero() {
			t.Errorf("%+v", in)
		}
		want := "opened, grew, sure, grew, worse, grew, cause, recovered, came_back, recovered, closed"
		if diff := cmp.Diff(want, happened(t, d, in.ID)); diff != "" {
			t.Error(diff)
		}
		var live []*incident.Insight
		update(t, d, func(tx *db.Tx) (err error) {
			live, err = s.Live(ctx, tx, 1)
			return err
		})
		if len(live) > 0 {
			t.Errorf("%d are live", len(live))
		}
	})
}

// What the watch says may hold any number and any bytes.
func TestAnyNumbers(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).way(deliver.Webhook, "hook")
		f := upi()
		f.Signs[0].Evidence, f.Signs[0].Observed, f.Signs[0].Expected = math.Inf(1), math.NaN(), math.Inf(-1)
		f.Causes[0].Explains, f.Lost.Orders, f.Sure = math.NaN(), math.NaN(), true
		f.Product, f.Reasons = "\xff\x00", []incident.Reason{{Text: "\xc3", N: 1}}
		in := open(t, o.Store, f, true)
		update(t, d, func(tx *db.Tx) error { return o.Update(ctx, tx, in, f, true, true, nil) })
		long := strings.Repeat("☃", 4000)
		var steps []incident.Step
		for range 20 {
			steps = append(steps, incident.Step{Text: long[:3*500]})
		}
		if err := o.SavePlaybook(ctx, bob, locale.For(locale.English, nil), "payment", 0, steps); err != nil {
			t.Fatal(err)
		}
		list, err := o.Checklist(ctx, in)
		for _, s := range list {
			if _, err := o.Tick(ctx, ann, in.ID, s.ID, true, long); err != nil {
				t.Fatal(err)
			}
		}
		f.Hit, f.Reasons = 60, nil
		for range 50 {
			f.Reasons = append(f.Reasons, incident.Reason{Text: long})
			f.Changes = append(f.Changes, incident.Change{Title: long})
		}
		update(t, d, func(tx *db.Tx) error { return o.Update(ctx, tx, in, f, true, true, nil) })
		var size int
		update(t, d, func(tx *db.Tx) error { return tx.QueryRow(ctx, "SELECT max(length(body)) FROM outbox").Scan(&size) })
		if size < 10_000 || size > 64<<10 || err != nil {
			t.Errorf("%v: the event has %d bytes", err, size)
		}
		got, err := o.Get(ctx, 1, in.ID)
		if err != nil || got.Finding.Signs[0].Evidence < 1e299 || got.Finding.Signs[0].Observed != 0 {
			t.Errorf("%v %+v", err, got)
		}
		if _, err := o.Views(ctx, 1, locale.English, true, got); err != nil {
			t.Error(err)
		}
	})
}

func TestGoodNews(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, _ := set(t, d)
		f := upi()
		f.Good, f.Kind = true, incident.Traffic
		if in := open(t, s, f, false); in.Severity != incident.NoSeverity || in.Told {
			t.Errorf("%+v", in)
		}
	})
}

// Where much is at stake people are told, though the evidence is enough for the list only.
func TestWhatIsCriticalIsTold(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, _ := set(t, d)
		f := upi()
		f.Hit, f.Lost = 1, impact.Lost{}
		in := open(t, s, f, false)
		if in.Severity == incident.Critical || in.Told {
			t.Fatalf("severity %d, told %v", in.Severity, in.Told)
		}
		f.Lost = impact.Lost{Orders: 500}
		update(t, d, func(tx *db.Tx) error { return s.Update(t.Context(), tx, in, f, false, false, nil) })
		if in.Severity != incident.Critical || !in.Told {
			t.Errorf("severity %d, told %v", in.Severity, in.Told)
		}
	})
}

func TestMerge(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, c := set(t, d)
		a := open(t, s, upi(), true, hits("ann", "bob")...)
		f := upi()
		f.Theme, f.Kind, f.Since = "checkout", incident.Checkout, f.Since-5e6
		b := open(t, s, f, false, hits("bob", "cem")...)
		c.pass(time.Minute)
		update(t, d, func(tx *db.Tx) error { return s.Merge(ctx, tx, b, a) })
		if b.State != incident.Merged || b.MergedInto != a.ID || a.Finding.Since != f.Since || a.Finding.Hit != 3 {
			t.Errorf("%+v\n%+v", a, b)
		}
		if diff := cmp.Diff([]string{"checkout"}, a.Themes); diff != "" {
			t.Error(diff)
		}
		var n int
		update(t, d, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, "SELECT count(*) FROM insight_hit WHERE workspace = 1 AND insight = $1", a.ID).Scan(&n)
		})
		if n != 3 {
			t.Errorf("%d customers hit", n)
		}
		// What the merged one was about leads to the one that it lives on in.
		if in := open(t, s, f, true); in.ID != a.ID {
			t.Error("the merged one is opened again")
		}
		f.Since++
		if in := open(t, s, f, true); in.ID != a.ID {
			t.Error("the merged theme is opened again")
		}
		if err := d.Update(ctx, func(tx *db.Tx) error { return s.Merge(ctx, tx, a, b) }); err == nil {
			t.Error("merged into one that is merged")
		}
		if err := d.Update(ctx, func(tx *db.Tx) error { return s.Merge(ctx, tx, a, a) }); err == nil {
			t.Error("merged with itself")
		}
		if got := happened(t, d, b.ID); got != "opened, merged" {
			t.Error(got)
		}
	})
}

// TestResolvedComesBack looks at what staff closed and the watch finds again.
func TestResolvedComesBack(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, c := set(t, d)
		a := open(t, s, upi(), true)
		update(t, d, func(tx *db.Tx) error { return s.Recover(ctx, tx, a, upi()) })
		c.pass(25 * time.Hour)
		update(t, d, func(tx *db.Tx) error { return s.CloseOld(ctx, tx, 1, c.at) })
		f := upi()
		f.Since += 26 * 3600 * 1e6
		b := open(t, s, f, true)
		if b.ID == a.ID || b.Number != 2 {
			t.Fatalf("%+v", b)
		}
		in := *a
		update(t, d, func(tx *db.Tx) error { return s.Reopen(ctx, tx, &in, f) })
		if in.ID != b.ID {
			t.Error("two of a theme are open")
		}
	})
}

func TestSeverityByUsualDay(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, c := set(t, d)
		day := int64(24 * 3600 * 1e6)
		update(t, d, func(tx *db.Tx) error { // 1000 orders and 500,000 rupees on each of four days
			for i := range int64(4) {
				at := (c.at.UnixMicro()/day - 1 - i) * day
				for _, label := range []string{"", "inr"} {
					if _, err := tx.Exec(ctx, "INSERT INTO signal (model, grain, name, at, label, shard, n, amount) VALUES (101, 1440, 'order', $1, $2, 0, 1000, $3)",
						at, label, int64(500_000*event.One)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		for i, c := range []struct {
			hit, back int
			orders    float64
			rupees    int64
			want      incident.Severity
		}{
			{3, 0, 0, 0, incident.Low}, {12, 0, 0, 0, incident.Medium}, {12, 5, 0, 0, incident.Low}, {60, 0, 0, 0, incident.High}, {300, 0, 0, 0, incident.Critical},
			{0, 0, 0, 4000, incident.Low}, {0, 0, 0, 6000, incident.Medium}, {0, 0, 0, 30_000, incident.High}, {0, 0, 0, 200_000, incident.Critical},
			{0, 0, 0.5, 0, incident.Medium}, {0, 0, 2, 0, incident.High}, {0, 0, 6, 0, incident.Critical},
		} {
			f := upi()
			f.Theme, f.Hit, f.Back, f.Lost.Orders = fmt.Sprint(i), c.hit, c.back, c.orders
			f.Lost.Money[0].Amount = event.Millionths(c.rupees) * event.One
			if in := open(t, s, f, true); in.Severity != c.want {
				t.Errorf("%+v: %d", c, in.Severity)
			}
		}
	})
}
