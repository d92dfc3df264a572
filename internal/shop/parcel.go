package shop

import (
	"strings"
	"time"
)

// parcel is an order on its way, and what is made of it.
type parcel struct {
	v         *visit
	id        string
	cart      []line
	method    string
	placed    time.Time
	promised  time.Time
	judged    time.Time // when its buyer will say something
	delivered time.Time // zero until then
	late      int       // days
	said      int       // how often a scene let its buyer speak
}

// carriers by country, the usual one first.
var carriers = map[string][]string{
	"IN": {"Delhivery", "Blue Dart", "India Post", "DTDC"}, "NP": {"Nepal Can Move", "Aramex"}, "BR": {"Correios", "Jadlog"}, "ES": {"Correos Express", "SEUR"},
}

// transit is how many days the shop promises, by country.
var transit = map[string]int{"IN": 5, "NP": 8, "BR": 13, "ES": 11}

func (c *parcel) cancel(t time.Time) {
	reason := pick(c.v.r, []string{"ordered twice", "found it elsewhere", "wrong address", "wrong size"})
	c.v.server(t, "Order Cancelled", object{}.str("order_id", c.id).str("reason", reason))
}

// ship sends the parcel off. Who bought in the weekly crowd comes back for the
// next one, and judges then.
func (c *parcel) ship(t time.Time) {
	v, country := c.v, c.v.p.place.country
	days := transit[country]
	crowd := v.moment.Live || v.s.plan.crowd(c.placed)
	if crowd {
		days = 7*(days/7+1) + 1
	}
	c.promised = c.placed.Add(v.scaled(time.Duration(days) * day))
	carrier := carriers[country][v.r.weighted(6, 2, 1.5, 1)%len(carriers[country])]
	v.server(t, "Order Shipped", object{}.str("order_id", c.id).str("carrier", carrier).
		str("tracking_number", strings.ToUpper(carrier[:2])+c.id[3:]).str("promised_by", c.promised.In(Zone).Format("2006-01-02")).
		str("postal_code", v.p.place.postal).str("country", country))
	late := v.r.chance(.085)
	arrives := t.Add(v.scaled(time.Duration(days-3)*day) + v.later(time.Hour, 40*time.Hour))
	if late {
		arrives = c.promised.Add(v.later(day, 7*day))
	}
	c.judged = arrives.Add(v.later(2*time.Hour, 3*day))
	if crowd {
		weeks := days / 7
		if late {
			weeks++
		}
		c.judged = c.placed.Add(v.scaled(time.Duration(weeks)*7*day) + v.later(0, 40*time.Minute))
		arrives = c.judged.Add(-v.later(15*time.Minute, 4*time.Hour))
	}
	v.s.at(arrives, c.deliver)
}

// scaled is a fixed wait, shorter where time goes by faster.
func (v *visit) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) / v.speed) }

// deliver hands the parcel over, unless couriers in the north are on strike.
func (c *parcel) deliver(t time.Time) {
	v := c.v
	if v.s.plan.at(t).Scene == Strike && v.p.place.north() {
		if v.r.chance(.5) {
			c.speak(t, "strike")
		}
		v.s.at(t.Add(v.later(18*time.Hour, 30*time.Hour)), c.deliver)
		return
	}
	if over := t.Sub(c.promised); over > 0 {
		c.late = max(c.late, int(over/day))
	}
	c.delivered = t
	v.server(t, "Order Delivered", object{}.str("order_id", c.id).num("days_late", c.late).str("postal_code", v.p.place.postal).str("city", v.p.place.city))
	v.s.at(later(t.Add(time.Minute), c.judged), c.judge)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// judge is what a buyer says about an order, on any channel or none.
func (c *parcel) judge(t time.Time) {
	v := c.v
	r, p := v.r, v.p
	l := pick(r, c.cart)
	j := p.judge(r, l.it, c.late, v.s.plan.at(t))
	if r.chance(.42) {
		c.review(t, l, j.stars, j.text)
	}
	if t = t.Add(time.Minute); r.chance(.32) {
		text := ""
		if r.chance(.7) {
			text = p.judgeAs(r, l.it, c.late, j).text
		}
		v.survey(t, true, "relationship", "Would you recommend us?", "nps", j.nps, 10, text, "", c.id)
	}
	if t = t.Add(time.Minute); r.chance(.24) {
		score, section := 4+min(1, r.IntN(3)), "delgood"
		if c.late > 0 {
			score, section = 1+r.IntN(3), "dellate"
		}
		text := ""
		if r.chance(.4) {
			text = p.say(r, section, "")
		}
		v.survey(t, true, "delivery", "How was the delivery?", "csat", score, 5, text, "", c.id)
	}
	if t = t.Add(v.later(time.Minute, time.Hour)); r.chance(.05) {
		v.mention(t, p.judgeAs(r, l.it, c.late, j).text)
	}
	if j.stars > 2 {
		return
	}
	switch again := p.judgeAs(r, l.it, c.late, j).text; {
	case r.chance(.35):
		v.chat(t, again, c.id)
	case r.chance(.4):
		v.mail(t, "Order "+c.id, again, c.id)
	}
	if r.chance(.4) {
		c.giveBack(t, "not as expected")
	}
}

func (c *parcel) review(t time.Time, l line, stars int, text string) {
	o := object{}.str("review_id", "r"+c.id+l.it.id).str("product_id", l.it.id).str("name", l.it.english).str("category", categories[l.it.category]).
		str("order_id", c.id).str("variant", l.variant()).num("rating", stars).str("review_body", text)
	c.v.signed = true
	c.v.send(t, false, "Product Reviewed", o)
}

// giveBack returns the goods, and some days later the money.
func (c *parcel) giveBack(t time.Time, reason string) {
	v := c.v
	value := 0
	for _, l := range c.cart {
		value += l.price * l.quantity
	}
	v.server(t.Add(v.later(time.Minute, 40*time.Minute)), "Order Returned", object{}.str("order_id", c.id).str("reason", reason).list("products", lines(c.cart)))
	v.server(t.Add(v.later(2*day, 5*day)), "Order Refunded", object{}.str("order_id", c.id).num("total", value).str("currency", "INR"))
}
