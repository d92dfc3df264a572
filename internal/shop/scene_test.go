package shop

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/event"
)

// seen is one event, as a receiver reads it.
type seen struct {
	name            string
	at              time.Time
	context, values event.Object
}

// watch returns what happens in the first minutes of a scene, and as long after
// all is well again.
func watch(t *testing.T, scene string, minutes time.Duration) (during, after []seen) {
	t.Helper()
	plan := &Plan{Born: born, Scale: .8, Spans: []Span{{From: born, Live: true, Speed: 1, Scene: scene}, {From: born.Add(minutes * time.Minute), Live: true, Speed: 1}}}
	s := New(3, born.Add(-24*day), plan)
	s.Until(born)
	read := func(until time.Time) (out []seen) {
		for _, e := range s.Until(until) {
			o := event.ParseObject(string(e.AppendJSON(nil, e.At)))
			out = append(out, seen{o.Text("event"), e.At, o.Object("context"), o.Object("properties")})
		}
		return out
	}
	return read(born.Add(minutes * time.Minute)), read(born.Add(2 * minutes * time.Minute))
}

// count counts the events of a name that fit.
func count(list []seen, name string, fits func(seen) bool) (n int) {
	for _, e := range list {
		if e.name == name && (fits == nil || fits(e)) {
			n++
		}
	}
	return n
}

// saying counts opinions that the customers who write them take from a section.
func saying(list []seen, section string) (n int) {
	for _, e := range list {
		text := strings.ToLower(e.values.First("review_body", "text"))
		if text != "" && slices.ContainsFunc(voices, func(v voice) bool {
			return slices.ContainsFunc(v.texts[section], func(line string) bool {
				return strings.Contains(text, strings.ToLower(strings.TrimRight(line, ".।")))
			})
		}) {
			n++
		}
	}
	return n
}

func TestUPIScene(t *testing.T) {
	during, after := watch(t, UPI, 30)
	hit := func(e seen) bool {
		return e.values.Text("payment_method") == "upi" && e.context.Object("os").Text("name") == "Android"
	}
	other := func(e seen) bool { return !hit(e) }
	fails, tries := count(during, "Checkout Failed", hit), count(during, "Payment Info Entered", hit)
	if fails < 10 || fails < tries*3/4 {
		t.Errorf("on Android %d failures of UPI with %d shoppers", fails, tries)
	}
	if n, of := count(during, "Checkout Failed", other), count(during, "Payment Info Entered", other); n > of/4 {
		t.Errorf("elsewhere %d failures with %d shoppers", n, of)
	}
	if n := count(after[len(after)/3:], "Checkout Failed", hit); n > 3 {
		t.Errorf("%d failures after all is well", n)
	}
	if n := saying(during, "upifail"); n < 5 {
		t.Errorf("only %d speak of it", n)
	}
}

func TestDyeLotScene(t *testing.T) {
	during, after := watch(t, DyeLot, 30)
	if n := saying(during, "bleed"); n < 15 {
		t.Errorf("only %d say that it bleeds", n)
	}
	bad := func(e seen) bool { return e.values.Text("variant") == badLot && e.values.Text("rating") < "3" }
	if n := count(during, "Product Reviewed", bad); n < 5 {
		t.Errorf("only %d reviews of the lot are bad", n)
	}
	for _, e := range during {
		if e.name == "Product Reviewed" && saying([]seen{e}, "bleed") == 1 && (e.values.Text("variant") != badLot || !slices.Contains(indigoStoles, e.values.Text("product_id"))) {
			t.Errorf("%s of %s bleeds", e.values.Text("product_id"), e.values.Text("variant"))
		}
	}
	if n := saying(after, "bleed"); n > 2 {
		t.Errorf("%d say it after all is well", n)
	}
}

func TestStrikeScene(t *testing.T) {
	during, _ := watch(t, Strike, 30)
	north := func(e seen) bool {
		return (&place{postal: e.values.Text("postal_code") + "  ", country: "IN"}).north() && len(e.values.Text("postal_code")) == 6
	}
	if n := count(during, "Order Delivered", north); n > 0 {
		t.Errorf("%d parcels arrive in the north", n)
	}
	if n := count(during, "Order Delivered", nil); n < 3 {
		t.Errorf("only %d parcels arrive elsewhere", n)
	}
	if n := saying(during, "strike"); n < 15 {
		t.Errorf("only %d ask where their parcel is", n)
	}
}

func TestPriceScene(t *testing.T) {
	during, after := watch(t, Price, 240)
	of := func(price string) func(seen) bool {
		return func(e seen) bool { return e.values.Text("product_id") == bestseller && e.values.Text("price") == price }
	}
	if dear, usual := count(during, "Product Viewed", of("2127")), count(during, "Product Viewed", of("1850")); dear < 15 || usual > 0 {
		t.Errorf("%d see the new price, %d the old one", dear, usual)
	}
	if n := count(after, "Product Viewed", of("1850")); n < 15 {
		t.Errorf("only %d see the old price after all is well", n)
	}
	if sold, usual := count(during, "Product Added", of("2127")), count(after, "Product Added", of("1850")); sold*3 > usual*2 {
		t.Errorf("%d buy at the new price, %d at the old one", sold, usual)
	}
	if n := saying(during, "pricerise"); n < 8 {
		t.Errorf("only %d speak of it", n)
	}
}

func TestViralScene(t *testing.T) {
	during, after := watch(t, Viral, 30)
	of := func(e seen) bool { return e.values.Text("product_id") == viralProduct }
	if n, usual := count(during, "Product Viewed", of), count(after, "Product Viewed", of); n < 10*usual || n < 200 {
		t.Errorf("%d look at it, %d usually", n, usual)
	}
	if n := count(during, "Social Mention", nil); n < 20 {
		t.Errorf("only %d posts", n)
	}
	if n, usual := len(during), len(after); n < usual*3/2 {
		t.Errorf("%d events, %d usually", n, usual)
	}
}

func TestCalm(t *testing.T) {
	during, _ := watch(t, Calm, 30)
	for _, section := range []string{"upifail", "bleed", "strike", "pricerise", "viral"} {
		if n := saying(during, section); n > 0 {
			t.Errorf("%d say what belongs to a scene: %s", n, section)
		}
	}
	tries, fails := count(during, "Payment Info Entered", nil), count(during, "Checkout Failed", nil)
	if tries < 15 || fails > tries/4 {
		t.Errorf("%d checkouts, %d failures", tries, fails)
	}
}
