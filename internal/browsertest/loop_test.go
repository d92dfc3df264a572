package browsertest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight/loop"
	"github.com/dhvani/dhvani/internal/workspace"
)

// One prepares a letter to those whom an incident hit, another approves it, and the
// customer answers from the mail; the answer is an opinion.
func TestLetterToCustomers(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	s.command("POST", "/admin/demo/outgoing", app.NamedKey{Workspace: s.id}, &struct{}{})
	w := s.watch()
	in := w.get(s.things["incidents"])
	page := s.path("incidents/" + in.ID + "/letter")
	b := s.signIn(s.owner)
	b.goTo(s.path("incidents/" + in.ID))
	b.sees("Write to the customers hit")
	b.goTo(page)
	b.sees("It goes on still.")
	w.do(func(ctx context.Context, tx *db.Tx) error { return w.store.Recover(ctx, tx, in, in.Finding) })
	b.goTo(page)
	b.until("document.querySelector('#letter-count').innerText == '6'")
	b.until("document.querySelectorAll('iframe.letter').length > 1")
	b.picture("-prepare")
	b.press("Save")
	b.sees("Somebody else must approve it")
	c := s.signIn(s.email(workspace.Agent))
	c.goTo(page)
	c.press("Approve and send 6 mails")
	c.sees("The letters are on their way")
	c.sees("No comparison possible")
	c.sees("Were written to already")
	c.picture("-sent")
	b.goTo(s.path("incidents/" + in.ID))
	b.sees("Wrote to 6 customers hit")

	// The mail arrives in the demo's mailbox, and its link asks one question.
	b.goTo(s.path("demo/mailbox"))
	b.until(`document.querySelectorAll('#letters li').length >= 6`)
	b.do(chromedp.Click("#letters li a"))
	b.until(`document.querySelector('.letter-text')?.innerText.includes('` + loop.MendedPath + `')`)
	text := ask[string](b, `document.querySelector('.letter-text').innerText`)
	_, link, _ := strings.Cut(text, loop.MendedPath)
	link = loop.MendedPath + link[:strings.IndexAny(link, "?\n")]
	stranger := open(t, s.url)
	stranger.allow("422")
	stranger.goTo(link + "?answer=not_yet&lang=en")
	stranger.until(`document.querySelector('input[value=not_yet]')?.checked`)
	stranger.sees("Paying works again at Tantu Handloom")
	stranger.sees("paying in our shop failed for a while")
	stranger.ofTheShop()
	stranger.looksRight("-question")
	// Who writes too much is told so, and loses nothing.
	stranger.do(chromedp.SetValue("textarea[name=text]", strings.Repeat("x", loop.MaxSaid+1)))
	stranger.press("Send")
	stranger.sees("Write at most 2,000 characters, please.")
	stranger.until(`document.querySelector('textarea[name=text]').value.length == 2001 && document.querySelector('input[value=not_yet]').checked`)
	stranger.looksRight("-too-long")
	stranger.do(chromedp.SetValue("textarea[name=text]", "UPI fails still"))
	stranger.press("Send")
	stranger.until(`document.querySelector('.paper') && !document.querySelector('form.form')`)
	stranger.looksRight("-answered")
	stranger.goTo(link + "/leave?lang=hi")
	stranger.until(`document.querySelector('.paper form')`)
	stranger.ofTheShop()
	stranger.looksRight("-leave")
	// A program for mail leaves for its user with one POST (RFC 8058).
	res, err := http.PostForm(s.url+link+"/leave", url.Values{"List-Unsubscribe": {"One-Click"}})
	if err != nil || res.StatusCode != 200 {
		t.Errorf("one click: %v %v", err, res)
	}
	res.Body.Close()
	stranger.goTo(link + "/leave?lang=en")
	stranger.sees("You get no more mails from this shop.")
	s.settle()
	var said struct{ Items []struct{ Text string } }
	for range 50 {
		s.call("GET", "/api/v1/feedback?q=UPI+fails+still", "", &said)
		if len(said.Items) > 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if len(said.Items) != 1 {
		t.Errorf("the answer is no opinion: %+v", said)
	}
	b.goTo(page)
	b.until(`document.querySelector('#letter-outcome')?.innerText.includes('Say not yet')`)
}

// ofTheShop reports a page for customers that does not begin with the shop's name, or
// speaks of Dhvani, which they do not know.
func (p *tab) ofTheShop() {
	p.t.Helper()
	if text := ask[string](p, "document.title + '\\n' + document.body.innerText"); strings.Contains(text, "Dhvani") || !strings.Contains(text, "· Tantu Handloom\nTantu Handloom\n") {
		p.t.Errorf("a customer reads %q", text)
	}
}
