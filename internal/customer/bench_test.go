package customer

import (
	"fmt"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

// BenchmarkStage folds batches of 5,000 events of known profiles on SQLite, and
// reports nanoseconds an event.
func BenchmarkStage(b *testing.B) {
	const n, known = 5000, 20_000
	page := `{"library":{"name":"analytics.js","version":"4"},"locale":"en-GB","userAgent":"Mozilla/5.0 (X11; Linux x86_64)","page":{"path":"/p/1","url":"https://shop.example/p/1","title":"Mug"}}`
	consent := page[:len(page)-1] + `,"consent":{"categoryPreferences":{"Analytics":true,"Advertising":false}}}`
	for _, c := range []struct {
		name     string
		profiles int
		event    func(id string) event.Event
	}{
		{"track/5000", 5000, func(id string) event.Event { return track(id, "", "Product Viewed", `{"product_id":"p"}`) }},
		{"track/500", 500, func(id string) event.Event { return track(id, "", "Product Viewed", `{"product_id":"p"}`) }},
		{"both ids/5000", 5000, func(id string) event.Event { return track(id, "a"+id, "Product Viewed", `{"product_id":"p"}`) }},
		{"both ids/500", 500, func(id string) event.Event { return track(id, "a"+id, "Product Viewed", `{"product_id":"p"}`) }},
		{"consent/500", 500, func(id string) event.Event {
			e := track("", id, "Product Viewed", `{"product_id":"p"}`)
			e.Context = consent
			return e
		}},
		{"identify/500", 500, func(id string) event.Event {
			return verified(identify(id, "a"+id, `{"email":"`+id+`@x.y","name":"n","plan":"gold","age":3,"city":"x"}`))
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := dbtest.SQLite(b)
			newShop(b, d)
			round := 0
			batch := func(size, ids int) *event.Batch {
				round++
				events := make([]event.Event, size)
				for i := range events {
					e := c.event(fmt.Sprint("customer-", (i*7919+round*31)%ids*(known/ids)))
					e.Workspace, e.Model, e.Source = workspace, model, "segment"
					e.MessageID, e.At = fmt.Sprint("message-", round, "-", i), start+int64(round*size+i)*1000
					if e.Context == "" {
						e.Context = page
					}
					events[i] = e
				}
				return &event.Batch{Events: events}
			}
			apply := func(batch *event.Batch) {
				err := d.Update(ctx, func(tx *db.Tx) error { return Stage{}.Apply(ctx, tx, batch) })
				if err != nil {
					b.Fatal(err)
				}
			}
			apply(batch(known, known))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				next := batch(n, c.profiles)
				b.StartTimer()
				apply(next)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/event")
		})
	}
}

// BenchmarkTimeline reads the newest page of a customer with 100,000 events on
// 200 devices.
func BenchmarkTimeline(b *testing.B) {
	s := newShop(b, dbtest.SQLite(b))
	s.perSegment = 1 << 19
	for i := range 20 {
		events := make([]event.Event, 5000)
		for j := range events {
			events[j] = track("", fmt.Sprint("a", (i*5000+j)%200), "Product Viewed", `{"name":"Mug"}`)
			if i == 0 {
				events[j].UserID = "u"
			}
		}
		s.send(events...)
	}
	for _, filter := range []TimelineFilter{{}, {Kind: "order"}} {
		b.Run("kind="+filter.Kind, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Timeline(ctx, workspace, user("u"), "", 50, filter); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Get(ctx, workspace, user("u")); err != nil {
				b.Fatal(err)
			}
		}
	})
}
