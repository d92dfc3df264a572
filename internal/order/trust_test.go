package order_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/order"
)

// vouched makes an event one of the shop's server.
func vouched(e event.Event) event.Event {
	e.Flags = event.Verified
	return e
}

// everybody are the profiles that genEvents and the tests here write for.
var everybody = []event.ID{
	profile("ann"), profile("eve"), profile("u1"), profile("u2"), event.ProfileID(1, event.AnonymousProfile, "a1"),
}

// seen is what the API tells of all orders.
func seen(t testing.TB, d *db.DB) map[string]order.Order {
	t.Helper()
	out := map[string]order.Order{}
	for _, o := range list(t, d, everybody...) {
		if o.OrderID != "" {
			out[o.OrderID] = o
		}
	}
	return out
}

// What anybody claims has no effect on an order that the server placed, whether
// it comes before or after.
func TestClaimsDoNotTouchAVouchedOrder(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		rapid.Check(t, func(rt *rapid.T) {
			claims := genEvents(rt)
			for i := range claims {
				claims[i].Flags = 0
			}
			placed := vouched(ev("v1", "ann", rapid.SampledFrom([]string{"Order Completed", "Order Updated"}).Draw(rt, "placed"), 3,
				`{"order_id":"o1","total":20,"currency":"EUR","products":[{"product_id":"p1","price":10,"quantity":2}]}`))
			shipped := vouched(ev("v2", "ann", "Order Shipped", 4, `{"order_id":"o1","tracking_number":"T"}`))
			clean(t, d)
			apply(t, d, placed, shipped)
			want := seen(t, d)["o1"]
			before := rapid.IntRange(0, len(claims)).Draw(rt, "before")
			clean(t, d)
			apply(t, d, claims[:before]...)
			apply(t, d, placed)
			apply(t, d, append(claims[before:], shipped)...)
			if diff := cmp.Diff(want, seen(t, d)["o1"]); diff != "" {
				rt.Fatal(diff)
			}
		})
	})
}

func TestTrust(t *testing.T) {
	claimed := func(user, name, more string) event.Event {
		return ev("c "+name+more, user, name, 10, `{"order_id":"o"`+more+`}`)
	}
	server := func(user, name, more string) event.Event {
		return vouched(ev("v "+name+more, user, name, 5, `{"order_id":"o"`+more+`}`))
	}
	const completed, updated, refunded = "Order Completed", "Order Updated", "Order Refunded"
	for _, c := range []struct {
		name   string
		events []event.Event
		want   string // owner, status, amount, refunded
	}{
		{"a claim about an order without placement", []event.Event{server("ann", "Order Shipped", ""), claimed("eve", "Order Cancelled", "")}, "ann shipped  0"},
		{"the server's update of the browser's order", []event.Event{claimed("ann", completed, `,"total":5`), server("ann", updated, `,"total":7`), claimed("eve", "Order Cancelled", "")}, "ann placed 7 0"},
		{"a draft of the server", []event.Event{server("ann", updated, `,"total":7`), claimed("eve", "Order Cancelled", "")}, "none"},
		{"both count for a claimed order", []event.Event{claimed("ann", completed, `,"total":5`), server("ann", "Order Delivered", ""), claimed("ann", refunded, `,"total":2`)}, "ann refunded 5 2"},
		{"one refund told by both", []event.Event{claimed("ann", completed, `,"total":5`), server("ann", refunded, `,"total":2`), claimed("ann", refunded, `,"total":2`)}, "ann refunded 5 2"},
		{"the server's refund beats a claim of all", []event.Event{claimed("ann", completed, `,"total":5`), claimed("ann", refunded, ``), server("ann", refunded, `,"total":1`)}, "ann refunded 5 1"},
		{"the claimed placement names the owner", []event.Event{{Workspace: 1, Model: 101, Type: event.Track, MessageID: "x", AnonymousID: "a9", Flags: event.Verified, Name: refunded, Properties: `{"order_id":"o","total":1}`}, claimed("ann", completed, `,"total":5`)}, "ann refunded 5 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				dbtest.Workspace(t, d, 1)
				for range 2 {
					clean(t, d)
					apply(t, d, c.events...)
					got := "none"
					if o, ok := seen(t, d)["o"]; ok {
						got = fmt.Sprintf("%s %s %s %s", map[event.ID]string{profile("ann"): "ann", profile("eve"): "eve"}[o.Profile], o.Status, o.Amount, o.Refunded)
					}
					if got != c.want {
						t.Errorf("got %q, want %q", got, c.want)
					}
					for i, j := 0, len(c.events)-1; i < j; i, j = i+1, j-1 {
						c.events[i], c.events[j] = c.events[j], c.events[i]
					}
				}
			})
		})
	}
}

func TestRefunds(t *testing.T) {
	const placed = `"total":100,"currency":"EUR","products":[{"product_id":"p","price":10,"quantity":3},{"product_id":"q","price":"4,5"},{"id":"p","price":7}]`
	for _, c := range []struct {
		name, placed, refund string
		want                 string // amount, refunded
	}{
		{"all", placed, ``, "100 100"},
		{"all, in words of nothing", placed, `"total":null,"products":[]`, "100 100"},
		{"below zero", placed, `"total":-3`, "100 3"},
		{"products with prices", placed, `"products":[{"price":2,"quantity":2},{"product_id":"p","price":"1"}]`, "100 5"},
		{"a product of the order, as often as said", placed, `"products":[{"product_id":"p","quantity":2}]`, "100 20"},
		{"a product of the order, wholly", placed, `"products":[{"product_id":"p"}]`, "100 37"},
		{"no more than was bought", placed, `"products":[{"product_id":"p","quantity":20},{"product_id":"p"}]`, "100 37"},
		{"a product without a price", placed, `"products":[{"product_id":"q"}]`, "100 "},
		{"another shop's product", placed, `"products":[{"product_id":"z"}]`, "100 "},
		{"a total that is no number", placed, `"total":"12,50"`, "100 "},
		{"an empty total", placed, `"total":""`, "100 "},
		{"products beside a total that is no number", placed, `"total":"12,50","products":[{"price":2}]`, "100 2"},
		{"products that are no list", placed, `"products":"p"`, "100 "},
		{"another currency", placed, `"total":5,"currency":"usd"`, "100 "},
		{"all, in another currency", placed, `"currency":"usd"`, "100 "},
		{"the same currency", placed, `"total":5,"currency":"eur"`, "100 5"},
		{"of an unreadable amount", `"total":"12,50"`, `"total":5`, " 5"},
		{"all of an unreadable amount", `"total":"12,50"`, ``, " "},
		{"of an order that is not known", "", `"total":5`, " 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := dbtest.SQLite(t)
			dbtest.Workspace(t, d, 1)
			events := []event.Event{ev("r", "ann", "Order Refunded", 2, `{"order_id":"o",`+c.refund+`}`)}
			if c.refund == "" {
				events[0].Properties = `{"order_id":"o"}`
			}
			if c.placed != "" {
				events = append(events, ev("p", "ann", "Order Completed", 1, `{"order_id":"o",`+c.placed+`}`))
			}
			for _, e := range events {
				apply(t, d, e)
			}
			o := seen(t, d)["o"]
			if got := o.Amount + " " + o.Refunded; got != c.want || o.Status != "refunded" || summary(t, d, profile("ann")).Returns != 1 {
				t.Errorf("got %q, want %q, %+v", got, c.want, o)
			}
		})
	}
}

// An order keeps a bounded number of refunds, whichever arrive first.
func TestManyRefunds(t *testing.T) {
	d := dbtest.SQLite(t)
	dbtest.Workspace(t, d, 1)
	var events []event.Event
	for i := range 500 {
		events = append(events, ev(fmt.Sprint(i), "ann", "Order Refunded", 1, fmt.Sprintf(`{"order_id":"o","products":[{"product_id":"%d"}]}`, i)))
	}
	apply(t, d, events...)
	want := dump(t, d)
	clean(t, d)
	for i := len(events); i > 0; i -= 50 {
		apply(t, d, events[i-50:i]...)
	}
	if got := dump(t, d); got != want {
		t.Error("the order of arrival shows")
	} else if len(want) > 100_000 {
		t.Errorf("%d bytes for one order", len(want))
	}
}
