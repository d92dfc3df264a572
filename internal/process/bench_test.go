package process

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

// The bare path from the log to the archive, without any Stage, by how many
// customers the events spread over.
func BenchmarkApply(b *testing.B) {
	for _, users := range []int{5_000, 1_000_000} {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			d := dbtest.SQLite(b)
			benchApply(b, d, users)
		})
	}
}

func benchApply(b *testing.B, d *db.DB, users int) {
	dbtest.Workspace(b, d, 1)
	l := openLog(b, b.TempDir())
	defer l.Close()
	start(b, d, l).Stop() // which makes the cursor
	const request = 1000
	for sent := 0; sent < b.N; sent += request {
		events := make([]event.Event, min(request, b.N-sent))
		for i := range events {
			e := track(1, fmt.Sprint("u", rand.IntN(users)), fmt.Sprintf("%016x-%016x", rand.Uint64(), rand.Uint64()))
			e.At = int64(sent + i)
			e.Properties = `{"product_id":"p1283","sku":"SKU-1283","category":"shoes","price":123.99,"currency":"EUR","quantity":1}`
			e.Context = `{"library":{"name":"load","version":"1"},"ip":"10.0.0.1","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","page":{"url":"https://shop.example/p/1283","title":"Product"}}`
			events[i] = e
		}
		send(b, l, events...)
	}
	b.ReportAllocs()
	b.ResetTimer()
	r := start(b, d, l)
	wantStats(b, r, 1, int64(b.N), 0)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	r.Stop()
}
