package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// body is a request that is rendered once. Before each use only what must
// differ is written over: message and order ids, user ids and times. So a load
// generator costs next to nothing for an event.
type body struct {
	text   []byte
	events [][]patch
	sentAt patch
}

// patch is a place that is written over.
type patch struct {
	at   int
	mark *mark
}

// mark stands in a rendered event where something is written over it.
type mark struct{ text string }

var (
	sequence = &mark{strings.Repeat("M", 16)}        // hexadecimal digits, one number for each event
	user     = &mark{strings.Repeat("U", userWidth)} // decimal digits
	stamp    = &mark{strings.Repeat("T", len(stampLayout))}
)

const (
	stampLayout = "2006-01-02T15:04:05.000Z"
	userWidth   = 8
	// MaxUsers is how many different shoppers a load can have.
	MaxUsers = 100_000_000
)

// Mixes of events.
const (
	Views = "views" // Product Viewed only
	Shop  = "shop"  // what a shop sends
)

// kind is a kind of event: of a hundred events, this many are of it.
type kind struct {
	percent                int
	call, name, properties string // in the properties, %d is a product's number
}

// products is how many products are looked at.
const products = 2000

var kinds = map[string][]kind{
	Views: {{100, "track", "Product Viewed", viewed}},
	Shop: {
		{80, "track", "Product Viewed", viewed},
		{8, "page", "Category", `"path":"/c/%d","url":"https://shop.example/c/%[1]d","referrer":"https://shop.example/"`},
		{4, "track", "Product Added", `"cart_id":"c-` + sequence.text + `","product_id":"p%d","price":49.99,"currency":"EUR","quantity":1`},
		{2, "identify", "", `"email":"u` + user.text + `@shop.example","firstName":"Ada","address":{"city":"Porto","country":"PT"}`},
		{2, "track", "Order Completed", `"order_id":"o-` + sequence.text + `","total":"54.98","revenue":"49.99","shipping":"4.99","currency":"EUR","products":[{"product_id":"p%d","price":"49.99","quantity":1}]`},
		{2, "track", "Survey Answered", `"survey_id":"after-purchase","question_id":"q1","kind":"nps","score":9,"text":"Quick and easy, product %d is lovely."`},
		{2, "track", "Product Reviewed", `"review_id":"r-` + sequence.text + `","product_id":"p%d","rating":4,"review_body":"As described, arrived a day early. Would buy again."`},
	},
}

const viewed = `"product_id":"p%d","sku":"SKU-%[1]d","category":"shoes","name":"Running shoe %[1]d","price":89.99,"currency":"EUR","quantity":1`

// newBodies renders requests of a mix, with about 400 events in all, so that
// rare kinds come in requests of one event too. The run is part of all ids.
func newBodies(mix, run string, batch int, r *rand.Rand) ([]*body, error) {
	list, ok := kinds[mix]
	if !ok {
		return nil, fmt.Errorf("there is no mix of events called %q: take %s or %s", mix, Views, Shop)
	}
	out := make([]*body, max(4, 400/batch))
	for i := range out {
		b := &body{text: []byte(`{"sentAt":"` + stamp.text + `","batch":[`)}
		b.sentAt = find(string(b.text), 0)[0]
		for n := range batch {
			if n > 0 {
				b.text = append(b.text, ',')
			}
			pick, k := r.IntN(100), 0
			for ; pick >= list[k].percent; k++ {
				pick -= list[k].percent
			}
			text := list[k].render(run, r.IntN(products))
			b.events = append(b.events, find(text, len(b.text)))
			b.text = append(b.text, text...)
		}
		b.text = append(b.text, "]}"...)
		out[i] = b
	}
	return out, nil
}

// render writes an event, about 500 bytes.
func (k *kind) render(run string, product int) string {
	name, member := "name", "properties"
	switch k.call {
	case "track":
		name = "event"
	case "identify":
		member = "traits"
	}
	properties := k.properties
	if strings.Contains(properties, "%") {
		properties = fmt.Sprintf(properties, product)
	}
	properties = strings.ReplaceAll(properties, sequence.text, run+sequence.text)
	return fmt.Sprintf(`{"type":%q,%q:%q,"userId":"u%s","messageId":"bench-%s%s","timestamp":%q,`+
		`"context":{"library":{"name":"bench","version":"1"},"ip":"10.0.0.1","locale":"pt-PT","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",`+
		`"page":{"url":"https://shop.example/p/%d","title":"Product"}},%q:{%s}}`,
		k.call, name, k.name, user.text, run, sequence.text, stamp.text, product, member, properties)
}

// find returns the marks in a text that will stand at an offset.
func find(text string, offset int) []patch {
	var out []patch
	for at := range text {
		for _, m := range []*mark{sequence, user, stamp} {
			if strings.HasPrefix(text[at:], m.text) {
				out = append(out, patch{offset + at, m})
			}
		}
	}
	return out
}

// fill makes the request one that was never sent: its events happen now to
// random users, and are numbered on from *number.
func (b *body) fill(now time.Time, number *uint64, users int, r *rand.Rand) {
	clock := now.UTC().AppendFormat(make([]byte, 0, 40), stampLayout)
	copy(b.text[b.sentAt.at:], clock)
	for _, patches := range b.events {
		*number++
		who := r.IntN(users)
		for _, p := range patches {
			switch p.mark {
			case sequence:
				digits(b.text[p.at:p.at+len(sequence.text)], *number, 16)
			case user:
				digits(b.text[p.at:p.at+userWidth], uint64(who), 10)
			case stamp:
				copy(b.text[p.at:], clock)
			}
		}
	}
}

// digits writes a number over the whole of dst.
func digits(dst []byte, n, base uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = "0123456789abcdef"[n%base]
		n /= base
	}
}
