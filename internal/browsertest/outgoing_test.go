package browsertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/dhvani/dhvani/internal/app"
)

// receiver is somebody's chat server.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	answer int
	bodies []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{answer: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies = append(r.bodies, q.URL.Path+" "+q.Header.Get("webhook-signature")+" "+string(body))
		w.WriteHeader(r.answer)
	}))
	t.Cleanup(r.Close)
	return r
}

// answers sets what it answers from now on.
func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = status
}

func (r *receiver) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.bodies) == 0 {
		return ""
	}
	return r.bodies[len(r.bodies)-1]
}

// A chat room is added, tried, found wanting and mended; the page tells of each by itself.
func TestOutgoing(t *testing.T) {
	chat := newReceiver(t)
	p := start(t, func(o *app.Options) { o.LocalWebhook = chat.URL }).shop("Tantu Handloom")
	b := p.signIn(p.owner)
	b.goTo(p.path("settings/outgoing"))
	b.sees("Nothing leaves Dhvani yet")
	b.picture("-empty")
	b.press("Slack")
	b.at(p.path("settings/outgoing/new"))
	b.allow("settings/outgoing answered 422")
	b.fill("name", "Support")
	b.fill("password-url", "http://elsewhere.example/hook")
	b.press("Add")
	b.sees("The address must begin with https://.")
	if at := ask[string](b, `document.querySelector('[aria-invalid=true]').name`); at != "password-url" {
		t.Errorf("the flaw stands beside %s", at)
	}
	if kept := ask[string](b, `document.querySelector('[name=name]').value + document.querySelector('[name=password-url]').value`); kept != "Support" {
		t.Errorf("the form came back with %q", kept)
	}
	b.picture("-flaw")
	b.fill("password-url", chat.URL+"/hook")
	b.press("Add")
	b.at(p.path("settings/outgoing/dst_"))
	b.sees("Nothing was sent here yet")
	b.press("Send a test")
	b.until(`document.querySelector('#messages tbody .chip')?.innerText == 'Arrived'`)
	if !strings.Contains(chat.last(), "/hook") || !strings.Contains(chat.last(), "This is a test") {
		t.Errorf("the room got %s", chat.last())
	}

	chat.answers(http.StatusBadRequest)
	b.press("Send a test")
	b.until(`document.querySelector('#messages tbody .chip')?.innerText == 'Given up'`)
	b.sees("It does not take the message (400).")
	ask[bool](b, `document.querySelector('#messages tbody details summary').click() || true`)
	b.picture("-given-up")
	b.size(390, 844)
	b.scheme("dark")
	b.picture("-phone-dark")
	b.size(1440, 1000)
	b.scheme("light")
	b.goTo(p.path("settings/outgoing"))
	b.sees("1 given up")
	b.picture("-list")
	b.press("Show what was given up")
	b.sees("Support")
	chat.answers(http.StatusOK)
	b.press("Try again")
	b.sees("It is on its way again.")
	b.until(`[...document.querySelectorAll('#messages tbody .chip')].every(e => e.innerText == 'Arrived')`)

	chat.answers(http.StatusInternalServerError)
	b.press("Send a test")
	b.sees("It has trouble of its own (500).")
	b.press("Pause")
	b.sees("Paused. Messages wait and none is lost.")
	chat.answers(http.StatusOK)
	b.press("Resume")
	b.until(`[...document.querySelectorAll('#messages tbody .chip')].every(e => e.innerText == 'Arrived')`)

	chat.answers(http.StatusNotFound) // Slack's word for a webhook that was taken away
	b.press("Send a test")
	b.sees("Stopped: the other side does not know us any more.")
	ask[bool](b, `[...document.querySelectorAll('.segmented a')].find(e => e.href.endsWith('/settings')).click() || true`)
	b.at(p.path("settings/outgoing/dst_"))
	b.press("Delete")
	b.sees("Delete this destination?")
	ask[bool](b, `document.querySelector('dialog[open] .btn-fatal').click() || true`)
	b.sees("Nothing leaves Dhvani yet")
	b.press("Show what was given up")
	b.sees("A destination that was deleted")
}

// A webhook's secret is shown once, and replaced so that both count for a while.
func TestWebhookSecret(t *testing.T) {
	hook := newReceiver(t)
	p := start(t, func(o *app.Options) { o.LocalWebhook = hook.URL }).shop("Tantu Handloom")
	b := p.signIn(p.owner)
	b.goTo(p.path("settings/outgoing/new?kind=webhook"))
	b.fill("name", "Warehouse")
	b.fill("url", hook.URL+"/in")
	b.press("Add")
	b.sees("Copy it now")
	first := ask[string](b, `document.querySelector('.snippet code').innerText`)
	b.picture("")
	b.goTo(p.path("settings/outgoing"))
	b.press("Warehouse")
	b.at(p.path("settings/outgoing/dst_"))
	b.press("Send a test")
	b.until(`document.querySelector('#messages tbody .chip')?.innerText == 'Arrived'`)
	if strings.Count(hook.last(), "v1,") != 1 {
		t.Error(hook.last())
	}
	ask[bool](b, `[...document.querySelectorAll('.segmented a')].find(e => e.href.endsWith('/settings')).click() || true`)
	b.press("Replace the secret")
	b.sees("Copy it now")
	second := ask[string](b, `document.querySelector('.snippet code').innerText`)
	if first == second || !strings.HasPrefix(first, "whsec_") || !strings.HasPrefix(second, "whsec_") {
		t.Errorf("%q, then %q", first, second)
	}
	ask[bool](b, `[...document.querySelectorAll('.segmented a')].find(e => e.innerText == 'Messages').click() || true`)
	b.press("Send a test")
	b.until(`[...document.querySelectorAll('#messages tbody .chip')].filter(e => e.innerText == 'Arrived').length == 2`)
	if strings.Count(hook.last(), "v1,") != 2 {
		t.Error(hook.last())
	}
}

// A mail server's form names what is wrong beside each field, and forgets passwords;
// an address can be asked for without standing in the page's address.
func TestOutgoingMail(t *testing.T) {
	p := start(t).shop("Tantu Handloom")
	b := p.signIn(p.owner)
	b.allow("settings/outgoing answered 422")
	b.goTo(p.path("settings/outgoing/new?kind=email"))
	b.fill("name", "Mails of the shop")
	b.fill("from", "hello@tantu.example")
	b.fill("host", "smtp.tantu.example")
	b.fill("port", "22")
	b.fill("user", "tantu")
	b.fill("password-password", "mail secret")
	b.press("Add")
	b.sees("Mail servers listen on port")
	b.picture("-flaw")
	b.fill("port", "587")
	b.press("Add")
	b.sees("A user needs a password")
	b.fill("password-password", "mail secret")
	ask[bool](b, `(document.querySelector('[name=quiet_from]').value = '21:00') && (document.querySelector('[name=quiet_to]').value = '08:30') && true`)
	b.fill("per_domain", "2.5")
	b.press("Add")
	b.at(p.path("settings/outgoing/dst_"))
	ask[bool](b, `[...document.querySelectorAll('.segmented a')].find(e => e.href.endsWith('/settings')).click() || true`)
	b.until(`document.querySelector('[name=quiet_from]')?.value == '21:00'`)
	if got := ask[string](b, `['host','port','user','password-password','per_domain','quiet_to','at_once'].map(n => document.querySelector('[name="'+n+'"]').value).join()`); got != "smtp.tantu.example,587,tantu,,2.5,08:30," {
		t.Errorf("the form has %s", got)
	}
	b.fill("from_name", "Tantu")
	b.press("Save")
	b.until(`document.querySelector('[name=from_name]')?.value == 'Tantu' && location.search.includes('saved')`) // the password stayed: without it the user would be refused
	b.picture("")

	b.allow("/hook answered 422")
	ask[bool](b, `(document.querySelector('[name=source]').value = 'sendgrid') && true`)
	b.press("Make an address")
	b.sees("This is not the key of that service.")
	ask[bool](b, `(document.querySelector('[name=source]').value = 'postmark') && true`)
	b.press("Make an address")
	b.sees("nothing was heard yet")
	hook := ask[string](b, `document.querySelector('#hook .snippet code').innerText`)
	b.picture("-hook")
	answer, err := http.Post(hook, "application/json", strings.NewReader(`{"RecordType":"SpamComplaint","Type":"SpamComplaint","Email":"junk@mail.example"}`))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	ask[bool](b, `[...document.querySelectorAll('.segmented a')].find(e => e.innerText == 'Settings').click() || true`)
	b.sees("last heard")

	b.goTo(p.path("settings/outgoing"))
	b.fill("email", "junk@mail.example")
	b.press("Look it up")
	b.sees("its owner called one junk")
	b.picture("-stopped")
	b.press("Let it get mails again")
	b.sees("junk@mail.example gets mails again.")
	b.fill("email", "asha@mail.example")
	b.press("Look it up")
	b.sees("asha@mail.example gets mails.")
	if strings.Contains(b.where(), "asha") {
		t.Error("the address stands in " + b.where())
	}
}
