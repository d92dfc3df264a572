package shop

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// visit is a shopper's way through the shop.
type visit struct {
	s       *Shop
	r       random
	id      uint64 // of the visit, no other has it
	n       int    // of events so far
	p       *person
	browser string
	device  *device
	signed  bool // in
	speed   float64
	from    origin
	at      time.Time
	moment  moment // in which it began
}

// origin is how a visitor found the shop.
type origin struct {
	source, medium, campaign, referrer string
	weight                             float64
}

var origins = []origin{
	{"", "", "", "", 38},
	{"google", "organic", "", "https://www.google.com/", 24},
	{"instagram", "social", "", "https://www.instagram.com/", 14},
	{"google", "cpc", "festive-sarees", "https://www.google.com/", 9},
	{"newsletter", "email", "weekly-loom", "", 8},
	{"whatsapp", "social", "", "", 7},
}

// begin decides what the visitor wants. Most only look.
func (v *visit) begin(at time.Time) {
	v.at, v.moment = at, v.s.plan.at(at)
	v.p = v.s.someone(v.r)
	v.browser, v.device = v.p.anonymous, v.p.device
	if v.p.other != "" && v.r.chance(.4) {
		v.browser, v.device = v.p.other, v.p.second
	}
	v.signed = v.p.member && v.r.chance(.55)
	weights := make([]float64, len(origins))
	for i, o := range origins {
		weights[i] = o.weight
	}
	v.from = origins[v.r.weighted(weights...)]
	if v.moment.Scene == Viral && v.r.chance(.75) {
		v.from = origin{source: "instagram", medium: "social", campaign: "reel", referrer: "https://www.instagram.com/"}
		v.viral()
		return
	}
	switch v.r.weighted(41, 25, 14, 15, 3, 1.6) {
	case 0:
		v.glance()
	case 1:
		v.browse()
	case 2:
		v.search()
	case 3:
		v.shop()
	case 4:
		v.ask()
	case 5:
		v.store()
	}
}

// wait lets time pass.
func (v *visit) wait(from, to time.Duration) {
	v.at = v.at.Add(time.Duration(float64(v.r.between(from, to)) / v.speed))
}

// page sends a call of the browser now; the name of a track event, or "page".
// Of those who have not agreed to be counted, pages tell only what buying needs.
func (v *visit) page(call string, data object) {
	if v.p.analytics || needed[call] {
		v.send(v.at, false, call, data)
	}
}

// needed are the calls that a shop makes for everybody who buys.
var needed = map[string]bool{"Checkout Started": true, "Payment Info Entered": true, "Checkout Failed": true}

func (v *visit) server(t time.Time, call string, data object) { v.send(t, true, call, data) }

// send lets an event happen at a time.
func (v *visit) send(t time.Time, server bool, call string, data object) {
	v.n++
	o := make(object, 0, 768).str("messageId", v.s.name("m", v.id)+"-"+strconv.Itoa(v.n))
	switch call {
	case "page":
		o = o.str("type", call).obj("properties", data)
	case "identify":
		o = o.str("type", call).obj("traits", data)
	default:
		o = o.str("type", "track").str("event", call).obj("properties", data)
	}
	if v.signed || server {
		o = o.str("userId", v.p.id)
	}
	if !server || call == "identify" {
		o = o.str("anonymousId", v.browser)
	}
	library := "tantu-web"
	var c object
	if server {
		library = "tantu-server"
	} else {
		c = contexts[v.device].copy()
		if v.from.source != "" {
			c = c.obj("campaign", object{}.str("source", v.from.source).str("medium", v.from.medium).str("name", v.from.campaign))
		}
	}
	c = c.str("locale", v.p.locale).obj("library", object{}.str("name", library).str("version", "4.17"))
	c = c.obj("consent", object{}.obj("categoryPreferences", object{}.yes("Analytics", v.p.analytics).yes("Advertising", v.p.marketing)))
	v.s.emit(&Event{At: t, Server: server, name: call, body: o.obj("context", c)})
}

// name makes an id that no other simulation uses for anything else.
func (s *Shop) name(kind string, id uint64) string {
	return kind + strconv.FormatUint(s.seed, 36) + strconv.FormatUint(id, 36)
}

// land shows the page that the visitor comes in by.
func (v *visit) land(title, path string) {
	v.page("page", object{}.str("title", title).str("path", path).str("url", "https://tantu.example"+path).str("referrer", v.from.referrer))
	v.wait(4*time.Second, 35*time.Second)
}

// view looks at a product.
func (v *visit) view(it *product) {
	v.page("Product Viewed", it.properties(v.s.plan.at(v.at)))
	v.wait(8*time.Second, 70*time.Second)
}

// glance looks at one page or two and goes.
func (v *visit) glance() {
	if v.r.chance(.4) {
		v.land("Home", "/")
		return
	}
	it := v.want()
	v.view(it)
	if v.r.chance(.3) {
		v.view(alike(v.r, it))
	}
}

func (v *visit) browse() {
	it := v.want()
	v.page("Product List Viewed", object{}.str("list_id", it.category).str("category", categories[it.category]))
	v.wait(5*time.Second, 40*time.Second)
	for range 1 + v.r.IntN(3) {
		v.view(alike(v.r, it))
	}
	if v.r.chance(.12) {
		v.page("Product Added to Wishlist", it.properties(v.moment))
	}
}

// search looks for something, sometimes for what the shop does not have.
func (v *visit) search() {
	q := pick(v.r, v.p.searches)
	if v.r.chance(.14) {
		v.page("Products Searched", object{}.str("query", pick(v.r, v.p.missing)).num("results", 0))
		v.wait(5*time.Second, 25*time.Second)
		if v.r.chance(.5) {
			return
		}
	}
	it := v.want()
	v.page("Products Searched", object{}.str("query", q).num("results", 2+v.r.IntN(23)))
	v.wait(5*time.Second, 25*time.Second)
	v.view(it)
	if v.r.chance(.12) {
		v.buy(it)
	}
}

// shop looks around and buys.
func (v *visit) shop() {
	if v.r.chance(.5) {
		v.land("Home", "/")
	}
	it := v.want()
	v.view(it)
	if v.r.chance(.3) {
		it = alike(v.r, it)
		v.view(it)
	}
	v.buy(it)
}

// buy puts something into the cart and goes to pay, where the price is right.
func (v *visit) buy(it *product) {
	now := v.s.plan.at(v.at)
	if now.Scene == Price && it.id == bestseller && v.r.chance(.62) {
		v.dear(it)
		return
	}
	cart := []line{{it: it, quantity: 1, price: it.priceAt(now), size: v.p.size}}
	v.page("Product Added", it.properties(now))
	v.wait(10*time.Second, 40*time.Second)
	if v.r.chance(.28) {
		if more := beside(v.r, it); more.id != it.id {
			cart = append(cart, line{it: more, quantity: 1, price: more.priceAt(now), size: v.p.size})
			v.page("Product Added", more.properties(now))
			v.wait(10*time.Second, 30*time.Second)
		}
	}
	if v.r.chance(.25) {
		if v.r.chance(.3) {
			v.page("Cart Viewed", object{}.list("products", lines(cart)))
		}
		return
	}
	v.checkout(cart)
}

// ask writes in the chat, about something that is no complaint.
func (v *visit) ask() {
	if v.r.chance(.6) {
		v.view(v.want())
	}
	v.chat(v.at, v.p.say(v.r, "ask", ""), "")
}

// store is a visit to the shop in town.
func (v *visit) store() {
	if !v.p.member || v.p.country != "IN" {
		v.glance()
		return
	}
	it := v.want()
	data := object{}.str("store_id", "kolkata-1").str("store_name", "Gariahat, Kolkata").num("total", it.price).str("currency", "INR")
	if v.r.chance(.6) {
		j := v.p.judge(v.r, it, 0, v.moment)
		data = data.num("rating", j.stars).str("remark", j.text)
	}
	v.server(v.at, "Store Visit", data)
}

// viral is a visit by somebody who has seen the post.
func (v *visit) viral() {
	it := byID[viralProduct]
	v.signed = v.signed && v.r.chance(.3)
	v.view(it)
	switch {
	case v.r.chance(.08):
		v.buy(it)
	case v.r.chance(.05):
		v.mention(v.at, v.p.say(v.r, "viral", ""))
	case v.r.chance(.3):
		v.page("Product Added to Wishlist", it.properties(v.moment))
	}
}

// dear is somebody whom the new price keeps from buying.
func (v *visit) dear(it *product) {
	switch v.r.weighted(3, 2, 4) {
	case 0:
		v.chat(v.at, v.p.say(v.r, "pricerise", ""), "")
	case 1:
		v.survey(v.at, false, "leaving", "Did you find what you came for?", "rating", 1+v.r.IntN(2), 5, v.p.say(v.r, "pricerise", ""), it.id, "")
	}
}

// want is what a visitor looks for: few products make most of the sales.
func (v *visit) want() *product { return popular(v.r) }

func (v *visit) orderID() string { return "TH-" + strings.ToUpper(strconv.FormatUint(v.id, 36)) }

// identify tells who has an account.
func (v *visit) identify(t time.Time) {
	p := v.p
	data := object{}.str("name", p.shown())
	if p.usesOwnScript() {
		data = data.str("latin_name", p.name)
	}
	data = data.str("email", p.email).str("phone", p.phone).str("language", p.code).str("size", p.size)
	if p.r(7) {
		data = data.str("instagram", p.handle)
	}
	data = data.obj("address", object{}.str("city", p.place.city).str("postalCode", p.place.postal).str("state", p.place.region).str("country", p.place.country))
	v.server(t, "identify", data)
}

// r is true for one of n people, the same ones always.
func (p *person) r(n uint64) bool {
	u, err := strconv.ParseUint(p.anonymous, 16, 64)
	if err != nil {
		panic(fmt.Sprintf("%s is no number", p.anonymous))
	}
	return u%n == 0
}
