package roster

import (
	"fmt"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

// BenchmarkStage folds batches of 5,000 views by 5,000 of 20,000 known customers
// on SQLite, a second for each batch, and reports nanoseconds an event.
func BenchmarkStage(b *testing.B) {
	const n, known = 5000, 20_000
	d := dbtest.SQLite(b)
	s := newShop(b, d)
	round := 0
	batch := func(size int) []event.Event {
		round++
		events := make([]event.Event, size)
		for i := range events {
			e := track(fmt.Sprint("u", (i*7919+round*31)%known), "", "Product Viewed", `{"product_id":"p"}`)
			e.Workspace, e.Model, e.Source, e.MessageID = workspace, model, "segment", fmt.Sprint("m", round, "-", i)
			e.At = start + int64(round)*1_000_000
			events[i] = e
		}
		return events
	}
	s.apply(batch(known))
	for b.Loop() {
		b.StopTimer()
		events := &event.Batch{Events: batch(n)}
		err := d.Update(ctx, func(tx *db.Tx) error {
			for _, st := range stages[:3] {
				if err := st.Apply(ctx, tx, events); err != nil {
					return err
				}
			}
			b.StartTimer()
			defer b.StopTimer()
			return Stage{}.Apply(ctx, tx, events)
		})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/event")
}
