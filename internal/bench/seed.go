package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Seed is the history of a large shop, for finding out how pages do on it. The
// same Seed makes the same events. They go through POST /v1/import, so what is
// derived from them is what the pipeline makes.
type Seed struct {
	Customers, Events int
	Days              int       // how far the history goes back
	Until             time.Time // where it ends
	Seed              uint64
}

const (
	// seedBatch is the events of a request.
	seedBatch = 1000
	// wholesale customers come again and again: their timelines are long.
	wholesale = 50
)

// Requests makes the bodies of requests, and tells how many events each has. A
// body is good until yield returns.
func (s Seed) Requests(yield func(body []byte, events int) bool) {
	g := &seeder{Seed: s, r: rand.New(rand.NewPCG(s.Seed, 1)), start: s.Until.AddDate(0, 0, -s.Days)}
	for g.made < s.Events {
		g.out.Reset()
		g.out.WriteString(`{"batch":[`)
		for from := g.made; g.made-from < seedBatch-40 && g.made < s.Events; {
			g.visit()
		}
		g.out.Truncate(g.out.Len() - 1) // the last comma
		g.out.WriteString(`]}`)
		if !yield(g.out.Bytes(), g.made-g.yielded) {
			return
		}
		g.yielded = g.made
	}
}

// Send sends all to a server, a few requests at a time, and calls progress with
// how many events are accepted by now.
func (s Seed) Send(ctx context.Context, client *http.Client, url, key string, progress func(events int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type request struct {
		body   []byte
		events int
	}
	requests := make(chan request, 2)
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for q := range requests {
				if err := importOnce(ctx, client, url, key, q.body); err != nil {
					cancel(err)
					continue // empty the channel
				}
				progress(sent.Add(int64(q.events)))
			}
		})
	}
	s.Requests(func(body []byte, events int) bool {
		select {
		case requests <- request{bytes.Clone(body), events}:
			return true
		case <-ctx.Done():
			return false
		}
	})
	close(requests)
	wg.Wait()
	return context.Cause(ctx)
}

// importOnce sends a request until it is accepted: while the log is full of work
// the server asks to wait.
func importOnce(ctx context.Context, client *http.Client, url, key string, body []byte) error {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/import", bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth(key, "")
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		answer.Body.Close()
		switch {
		case err != nil:
			return err
		case answer.StatusCode == http.StatusOK:
			return nil
		case answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable:
			return &refusal{answer.StatusCode, string(text[:min(len(text), 200)])}
		}
		pause(ctx, 200*time.Millisecond)
	}
}

// seeder writes the events of one Seed.
type seeder struct {
	Seed
	r             *rand.Rand
	start         time.Time
	out           bytes.Buffer
	made, yielded int // events
	known         int // customers who have come
	orders        int
}

// visit is one shopper's way through the shop, with what follows an order.
func (g *seeder) visit() {
	who, isNew := 0, false
	switch due := int(int64(g.Customers)*int64(g.made)/int64(g.Events)) + 1; {
	case g.known < min(due, g.Customers):
		who, isNew = g.known, true
		g.known++
	case g.r.IntN(50) == 0:
		who = g.r.IntN(min(g.known, wholesale))
	default:
		who = g.r.IntN(g.known)
	}
	p := g.person(who)
	t := g.time()
	if isNew && p.user != "" {
		g.identify(p, t)
	}
	g.event(p, t, "page", "Home", `"path":"/","url":"https://shop.example/"`)
	if g.chance(20) {
		query, results := seedSearches[g.r.IntN(len(seedSearches))], g.r.IntN(30)
		if g.chance(15) {
			query, results = seedMissing[g.r.IntN(len(seedMissing))], 0
		}
		t = t.Add(g.between(5, 60))
		g.event(p, t, "track", "Products Searched", fmt.Sprintf(`"query":%q,"results":%d`, query, results))
	}
	product := 0
	for range 1 + g.r.IntN(4) {
		t = t.Add(g.between(10, 90))
		product = g.product()
		g.event(p, t, "track", "Product Viewed", seedItem(product))
	}
	if g.chance(30) {
		t = t.Add(g.between(5, 60))
		g.event(p, t, "track", "Product Added", seedItem(product))
		if g.chance(60) {
			g.checkout(p, t.Add(g.between(20, 120)), product)
		}
	}
	if g.chance(3) {
		o := g.opinion(p)
		g.event(p, t.Add(g.between(60, 600)), "track", "Live Chat Message Sent",
			fmt.Sprintf(`"conversation_id":"chat-%d","message_id":"chat-%[1]d-1","sender":"customer","text":%q`, g.made, o.text))
	}
}

func (g *seeder) checkout(p person, t time.Time, product int) {
	g.orders++
	id, price := fmt.Sprintf("S%d-%07d", g.Seed.Seed, g.orders), seedPrice(product)
	g.event(p, t, "track", "Checkout Started", fmt.Sprintf(`"order_id":%q,"value":%d,"currency":"INR","products":[{%s}]`, id, price, seedItem(product)))
	t = t.Add(g.between(30, 180))
	method := seedMethods[g.r.IntN(len(seedMethods))]
	if g.chance(6) {
		g.event(p, t, "track", "Checkout Failed", fmt.Sprintf(`"order_id":%q,"step":"payment","reason":%q,"payment_method":%q`, id, seedReasons[g.r.IntN(len(seedReasons))], method))
		return
	}
	g.event(p, t, "track", "Order Completed", fmt.Sprintf(`"order_id":%q,"total":%d,"revenue":%d,"shipping":90,"currency":"INR","payment_method":%q,"products":[{%s}]`,
		id, price+90, price, method, seedItem(product)))
	o := g.opinion(p)
	if g.chance(30) {
		g.event(p, t.Add(20*time.Second), "track", "Survey Answered", fmt.Sprintf(`"survey_id":"after-checkout","question_id":"easy","kind":"ces","score":%d,"scale":7,"order_id":%q`, 1+g.r.IntN(7), id))
	}
	shipped := t.Add(g.between(6*3600, 48*3600))
	g.event(p, shipped, "track", "Order Shipped", fmt.Sprintf(`"order_id":%q,"carrier":"India Post","tracking_number":"EX%09d"`, id, g.orders))
	delivered := shipped.Add(g.between(24*3600, 96*3600))
	g.event(p, delivered, "track", "Order Delivered", fmt.Sprintf(`"order_id":%q,"days_late":%d`, id, max(0, g.r.IntN(12)-8)))
	said := delivered.Add(g.between(2*3600, 48*3600))
	if g.chance(35) {
		g.event(p, said, "track", "Product Reviewed", fmt.Sprintf(`"review_id":"rev-%s","product_id":"p%d","order_id":%[1]q,"rating":%[3]d,"review_body":%q`, id, product, o.rating, o.text))
	}
	if g.chance(30) {
		g.event(p, said, "track", "Survey Answered", fmt.Sprintf(`"survey_id":"relationship","question_id":"nps","kind":"nps","score":%d,"text":%q,"order_id":%q`, o.nps, o.text, id))
	}
	if g.chance(20) {
		g.event(p, said, "track", "Survey Answered", fmt.Sprintf(`"survey_id":"delivery","question_id":"csat","kind":"csat","score":%d,"order_id":%q`, o.rating, id))
	}
	if g.chance(6) {
		g.event(p, said.Add(time.Hour), "track", "Order Returned", fmt.Sprintf(`"order_id":%q`, id))
		g.event(p, said.Add(24*time.Hour), "track", "Order Refunded", fmt.Sprintf(`"order_id":%q,"total":%d,"currency":"INR"`, id, price))
	}
}

// person is a customer, made from the number alone.
type person struct {
	user, anonymous string
	first, last     string
	city            string
	number          int
	lang            int
}

func (g *seeder) person(n int) person {
	h := mix(g.Seed.Seed<<32 ^ uint64(n))
	p := person{number: n, lang: int(h % uint64(len(seedNames))), anonymous: fmt.Sprintf("anon-%d-%d", g.Seed.Seed, n)}
	names := seedNames[p.lang]
	p.first, p.last = names.first[h>>8%uint64(len(names.first))], names.last[h>>20%uint64(len(names.last))]
	p.city = seedCities[h>>32%uint64(len(seedCities))]
	if h>>48%10 < 6 || n < wholesale {
		p.user = fmt.Sprintf("u%d", 100000+n)
	}
	return p
}

func (g *seeder) identify(p person, t time.Time) {
	email := p.number
	if p.number%500 == 499 { // the same person with two accounts
		email--
	}
	g.event(p, t, "identify", "", fmt.Sprintf(`"name":%q,"firstName":%q,"lastName":%q,"email":"customer%d.%d@mail.example","phone":"+9198%08d","address":{"city":%q,"country":"IN"},"tier":%q`,
		p.first+" "+p.last, p.first, p.last, g.Seed.Seed, email, p.number%100_000_000, p.city, []string{"basic", "silver", "gold"}[p.number%3]))
}

// event writes one, unless it would be after the end or too many.
func (g *seeder) event(p person, t time.Time, call, name, data string) {
	if t.After(g.Until) || g.made >= g.Events {
		return
	}
	g.made++
	b := g.out.AvailableBuffer()
	b = append(b, `{"type":"`...)
	b = append(b, call...)
	member := "properties"
	switch call {
	case "identify":
		member = "traits"
	case "page":
		b = append(b, `","name":"`...)
		b = append(b, name...)
	default:
		b = append(b, `","event":"`...)
		b = append(b, name...)
	}
	if p.user != "" {
		b = append(b, `","userId":"`...)
		b = append(b, p.user...)
	}
	if p.user == "" || call == "identify" {
		b = append(b, `","anonymousId":"`...)
		b = append(b, p.anonymous...)
	}
	b = append(b, `","messageId":"seed-`...)
	b = strconv.AppendUint(b, g.Seed.Seed, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, int64(g.made), 10)
	b = append(b, `","timestamp":"`...)
	b = t.UTC().AppendFormat(b, stampLayout)
	b = append(b, `","context":{"channel":"web","device":{"type":"`...)
	b = append(b, [...]string{"android", "ios", "desktop"}[p.number%3]...)
	b = append(b, `"}},"`...)
	b = append(b, member...)
	b = append(b, `":{`...)
	b = append(b, data...)
	b = append(b, `}},`...)
	g.out.Write(b)
}

func (g *seeder) chance(percent int) bool { return g.r.IntN(100) < percent }

// between returns a time of so many seconds.
func (g *seeder) between(low, high int) time.Duration {
	return time.Duration(low)*time.Second + time.Duration(g.r.Int64N(int64(high-low)*int64(time.Second)))
}

// time is when a visit begins: days follow one another, and a day has its rhythm.
func (g *seeder) time() time.Time {
	day := g.start.AddDate(0, 0, int(int64(g.Days)*int64(g.made)/int64(g.Events)))
	hour := g.r.IntN(24)
	if hour < 7 && g.chance(70) { // the night is quiet
		hour = 9 + g.r.IntN(13)
	}
	return day.Add(time.Duration(hour)*time.Hour + g.between(0, 3600))
}

const seedProducts = 1200

// product picks one; a few are sold much, most seldom.
func (g *seeder) product() int {
	f := g.r.Float64()
	return int(f * f * f * seedProducts)
}

func seedPrice(product int) int { return 250 + int(mix(uint64(product))%8000) }

func seedItem(product int) string {
	return fmt.Sprintf(`"product_id":"p%d","name":"%s %[1]d","category":%[3]q,"price":%d,"currency":"INR","quantity":1`,
		product, seedThings[product%len(seedThings)], seedCategories[product%len(seedCategories)], seedPrice(product))
}

// said is what somebody thinks of an order.
type said struct {
	rating, nps int
	text        string
}

func (g *seeder) opinion(p person) said {
	texts := seedTexts[p.lang]
	switch roll := g.r.IntN(100); {
	case roll < 18:
		return said{1 + g.r.IntN(2), g.r.IntN(6), texts[0][g.r.IntN(len(texts[0]))]}
	case roll < 35:
		return said{3, 6 + g.r.IntN(3), texts[1][g.r.IntN(len(texts[1]))]}
	}
	return said{4 + g.r.IntN(2), 8 + g.r.IntN(3), texts[2][g.r.IntN(len(texts[2]))]}
}

// mix is SplitMix64's finalizer (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
