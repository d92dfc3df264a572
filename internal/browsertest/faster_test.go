package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Who was slower than a colleague is told so, loses nothing, and can press once more;
// questions that were closed meanwhile are about the incident as it stands now.
func TestIncidentAfterAColleague(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	w := s.watch()
	in := w.get(s.things["incidents"])
	agent, owner := s.signIn(s.email(workspace.Agent)), s.signIn(s.owner)
	agent.allow("answered 409")
	agent.goTo(s.path("incidents/" + in.ID))
	agent.ready()
	agent.until("document.documentElement.classList.contains('is-live')")
	agent.press("Resolve")
	agent.do(chromedp.SendKeys("#ask-resolve-outcome", "The bank switched back"))
	owner.goTo(s.path("incidents/" + in.ID))
	owner.ready()
	owner.keys("a")
	agent.sees("taken by Mira owner")
	agent.click("#ask-resolve .btn-primary")
	agent.sees("It has changed meanwhile")
	if ask[string](agent, "document.querySelector('#ask-resolve-outcome').value") != "The bank switched back" || !ask[bool](agent, "document.querySelector('#ask-resolve').open") {
		t.Error("what was typed is lost")
	}
	agent.click("#ask-resolve .btn-primary")
	agent.sees("resolved by Mira agent")
	if got := w.get(in.ID); got.State != incident.Resolved || got.Outcome != "The bank switched back" {
		t.Errorf("it is %s: %q", got.State, got.Outcome)
	}
	owner.sees("resolved by Mira agent")
	owner.press("Open again")

	// A question that was open while a colleague changed something, and is opened anew.
	agent.sees("taken by Mira owner")
	agent.press("Resolve")
	owner.click(".step:first-child button")
	agent.until("document.querySelector('.step:first-child').classList.contains('is-done')")
	agent.click("#ask-resolve [data-close]")
	agent.press("Resolve")
	agent.do(chromedp.SendKeys("#ask-resolve-outcome", " for good"))
	agent.click("#ask-resolve .btn-primary")
	agent.sees("resolved by Mira agent")
}

// Two clicks write one comment.
func TestCommentIsWrittenOnce(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	b := s.signIn(s.owner)
	b.goTo(s.path("incidents/" + s.things["incidents"]))
	b.ready()
	b.do(chromedp.SendKeys("#incident-comment textarea", "Asked the bank"))
	ask[bool](b, "(e => { e.click(); e.click(); return true })(document.querySelector('#incident-comment button'))")
	b.until("document.querySelector('#incident-comment textarea').value == ''")
	b.click("#incident-actions .btn-primary") // after which a second comment would stand there too
	b.sees("taken by Mira owner")
	if n := ask[int](b, "document.querySelector('#incident-log').innerText.split('Asked the bank').length - 1"); n != 1 {
		t.Errorf("two clicks wrote %d comments", n)
	}
}
