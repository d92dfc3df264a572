package insight_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/staff"
)

// changes lists what changed, oldest first, a line each.
func changes(t *testing.T, d *db.DB) []string {
	t.Helper()
	out := []string{}
	view(t, d, func(ctx context.Context, s *insight.Store, tx *db.Tx) error {
		list, err := s.Changes(ctx, tx, 1, 0, 1<<62)
		for i := range list {
			c := list[len(list)-1-i]
			out = append(out, fmt.Sprintf("%s+%g %s %v", c.Kind, float64(c.At-noon.UnixMicro())/60e6, c.Title, c.Of))
		}
		return err
	})
	return out
}

func price(who string, minutes float64, price string) event.Event {
	return ev(who, "Product Viewed", minutes, `{"product_id":"p","name":"Saree","currency":"INR","price":`+price+`}`)
}

func TestPricesAreFollowed(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []event.Event
		want   []string
	}{
		{"three visitors agree", []event.Event{price("a", 0, "100"), price("b", 1, "115"), price("b", 2, "115"), price("c", 3, "115"), price("d", 4, "115"), price("e", 5, "115")},
			[]string{"price+1 Saree: 100 → 115 INR map[currency:INR from:100 product:p to:115]"}},
		{"two do not", []event.Event{price("a", 0, "100"), price("b", 1, "115"), price("c", 2, "115"), price("d", 3, "100"), price("e", 4, "115"), price("f", 5, "115")}, []string{}},
		{"up and down again", []event.Event{price("a", 0, "100"), price("a", 1, "90"), price("b", 1, "90"), price("c", 1, "90"), price("a", 2, "100"), price("b", 3, "100"), price("c", 4, "100")},
			[]string{"price+1 Saree: 100 → 90 INR map[currency:INR from:100 product:p to:90]", "price+2 Saree: 90 → 100 INR map[currency:INR from:90 product:p to:100]"}},
		{"what is told late changes nothing", []event.Event{price("a", 9, "100"), price("b", 1, "90"), price("c", 2, "90"), price("d", 3, "90")}, []string{}},
		{"variants and currencies have prices of their own", []event.Event{price("a", 0, "100"),
			ev("b", "Product Added", 1, `{"product_id":"p","price":90,"currency":"INR","variant":"M"}`), ev("c", "Product Added", 1, `{"product_id":"p","price":90,"currency":"USD"}`),
			ev("d", "Product Added", 1, `{"product_id":"p","price":90,"currency":"EUR"}`)}, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				dbtest.Workspace(t, d, 1)
				live := insight.Live()
				for _, e := range c.events {
					fold(t, d, []stage{live}, 0, e)
				}
				if diff := cmp.Diff(c.want, changes(t, d)); diff != "" {
					t.Error(diff)
				}
			})
			d := dbtest.SQLite(t)
			dbtest.Workspace(t, d, 1)
			fold(t, d, []stage{insight.Live()}, 0, c.events...)
			if diff := cmp.Diff(c.want, changes(t, d)); diff != "" {
				t.Errorf("in one batch: %s", diff)
			}
		})
	}
}

func TestReleasesAndCampaigns(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		live := insight.Live()
		n := 0
		see := func(minutes float64, times int, context string) {
			var batch []event.Event
			for range times {
				n++
				e := ev(fmt.Sprint("v", n), "Page", minutes, "")
				e.Context = context
				batch = append(batch, e)
			}
			fold(t, d, []stage{live}, 0, batch...)
		}
		const day = 24 * 60
		see(0, 30, `{"library":{"name":"web","version":"1"},"campaign":{"source":"google","name":"Always"}}`)
		see(1, 20, `{"app":{"name":"Shop","version":"1.0"}}`)
		see(1.5*day, 30, `{"library":{"name":"another sender","version":"1"}}`)
		see(2*day, 19, `{"page":{"path":"/app"}, "app" : {"name":"Shop","version":"2.0"},"library":{"name":"web","version":"1"}}`)
		if got := changes(t, d); len(got) > 0 {
			t.Errorf("too early: %v", got)
		}
		see(2*day+5, 1, `{"app":{"name":"Shop","version":"2.0"}}`)
		see(2*day+6, 40, `{"app":{"name":"Shop","version":"2.0"}}`)
		see(2*day+7, 10, `{"campaign":{"source":"Instagram","medium":"social","name":"reel"}}`)
		see(2*day+8, 10, `{"campaign":{"source":"Instagram","medium":"other","name":"reel"}}`)
		see(2*day+9, 20, `{"campaign":{"source":"mail","name":"sale\u202egnp"}}`) // a title does not turn round, the value is as it was sent
		want := []string{"deploy+2880 Shop 2.0 map[release:Shop 2.0]", "campaign+2887 instagram / reel map[campaign:instagram / reel]", "campaign+2889 mail / salegnp map[campaign:mail / sale\u202egnp]"}
		if diff := cmp.Diff(want, changes(t, d)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAddChange(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		dbtest.Workspace(t, d, 2)
		ctx, s := context.Background(), &insight.Store{DB: d}
		owner := staff.ByOperator(1)
		var input insight.InputError
		for _, c := range []insight.Change{
			{Kind: "deploy", Title: " "}, {Kind: "deploy", Title: "\u202e\u200b"}, {Kind: "party", Title: "x"}, {Kind: "deploy", Title: strings.Repeat("x", 201)},
			{Kind: "deploy", Title: "x", Of: map[string]string{"colour": "red"}}, {Kind: "deploy", Title: "x", Of: map[string]string{"release": ""}},
			{Kind: "deploy", Title: "x", At: noon.AddDate(-2, 0, 0).UnixMicro()}, {Kind: "deploy", Title: "x", At: noon.Add(6 * time.Minute).UnixMicro()},
		} {
			if _, err := s.AddChange(ctx, owner, c, noon); !errors.As(err, &input) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		if _, err := s.AddChange(ctx, staff.Actor{Workspace: 1, Role: "analyst"}, insight.Change{Kind: "deploy", Title: "x"}, noon); !errors.Is(err, staff.ErrForbidden) {
			t.Errorf("an analyst: %v", err)
		}
		for i := range 5 {
			c := insight.Change{Kind: "deploy", Title: fmt.Sprintf("Checkout\n 4.%d", i), Source: "api", Of: map[string]string{"release": "web 4"}, At: after(int64(i / 2))}
			if _, err := s.AddChange(ctx, owner, c, noon.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if c, err := s.AddChange(ctx, owner, insight.Change{Kind: "stock", Title: "ahead", At: after(64)}, noon.Add(time.Hour)); err != nil || c.At != after(60) {
			t.Errorf("a time ahead became %d, %v", c.At, err)
		}
		seen, cursor := map[string]bool{}, ""
		for pages := 0; ; pages++ {
			list, next, err := s.ListChanges(ctx, owner, 0, after(50), cursor, 2)
			if err != nil || pages > 5 {
				t.Fatal(err, pages)
			}
			for _, c := range list {
				seen[c.Title] = true
			}
			if cursor = next; next == "" {
				break
			}
		}
		if len(seen) != 5 || !seen["Checkout 4.3"] {
			t.Errorf("pages hold %v", seen)
		}
		if other, _, err := s.ListChanges(ctx, staff.ByOperator(2), 0, after(500), "", 10); err != nil || len(other) > 0 {
			t.Errorf("another workspace sees %v, %v", other, err)
		}
		if _, _, err := s.ListChanges(ctx, owner, 0, after(50), "nonsense", 2); !errors.As(err, &input) {
			t.Errorf("a cursor of nonsense: %v", err)
		}
	})
}
