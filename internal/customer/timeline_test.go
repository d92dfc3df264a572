package customer

import (
	"errors"
	"fmt"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

func TestTimelineMergesProfiles(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		const visitors, each = 40, 7
		var events []event.Event
		for i := range visitors * each {
			a := fmt.Sprint("a", i%visitors)
			e := track("", a, "Product Viewed", fmt.Sprintf(`{"name":"p%d"}`, i))
			e.At = start + int64(i/3)*1_000_000 // three at a time
			if i < visitors {
				e.UserID = "u"
			}
			if i%5 == 0 {
				e.Name, e.Properties = "Order Completed", `{"order_id":"o","total":"12.5","currency":"eur","products":[{}]}`
			}
			events = append(events, e)
		}
		s.send(events...)
		for _, filter := range []TimelineFilter{{}, {Kind: "order"}, {Channel: "web", Kind: "product"}, {Channel: "email"}} {
			var want []string
			for i := len(events) - 1; i >= 0; i-- {
				if e := &events[i]; filter.passes(e) {
					want = append(want, fmt.Sprint(int64(e.Position)))
				}
			}
			var got []string
			for cursor := ""; ; {
				page, err := s.Timeline(ctx, workspace, anon("a3"), cursor, 19, filter)
				if err != nil {
					t.Fatal(err)
				}
				for _, i := range page.Items {
					got = append(got, i.ID)
				}
				if cursor = page.Next; cursor == "" {
					break
				}
				s.send(track("u", "", "x", "")) // above the cursor: moves nothing that follows
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%+v: %d items, want %d", filter, len(got), len(want))
			}
		}
		if _, err := s.Timeline(ctx, workspace, user("nobody"), "", 5, TimelineFilter{}); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		if _, err := s.Timeline(ctx, workspace, user("u"), "x", 5, TimelineFilter{}); !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
	})
}

func TestSummaries(t *testing.T) {
	for _, c := range []struct {
		e                      event.Event
		kind, channel, summary string
	}{
		{track("u", "", "Order Completed", `{"order_id":"o1","total":12.5,"currency":"eur","products":[{}]}`), "order", "web", "Ordered o1 for 12.50 EUR with 1 item"},
		{track("u", "", "order refunded", `{"order_id":"o1"}`), "order", "web", "Refunded o1"},
		{track("u", "", "Order Completed", ``), "order", "web", "Ordered"},
		{event.Event{Type: event.Page, Name: "Home"}, "page", "web", "Viewed Home"},
		{track("u", "", "Survey Answered", `{"survey_id":"s","kind":"nps","score":9,"text":"good"}`), "survey", "survey", "Answered survey s with 9 of 10 “good”"},
		{track("u", "", "Survey Answered", `{"survey_id":"s","kind":"csat","score":9}`), "survey", "survey", "Answered survey s with 9"},
		{track("u", "", "Survey Answered", `{"survey_id":"s","score":"often","scale":5}`), "survey", "survey", "Answered survey s with often"},
		{track("u", "", "Product Reviewed", `{"product_id":"p1","rating":"4","review_body":"fine"}`), "review", "review", "Reviewed p1 with 4 “fine”"},
		{track("u", "", "Checkout Failed", `{"reason":"card declined"}`), "checkout", "web", "Checkout failed: card declined"},
		{track("u", "", "Cart Viewed", `{}`), "cart", "web", "Viewed the cart"},
		{track("u", "", "Something else", `{}`), "track", "web", "Something else"},
		{alias("u", "old"), "alias", "web", "old became u"},
		{identify("", "a", "{}"), "identify", "web", "Identified as a visitor"},
	} {
		if k, ch, s := kindOfEvent(&c.e), c.e.Channel(), summary(&c.e); k != c.kind || ch != c.channel || s != c.summary {
			t.Errorf("%s %s %q, want %s %s %q", k, ch, s, c.kind, c.channel, c.summary)
		}
	}
}

func FuzzSummary(f *testing.F) {
	f.Add("Order Completed", `{"order_id":"o1","total":12.5,"products":[{}]}`)
	f.Add("Survey Answered", `{"survey_id":{},"score":[1]}`)
	f.Fuzz(func(t *testing.T, name, properties string) {
		e := track("u", "a", name, properties)
		summary(&e)
		fold := newFold()
		fold.add(&e)
		e.Type, e.Traits, e.Context = event.Identify, properties, properties
		fold.add(&e)
		e.Type, e.Name = event.Staff, MergeName
		fold.add(&e)
	})
}

// A customer of more profiles than are shown is still read whole.
func TestMoreProfilesThanAreShown(t *testing.T) {
	const visitors = 1100
	eachShop(t, func(t *testing.T, s *shop) {
		events := []event.Event{track("", "a0", "Unsubscribed", "")}
		for i := range visitors {
			events = append(events, track("", fmt.Sprint("a", i), "Product Viewed", ""))
		}
		s.send(events...)
		if c := s.get(anon("a7")); c.ProfilesCut {
			t.Error("one profile is cut")
		}
		for i := range events {
			events[i] = identify("u", fmt.Sprint("a", i%visitors), "")
		}
		s.send(events...)
		c := s.get(anon("a7"))
		if !c.ProfilesCut || len(c.Profiles) != maxProfiles || len(c.ProfileIDs) != visitors+1 || c.Events != 2*(visitors+1) {
			t.Errorf("cut %v, %d shown of %d, %d events", c.ProfilesCut, len(c.Profiles), len(c.ProfileIDs), c.Events)
		}
		if len(c.OptOuts) != 1 {
			t.Error("the first visitor's opt-out is not seen")
		}
		if ids, err := s.ProfileIDs(ctx, workspace, user("u")); err != nil || len(ids) != visitors+1 {
			t.Error(len(ids), err)
		}
		if _, err := s.ProfileIDs(ctx, workspace, user("nobody")); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		seen := 0
		for cursor := ""; ; {
			page, err := s.Timeline(ctx, workspace, user("u"), cursor, 200, TimelineFilter{})
			if err != nil {
				t.Fatal(err)
			}
			seen += len(page.Items)
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if seen != 2*(visitors+1) {
			t.Errorf("%d events on the timeline", seen)
		}
	})
}

// A damaged event is shown as such, and hides none of the others.
func TestTimelineShowsDamage(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.send(track("u", "", "Product Viewed", `{"name":"a"}`), track("u", "", "Product Viewed", `{"name":"b"}`))
		err := s.DB.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE event SET properties = '{"name":"c"}' WHERE properties = '{"name":"a"}'`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		page, err := s.Timeline(ctx, workspace, user("u"), "", 10, TimelineFilter{})
		if err != nil || len(page.Items) != 2 {
			t.Fatal(page, err)
		}
		if page.Items[0].Kind != "product" || page.Items[1].Kind != "damaged" || page.Items[1].Properties != nil {
			t.Errorf("%+v", page.Items)
		}
	})
}
