package insight_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
)

// Of history nothing is overdue: that it came, or was answered, may be told next.
func TestHistoryIsNotOverdue(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		old := func(e event.Event) event.Event {
			e.Flags |= event.History
			return e
		}
		watch(t, d, 0,
			ev("z", "Live Chat Message Sent", -20, `{"text":"good"}`), ev("z", "Live Chat Message Received", -19, `{"text":"hello"}`), // answers are seen
			old(vouched(ev("u", "Order Shipped", 0, `{"order_id":"1","promised_by":"2026-07-14T13:00:00Z"}`))), old(ev("b", "Live Chat Message Sent", 0, `{"text":"good"}`)),
			ev("x", "Page", 600, ""), // live, while the import goes on
			old(vouched(ev("u", "Order Delivered", 30, `{"order_id":"1"}`))), old(ev("b", "Live Chat Message Received", 5, `{"text":"hello"}`)))
		want := []string{"opinion+-20 0 channel=chat language=en", "reply+-19 0 channel=chat", "opinion+0 0 history channel=chat language=en",
			"delivery+30 0 history", "reply+5 0 history channel=chat"}
		got := said(outcomes(t, d, 0))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		view(t, d, func(ctx context.Context, s *insight.Store, tx *db.Tx) error {
			list, err := s.Overdue(ctx, tx, 1, 0, math.MaxInt64)
			if len(list) > 0 {
				t.Errorf("overdue: %v", said(list))
			}
			return err
		})
	})
}

// minutes after noon, as a time.
func after(minutes int64) int64 { return noon.UnixMicro() + minutes*60_000_000 }

func view(t testing.TB, d *db.DB, f func(ctx context.Context, s *insight.Store, tx *db.Tx) error) {
	t.Helper()
	err := d.View(context.Background(), func(tx *db.Tx) error { return f(context.Background(), &insight.Store{DB: d}, tx) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestOutcomeSeries(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		watch(t, d, 0,
			ev("a", "Checkout Failed", 0, `{"order_id":"1","payment_method":"upi"}`), ev("a", "Checkout Failed", 0.5, `{"order_id":"1","payment_method":"upi"}`),
			ev("a", "Order Completed", 1, `{"order_id":"1","payment_method":"upi"}`), ev("b", "Order Completed", 1, `{"order_id":"2","payment_method":"card"}`))
		watch(t, d, 1, ev("c", "Order Completed", 16, `{"order_id":"3","payment_method":"upi"}`),
			ev("c", "Survey Answered", 20, `{"kind":"text","text":"bad price delivery"}`), ev("d", "Survey Answered", 21, `{"kind":"text","text":"good price"}`))
		view(t, d, func(ctx context.Context, s *insight.Store, tx *db.Tx) error {
			for _, c := range []struct {
				kind       insight.OutcomeKind
				dim        insight.Dim
				value      string
				grain      insight.Grain
				want       []insight.Slot
				fromMinute int64
			}{
				{insight.CheckoutEnded, "", "", insight.Quarter, []insight.Slot{{At: after(0), N: 2, Bad: 1}, {At: after(15), N: 1}}, 1},
				{insight.CheckoutEnded, "", "", insight.Minute, []insight.Slot{{At: after(0), N: 1, Bad: 1}, {At: after(1), N: 1}, {At: after(16), N: 1}}, 0},
				{insight.CheckoutEnded, insight.DimMethod, "upi", insight.Day, []insight.Slot{{At: after(-720), N: 2, Bad: 1}}, 0},
				{insight.CheckoutEnded, insight.DimMethod, "upi", insight.Minute, []insight.Slot{{At: after(0), N: 1, Bad: 1}, {At: after(16), N: 1}}, 0},
				{insight.CheckoutEnded, insight.DimBuyer, "new", insight.Day, []insight.Slot{{At: after(-720), N: 3, Bad: 1}}, 0},
				{insight.CheckoutEnded, insight.DimBuyer, "n", insight.Day, nil, 0},
				{insight.OpinionGiven, insight.DimTopic, "price", insight.Minute, []insight.Slot{{At: after(20), N: 1, Bad: 1}, {At: after(21), N: 1}}, 0},
				{insight.OpinionGiven, insight.DimTopic, "price", insight.Quarter, []insight.Slot{{At: after(15), N: 2, Bad: 1}}, 0},
			} {
				got, err := s.OutcomeSeries(ctx, tx, 1, c.kind, c.dim, c.value, after(c.fromMinute), after(60), c.grain)
				if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
					t.Errorf("%v %s %s=%s: %s", err, c.kind, c.dim, c.value, diff)
				}
			}
			for _, days := range []int64{0, 3, 20} {
				got, err := s.OutcomeValues(ctx, tx, 1, insight.CheckoutEnded, insight.DimMethod, after(-days*24*60), after(30), 5)
				if diff := cmp.Diff([]insight.ValueCount{{"upi", 2, 1}, {"card", 1, 0}}, got); err != nil || diff != "" {
					t.Errorf("%v, %d days: %s", err, days, diff)
				}
			}
			got, err := s.OutcomeValues(ctx, tx, 1, insight.CheckoutEnded, insight.DimBuyer, after(0), after(17), 5)
			if diff := cmp.Diff([]insight.ValueCount{{"new", 3, 1}}, got); err != nil || diff != "" {
				t.Errorf("%v: %s", err, diff)
			}
			return nil
		})
	})
}

// Whatever comes in whatever batches: the values of a dimension with the rest are
// the outcomes that have it, no slot has more values than are kept, and the grains
// agree.
func TestOutcomeCountsAddUp(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		n := 0
		rapid.Check(t, func(r *rapid.T) {
			for range rapid.IntRange(1, 3).Draw(r, "batches") {
				var batch []event.Event
				spread := rapid.IntRange(1, 120).Draw(r, "carriers")
				for range rapid.IntRange(1, 150).Draw(r, "events") {
					n++
					q := rapid.IntRange(1, spread).Draw(r, "carrier")
					batch = append(batch, ev(fmt.Sprint("v", n), "Order Delivered", float64(n%40), fmt.Sprintf(`{"order_id":"%d","days_late":1,"carrier":"c %d"}`, n, q)))
				}
				fold(t, d, []stage{insight.Live()}, n%2, batch...)
			}
			view(t, d, func(ctx context.Context, s *insight.Store, tx *db.Tx) error {
				for _, grain := range []insight.Grain{insight.Quarter, insight.Day} {
					var values, whole, most int64
					err := tx.QueryRow(ctx, `SELECT coalesce(sum(CASE WHEN dim = 'carrier' THEN n END), 0), coalesce(sum(CASE WHEN dim = '' THEN n END), 0) FROM outcome_count WHERE grain = $1`, int64(grain)).Scan(&values, &whole)
					if err == nil {
						err = tx.QueryRow(ctx, `SELECT max(n) FROM (SELECT count(*) AS n FROM outcome_count WHERE grain = $1 AND dim = 'carrier' AND value <> '*' GROUP BY at, shard) x`, int64(grain)).Scan(&most)
					}
					if err != nil || values != int64(n) || whole != int64(n) || most > 50 {
						r.Fatalf("%v: grain %d: %d by value, %d in all, want %d; %d values in a slot", err, grain, values, whole, n, most)
					}
				}
				return nil
			})
		})
	})
}

func TestOverdue(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		watch(t, d, 0,
			vouched(ev("u", "Order Shipped", 0, `{"order_id":"1","carrier":"DTDC","promised_by":"2026-07-14T14:00:00Z","country":"IN","postal_code":"110001"}`)),
			vouched(ev("u", "Order Shipped", 0, `{"order_id":"2","promised_by":"2026-07-14T14:00:00Z"}`)),
			vouched(ev("u", "Order Shipped", 0, `{"order_id":"3","promised_by":"2026-07-14T15:00:00Z"}`)),
			vouched(ev("u", "Order Delivered", 30, `{"order_id":"2"}`)))
		overdue := func(from, to int64) (out []insight.Outcome) {
			view(t, d, func(ctx context.Context, s *insight.Store, tx *db.Tx) (err error) {
				out, err = s.Overdue(ctx, tx, 1, after(from), after(to))
				return err
			})
			return out
		}
		want := []string{"delivery+120 1 area=IN 1 carrier=DTDC country=IN"}
		late := overdue(60, 180)
		if diff := cmp.Diff(want, said(late)); diff != "" {
			t.Error(diff)
		}
		watch(t, d, 0, ev("x", "Page", 121, ""), ev("x", "Page", 122, "")) // now the stage knows the time
		told := outcomes(t, d, 0)
		if diff := cmp.Diff(append([]string{"delivery+30 0"}, want...), said(told)); diff != "" || told[1].Subject != late[0].Subject {
			t.Error(diff)
		}
		if again := overdue(0, 180); len(again) > 0 {
			t.Errorf("once more: %v", said(again))
		}
		watch(t, d, 0, vouched(ev("u", "Order Delivered", 200, `{"order_id":"1"}`)))
		came := outcomes(t, d, 0)
		if last := came[len(came)-2]; last.Subject != late[0].Subject || !last.Again || last.Bad != 1 {
			t.Errorf("it came as %+v, overdue was %+v", last, late[0])
		}
		if left := overdue(0, math.MaxInt32); len(left) != 0 {
			t.Errorf("overdue at last: %v", said(left))
		}
		view(t, d, func(ctx context.Context, s *insight.Store, tx *db.Tx) error {
			slots, err := s.OutcomeSeries(ctx, tx, 1, insight.DeliveryEnded, "", "", after(0), after(500), insight.Day)
			if diff := cmp.Diff([]insight.Slot{{At: after(-720), N: 3, Bad: 2}}, slots); err != nil || diff != "" {
				t.Errorf("%v: each parcel counts once: %s", err, diff)
			}
			return err
		})
	})
}
