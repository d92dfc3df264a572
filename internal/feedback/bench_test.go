package feedback_test

import (
	"fmt"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
)

var understanding = feedback.Stage{Analyzers: func(int64) feedback.Analyzer { return language.Base() }}

func BenchmarkStage(b *testing.B) {
	for _, c := range []struct {
		name string
		one  int // every how many events is a review
		st   feedback.Stage
	}{
		{"mostly irrelevant", 20, feedback.Stage{}}, {"mostly irrelevant, understood", 20, understanding},
		{"reviews", 1, feedback.Stage{}}, {"reviews, understood", 1, understanding},
	} {
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
						name = "Product Reviewed"
						p = fmt.Sprintf(`{"product_id":"p%d","order_id":"o%d","review_id":"r%[2]d","rating":%d,"review_body":"O produto número %[2]d chegou antes do prazo e é muito bonito"}`, n%300, n, 1+n%5)
					}
					events[i] = ev(fmt.Sprint("m", n), name, int64(n), p)
				}
				b.StartTimer()
				batch := &event.Batch{Events: events}
				if err := c.st.Prepare(ctx, batch); err != nil {
					b.Fatal(err)
				}
				if err := d.Update(ctx, func(tx *db.Tx) error { return c.st.Apply(ctx, tx, batch) }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
		})
	}
}
