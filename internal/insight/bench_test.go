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
)

// What counting adds to an event, beside the stages before it: batches of 10,000
// events of 200,000 customers, as at full speed.
func BenchmarkStage(b *testing.B) {
	d := dbtest.SQLite(b)
	dbtest.Workspace(b, d, 1)
	r := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	names := []string{"Product Viewed", "Product Viewed", "Product Viewed", "Product List Viewed", "Products Searched", "Product Added", "Checkout Started", "Order Completed", "Product Reviewed", "Page"}
	var others, own time.Duration
	live := insight.Live()
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
			for _, s := range []interface {
				Apply(context.Context, *db.Tx, *event.Batch) error
			}{customer.Stage{}, order.Stage{}, feedback.Stage{}, live} {
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
