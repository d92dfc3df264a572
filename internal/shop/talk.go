package shop

import (
	"fmt"
	"time"
)

// chat is a question or complaint and the answer of the shop.
func (v *visit) chat(t time.Time, text, order string) {
	id := fmt.Sprintf("%s-%d", v.s.name("chat", v.id), v.n)
	start := object{}.str("conversation_id", id)
	message := func(n int, sender, text string) object {
		return start.copy().str("message_id", fmt.Sprintf("%s-%d", id, n)).str("sender", sender).str("text", text).str("order_id", order)
	}
	v.send(t, false, "Live Chat Conversation Started", start)
	t = t.Add(v.later(8*time.Second, 30*time.Second))
	v.send(t, false, "Live Chat Message Sent", message(1, "customer", text))
	if v.signed { // a page's visitor is answered there, the server does not know them
		v.server(t.Add(v.later(40*time.Second, 4*time.Minute)), "Live Chat Message Received", message(2, "agent", pick(v.r, v.p.answers)))
	}
	t = t.Add(v.later(4*time.Minute, 9*time.Minute))
	v.send(t, false, "Live Chat Conversation Ended", start.copy().num("conversation_duration", 180+v.r.IntN(300)))
}

// mail is written to the shop, which knows its customers by their addresses.
func (v *visit) mail(t time.Time, subject, text, order string) {
	v.server(t, "Email Replied", object{}.str("message_id", fmt.Sprintf("%s-%d", v.s.name("mail", v.id), v.n)).
		str("subject", subject).str("text", text).str("order_id", order))
}

// survey is an answer to one question; server where it came by a mail.
func (v *visit) survey(t time.Time, server bool, id, name, kind string, score, scale int, text, product, order string) {
	v.send(t, server, "Survey Answered", object{}.str("survey_id", id).str("survey_name", name).str("question_id", kind).str("kind", kind).
		num("score", score).num("scale", scale).str("text", text).str("product_id", product).str("order_id", order))
}

// mention is a post about the shop. The network tells the handle, not who it is.
func (v *visit) mention(t time.Time, text string) {
	network := "instagram"
	if v.p.r(3) {
		network = "x"
	}
	v.n++
	id := fmt.Sprintf("%s-%d", v.s.name("post", v.id), v.n)
	data := object{}.str("network", network).str("post_id", id).str("author_handle", v.p.handle).str("text", text+" @tantuhandloom")
	o := object{}.str("messageId", id).str("type", "track").str("event", "Social Mention").str("anonymousId", network+"-"+v.p.handle).
		obj("properties", data).obj("context", object{}.str("locale", v.p.locale).obj("library", object{}.str("name", "tantu-social").str("version", "1.2")))
	v.s.emit(&Event{At: t, Server: true, name: "Social Mention", body: o})
}

func (o object) copy() object { return append(object(nil), o...) }
