package shop

import (
	"fmt"
	"strings"
	"time"
)

const (
	day       = 24 * time.Hour
	visitsDay = 40
)

// rhythm is how many of a hundred visits begin in each hour of India's day,
// which begins at 18:30 UTC.
var rhythm = [24]int{3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 5, 5, 4, 4, 4, 4, 5, 5, 6, 6, 6, 6, 5, 3}

const india = 5*time.Hour + 30*time.Minute

// day decides who comes by within a day, and lets the next day come.
func (s *Shop) day(start time.Time) {
	for range visitsDay + s.random.IntN(visitsDay/4) {
		hour, roll := 0, s.random.IntN(100)
		for ; roll >= rhythm[hour]; hour++ {
			roll -= rhythm[hour]
		}
		t := time.Duration(hour)*time.Hour - india + s.between(0, time.Hour)
		if t < 0 {
			t += day
		}
		p := pick(s, s.people)
		s.at(start.Add(t), func(at time.Time) { s.visit(p, at) })
	}
	for range 3 {
		p := pick(s, s.people)
		s.at(start.Add(s.between(6*time.Hour, 14*time.Hour)), func(at time.Time) { s.store(p, at) })
	}
	s.at(start.Add(day), s.day)
}

// visit is a shopper's way through the shop: browse, and perhaps buy.
func (s *Shop) visit(p *shopper, t time.Time) {
	step := func(call string, data map[string]any) {
		s.says(t, p, false, call, data)
		t = t.Add(s.between(10*time.Second, 80*time.Second))
	}
	step("page", map[string]any{"title": "Home", "path": "/", "url": "https://tantu.example/"})
	if s.chance(40) {
		step("Products Searched", map[string]any{"query": pick(s, searches)})
	} else {
		step("Product List Viewed", map[string]any{"category": pick(s, catalogue).category})
	}
	var cart []product
	for range 1 + s.random.IntN(5) {
		it := pick(s, catalogue)
		step("Product Viewed", it.properties())
		if s.chance(25) {
			step("Product Added", it.properties())
			cart = append(cart, it)
		}
	}
	switch {
	case len(cart) > 0 && s.chance(70):
		s.checkout(p, t, cart)
	case s.chance(6):
		s.chat(p, t, p.asks)
	}
}

func (it product) properties() map[string]any {
	return map[string]any{"product_id": it.id, "name": it.name, "category": it.category, "price": it.price, "currency": "INR", "quantity": 1}
}

// checkout ends in an order, or fails at first or for good.
func (s *Shop) checkout(p *shopper, t time.Time, cart []product) {
	s.orders++
	id, total := fmt.Sprintf("TH-%s-%d", s.run, s.orders), 0
	var lines []map[string]any
	for _, it := range cart {
		total += it.price
		lines = append(lines, it.properties())
	}
	s.says(t, p, false, "Checkout Started", map[string]any{"order_id": id, "value": total, "currency": "INR", "products": lines})
	if t = t.Add(s.between(time.Minute, 3*time.Minute)); s.chance(12) {
		f := pick(s, failures)
		s.says(t, p, false, "Checkout Failed", map[string]any{"order_id": id, "step": f[0], "reason": f[1], "payment_method": f[2]})
		t = t.Add(s.between(time.Minute, 2*time.Minute))
		if s.chance(40) {
			s.chat(p, t, p.pay)
		}
		if s.chance(50) {
			return
		}
	}
	if !p.known { // who buys gets an account
		p.known = true
		s.says(t, p, true, "identify", map[string]any{
			"name": p.name, "email": p.email, "instagram": p.handle, "address": map[string]any{"city": p.city, "country": p.country},
		})
	}
	t = t.Add(time.Second)
	s.says(t, p, true, "Order Completed", map[string]any{
		"order_id": id, "revenue": total, "shipping": 90, "total": total + 90, "currency": "INR", "payment_method": pick(s, methods), "products": lines,
	})
	if s.chance(30) {
		s.says(t.Add(20*time.Second), p, false, "Survey Answered", map[string]any{
			"survey_id": "after-checkout", "survey_name": "Was it easy to buy?", "question_id": "easy", "kind": "ces", "score": 4 + s.random.IntN(4), "scale": 7, "order_id": id,
		})
	}
	s.at(t.Add(s.between(day/2, 2*day)), func(at time.Time) { s.deliver(p, at, id, cart) })
}

// outcome is how a shopper finds an order.
type outcome struct {
	rating, nps int // 1 to 5, 0 to 10
	text        string
	bad         bool
}

func (s *Shop) outcome(p *shopper, late bool) outcome {
	switch roll := s.random.IntN(100); {
	case late:
		return outcome{1 + s.random.IntN(3), s.random.IntN(7), p.late, true}
	case roll < 12:
		return outcome{1 + s.random.IntN(2), s.random.IntN(6), pick(s, p.flaw), true}
	case roll < 27:
		return outcome{3 + s.random.IntN(2), 6 + s.random.IntN(3), p.meh, false}
	}
	return outcome{4 + min(1, s.random.IntN(3)), 8 + s.random.IntN(3), pick(s, p.glad), false}
}

// deliver sends an order off, and has it arrive and be judged.
func (s *Shop) deliver(p *shopper, t time.Time, id string, cart []product) {
	s.says(t, p, true, "Order Shipped", map[string]any{"order_id": id, "carrier": "India Post", "tracking_number": "EX" + strings.ToUpper(id[3:])})
	late := 0
	if s.chance(15) {
		late = 1 + s.random.IntN(7)
	}
	t = t.Add(s.between(day, 3*day) + time.Duration(late)*day)
	s.says(t, p, true, "Order Delivered", map[string]any{"order_id": id, "days_late": late})
	o := s.outcome(p, late > 0)
	s.at(t.Add(s.between(2*time.Hour, 2*day)), func(at time.Time) { s.judge(p, at, id, cart[0], o) })
}

// judge is what a shopper says about an order, on any channel or none.
func (s *Shop) judge(p *shopper, t time.Time, id string, it product, o outcome) {
	if s.chance(40) {
		s.says(t, p, false, "Product Reviewed", map[string]any{
			"review_id": "rev-" + id, "product_id": it.id, "name": it.name, "order_id": id, "rating": o.rating, "review_body": o.text,
		})
	}
	if t = t.Add(time.Minute); s.chance(35) {
		s.says(t, p, true, "Survey Answered", map[string]any{
			"survey_id": "relationship", "survey_name": "Would you recommend us?", "question_id": "nps", "kind": "nps", "score": o.nps, "text": o.text, "order_id": id,
		})
	}
	if t = t.Add(time.Minute); s.chance(25) {
		s.says(t, p, false, "Survey Answered", map[string]any{
			"survey_id": "delivery", "survey_name": "How was the delivery?", "question_id": "csat", "kind": "csat", "score": o.rating, "order_id": id,
		})
	}
	if t = t.Add(time.Hour); s.chance(8) {
		s.says(t, p, true, "Social Mention", map[string]any{
			"network": "instagram", "post_id": "ig-" + id, "author_handle": p.handle, "text": o.text + " @tantuhandloom",
		})
	}
	if !o.bad {
		return
	}
	if s.chance(40) {
		s.chat(p, t, o.text)
	} else if s.chance(40) {
		s.says(t, p, true, "Email Replied", map[string]any{"message_id": "mail-" + id, "subject": "Order " + id, "text": o.text})
	}
	if s.chance(40) {
		s.says(t.Add(2*day), p, true, "Order Returned", map[string]any{"order_id": id})
		s.says(t.Add(3*day), p, true, "Order Refunded", map[string]any{"order_id": id})
	}
}

// chat is a question and the answer of the shop.
func (s *Shop) chat(p *shopper, t time.Time, text string) {
	id := fmt.Sprintf("chat-%s-%d", s.run, s.count)
	message := func(t time.Time, server bool, name, n, sender, text string) {
		s.says(t, p, server, name, map[string]any{"conversation_id": id, "message_id": id + n, "sender": sender, "text": text})
	}
	s.says(t, p, false, "Live Chat Conversation Started", map[string]any{"conversation_id": id})
	message(t.Add(15*time.Second), false, "Live Chat Message Sent", "-1", "customer", text)
	if p.known { // a page's visitor is answered there, the server does not know them
		message(t.Add(90*time.Second), true, "Live Chat Message Received", "-2", "agent", "Thank you for writing to us! We are looking into it.")
	}
	s.says(t.Add(3*time.Minute), p, false, "Live Chat Conversation Ended", map[string]any{"conversation_id": id, "conversation_duration": 180})
}

// store is a visit to the shop in town of somebody with its card.
func (s *Shop) store(p *shopper, t time.Time) {
	if !p.known {
		return
	}
	data := map[string]any{"store_id": "kolkata-1", "store_name": "Gariahat, Kolkata", "total": pick(s, catalogue).price, "currency": "INR"}
	if s.chance(50) {
		o := s.outcome(p, false)
		data["rating"], data["remark"] = o.rating, o.text
	}
	s.says(t, p, true, "Store Visit", data)
}
