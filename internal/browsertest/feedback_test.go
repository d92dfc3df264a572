package browsertest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/dhvani/dhvani/internal/workspace"
)

// A bar of the chart leads to its opinions, and menus narrow them further.
func TestFeedbackBar(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	b := s.signIn(s.owner)
	b.goTo(s.path("feedback") + "?days=30&chart=volume")
	b.ready()
	// The highest bar of all is today's, or yesterday's where midnight is near.
	const bar = `[...document.querySelectorAll(".chart-area svg path")].map(e => [e, e.getBoundingClientRect()])
		.filter(([e, r]) => !["none", "transparent", null].includes(e.getAttribute("fill")) && r.width > 2 && r.width < 60 && r.height > 8)
		.sort((x, y) => y[1].height - x[1].height)[0]`
	b.until(bar)
	b.do(chromedp.Func(press(bar + "[1]")))
	b.until("/from=/.test(location.search) && /to=/.test(location.search) && document.readyState == 'complete'")
	b.ready()
	b.until("document.querySelectorAll('#voices [data-row], #voices article').length > 0")
	b.click(".mood-share[href*='mood=bad']")
	b.until("/mood=bad/.test(location.search) && /from=/.test(location.search) && document.readyState == 'complete'")
	b.sees("Clear filters")
	b.press("Clear filters")
	b.until("!/mood=/.test(location.search)")
}

// press clicks the middle of a box that an expression gives.
func press(box string) func(context.Context, *chromedp.Target) error {
	return func(ctx context.Context, _ *chromedp.Target) error {
		at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64]("(r => [r.x + r.width/2, r.y + r.height/2])("+box+")"))
		for _, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMouseMoved, input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased} {
			if err == nil {
				_, err = chromedp.Call(ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: at[0], Y: at[1], Button: input.MouseButtonLeft, ClickCount: 1})
			}
		}
		return err
	}
}

// An opinion is assigned, noted, handled and opened again, and answered by the
// agent's own mail; colleagues and the audit log see it.
func TestOpinionIsDealtWith(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	agent := s.email(workspace.Agent)
	b := s.signIn(agent)
	b.goTo(s.path("feedback") + "?q=gorgeous")
	b.ready()
	b.click("#voices a[data-row-link]")
	b.at(s.path("feedback/"))
	b.ready()
	b.sees("The block-print tablecloth")

	ask[bool](b, `(f => { f.value = [...f.options].find(o => o.text.includes("Mira agent")).value; return true })(document.querySelector("#case select[name=account]"))`)
	b.press("Assign")
	b.sees("Assigned to Mira agent")
	b.until("document.querySelector('#case select[name=account]').selectedOptions[0].text.includes('Mira agent')")
	b.do(chromedp.SendKeys("#case textarea[name=text]", "Ask for a picture <b>of it</b>"))
	b.press("Add the note")
	b.until("document.querySelector('.note-row')?.innerText.includes('Ask for a picture <b>of it</b>')")
	b.press("Mark as handled")
	b.sees("Handled by Mira agent")

	b.press("Reply")
	b.until("document.querySelector('#reply a[href^=\"mailto:\"]')")
	mail := ask[string](b, "document.querySelector('#reply a[href^=\"mailto:\"]').href")
	if !strings.HasPrefix(mail, "mailto:person5@mail.example") && !strings.HasPrefix(mail, "mailto:person5%40mail.example") {
		t.Errorf("the agent's mail opens with %s", mail)
	}
	if to := ask[string](b, "document.querySelector('#reply a[href^=\"https://wa.me/\"]').href"); to != "https://wa.me/919830000005" {
		t.Errorf("WhatsApp opens with %s", to)
	}

	c := s.signIn(s.owner)
	c.goTo(s.path("feedback") + "?state=handled")
	c.ready()
	if n := ask[int](c, "document.querySelectorAll('#voices [data-row], #voices article').length"); n != 1 {
		t.Errorf("%d opinions are handled, expected 1", n)
	}
	c.sees("1 note")
	c.click("#voices a[data-row-link]")
	c.at(s.path("feedback/"))
	c.ready()
	c.press("Open again")
	c.until("![...document.querySelectorAll('#case p')].some(e => e.innerText.includes('Handled by'))")
	c.sees("Mark as handled")
	if ask[bool](c, "!!document.querySelector('.note-row form')") {
		t.Error("somebody else's note can be removed")
	}
	c.goTo(s.path("feedback") + "?state=open&q=gorgeous")
	c.sees("The block-print tablecloth")
	b.goTo(s.path("feedback") + "?state=mine")
	b.sees("The block-print tablecloth")
	c.goTo(s.path("settings/audit"))
	for _, did := range []string{"Assigned", "handled", "note"} {
		c.until(fmt.Sprintf("new RegExp(%q, 'i').test(document.querySelector('main').innerText)", did))
	}
}
