package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The newcomer's first page: a test event goes through the collection and moves
// the pages that are open.
func TestSources(t *testing.T) {
	p := start(t).shop("Tantu Handloom")
	b := p.signIn(p.owner)
	b.goTo(p.path("sources"))
	b.sees("Let us hear your shop")
	b.sees(p.writeKey)
	b.picture("-empty")
	b.goTo(p.path("sources/events"))
	b.sees("No event has arrived yet")
	b.goTo(p.path("sources"))
	b.press("Send a test event")
	b.at(p.path("sources/events"))
	b.until(`document.getElementById('events').innerText.includes('Test Event')`)

	// The page that is open now hears of what comes, the good and the bad.
	p.send(`{"type":"track","userId":"asha@tantu.example","event":"Product Viewed","properties":{"product_id":"p1","email":"asha@tantu.example","phone":"+919812345678"}}`)
	ask[string](b, fmt.Sprintf(`fetch('/v1/batch', {method: 'POST', body: JSON.stringify({writeKey: %q, batch: [{type: 'track', event: 'Nobody’s'}]})}).then(r => r.text())`, p.writeKey))
	b.sees("Product Viewed")
	b.sees("userId or anonymousId is missing")
	if text := ask[string](b, "document.getElementById('events').innerText"); strings.Contains(text, "asha@") {
		t.Errorf("an address stands in the list: %s", text)
	}
	b.until(`document.documentElement.classList.contains('is-live')`)
	ask[bool](b, `[...document.querySelectorAll('#events li')].find(e => e.innerText.includes('Product Viewed')).querySelector('summary').click() || true`)
	b.sees(`"product_id": "p1"`)
	b.picture("-events")
	if text := ask[string](b, "document.getElementById('events').innerText"); strings.Contains(text, "asha@") || strings.Contains(text, "9812345678") {
		t.Errorf("personal data is shown unasked: %s", text)
	}
	b.press("Reveal")
	b.sees(`"email": "asha@tantu.example"`)

	b.allow("sources/origins answered 422")
	b.goTo(p.path("sources") + "?client=node")
	b.sees("@segment/analytics-node")
	b.sees("Shop’s server")
	ask[bool](b, `(document.querySelector('[name=origins]').value = 'not an origin') && document.querySelector('#origins form button').click() || true`)
	b.sees("is not an origin such as")
	ask[bool](b, `(document.querySelector('[name=origins]').value = 'https://Shop.example') && document.querySelector('#origins form button').click() || true`)
	b.until(`document.querySelector('[name=origins]')?.value == 'https://shop.example'`)
	b.picture("")
	b.scheme("dark")
	b.size(390, 844)
	b.picture("-phone-dark")
	b.size(1440, 1000)
	b.scheme("light")
	b.goTo(p.path("sources/dead"))
	b.sees("All events are applied")
	b.picture("-dead")
}

// A shop's history comes in from a file that is looked at first.
func TestImportOfAFile(t *testing.T) {
	p := start(t).shop("Tantu Handloom")
	b := p.signIn(p.owner)
	b.goTo(p.path("sources/imports"))
	b.sees("No file yet")
	b.picture("-empty")
	book := filepath.Join(t.TempDir(), "orders.xlsx")
	if err := os.WriteFile(book, append([]byte("PK\x03\x04"), make([]byte, 3<<20)...), 0o600); err != nil {
		t.Fatal(err)
	}
	b.allow("sources/imports answered 422")
	b.do(chromedp.SetUploadFiles("input[type=file]", []string{book}, chromedp.NodeReady))
	b.press("Upload")
	b.sees("This is not a text file.")
	path := filepath.Join(t.TempDir(), "orders_export.csv")
	if err := os.WriteFile(path, []byte(ordersExport(300)), 0o600); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.SetUploadFiles("input[type=file]", []string{path}, chromedp.NodeReady))
	b.press("Upload")
	b.at(p.path("sources/imports/imp_"))
	b.sees("Shopify, orders")
	b.sees("Rekha 0")
	b.sees("The time cannot be read.")
	b.picture("-preview")
	b.size(390, 844)
	b.picture("-preview-phone")
	b.size(1440, 1000)
	b.press("Start the import")
	b.sees("All of it is visible now.")
	b.sees("Rows that were not taken")
	b.picture("-done")
	answer := ask[string](b, `fetch([...document.forms].find(f => f.action.endsWith('/rejects')).action, {method: 'POST'}).then(r => r.text())`)
	if !strings.Contains(answer, "dhvani_reason") || !strings.Contains(answer, "Created at: the time cannot be read") {
		t.Errorf("rejects: %.300s", answer)
	}
	b.goTo(p.path("sources/imports"))
	b.sees("orders_export.csv")
	b.picture("-list")
}

// ordersExport is what Shopify's admin writes, in the columns that matter.
func ordersExport(n int) string {
	var b strings.Builder
	b.WriteString("Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing City,Billing Country,Billing Phone,Refunded Amount,Payment Method\n")
	for i := range n {
		at := fmt.Sprintf("2026-0%d-%02d 10:%02d:00 +0530", 1+i%9, 1+i%28, i%60)
		if i == 2 {
			at = "some day"
		}
		fmt.Fprintf(&b, "#%d,rekha%d@example.com,paid,%[3]s,unfulfilled,,yes,INR,2000.00,0.00,100.00,2100.00,,0.00,%[3]s,1,Kantha stole,1200.00,KS-1,Rekha %[2]d,Jaipur,IN,+9198123%05[2]d,0.00,UPI\n", 1001+i, i, at)
		fmt.Fprintf(&b, "#%d,rekha%d@example.com,,,,,,,,,,,,,%s,2,Brass diya,400.00,BD-2,,,,,,\n", 1001+i, i, at)
	}
	return b.String()
}
