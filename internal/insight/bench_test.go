package insight_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/shop"
)

// What counting, and keeping outcomes besides, adds to an event, beside the stages
// before it: batches of 10,000 events of 200,000 customers, as at full speed.
func BenchmarkStage(b *testing.B) {
	b.Run("counted", func(b *testing.B) { benchmarkStage(b, insight.Stage{}) })
	b.Run("watched", func(b *testing.B) { benchmarkStage(b, insight.Live()) })
}

func benchmarkStage(b *testing.B, live insight.Stage) {
	d := dbtest.SQLite(b)
	dbtest.Workspace(b, d, 1)
	r := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	names := []string{"Product Viewed", "Product Viewed", "Product Viewed", "Product List Viewed", "Products Searched", "Product Added", "Checkout Started", "Order Completed", "Product Reviewed", "Page"}
	var others, own time.Duration
	const size = 10_000
	for done := 0; done < b.N; done += size {
		batch := event.Batch{}
		for i := range min(size, b.N-done) {
			at += 100
			n := done + i
			e := event.Event{Workspace: 1, Model: 1, Type: event.Track, Name: names[r.IntN(len(names))], UserID: fmt.Sprint("u", r.IntN(200_000)), MessageID: fmt.Sprint("m", n), At: at, Position: event.NewPosition(0, uint64(n+1), 0)}
			if e.Name == "Page" {
				e.Type = event.Page
			}
			e.Properties = fmt.Sprintf(`{"product_id":"p%d","name":"Product","query":"q","results":3,"order_id":"o%d","total":12.5,"currency":"INR","payment_method":"UPI","rating":4,"products":[{"product_id":"p1","quantity":1,"price":12}]}`, r.IntN(5000), n)
			batch.Events = append(batch.Events, e)
		}
		err := d.Update(context.Background(), func(tx *db.Tx) error {
			for _, s := range []stage{customer.Stage{}, order.Stage{}, feedback.Stage{}, live} {
				began := time.Now()
				if err := s.Apply(context.Background(), tx, &batch); err != nil {
					return err
				}
				if _, ok := s.(insight.Stage); ok {
					own += time.Since(began)
				} else {
					others += time.Since(began)
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(own.Microseconds())/float64(b.N), "us/event")
	b.ReportMetric(float64(others.Microseconds())/float64(b.N), "us/event-before")
}

// What counting, and keeping outcomes besides, cost of a shop's own mix of events:
// in large batches, as an import comes, and in small ones.
func BenchmarkShop(b *testing.B) {
	from := time.Date(2026, 7, 1, 6, 0, 0, 0, time.UTC)
	var events []event.Event
	for _, e := range shop.New(1, from, &shop.Plan{}).Until(from.Add(10 * 24 * time.Hour)) {
		d := event.Defaults{ReceivedAt: e.At.UnixMicro()}
		if e.Server {
			d.Flags = event.Verified
		}
		x, err := event.Decode(string(e.AppendJSON(nil, e.At)), &d)
		if err != nil {
			b.Fatal(err)
		}
		x.Workspace, x.Model, x.Position = 1, 1, event.NewPosition(0, uint64(len(events)+1), 0)
		events = append(events, x)
	}
	for _, size := range []int{5000, 20} {
		for _, c := range []struct {
			name string
			is   insight.Stage
		}{{"counted", insight.Stage{}}, {"watched", insight.Live()}} {
			b.Run(fmt.Sprintf("%s-%d", c.name, size), func(b *testing.B) {
				var own time.Duration
				for range b.N {
					d := dbtest.SQLite(b)
					dbtest.Workspace(b, d, 1)
					for rest := events; len(rest) > 0; {
						batch := event.Batch{Events: rest[:min(size, len(rest))]}
						rest = rest[len(batch.Events):]
						err := d.Update(b.Context(), func(tx *db.Tx) error {
							for _, s := range []stage{customer.Stage{}, order.Stage{}, feedback.Stage{}} {
								if err := s.Apply(b.Context(), tx, &batch); err != nil {
									return err
								}
							}
							began := time.Now()
							err := c.is.Apply(b.Context(), tx, &batch)
							own += time.Since(began)
							return err
						})
						if err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(own.Nanoseconds())/1000/float64(b.N*len(events)), "us/event")
			})
		}
	}
}
