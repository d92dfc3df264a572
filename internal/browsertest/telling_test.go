package browsertest

import (
	"context"
	"net/url"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/webhook"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Whom an incident is told is seen, tried and changed; and who got the message
// takes the incident from it, without an account.
func TestTelling(t *testing.T) {
	chat := newReceiver(t)
	s := start(t, func(o *app.Options) { o.LocalWebhook = chat.URL }).shop("Tantu Handloom")
	b := s.signIn(s.owner)
	b.goTo(s.path("settings/telling"))
	b.sees("There is no way to tell anybody yet")
	s.walker(s.owner).post(s.path("settings/outgoing"), url.Values{"kind": {"slack"}, "name": {"Support"}, "password-url": {chat.URL + "/hook"}})
	b.goTo(s.path("settings/telling"))
	b.sees("Support")
	b.press("Send an example")
	b.sees("The example is on its way")
	chat.got(t, "UPI")

	b.press("Add a rule")
	b.ready()
	b.allow("settings/telling-new answered 422")
	b.fill("name", "Payments at night")
	b.press("Payment")
	b.press("Save")
	b.sees("A rule tells from 1 to 10 receivers.")
	if ask[string](b, "document.querySelector('[name=name]').value") != "Payments at night" || !ask[bool](b, "document.querySelector('[name=kind][value=payment]').checked") {
		t.Error("what was entered is gone")
	}
	b.do(chromedp.SetValue("#to-0-way", ask[string](b, "document.querySelector('#to-0-way').options[1].value")))
	b.fill("escalate", "15")
	b.press("Save")
	b.sees("with somebody to tell")
	b.do(chromedp.SetValue("#esc-0-way", ask[string](b, "document.querySelector('#esc-0-way').options[1].value")))
	b.press("Save")
	b.at(s.path("settings/telling"))
	b.sees("Payments at night")
	b.press("Payments at night\nPayment · from medium → Support")
	b.until("document.querySelector('[name=escalate]')?.value == '15' && document.querySelector('#to-1-way')")
	b.press("Delete the rule")
	b.press("Remove")
	b.at(s.path("settings/telling"))
	b.until("!document.querySelector('main').innerText.includes('Payments at night')")

	in := s.telling(chat).open(upi(4*time.Minute), true, 1)
	link := regexp.MustCompile(`/acknowledge/[A-Za-z0-9_-]+`).FindString(chat.got(t, "/acknowledge/"))
	c := open(t, s.url)
	c.goTo(link)
	c.sees("In the name of Support")
	c.looksRight("-acknowledge")
	if in = s.watch().get(in.ID); !in.AcknowledgedAt.IsZero() {
		t.Error("to look at the link acknowledges")
	}
	c.press("Acknowledge")
	c.sees("Colleagues see that somebody takes care of it.")
	b.goTo(s.path("incidents/" + in.ID))
	b.sees("taken by Support")
	b.sees("from the message to Support")
}

// telling is a watch that tells people what it notices, by the shop's outbox.
func (s *shop) telling(chat *receiver) *watch {
	s.t.Helper()
	w := s.watch()
	local, err := url.Parse(chat.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	seal, err := workspace.New(context.Background(), w.store.DB, filepath.Join(s.options.Data, "seal.key"))
	if err != nil {
		s.t.Fatal(err)
	}
	w.store.Sealer, w.store.URL = seal, func() string { return s.url }
	w.store.Out = &deliver.Store{DB: w.store.DB, Sealer: seal, Senders: webhook.Senders(local, nil)}
	return w
}

// got waits for a message that contains some words.
func (r *receiver) got(t *testing.T, words string) string {
	t.Helper()
	end := time.Now().Add(patience)
	for time.Now().Before(end) {
		if last := r.last(); regexp.MustCompile(regexp.QuoteMeta(words)).MatchString(last) {
			return last
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("no message with %s; the last was %s", words, r.last())
	return ""
}
