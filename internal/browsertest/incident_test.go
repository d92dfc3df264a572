package browsertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// The list: empty, it says what is watched; what is noticed comes by itself, with
// the badge and the bell; j and Enter open it.
func TestIncidentList(t *testing.T) {
	s := start(t).shop("Tantu Handloom")
	b := s.signIn(s.owner)
	b.goTo(s.path("incidents"))
	b.sees("Nothing is watched yet")
	if ask[bool](b, "!!document.querySelector('.rail .count-alarm')") {
		t.Error("there is a badge though nothing is wrong")
	}
	w := s.watch()
	in := w.open(upi(4*time.Minute), true, 6)
	w.open(visitors(), true, 3)
	few := dye(1)
	few.Hit = 2 // more would be critical, and told
	w.open(few, false, 2)
	b.until("document.querySelectorAll('#incidents-list tbody tr').length == 2")
	b.until("document.querySelector('.rail .count-alarm')?.innerText.trim().startsWith('1')")
	b.click(".rail .bell summary")
	b.until("document.querySelectorAll('.rail .bell-item').length == 2")
	b.keys("\x1b")
	b.goTo(s.path("incidents") + "?show=good")
	b.until("document.querySelectorAll('#incidents-list tbody tr').length == 1")
	b.goTo(s.path("incidents") + "?kind=payment")
	b.until("document.querySelectorAll('#incidents-list tbody tr').length == 1")
	b.sees("17.9%")
	b.sees("usually 4.2 to 6.8%")
	b.keys("j")
	b.keys("\r")
	b.at(s.path("incidents/" + in.ID))
	// On another page the bell rings too.
	b.goTo(s.path("customers"))
	b.until("document.querySelector('.rail .count-alarm')")
	w.open(dye(2), true, 1)
	b.until("document.querySelector('.rail .count-alarm').innerText.trim().startsWith('2')")
}

// Words on a chart can be read on every screen: those of what changed, what was noticed and what ended, which
// are minutes apart, stand clear of one another, of the axes and of the edge.
func TestChartWords(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	w := s.watch()
	in := w.get(s.things["incidents"])
	in.Finding.Changes[0].Title = "Release 2026.11.22 with new ways to pay"
	w.do(func(ctx context.Context, tx *db.Tx) error { return w.store.Recover(ctx, tx, in, in.Finding) })
	b := s.signIn(s.owner)
	for _, language := range []string{"en", "hi", "pt-BR"} {
		w.do(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE account SET language = $1 WHERE email = $2", language, s.owner)
			return err
		})
		for _, width := range []int64{320, 390, 1440} {
			b.size(width, 900)
			b.goTo(s.path("incidents/" + in.ID))
			b.until("document.querySelector('#incident-line .chart-area svg text')")
			b.picture(fmt.Sprintf("-%s-%d", language, width))
			if bad := ask[string](b, `(() => {
				const area = document.querySelector('#incident-line .chart-area').getBoundingClientRect()
				const words = [...document.querySelectorAll('#incident-line .chart-area svg text')].filter(e => e.textContent.trim()).map(e => [e.textContent, e.getBoundingClientRect()])
				const bad = words.filter(([, r]) => r.left < area.left - 1 || r.right > area.right + 1 || r.top < area.top - 1).map(([t]) => t + ' is cut off')
				words.forEach(([t, r], i) => words.slice(0, i).forEach(([u, q]) => {
					if (r.left < q.right - 1 && q.left < r.right - 1 && r.top < q.bottom - 2 && q.top < r.bottom - 2) bad.push(u + ' meets ' + t)
				}))
				return words.length < 6 ? 'only ' + words.map(([t]) => t) : bad.join('; ')
			})()`); bad != "" {
				t.Errorf("%s at %d: %s", language, width, bad)
			}
		}
	}
}

// Somebody takes an incident, ticks a step and comments, while the watch goes on:
// what is being typed and where the focus is stay.
func TestIncidentIsTaken(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	w := s.watch()
	in := w.get(s.things["incidents"])
	b, c := s.signIn(s.owner), s.signIn(s.email("agent"))
	b.goTo(s.path("incidents/" + in.ID))
	c.goTo(s.path("incidents/" + in.ID))
	b.sees("nobody has taken it yet")
	c.sees("nobody has taken it yet")
	for _, text := range []string{"₹3.1", "UPI", "Release 4.18", "91%", "very", "usually 4.2 to 6.8%", "214"} {
		b.sees(text)
	}
	b.do(chromedp.SendKeys("#incident-comment textarea", "Asked the bank"))
	c.keys("a")
	c.sees("taken by Mira agent")
	b.sees("taken by Mira agent")
	w.grow(in, func(f *incident.Finding) { f.Hit = 230 })
	b.until("document.querySelector('#incident-stats').innerText.includes('230')")
	if ask[string](b, "document.querySelector('#incident-comment textarea').value") != "Asked the bank" || !ask[bool](b, "document.activeElement.matches('#incident-comment textarea')") {
		t.Error("what was typed, or the focus, is lost")
	}
	b.press("Add the comment")
	b.until("document.querySelector('#incident-log').innerText.includes('Asked the bank')")
	b.until("document.querySelector('#incident-comment textarea').value == ''")
	c.until("document.querySelector('#incident-log').innerText.includes('Asked the bank')")

	c.click(".step:first-child button")
	c.until("document.querySelector('.step:first-child').classList.contains('is-done')")
	b.until("document.querySelector('.step:first-child .hint').innerText.includes('Mira agent')")
	c.press("Undo")
	c.at(s.path("incidents/" + in.ID))
	c.until("!document.querySelector('.step:first-child').classList.contains('is-done')")
}

// What was wrong is said, which closes the incident, and taken back by the message.
func TestIncidentVerdict(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	w := s.watch()
	in := w.get(s.things["incidents"])
	b := s.signIn(s.owner)
	b.goTo(s.path("incidents/" + in.ID))
	b.ready()
	b.click("#incident-actions summary.btn-icon")
	b.click("#incident-actions [data-open=ask-wrong]")
	b.sees("Nothing was the matter")
	b.click("#ask-wrong .btn-primary")
	b.sees("Noted as wrong; closed")
	b.sees("Mira owner said that this was wrong")
	b.until("!document.querySelector('.rail .count-alarm')")
	b.press("Undo")
	b.at(s.path("incidents/" + in.ID))
	b.sees("nobody has taken it yet")
	b.until("document.querySelector('.rail .count-alarm')")
	var stands []incident.Verdict
	w.do(func(ctx context.Context, tx *db.Tx) (err error) {
		stands, err = w.store.Verdicts(ctx, tx, w.workspace)
		return err
	})
	if len(stands) != 0 {
		t.Errorf("the verdict stands: %+v", stands)
	}
	// Resolved without a verdict, it says what helped, also in the report.
	b.press("Resolve")
	b.do(chromedp.SendKeys("#ask-resolve-outcome", "The bank switched back"))
	b.click("#ask-resolve .btn-primary")
	b.sees("Resolved")
	b.goTo(s.path("incidents/" + in.ID + "/report"))
	b.sees("The bank switched back")
	b.do(chromedp.SendKeys("textarea[name=lesson]", "Ask the bank for notice"))
	b.press("Save")
	b.until("document.querySelector('textarea[name=lesson]')?.value == 'Ask the bank for notice' && document.querySelector('.toast-note')")
}
