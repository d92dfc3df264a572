package event

import (
	"fmt"
	"strings"
	"testing"
)

// realistic is a batch of n events of about 500 bytes.
func realistic(n int) []byte {
	var s strings.Builder
	s.WriteString(`{"batch":[`)
	for i := range n {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{"type":"track","event":"Product Viewed","userId":"u%d","messageId":"5a1d0c57-6d1f-4c0e-9b0f-%012d","timestamp":"2026-03-01T10:00:00.%03dZ","context":{"library":{"name":"load","version":"1"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","page":{"url":"https://shop.example/p/%d","title":"Product"}},"properties":{"product_id":"p%d","sku":"SKU-%d","category":"shoes","price":%d.99,"currency":"EUR","quantity":1}}`,
			i, i, i, i, i, i, i)
	}
	s.WriteString(`],"sentAt":"2026-03-01T10:00:01.000Z"}`)
	return []byte(s.String())
}

func BenchmarkDecodePayload(b *testing.B) {
	body := realistic(100)
	d := Defaults{ReceivedAt: 1772359201000000, Source: "segment", Context: `{"ip":"192.0.2.1"}`}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := DecodePayload(body, d)
		if err != nil || len(p.Events) != 100 {
			b.Fatal(err, len(p.Events), p.Rejected)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/event")
}
