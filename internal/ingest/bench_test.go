package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/ingest"
)

// nowhere is a log that forgets.
type nowhere struct{ events int }

func (n *nowhere) Append(_ context.Context, chunks []eventlog.Chunk) error {
	for _, c := range chunks {
		n.events += c.Count
	}
	return nil
}
func (*nowhere) Admit(int64) error  { return nil }
func (*nowhere) Behind() bool       { return false }
func (*nowhere) Shards() int        { return 1 }
func (*nowhere) ShardOf(string) int { return 0 }

// discard is a ResponseWriter that keeps only the status.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

func (d *discard) SetReadDeadline(time.Time) error { return nil }

// BenchmarkHandler measures all that happens between net/http and the log, for
// requests of one and of a hundred events of about 450 bytes.
func BenchmarkHandler(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var events []string
			for i := range n {
				events = append(events, fmt.Sprintf(`{"type":"track","event":"Product Viewed","userId":"u%d","messageId":"5a1d0c57-6d1f-4c0e-9b0f-%012d","timestamp":"2026-03-01T10:00:00.%03dZ","context":{"library":{"name":"load","version":"1"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","page":{"url":"https://shop.example/p/%d","title":"Product"}},"properties":{"product_id":"p%d","sku":"SKU-%d","category":"shoes","price":%d.99,"currency":"EUR","quantity":1}}`,
					i, i, i, i, i, i, i))
			}
			body := []byte(batch(events...))
			log := &nowhere{}
			s := ingest.New(ingest.Options{
				Log:    log,
				Keys:   func(k string) (ingest.Key, bool) { key, ok := keys[k]; return key, ok },
				Logger: slog.New(slog.DiscardHandler),
			})
			r := httptest.NewRequest("POST", "/v1/batch", nil)
			r.SetBasicAuth("wk", "")
			r.ContentLength = int64(len(body))
			reader := bytes.NewReader(body)
			r.Body = io.NopCloser(reader)
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				reader.Reset(body)
				if s.ServeHTTP(w, r); w.status != 200 {
					b.Fatal(w.status)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(log.events), "ns/event")
		})
	}
}
