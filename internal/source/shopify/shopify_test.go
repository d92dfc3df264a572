package shopify_test

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/source/shopify"
	"github.com/dhvani/dhvani/internal/source/table"
)

// decode returns what the events of an export say, a line each.
func decode(t *testing.T, path, preset string) (out []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g, err := table.Look(strings.NewReader(string(text)), shopify.Presets())
	if err != nil || g.Preset.Name != preset || !g.Known {
		t.Fatalf("taken for %+v: %v", g.Preset, err)
	}
	d, err := table.NewDecoder(strings.NewReader(string(text)), g.Preset, nil, table.Options{AsOf: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)})
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

func TestOrders(t *testing.T) {
	want := []string{
		`identify rekha@example.com 2026-03-02T09:15:00Z {"name":"Rekha Sharma","email":"rekha@example.com","phone":"+919812345678","address":{"street":"12 MI Road","city":"Jaipur","state":"RJ","postalCode":"302001","country":"IN"}} {"categoryPreferences":{"marketing":true}}`,
		`track Order Completed rekha@example.com 2026-03-02T09:15:00Z {"order_id":"1002","total":3150,"subtotal":3000,"shipping":0,"tax":150,"discount":300,"currency":"INR","coupon":"DIWALI10","payment_method":"Razorpay","email":"rekha@example.com","phone":"+919812345678","products":[{"product_id":"STL-IND","sku":"STL-IND","name":"Kantha stole - Indigo","price":1100,"quantity":2},{"product_id":"Brass diya, pair","name":"Brass diya, pair","price":1100,"quantity":1}]}`,
		`track Order Shipped rekha@example.com 2026-03-03T06:00:00Z {"order_id":"1002"}`,
		`track Order Refunded rekha@example.com 2026-03-03T06:00:00Z {"order_id":"1002","total":1100,"currency":"INR"}`,
		`identify phone:919898989898 2026-03-01T12:00:00Z {"name":"Ruma Sengupta","phone":"+91 98989 89898","address":{"city":"Kolkata","country":"IN"}} {"categoryPreferences":{"marketing":false}}`,
		`track Order Completed phone:919898989898 2026-03-01T12:00:00Z {"order_id":"1001","total":999.5,"subtotal":999.5,"shipping":0,"tax":0,"discount":0,"currency":"INR","payment_method":"Cash on Delivery (COD)","phone":"+91 98989 89898","products":[{"product_id":"SAR-01","sku":"SAR-01","name":"Dabu saree","price":999.5,"quantity":1}]}`,
		`track Order Cancelled phone:919898989898 2026-03-01T13:30:00Z {"order_id":"1001"}`,
	}
	if diff := cmp.Diff(want, decode(t, "testdata/orders.csv", "shopify-orders")); diff != "" {
		t.Error(diff)
	}
}

func TestCustomers(t *testing.T) {
	want := []string{
		`identify 7001 2026-06-01T00:00:00Z {"firstName":"Rekha","lastName":"Sharma","tags":"loyal, wholesale","name":"Rekha Sharma","email":"rekha@example.com","phone":"+919812345678","address":{"street":"12 MI Road","city":"Jaipur","state":"RJ","postalCode":"302001","country":"IN"},"smsMarketing":false} {"categoryPreferences":{"marketing":true}}`,
		`identify 7002 2026-06-01T00:00:00Z {"firstName":"রুমা","name":"রুমা","phone":"+919898989898","smsMarketing":true} {"categoryPreferences":{"marketing":false}}`,
	}
	if diff := cmp.Diff(want, decode(t, "testdata/customers.csv", "shopify-customers")); diff != "" {
		t.Error(diff)
	}
	want[0] = strings.Replace(strings.Replace(want[0], "7001", "rekha@example.com", 1), `,"smsMarketing":false`, "", 1)
	if diff := cmp.Diff(want[:1], decode(t, "testdata/customers-before.csv", "shopify-customers")); diff != "" {
		t.Error("the older export: " + diff)
	}
}
