package browsertest

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/dhvani/dhvani/internal/insight/incident"
)

// Two incidents that are one trouble are merged by hand: it asks first, leads to the
// other one, and both say so. Good news is not among those to choose.
func TestIncidentMerge(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	w := s.watch()
	one, other := w.get(s.things["incidents"]), w.open(dye(1), true, 2)
	good := w.open(visitors(), true, 3)
	b := s.signIn(s.owner)
	b.goTo(s.path("incidents/" + one.ID))
	b.ready()
	b.click("#incident-actions summary.btn-icon")
	b.click("#incident-actions [data-open=ask-merge]")
	b.sees("It cannot be taken back.")
	if ask[bool](b, "!!document.querySelector('#ask-merge-into [value=\""+good.ID+"\"]')") || ask[bool](b, "!!document.querySelector('#ask-merge-into [value=\""+one.ID+"\"]')") {
		t.Error("it can be merged with good news, or with itself")
	}
	b.do(chromedp.SetValue("#ask-merge-into", other.ID))
	b.click("#ask-merge .btn-primary")
	b.at(s.path("incidents/" + other.ID))
	b.sees("Merged: both are this one now")
	b.sees("Took in another incident")
	if in := w.get(one.ID); in.State != incident.Merged || in.MergedInto != other.ID {
		t.Errorf("%s is %s, in %q", in.ID, in.State, in.MergedInto)
	}
	b.goTo(s.path("incidents/" + one.ID))
	b.sees("This is part of another incident.")
	b.press("Open it")
	b.at(s.path("incidents/" + other.ID))
	b.goTo(s.path("settings/audit"))
	b.sees("Merged incidents")

	// Without scripts the page comes again with the question open.
	more := w.open(dye(2), true, 1)
	b.scripts(false)
	b.goTo(s.path("incidents/"+more.ID) + "?ask=merge")
	b.sees("Merge with another incident")
	b.click("#ask-merge .btn-primary")
	end := time.Now().Add(patience)
	for w.get(more.ID).State != incident.Merged && time.Now().Before(end) {
		time.Sleep(50 * time.Millisecond)
	}
	if w.get(more.ID).State != incident.Merged {
		t.Error("without scripts it is not merged")
	}
}
