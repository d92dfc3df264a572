package insight_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/order"
)

func rowsOf(t *testing.T, d *db.DB, table string) (n int) {
	t.Helper()
	view(t, d, func(ctx context.Context, _ *insight.Store, tx *db.Tx) error {
		return tx.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&n)
	})
	return n
}

func TestOldOutcomesGo(t *testing.T) {
	const day = 24 * 60
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		live := []stage{insight.Live()}
		search := func(minutes float64) event.Event {
			return ev("a", "Products Searched", minutes, `{"query":"x","results":0}`)
		}
		imported := search(-300 * day)
		imported.ReceivedAt, imported.Flags = noon.UnixMicro(), event.History
		fold(t, d, live, 0, imported, search(0), ev("a", "Checkout Started", 0, `{"order_id":"1"}`))
		fold(t, d, live, 0, search(day))
		fold(t, d, live, 1, search(0))
		fold(t, d, live, 0, search(27*day))
		if n := rowsOf(t, d, "outcome"); n != 5 {
			t.Errorf("after 27 days: %d outcomes", n)
		}
		fold(t, d, live, 0, search(28*day))
		want := []string{"search+1440 1 query=x", "search+38880 1 query=x", "search+40320 1 query=x"}
		if diff := cmp.Diff(want, said(outcomes(t, d, 0))); diff != "" {
			t.Error(diff)
		}
		if n := len(outcomes(t, d, 1)); n != 1 {
			t.Errorf("another shard has %d", n)
		}
		if n := rowsOf(t, d, "trail"); n != 1 {
			t.Errorf("after 28 days: %d trails", n)
		}
		fold(t, d, live, 0, search(61*day), search(91*day))
		if n := rowsOf(t, d, "trail"); n != 0 {
			t.Errorf("after 91 days: %d trails", n)
		}
		var minutes, quarters, days int
		view(t, d, func(ctx context.Context, _ *insight.Store, tx *db.Tx) error {
			return tx.QueryRow(ctx, `SELECT count(DISTINCT CASE WHEN grain = 1 THEN at END), count(DISTINCT CASE WHEN grain = 15 THEN at END),
				count(DISTINCT CASE WHEN grain = 1440 THEN at END) FROM outcome_count WHERE shard = 0`).Scan(&minutes, &quarters, &days)
		})
		if minutes != 1 || quarters != 2 || days != 7 {
			t.Errorf("counts are left of %d minutes, %d quarters, %d days", minutes, quarters, days)
		}
	})
}

func TestTooManyOutcomesGo(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		for i := range 3 {
			watch(t, d, 0, ev("a", "Products Searched", float64(i), `{"query":"x","results":3}`))
		}
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			_, err := tx.Exec(context.Background(), "UPDATE outcome_clock SET stored = 1000000")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		watch(t, d, 0, ev("a", "Products Searched", 3, `{"query":"x","results":3}`))
		if diff := cmp.Diff([]string{"search+1 0", "search+2 0", "search+3 0"}, said(outcomes(t, d, 0))); diff != "" {
			t.Error(diff)
		}
	})
}

// Whatever comes when, in whatever batches and from whichever shard: each order's
// checkout ends once, and all else of it is marked as more of the same.
func TestCheckoutsEndOnce(t *testing.T) {
	stages := func() []stage { return []stage{customer.Stage{}, order.Stage{}, feedback.Stage{}, insight.Live()} }
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		live, round := stages(), 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			var events []event.Event
			for i := range rapid.IntRange(1, 6).Draw(r, "orders") {
				o, who := fmt.Sprintf("%d-%d", round, i), fmt.Sprintf("v%d-%d", round, i)
				both := fmt.Sprintf(`{"order_id":"%s","checkout_id":"c%s","cart_id":"k%s"}`, o, o, o)
				all := []event.Event{
					ev(who, "Checkout Started", 0, both), ev(who, "Payment Info Entered", 1, both), ev(who, "Checkout Failed", 2, both), ev(who, "Checkout Failed", 3, fmt.Sprintf(`{"order_id":"%s"}`, o)),
					vouched(ev("u"+who, "Order Completed", 4, fmt.Sprintf(`{"order_id":"%s"}`, o))), vouched(ev("u"+who, "Order Completed", 5, both)),
				}
				for _, e := range all {
					if rapid.Bool().Draw(r, "sent") {
						events = append(events, e)
					}
				}
			}
			events = rapid.Permutation(events).Draw(r, "order")
			for len(events) > 0 {
				n := rapid.IntRange(1, len(events)).Draw(r, "batch")
				fold(t, d, live, rapid.IntRange(0, 2).Draw(r, "shard"), events[:n]...)
				events = events[n:]
			}
		})
		once := map[event.ID]int{}
		for shard := range 3 {
			for _, o := range outcomes(t, d, shard) {
				once[o.Subject] += 0
				if !o.Again {
					once[o.Subject]++
				}
			}
		}
		for subject, n := range once {
			if n != 1 {
				t.Fatalf("the checkout %s ended %d times", subject, n)
			}
		}
		if len(once) < 50 {
			t.Errorf("only %d checkouts", len(once))
		}
	})
}

// Shards are applied at the same time where they are on PostgreSQL.
func TestShardsShareTrails(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		const rounds, orders = 6, 60
		for round := range rounds {
			sides := []event.Batch{{Shard: 0}, {Shard: 1}}
			for i := range orders {
				both := fmt.Sprintf(`{"order_id":"o%d-%d","checkout_id":"c%d-%d"}`, round, i, round, i)
				for s, e := range []event.Event{on(ev(fmt.Sprint("v", i), "Checkout Failed", 0, both)), vouched(ev(fmt.Sprint("u", orders-i), "Order Completed", 1, both))} {
					e.Model, e.ReceivedAt, e.Position = 101, e.At, event.NewPosition(s, uint64(round*orders+i+1), 0)
					sides[s].Events = append(sides[s].Events, e)
				}
			}
			var both sync.WaitGroup
			for s := range sides {
				both.Go(func() {
					err := d.Update(context.Background(), func(tx *db.Tx) error { return insight.Live().Apply(context.Background(), tx, &sides[s]) })
					if err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
		}
		once, bare := map[event.ID]int{}, 0
		for s := range 2 {
			for _, o := range outcomes(t, d, s) {
				if !o.Again {
					once[o.Subject]++
				}
				if once[o.Subject] > 1 {
					t.Fatalf("the checkout %s ended %d times", o.Subject, once[o.Subject])
				}
				if o.Again && o.Bad == 0 && o.Dims[insight.DimSystem] == "" {
					bare++
				}
			}
		}
		if len(once) != rounds*orders || bare > 0 {
			t.Errorf("%d checkouts ended of %d, %d orders do not know what failed before", len(once), rounds*orders, bare)
		}
	})
}
