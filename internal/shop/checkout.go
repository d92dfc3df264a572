package shop

import (
	"slices"
	"time"
)

// line is a product in a cart.
type line struct {
	it              *product
	quantity, price int
	size, lot       string
}

func (l line) object() object {
	o := object{}.str("product_id", l.it.id).str("name", l.it.english).str("category", categories[l.it.category])
	return o.str("variant", l.variant()).num("price", l.price).num("quantity", l.quantity)
}

// variant is the lot of what is dyed in lots, the size of what has sizes.
func (l line) variant() string {
	if l.lot == "" && l.it.category == "kur" {
		return l.size
	}
	return l.lot
}

func lines(cart []line) []object {
	out := make([]object, len(cart))
	for i, l := range cart {
		out[i] = l.object()
	}
	return out
}

// fault is a way in which paying fails, of so many of a hundred attempts.
type fault struct {
	step, reason, code string
	percent            float64
}

var faults = map[string][]fault{
	"upi":              {{"payment", "upi timeout", "PAYMENT_TIMEOUT", 2.2}, {"payment", "upi declined by bank", "BANK_DECLINED", 1.8}, {"payment", "wrong upi pin", "WRONG_PIN", .9}},
	"card":             {{"payment", "card declined", "CARD_DECLINED", 2.9}, {"payment", "3-D Secure failed", "3DS_FAILED", 2}},
	"netbanking":       {{"payment", "bank page did not load", "BANK_UNREACHABLE", 6}},
	"wallet":           {{"payment", "wallet balance too low", "LOW_BALANCE", 2.6}},
	"cash_on_delivery": {{"shipping", "no cash on delivery to this postal code", "NO_COD", 1.2}},
	"pix":              {{"payment", "pix code expired", "PIX_EXPIRED", 2.4}},
	"boleto":           {{"payment", "boleto not issued", "BOLETO_ERROR", 1.2}},
	"bizum":            {{"payment", "bizum declined by bank", "BANK_DECLINED", 3}},
	"paypal":           {{"payment", "paypal window closed", "PAYPAL_CLOSED", 3}},
}

// upiFault is what fails on Androids while the scene is played.
var upiFault = fault{"payment", "upi timeout", "PAYMENT_TIMEOUT", 96}

// fails draws whether an attempt to pay fails, and how.
func (v *visit) fails(method string) *fault {
	if v.s.plan.at(v.at).Scene == UPI && method == "upi" && v.device.os == "Android" {
		if v.r.chance(upiFault.percent / 100) {
			return &upiFault
		}
		return nil
	}
	roll := v.r.Float64() * 100
	for i := range faults[method] {
		if roll -= faults[method][i].percent; roll < 0 {
			return &faults[method][i]
		}
	}
	return nil
}

// payment is a checkout on its way.
type payment struct {
	v        *visit
	id       string // of the order that it may become
	cart     []line
	value    int
	method   string
	troubles int // so far
}

func (c *payment) properties() object {
	return object{}.str("checkout_id", "C"+c.id[2:]).str("order_id", c.id)
}

// checkout begins what ends in an order, or fails at first or for good.
func (v *visit) checkout(cart []line) {
	c := &payment{v: v, id: v.orderID(), cart: cart, method: v.p.method}
	for i := range cart {
		if slices.Contains(indigoStoles, cart[i].it.id) {
			cart[i].lot = pick(v.r, lots)
		}
		c.value += cart[i].price * cart[i].quantity
	}
	v.page("Checkout Started", c.properties().num("value", c.value).str("currency", "INR").list("products", lines(cart)))
	v.wait(25*time.Second, 100*time.Second)
	if v.r.chance(.035) {
		return // thought better of it
	}
	if c.method == "upi" && v.device.kind == "desktop" && v.r.chance(.4) {
		c.method = "card"
	}
	v.page("Payment Info Entered", c.properties().str("payment_method", c.method))
	v.wait(8*time.Second, 35*time.Second)
	v.s.at(v.at, c.try)
}

// try is one attempt to pay. It is decided when it happens, so that a scene hits
// those too who are in the checkout as it begins.
func (c *payment) try(at time.Time) {
	v := c.v
	v.at = at
	f := v.fails(c.method)
	if f == nil {
		v.order(c.id, c.cart, c.value, c.method, c.troubles)
		return
	}
	c.troubles++
	v.page("Checkout Failed", c.properties().str("step", f.step).str("reason", f.reason).str("error_code", f.code).
		str("payment_method", c.method).num("value", c.value).str("currency", "INR"))
	if v.complain(f, c.troubles, c.id); c.troubles == 4 || v.r.chance(.2+.1*float64(c.troubles)) {
		return
	}
	if v.r.chance(.28) {
		c.method = pick(v.r, methods[v.p.country])
	}
	v.wait(15*time.Second, 70*time.Second)
	v.s.at(v.at, c.try)
}

// complain is what somebody says whose payment has failed.
func (v *visit) complain(f *fault, troubles int, id string) {
	section, often := "payfail", .1
	if f == &upiFault {
		section, often = "upifail", .2
	}
	t := v.at.Add(time.Duration(float64(v.r.between(10*time.Second, 50*time.Second)) / v.speed))
	switch {
	case v.r.chance(often + .1*float64(troubles)):
		v.chat(t, v.p.say(v.r, section, ""), id)
	case v.r.chance(often):
		v.survey(t, false, "after-checkout", "Was it easy to buy?", "ces", 1+v.r.IntN(2), 7, v.p.say(v.r, section, ""), "", id)
	}
}

// order is placed; from here on the shop's server tells of it.
func (v *visit) order(id string, cart []line, value int, method string, troubles int) {
	p, r := v.p, v.r
	v.identify(v.at)
	v.signed = true
	shipping, discount := 90, 0
	if value >= 2000 {
		shipping = 0
	}
	o := object{}.str("order_id", id).str("checkout_id", "C"+id[2:])
	if v.from.campaign == "weekly-loom" && r.chance(.6) || r.chance(.07) {
		o, discount = o.str("coupon", "LOOM10"), value/10
	}
	o = o.num("revenue", value-discount).num("shipping", shipping).num("discount", discount).num("total", value-discount+shipping).
		str("currency", "INR").str("payment_method", method).list("products", lines(cart)).
		obj("shipping_address", object{}.str("city", p.place.city).str("postal_code", p.place.postal).str("state", p.place.region).str("country", p.place.country))
	t := v.at.Add(time.Second)
	v.server(t, "Order Completed", o)
	if r.chance(.24) {
		score, text := 7-troubles*2-r.IntN(3), ""
		if score >= 5 && r.chance(.35) {
			text = p.say(r, "webgood", "")
		} else if score < 5 && r.chance(.6) {
			text = p.say(r, "webbad", "")
		}
		v.survey(t.Add(20*time.Second), false, "after-checkout", "Was it easy to buy?", "ces", max(1, score), 7, text, "", id)
	}
	c := &parcel{v: v, id: id, cart: cart, placed: t, method: method}
	if r.chance(.025) {
		v.s.at(t.Add(v.later(time.Hour, 10*time.Hour)), c.cancel)
		return
	}
	v.s.orders.add(c)
	v.s.at(t.Add(v.later(10*time.Hour, 30*time.Hour)), c.ship)
}

// later is a wait after a visit, shorter where time goes by faster.
func (v *visit) later(from, to time.Duration) time.Duration {
	return time.Duration(float64(v.r.between(from, to)) / v.speed)
}
