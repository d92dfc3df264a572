package order_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/order"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var ctx = context.Background()

// ev is an event of workspace 1, at a second.
func ev(message, user, name string, second int64, properties string) event.Event {
	return event.Event{
		Workspace: 1, Model: 101, Type: event.Track, MessageID: message, UserID: user, Name: name,
		At: second * 1e6, Properties: properties,
	}
}

func apply(t testing.TB, d *db.DB, events ...event.Event) {
	t.Helper()
	err := d.Update(ctx, func(tx *db.Tx) error {
		return order.Stage{}.Apply(ctx, tx, &event.Batch{Events: events})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func profile(user string) event.ID { return event.ProfileID(1, event.UserProfile, user) }

func summary(t testing.TB, d *db.DB, profiles ...event.ID) order.Summary {
	t.Helper()
	s, err := order.Store{DB: d}.Summary(ctx, 1, profiles)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func list(t testing.TB, d *db.DB, profiles ...event.ID) []order.Order {
	t.Helper()
	l, _, err := order.Store{DB: d}.List(ctx, 1, profiles, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSpend(t *testing.T) {
	const completed, eur = "Order Completed", "EUR"
	for _, c := range []struct {
		name   string
		events []event.Event
		want   []order.Money
		orders int
	}{
		{"total", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","total":"12.50","value":3,"currency":"eur"}`)}, []order.Money{{eur, "12.5"}}, 1},
		{"revenue and what it excludes", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","revenue":10,"shipping":2.5,"tax":1,"currency":"EUR"}`)}, []order.Money{{eur, "13.5"}}, 1},
		{"value", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","value":7,"currency":"EUR"}`)}, []order.Money{{eur, "7"}}, 1},
		{"items", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","currency":"EUR","products":[{"price":1.25,"quantity":3},{"price":"2"},{}]}`)}, []order.Money{{eur, "5.75"}}, 1},
		{"no money", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o"}`)}, []order.Money{}, 1},
		{"an absurd total counts as missing", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","total":1e12,"value":7,"currency":"EUR"}`)}, []order.Money{{eur, "7"}}, 1},
		{"no order id", []event.Event{ev("1", "u", completed, 1, `{"total":1,"currency":"EUR"}`), ev("2", "u", completed, 1, `{"total":1,"currency":"EUR"}`)}, []order.Money{{eur, "2"}}, 2},
		{"twice the same order", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","total":1,"currency":"EUR"}`), ev("2", "u", completed, 2, `{"order_id":"o","total":1,"currency":"EUR"}`)}, []order.Money{{eur, "1"}}, 1},
		{"the later says more", []event.Event{ev("1", "u", "Order Updated", 5, `{"order_id":"o","total":4}`), ev("2", "u", completed, 2, `{"order_id":"o","total":1,"currency":"EUR"}`)}, []order.Money{{eur, "4"}}, 1},
		{"two currencies", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","total":1,"currency":"USD"}`), ev("2", "u", completed, 2, `{"order_id":"p","total":2,"currency":"EUR"}`)}, []order.Money{{eur, "2"}, {"USD", "1"}}, 2},
		{"cancelled", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","total":1,"currency":"EUR"}`), ev("2", "u", "Order Canceled", 2, `{"order_id":"o"}`)}, []order.Money{}, 1},
		{"refund in part", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","total":10,"currency":"EUR"}`), ev("2", "u", "Order Refunded", 2, `{"order_id":"o","total":2}`), ev("3", "u", "Order Refunded", 3, `{"order_id":"o","products":[{"price":1.5,"quantity":2}]}`)}, []order.Money{{eur, "5"}}, 1},
		{"refund of all", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","total":10,"currency":"EUR"}`), ev("2", "u", "Order Refunded", 2, `{"order_id":"o"}`)}, []order.Money{{eur, "0"}}, 1},
		{"refund of more than all", []event.Event{ev("1", "u", completed, 1, `{"order_id":"o","total":10,"currency":"EUR"}`), ev("2", "u", "Order Refunded", 2, `{"order_id":"o","total":11}`)}, []order.Money{{eur, "0"}}, 1},
		{"a draft", []event.Event{ev("1", "u", "Order Updated", 1, `{"order_id":"o","total":10,"currency":"EUR"}`)}, []order.Money{}, 0},
		{"another workspace", []event.Event{{Workspace: 2, Model: 102, Type: event.Track, MessageID: "1", UserID: "u", Name: completed, Properties: `{"order_id":"o","total":1,"currency":"EUR"}`}}, []order.Money{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := dbtest.SQLite(t)
			dbtest.Workspace(t, d, 1)
			apply(t, d, c.events...)
			got := summary(t, d, profile("u"))
			if diff := cmp.Diff(c.want, got.Spend); diff != "" || got.Orders != c.orders {
				t.Errorf("%d orders, spend (-want +got):\n%s", got.Orders, diff)
			}
		})
	}
}

// life is what can happen to an order, and what then is known of it.
var life = []event.Event{
	ev("m1", "", "Order Updated", 10, `{"order_id":"o1","total":9,"currency":"eur","coupon":"WELCOME"}`),
	ev("m2", "ann", "Order Completed", 20, `{"order_id":"o1","total":10,"shipping":2,"payment_method":"card","checkout_id":"c1","products":[{"product_id":"p1","sku":"s1","name":"Mug","category":"kitchen","variant":"blue","price":4,"quantity":2}]}`),
	ev("m3", "ann", "Order Updated", 30, `{"order_id":"o1","total":8,"products":[{"product_id":"p1","price":4,"quantity":1},{"product_id":"p2","price":"4"}]}`),
	ev("m4", "shop", "Order Shipped", 40, `{"order_id":"o1","carrier":"Post","tracking_number":"T1"}`),
	ev("m5", "shop", "Order Delivered", 50, `{"order_id":"o1","days_late":-1.5}`),
	ev("m6", "ann", "Order Refunded", 60, `{"order_id":"o1","total":3}`),
	ev("m7", "ann", "Order Refunded", 61, `{"order_id":"o1","total":1}`),
	ev("m8", "ann", "Order Returned", 70, `{"order_id":"o1"}`),
	ev("m9", "ann", "Product Viewed", 71, `{"order_id":"o1","total":99}`),
}

func TestLifeOfAnOrder(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		events := append([]event.Event{}, life...)
		events[0].AnonymousID = "a1"
		for _, e := range events {
			apply(t, d, e)
		}
		late := -1.5
		want := []order.Order{{
			ID: event.NewID(1, "order", "o1").String(), OrderID: "o1", Profile: profile("ann"), At: "1970-01-01T00:00:20Z", Status: "returned",
			Currency: "EUR", Amount: "8", Refunded: "4", Coupon: "WELCOME", PaymentMethod: "card", CheckoutID: "c1",
			ShippedAt: "1970-01-01T00:00:40Z", Carrier: "Post", TrackingNumber: "T1",
			DeliveredAt: "1970-01-01T00:00:50Z", DaysLate: &late, ReturnedAt: "1970-01-01T00:01:10Z",
			Items: []order.Item{{ProductID: "p1", Price: "4", Quantity: "1"}, {ProductID: "p2", Price: "4", Quantity: "1"}},
		}}
		if diff := cmp.Diff(want, list(t, d, profile("ann"))); diff != "" {
			t.Error(diff)
		}
		got := summary(t, d, profile("ann"), profile("nobody"))
		if diff := cmp.Diff(order.Summary{Orders: 1, Returns: 1, Spend: []order.Money{{Currency: "EUR", Amount: "4"}}, LastOrderAt: "1970-01-01T00:00:20Z", LastOrderID: "o1"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// dump returns all rows, for comparing databases.
func dump(t testing.TB, d *db.DB) string {
	t.Helper()
	var out string
	err := d.View(ctx, func(tx *db.Tx) error {
		for _, q := range []string{
			`SELECT model, id, order_id, profile, placed_at, draft, currency, amount, shipping, tax, discount, items_amount,
				coupon, payment_method, checkout_id, shipped_at, carrier, tracking_number, delivered_at, days_late, cancelled_at,
				returned_at, refunded_at, refunded, claimed, verified FROM orders ORDER BY model, id`,
			`SELECT model, id, ordinal, product_id, sku, name, category, variant, price, quantity FROM order_item ORDER BY model, id, ordinal`,
		} {
			rows, err := tx.Query(ctx, q)
			if err != nil {
				return err
			}
			defer rows.Close()
			names, _ := rows.Columns()
			for rows.Next() {
				values := make([]any, len(names))
				for i := range values {
					values[i] = new(any)
				}
				if err := rows.Scan(values...); err != nil {
					return err
				}
				for i, v := range values {
					out += fmt.Sprintf("%s=%v ", names[i], *v.(*any))
				}
				out += "\n"
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// genEvents draws order events on few orders and few times, so that they meet.
func genEvents(t *rapid.T) []event.Event {
	names := []string{"Order Completed", "Order Updated", "Order Refunded", "Order Returned", "Order Cancelled", "Order Shipped", "Order Delivered", "Page"}
	properties := []string{
		`"total":%d,"currency":"EUR"`, `"revenue":%d,"tax":1,"coupon":"C%[1]d"`, `"products":[{"product_id":"p%d","price":%[1]d,"quantity":2}]`,
		`"products":[{"product_id":"p%d"}],"currency":"USD"`, `"products":[{"product_id":"p%d","quantity":1}]`, `"products":[]`, `"total":"%d,5"`, `"tracking_number":"T%d","days_late":%[1]d`, `"payment_method":"m%d","checkout_id":"c%[1]d"`, `"a":%d`,
	}
	n := rapid.IntRange(1, 40).Draw(t, "n")
	var out []event.Event
	for i := range n {
		p := fmt.Sprintf(rapid.SampledFrom(properties).Draw(t, "properties"), rapid.IntRange(0, 9).Draw(t, "x"))
		e := ev(fmt.Sprint("m", i), "", rapid.SampledFrom(names).Draw(t, "name"), rapid.Int64Range(1, 4).Draw(t, "at"),
			fmt.Sprintf(`{"order_id":"%s",%s}`, rapid.SampledFrom([]string{"o1", "o2", ""}).Draw(t, "order"), p))
		if who := rapid.SampledFrom([]string{"u1", "u2", "a1"}).Draw(t, "who"); who[0] == 'u' {
			e.UserID = who
		} else {
			e.AnonymousID = who
		}
		if rapid.Bool().Draw(t, "verified") {
			e.Flags = event.Verified
		}
		out = append(out, e)
	}
	return out
}

// One result for any order of arrival and any cutting into batches, on both
// databases.
func TestArrivalOrderDoesNotMatter(t *testing.T) {
	lite := dbtest.SQLite(t)
	pg, err := db.Open(ctx, db.Options{URL: dbtest.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pg.Close() })
	rapid.Check(t, func(rt *rapid.T) {
		events := genEvents(rt)
		clean(t, lite)
		apply(t, lite, events...)
		want := dump(t, lite)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		for _, d := range []*db.DB{lite, pg} {
			clean(t, d)
			r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			for rest := events; len(rest) > 0; {
				n := 1 + r.IntN(len(rest))
				apply(t, d, rest[:n]...)
				rest = rest[n:]
			}
			if diff := cmp.Diff(want, dump(t, d)); diff != "" {
				rt.Fatal(diff)
			}
		}
	})
}

func clean(t testing.TB, d *db.DB) {
	t.Helper()
	err := d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM orders")
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM order_item")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestListPages(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		s := order.Store{DB: d}
		var events []event.Event
		for i := range 10 { // pairs at one time, by two profiles of the customer
			events = append(events, ev(fmt.Sprint("m", i), fmt.Sprint("u", i%2), "Order Completed", int64(i/2), fmt.Sprintf(`{"order_id":"o%d"}`, i)))
		}
		apply(t, d, events...)
		seen, cursor := map[string]bool{}, ""
		for page := 0; ; page++ {
			orders, next, err := s.List(ctx, 1, []event.ID{profile("u0"), profile("u1")}, cursor, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range orders {
				seen[o.OrderID] = true
			}
			if page == 0 { // a newer order must not move the pages after the first
				apply(t, d, ev("new", "u0", "Order Completed", 99, `{"order_id":"new"}`))
			}
			if cursor = next; next == "" {
				break
			}
			if len(orders) != 3 {
				t.Fatalf("a page of %d", len(orders))
			}
		}
		if len(seen) != 10 || seen["new"] {
			t.Errorf("saw %v", seen)
		}
		if _, _, err := s.List(ctx, 1, nil, "nonsense", 0); !errors.Is(err, order.ErrCursor) {
			t.Errorf("a bad cursor gave %v", err)
		}
	})
}

// Two shards that write one order at the same time lose nothing.
func TestConcurrentShards(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		const shards, each = 4, 10
		errs := make(chan error)
		for shard := range shards {
			go func() {
				var err error
				for i := range each {
					e := ev(fmt.Sprint("m", shard, "-", i), "u", "Order Refunded", 1, `{"order_id":"o","total":1}`)
					err = errors.Join(err, d.Update(ctx, func(tx *db.Tx) error {
						return order.Stage{}.Apply(ctx, tx, &event.Batch{Shard: shard, Events: []event.Event{e}})
					}))
				}
				errs <- err
			}()
		}
		for range shards {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		apply(t, d, ev("c", "u", "Order Completed", 1, `{"order_id":"o","total":100}`))
		if o := list(t, d, profile("u")); len(o) != 1 || o[0].Refunded != "40" {
			t.Errorf("got %+v", o)
		}
	})
}

func BenchmarkStage(b *testing.B) {
	for _, c := range []struct {
		name string
		one  int // every how many events is an order
	}{{"mostly irrelevant", 20}, {"orders", 1}} {
		b.Run(c.name, func(b *testing.B) {
			d := dbtest.SQLite(b)
			n := 0
			for b.Loop() {
				b.StopTimer()
				events := make([]event.Event, 5000)
				for i := range events {
					n++
					name, p := "Product Viewed", `{"product_id":"p1"}`
					if i%c.one == 0 {
						name, p = "Order Completed", fmt.Sprintf(`{"order_id":"o%d","total":12.5,"currency":"EUR","products":[{"product_id":"p1","price":12.5,"quantity":1}]}`, n)
					}
					events[i] = ev(fmt.Sprint("m", n), fmt.Sprint("u", n%500), name, int64(n), p)
				}
				b.StartTimer()
				apply(b, d, events...)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
		})
	}
}
