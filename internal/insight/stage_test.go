package insight_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/order"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// noon is when these tests begin.
var noon = time.Date(2026, 7, 14, 12, 0, 0, 0, time.UTC)

var made int

// ev is an event of a visitor, some minutes after noon.
func ev(who, name string, minutes float64, properties string) event.Event {
	made++
	e := event.Event{
		Workspace: 1, Type: event.Track, Name: name, AnonymousID: who, MessageID: fmt.Sprint("m", made),
		At: noon.Add(time.Duration(minutes * float64(time.Minute))).UnixMicro(), Properties: properties,
	}
	if name == "Page" {
		e.Type, e.Name = event.Page, "Home"
	}
	return e
}

// vouched makes an event one of the shop's server.
func vouched(e event.Event) event.Event {
	e.Flags, e.UserID, e.AnonymousID = event.Verified, e.AnonymousID, ""
	return e
}

// apply applies events one batch each, as the shard's.
func apply(t testing.TB, d *db.DB, shard int, events ...event.Event) {
	t.Helper()
	for _, e := range events {
		e.Model = 101
		b := event.Batch{Shard: shard, Events: []event.Event{e}}
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			for _, s := range []interface {
				Apply(context.Context, *db.Tx, *event.Batch) error
			}{customer.Stage{}, order.Stage{}, feedback.Stage{}, insight.Stage{}} {
				if err := s.Apply(context.Background(), tx, &b); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// signals lists what is counted of a grain, a line each: "15 visit 0: 1".
func signals(t testing.TB, d *db.DB, grain insight.Grain, names ...insight.Name) []string {
	t.Helper()
	out := []string{}
	err := d.View(context.Background(), func(tx *db.Tx) error {
		return tx.Each(context.Background(), `SELECT name, at, label, sum(n), sum(amount) FROM signal WHERE model = 101 AND grain = $1
			GROUP BY name, at, label ORDER BY name, at, label`, []any{int64(grain)}, func(r *sql.Rows) error {
			var name, label string
			var at, n, amount int64
			err := r.Scan(&name, &at, &label, &n, &amount)
			for _, want := range names {
				if string(want) == name {
					line := fmt.Sprintf("%s+%d", name, (at-noon.UnixMicro())/60_000_000)
					if label != "" {
						line += " " + strings.ReplaceAll(label, "\n", "/")
					}
					line += fmt.Sprintf(" %d", n)
					if amount != 0 {
						line += fmt.Sprintf(" for %d", amount/1_000_000)
					}
					out = append(out, line)
				}
			}
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSignals(t *testing.T) {
	steps := []insight.Name{insight.Visits, insight.Viewed, insight.Added, insight.Checkouts, insight.Bought, insight.Failed, insight.Recovered}
	for _, c := range []struct {
		name   string
		events []event.Event
		grain  insight.Grain
		of     []insight.Name
		want   []string
	}{
		{"each step once a visit", []event.Event{
			ev("a", "Page", 0, ""), ev("a", "Product Viewed", 1, `{}`), ev("a", "Product Viewed", 2, `{}`), ev("a", "Product Added", 3, `{}`),
			ev("a", "Product Viewed", 33, `{}`), ev("a", "Product Viewed", 65, `{}`),
		}, insight.Minute, steps, []string{"cart+3 1", "view+1 1", "view+65 1", "visit+0 1", "visit+65 1"}},
		{"a late event joins two visits", []event.Event{
			ev("a", "Product Viewed", 0, `{}`), ev("a", "Product Viewed", 50, `{}`), ev("a", "Page", 25, ``),
		}, insight.Minute, append(steps, insight.Here), []string{"here+50 1", "view+0 1", "visit+0 1"}},
		{"a late event moves a beginning", []event.Event{
			ev("a", "Product Viewed", 20, `{}`), ev("a", "Product Viewed", 2, `{}`),
		}, insight.Minute, steps, []string{"view+2 1", "visit+2 1"}},
		{"what the server tells later is no visit", []event.Event{
			vouched(ev("u", "Order Shipped", 0, `{"order_id":"1"}`)), vouched(ev("u", "Loyalty Points Expired", 1, `{}`)),
			vouched(ev("u", "Order Completed", 2, `{"order_id":"2"}`)),
		}, insight.Minute, append(steps, insight.Here), []string{"bought+2 1"}},
		{"a failure counts once, by the first, and is recovered by an order", []event.Event{
			ev("a", "Checkout Started", 0, `{}`), ev("a", "Checkout Failed", 1, `{"payment_method":"UPI","reason":"timeout"}`),
			ev("a", "Checkout Failed", 2, `{"payment_method":"card"}`), ev("a", "Order Completed", 3, `{"order_id":"1"}`),
			ev("b", "Checkout Failed", 4, `{"payment_method":"upi ","reason":"Timeout"}`),
		}, insight.Quarter, append(steps, insight.Paying), []string{
			"bought+0 1", "checkout+0 1", "failed+0 2", "failed+0 upi/timeout 2", "recovered+0 1", "recovered+0 upi/timeout 1", "visit+0 2"}},
		{"an order counts once, with the money that is last told", []event.Event{
			ev("a", "Order Completed", 0, `{"order_id":"1","total":10,"currency":"INR","payment_method":"UPI","products":[{"product_id":"p","quantity":3}]}`),
			ev("a", "Order Completed", 1, `{"order_id":"1","total":10,"currency":"INR"}`),
			ev("a", "Order Updated", 2, `{"order_id":"1","total":8,"currency":"INR"}`),
			ev("a", "Order Updated", 3, `{"order_id":"draft","total":8,"currency":"INR"}`),
			ev("b", "Order Completed", 4, `{"order_id":"2","total":5,"currency":"EUR"}`),
		}, insight.Day, []insight.Name{insight.Orders, insight.Paid, insight.ItemsSold}, []string{
			"item_sold+-720 3", "item_sold+-720 p 3", "order+-720 2", "order+-720 eur 1 for 5", "order+-720 inr 1 for 8",
			"paid+-720 2", "paid+-720 ? 1", "paid+-720 upi 1"}},
		{"searches without a result, without what may be of a person", []event.Event{
			ev("a", "Products Searched", 0, `{"query":"red Saree","results":[]}`), ev("a", "Products Searched", 1, `{"query":"stole","results":[{"id":1}]}`),
			ev("a", "Products Searched", 2, `{"query":"red  saree","results_count":0}`), ev("a", "Products Searched", 3, `{"query":"me@x.org","results":0}`),
			ev("a", "Products Searched", 3, `{"query":"unknown"}`),
		}, insight.Day, []insight.Name{insight.Searches, insight.NotFound}, []string{
			"not_found+-720 3", "not_found+-720 ? 1", "not_found+-720 red saree 2", "search+-720 5"}},
		{"voices by their ratings, edited reviews once", []event.Event{
			ev("a", "Product Reviewed", 0, `{"review_id":"r","rating":5}`), ev("a", "Product Reviewed", 9, `{"review_id":"r","rating":2}`),
			ev("a", "Survey Answered", 1, `{"kind":"nps","score":9}`), ev("a", "Survey Answered", 1, `{"kind":"nps","score":7}`),
			ev("a", "Survey Answered", 1, `{"kind":"ces","score":1,"polarity":"effort"}`), ev("a", "Live Chat Message Sent", 2, `{"text":"hello"}`),
		}, insight.Minute, []insight.Name{insight.Glad, insight.Even, insight.Upset, insight.Unrated}, []string{
			"voice_bad+0 1", "voice_even+1 1", "voice_good+1 2", "voice_untold+2 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				dbtest.Workspace(t, d, 1)
				apply(t, d, 0, c.events...)
				if diff := cmp.Diff(c.want, signals(t, d, c.grain, c.of...)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Minutes go after two days of the shop's own time, quarters stay, and a late
// event is counted where there still are minutes.
func TestOldMinutesGo(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		const hour, day = 60.0, 24 * 60.0
		apply(t, d, 0, ev("a", "Page", 0, ""), ev("b", "Page", day, ""), ev("c", "Page", 3*day, ""), ev("d", "Page", hour, ""), ev("e", "Page", 2*day, ""))
		if diff := cmp.Diff([]string{"visit+1440 1", "visit+2880 1", "visit+4320 1"}, signals(t, d, insight.Minute, insight.Visits)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"visit+0 1", "visit+60 1", "visit+1440 1", "visit+2880 1", "visit+4320 1"}, signals(t, d, insight.Quarter, insight.Visits)); diff != "" {
			t.Error(diff)
		}
	})
}

// However many labels are sent, a slot has few rows, and the sum is right.
func TestLabelsAreBounded(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		for i := range 230 {
			apply(t, d, 0, ev("a", "Products Searched", 0, fmt.Sprintf(`{"query":"junk %d","results":0}`, i)))
		}
		apply(t, d, 0, ev("a", "Products Searched", 0, `{"query":"junk 7","results":0}`))
		got := signals(t, d, insight.Day, insight.NotFound)
		if len(got) != 202 || got[0] != "not_found+-720 231" || got[1] != "not_found+-720 * 30" {
			t.Errorf("%d rows, first %q", len(got), got[:2])
		}
	})
}

// Shards count apart, and an order or a visit that two speak of is counted once.
func TestShardsCountOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		completed := `{"order_id":"1","total":10,"currency":"INR"}`
		apply(t, d, 3, ev("a", "Order Completed", 0, completed))
		apply(t, d, 1, ev("b", "Order Completed", 1, completed))
		apply(t, d, 2, ev("c", "Order Completed", 2, completed))
		if diff := cmp.Diff([]string{"order+0 1", "order+0 inr 1 for 10"}, signals(t, d, insight.Quarter, insight.Orders)); diff != "" {
			t.Error(diff)
		}
	})
}
