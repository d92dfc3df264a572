package insight_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
)

const weekMinutes = 7 * 24 * 60

// aDay is what comes in around noon of a day: visitors who look, of whom the
// first buys by UPI and the second fails.
func aDay(day float64, visitors int) (out []event.Event) {
	for i := range visitors {
		who, at := fmt.Sprintf("v%v-%d", day, i), day+float64(i%5)
		out = append(out, ev(who, "Product Viewed", at, `{"product_id":"p1","name":"Stole"}`))
		switch i {
		case 0:
			out = append(out, ev(who, "Checkout Started", at+1, `{}`), ev(who, "Order Completed", at+2,
				fmt.Sprintf(`{"order_id":"o%v","total":100,"currency":"INR","payment_method":"UPI","products":[{"product_id":"p1","quantity":2}]}`, day)))
		case 1:
			out = append(out, ev(who, "Checkout Started", at+1, `{}`), ev(who, "Checkout Failed", at+2, `{"payment_method":"UPI","reason":"timeout"}`))
		case 2:
			out = append(out, ev(who, "Product Reviewed", at, `{"rating":1,"review_body":"no"}`))
		}
	}
	return out
}

func TestOverview(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		for week := range 9 {
			apply(t, d, 0, aDay(-float64(week)*weekMinutes, 4+week%3)...)
		}
		apply(t, d, 0, ev("zero", "Page", -10*weekMinutes, ""))
		apply(t, d, 0, ev("s", "Products Searched", 3, `{"query":"Peacock","results":0}`))
		s := &insight.Store{DB: d}
		now := noon.Add(20 * time.Minute)
		for _, r := range []insight.Range{insight.Hour, insight.Today, insight.Week} {
			o, err := s.Overview(t.Context(), 1, r, now)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("orders %d, usually %v to %v of %d; voices %d; view %d; checkout %d/%d; buys %v of %d, usually %v; searches %d",
				o.Orders.N, o.Orders.Usual.Low, o.Orders.Usual.High, o.Orders.Usual.N, o.Voices.N, o.Steps[1].N, o.Steps[3].N, o.Steps[4].N,
				o.Checkout.Share, o.Checkout.N, o.Checkout.Usual.Middle, o.Searches)
			want := "orders 1, usually 1 to 1 of 8; voices 1; view 4; checkout 2/1; buys 0.5 of 2, usually 0.5; searches 1"
			if got != want {
				t.Errorf("%s:\n%s, want\n%s", r, got, want)
			}
			if v := o.Steps[1].Usual; v.Low < 4 || v.High > 6 || v.N != 8 {
				t.Errorf("%s: usual views are %+v", r, v)
			}
			if diff := cmp.Diff([]insight.Product{{ID: "p1", Name: "Stole", Pieces: 2, Seen: 4}}, o.Selling); diff != "" {
				t.Error(r, diff)
			}
			if len(o.Money) != 1 || o.Money[0].Currency != "INR" || o.Money[0].Amount != 100_000_000 || o.Money[0].Usual.Middle != 1e8 {
				t.Errorf("%s: money %+v", r, o.Money)
			}
			if diff := cmp.Diff([]insight.Missed{{Text: "peacock", N: 1}}, o.NotFound); diff != "" {
				t.Error(r, diff)
			}
			if len(o.Methods) != 1 || o.Methods[0].Name != "upi" || o.Methods[0].Rate.N != 2 || len(o.Failures) != 1 || o.Failures[0].Reason != "timeout" {
				t.Errorf("%s: methods %+v, failures %+v", r, o.Methods, o.Failures)
			}
			var bad int64
			for _, p := range o.Points {
				bad += p.Bad
			}
			if bad != 1 || !o.Since.Equal(noon.Add(-10*weekMinutes*time.Minute)) {
				t.Errorf("%s: %d bad voices, since %s", r, bad, o.Since)
			}
		}
	})
}

// Who was here five minutes ago is, and who left ten minutes ago is not; a second
// event does not count twice.
func TestHere(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		apply(t, d, 0, ev("a", "Page", 0, ""), ev("b", "Page", 6, ""), ev("b", "Checkout Started", 8, `{}`), ev("c", "Page", 9, ""),
			ev("d", "Checkout Started", 9, `{}`), ev("d", "Order Completed", 9.5, `{"order_id":"1"}`))
		o, err := (&insight.Store{DB: d}).Overview(t.Context(), 1, insight.Hour, noon.Add(10*time.Minute))
		if err != nil || o.Here != 3 || o.Paying != 1 {
			t.Errorf("%d are here and %d pay, %v", o.Here, o.Paying, err)
		}
	})
}

// The page opens on the hour where it is busy, else on today, else on what there is.
func TestStart(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		s := &insight.Store{DB: d}
		at := func(minutes float64) insight.Range {
			r, err := s.Start(t.Context(), 1, noon.Add(time.Duration(minutes)*time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if r := at(0); r != insight.Today {
			t.Errorf("an empty shop opens on %s", r)
		}
		apply(t, d, 0, aDay(0, 6)...)
		for minutes, want := range map[float64]insight.Range{30: insight.Today, 24 * 60: insight.Week, 20 * 24 * 60: insight.Month} {
			if r := at(minutes); r != want {
				t.Errorf("after %v minutes it opens on %s, want %s", minutes, r, want)
			}
		}
		apply(t, d, 0, aDay(10, 25)...)
		if r := at(30); r != insight.Hour {
			t.Errorf("a busy hour opens on %s", r)
		}
	})
}

// Days are the shop's own, whichever zone it is in and whenever clocks change.
func TestDaysOfZones(t *testing.T) {
	for zone, want := range map[string]struct {
		now, from string
		hours     int
	}{
		"Asia/Kathmandu":   {now: "2026-07-14T20:00:00Z", from: "2026-07-14T18:15:00Z", hours: 24},
		"America/New_York": {now: "2026-11-01T17:00:00Z", from: "2026-11-01T04:00:00Z", hours: 25},
	} {
		place, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		now, _ := time.Parse(time.RFC3339, want.now)
		dbtest.Run(t, func(t *testing.T, d *db.DB) {
			dbtest.Workspace(t, d, 1)
			o, err := (&insight.Store{DB: d}).Overview(t.Context(), 1, insight.Today, now.In(place))
			if err != nil {
				t.Fatal(err)
			}
			if from := o.Bounds[0].UTC().Format(time.RFC3339); from != want.from || len(o.Points) != want.hours {
				t.Errorf("%s: today begins at %s and has %d hours", zone, from, len(o.Points))
			}
			if math.IsNaN(o.Checkout.Share) {
				t.Error("a share of nothing")
			}
		})
	}
}
