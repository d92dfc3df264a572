package woocommerce_test

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/source/table"
	"github.com/dhvani/dhvani/internal/source/woocommerce"
)

// decode returns what the events of an export say, a line each.
func decode(t *testing.T, path, preset string) (out []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g, err := table.Look(strings.NewReader(string(text)), woocommerce.Presets())
	if err != nil || g.Preset.Name != preset || !g.Known {
		t.Fatalf("taken for %+v: %v", g.Preset, err)
	}
	d, err := table.NewDecoder(strings.NewReader(string(text)), g.Preset, nil, table.Options{Zone: kolkata(t), Currency: "INR", AsOf: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	for {
		u, err := d.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if u.Reason != nil {
			out = append(out, u.Reason.Error())
		}
		for _, raw := range u.Events {
			e, err := event.Decode(raw, &event.Defaults{ReceivedAt: time.Now().UnixMicro(), Flags: event.History})
			if err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
			consent := event.ParseObject(e.Context).Get("consent")
			out = append(out, strings.Join(strings.Fields(e.Type.String()+" "+e.Name+" "+e.ShardKey()+" "+event.FormatTime(e.At)+" "+e.Properties+e.Traits+" "+consent), " "))
		}
	}
}

func kolkata(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestExports(t *testing.T) {
	for _, c := range []struct {
		path, preset string
		want         []string
	}{
		{"orders-suite.csv", "woocommerce-orders", []string{
			`identify 12 2026-03-02T09:15:00Z {"firstName":"Rekha","lastName":"Sharma","name":"Rekha Sharma","email":"rekha@example.com","phone":"9812345678","address":{"city":"Jaipur","state":"RJ","postalCode":"302001","country":"IN"}}`,
			`track Order Completed 12 2026-03-02T09:15:00Z {"order_id":"310","total":2290,"subtotal":2240,"shipping":50,"tax":0,"discount":0,"currency":"INR","payment_method":"razorpay","email":"rekha@example.com","phone":"9812345678","products":[{"product_id":"21","sku":"KS","name":"Kantha stole; indigo","price":1000,"quantity":2},{"product_id":"22","name":"Diya","price":240,"quantity":1}]}`,
			`identify guest@example.com 2026-03-03T04:30:00Z {"email":"guest@example.com"}`,
			`track Checkout Failed guest@example.com 2026-03-03T04:30:00Z {"order_id":"311","total":240,"currency":"INR","payment_method":"razorpay","email":"guest@example.com","products":[{"product_id":"22","name":"Diya","price":240,"quantity":1}],"step":"payment","reason":"payment failed"}`,
			`status: the order was never placed`,
			`identify guest@example.com 2026-03-04T05:30:00Z {"email":"guest@example.com"}`,
			`track Order Completed guest@example.com 2026-03-04T05:30:00Z {"order_id":"313","total":240,"currency":"INR","email":"guest@example.com"}`,
			`track Order Refunded guest@example.com 2026-03-04T05:30:00Z {"order_id":"313","currency":"INR"}`,
		}},
		{"orders-export.csv", "woocommerce-orders", []string{
			`identify 12 2026-03-02T09:15:00Z {"firstName":"Rekha","lastName":"Sharma","name":"Rekha Sharma","email":"rekha@example.com","address":{"city":"Jaipur","country":"IN"}}`,
			`track Order Completed 12 2026-03-02T09:15:00Z {"order_id":"310","total":2290,"shipping":50,"tax":0,"discount":0,"currency":"INR","payment_method":"razorpay","email":"rekha@example.com","products":[{"product_id":"21","sku":"KS","name":"Kantha stole","price":1000,"quantity":2},{"product_id":"22","name":"Diya","price":240,"quantity":1}]}`,
			`track Order Refunded 12 2026-03-02T09:15:00Z {"order_id":"310","total":240,"currency":"INR"}`,
		}},
		{"order-report.csv", "woocommerce-order-report", []string{
			`track Order Completed order-woocommerce-310 2026-03-02T09:15:00Z {"order_id":"310","total":2240,"currency":"INR","products":[{"product_id":"Kantha stole, indigo","name":"Kantha stole, indigo","quantity":2},{"product_id":"Diya","name":"Diya","quantity":1}]}`,
		}},
		{"customer-report.csv", "woocommerce-customer-report", []string{
			`identify rekha@example.com 2026-06-01T00:00:00Z {"name":"Rekha Sharma","email":"rekha@example.com","address":{"city":"Jaipur","state":"RJ","postalCode":"302001","country":"IN"},"createdAt":"2023-03-04T04:30:00Z"}`,
		}},
	} {
		if diff := cmp.Diff(c.want, decode(t, "testdata/"+c.path, c.preset)); diff != "" {
			t.Errorf("%s: %s", c.path, diff)
		}
	}
}
