package browsertest

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/db"
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

// page is a page as text, with what its forms hold.
type page struct {
	answer
	html string
}

func (w *walker) page(path string) page { return w.read(w.ask(w.t, "GET", path)) }

// sendForm sends a form that may be refused.
func (w *walker) sendForm(path string, form url.Values) page {
	return w.read(w.request(w.t, "POST", path, "application/x-www-form-urlencoded", form.Encode()))
}

func (w *walker) read(a answer) page { return page{a, html.UnescapeString(string(a.text))} }

// value is what a hidden field of a page holds.
func (p page) value(name string) string {
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(p.html)
	if m == nil {
		return ""
	}
	return m[1]
}

// is reports a page that is not answered so, or lacks a text.
func (p page) is(t *testing.T, status int, texts ...string) {
	t.Helper()
	if p.status != status {
		t.Errorf("%d, not %d", p.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(p.html, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}

// Two who change the same rule or playbook: the second is told, and what they entered
// stands there to be saved again.
func TestSettingsOfTwo(t *testing.T) {
	s := start(t, func(o *app.Options) { o.LocalWebhook = "http://127.0.0.1:1" }).shop("Tantu Handloom")
	mira, arun := s.walker(s.owner), s.walker(s.addUser(workspace.Admin))
	mira.post(s.path("settings/outgoing"), url.Values{"kind": {"slack"}, "name": {"Support"}, "password-url": {"http://127.0.0.1:1/hook"}})
	way := regexp.MustCompile(`dst_[a-z0-9]+`).FindString(mira.page(s.path("settings/outgoing")).html)
	form := func(name, version string) url.Values {
		return url.Values{"name": {name}, "version": {version}, "active": {"on"}, "least": {"medium"}, "to_destination": {way}, "to_address": {""}, "to_language": {"en"}}
	}
	first := s.path("settings/telling/first")
	seen := mira.page(first).value("version")
	arun.post(first, form("Arun's", arun.page(first).value("version")))
	again := mira.sendForm(first, form("Mira's", seen))
	again.is(t, http.StatusConflict, "A colleague has changed this meanwhile.", `value="Mira's"`)
	arun.page(s.path("settings/telling")).is(t, http.StatusOK, "Arun's")
	mira.post(first, form("Mira's", again.value("version")))
	arun.page(s.path("settings/telling")).is(t, http.StatusOK, "Mira's")

	// A colleague deletes it meanwhile: it can be saved as a new one.
	seen = mira.page(first).value("version")
	arun.post(first+"/delete", nil)
	gone := mira.sendForm(first, form("Mine", seen))
	gone.is(t, http.StatusConflict, "A colleague has deleted this rule meanwhile.", `value="Mine"`, `action="`+s.path("settings/telling-new")+`"`)
	mira.post(s.path("settings/telling-new"), form("Mine", gone.value("version")))
	mira.page(s.path("settings/telling")).is(t, http.StatusOK, "Mine")

	book := s.path("settings/playbooks/payment")
	steps := func(text, version string) url.Values {
		return url.Values{"version": {version}, "id": {""}, "text": {text}, "write": {""}}
	}
	arun.post(book, steps("Call Arun", "0"))
	again = mira.sendForm(book, steps("Call Mira", "0"))
	again.is(t, http.StatusConflict, "A colleague has changed this meanwhile.", "Call Mira")
	mira.page(book).is(t, http.StatusOK, "Call Arun", "Go back to the ready steps?")
	mira.sendForm(book+"/reset?version=1", nil).is(t, http.StatusConflict)
	mira.post(book, steps("Call Mira", again.value("version")))
	arun.page(book).is(t, http.StatusOK, "Call Mira")
}

// A destination that rules name is not deleted; a rule whose destination is gone all the
// same says so, and sends no example.
func TestDestinationOfRules(t *testing.T) {
	s := start(t, func(o *app.Options) { o.LocalWebhook = "http://127.0.0.1:1" }).shop("Tantu Handloom")
	mira := s.walker(s.owner)
	mira.post(s.path("settings/outgoing"), url.Values{"kind": {"slack"}, "name": {"Support"}, "password-url": {"http://127.0.0.1:1/hook"}})
	way := regexp.MustCompile(`dst_[a-z0-9]+`).FindString(mira.page(s.path("settings/outgoing")).html)
	mira.post(s.path("settings/telling-new"), url.Values{"name": {"At night"}, "active": {"on"}, "least": {"medium"}, "to_destination": {way}, "to_address": {""}, "to_language": {"en"}})
	const used = "These rules tell it"
	settings := mira.page(s.path("settings/outgoing/" + way + "/settings"))
	settings.is(t, http.StatusOK, used, "At night")
	if strings.Contains(settings.html, way+"/delete") {
		t.Error("it can be deleted")
	}
	mira.sendForm(s.path("settings/outgoing/"+way+"/delete"), nil).is(t, http.StatusConflict, used, "At night")

	s.lose(way)
	list := mira.page(s.path("settings/telling"))
	list.is(t, http.StatusOK, "Its destination is gone", "deleted destination")
	if strings.Contains(list.html, "→ dst_") {
		t.Error("it is named by its id")
	}
	rule := regexp.MustCompile(`rule_[a-z0-9]+`).FindString(list.html)
	mira.sendForm(s.path("settings/telling/"+rule+"/test"), nil).is(t, http.StatusUnprocessableEntity, "No example was sent", "At night")
	mira.page(s.path("settings/telling/"+rule)).is(t, http.StatusOK, "deleted destination")
}

// lose deletes a destination as an older Dhvani did, whatever names it.
func (s *shop) lose(destination string) {
	s.t.Helper()
	w := s.watch()
	w.do(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM destination WHERE workspace = $1 AND id = $2", w.workspace, destination)
		return err
	})
}

// The report shows the incident's own sign, and says so; who writes what the shop changes
// after a colleague changed something keeps it.
func TestReport(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	mira, report := s.walker(s.owner), s.path("incidents/"+s.things["incidents"]+"/report")
	seen := mira.page(report)
	seen.is(t, http.StatusOK, "Checkouts that fail · UPI")
	s.walker(s.email(workspace.Agent)).post(s.path("incidents/"+s.things["incidents"]+"/acknowledge"), nil)
	again := mira.sendForm(report, url.Values{"version": {seen.value("version")}, "lesson": {"Ask the bank"}})
	again.is(t, http.StatusConflict, "A colleague has changed this meanwhile.", "Ask the bank</textarea>")
	mira.post(report, url.Values{"version": {again.value("version")}, "lesson": {"Ask the bank"}})
	mira.page(report).is(t, http.StatusOK, "Ask the bank</textarea>")
}
