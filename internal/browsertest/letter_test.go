package browsertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/dhvani/dhvani/internal/app"
)

// The letter of the week and of the weeks before it, who gets it, and the mail as it
// comes.
func TestLetter(t *testing.T) {
	s := start(t).shop("Tantu Handloom")
	b := s.signIn(s.owner)
	b.goTo(s.path("letter"))
	b.sees("Nothing to tell of this week")
	b.picture("-empty")
	var events []string
	add := func(ago time.Duration, name, properties string) {
		n := len(events)
		events = append(events, fmt.Sprintf(`{"type":"track","event":%q,"userId":"u%d","messageId":"letter-%d","timestamp":%q,"properties":{%s}}`,
			name, n, n, time.Now().Add(-ago-time.Duration(n)*time.Second).UTC().Format(time.RFC3339), properties))
	}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
	for day := range 21 { // in the week before, fewer are glad than before it
		ago := time.Duration(day)*24*time.Hour + 10*time.Minute
		for i := range 12 {
			score, said := 10, "The delivery was fast and the saree is beautiful."
			if time.Now().Add(-ago).After(monday.AddDate(0, 0, -7)) && i%3 > 0 {
				score, said = 2, "My parcel came a week late and nobody answered my calls to +91 98300 12345."
			}
			add(ago, "Survey Answered", fmt.Sprintf(`"survey_id":"relationship","kind":"nps","score":%d,"text":%q`, score, said))
			add(ago, "Product Reviewed", fmt.Sprintf(`"review_id":"r%d-%d","product_id":"p1","rating":%d`, day, i, 2+score/4))
		}
	}
	s.send(events...)
	s.settle()
	b.goTo(s.path("letter"))
	b.sees("the week so far")
	b.press("Week before")
	b.until(`document.querySelector('#letter-scores')?.innerText.includes('NPS')`)
	b.sees("It fell.")
	b.sees("What to mend")
	b.until(`document.querySelector('.weekly-quote')`)
	if text := b.text(); len(text) == 0 || ask[bool](b, `document.body.innerText.includes('98300')`) {
		t.Error("a phone number is quoted")
	}
	for _, width := range []int64{1440, 390} {
		for _, scheme := range []string{"light", "dark"} {
			b.size(width, 1400)
			b.scheme(scheme)
			b.picture(fmt.Sprintf("-%d-%s", width, scheme))
		}
	}
	b.size(1440, 1000)
	b.scheme("light")
	b.press("Week after")
	b.sees("the week so far")

	b.goTo(s.path("settings/letter"))
	b.sees("There is no way to tell anybody yet")
	s.command("POST", "/admin/demo/outgoing", app.NamedKey{Workspace: s.id}, &struct{}{})
	b.goTo(s.path("settings/letter"))
	b.until(`document.querySelector('[name=to_address]').value != ''`)
	b.do(chromedp.SetValue("select[name=weekday]", "5"), chromedp.SetValue("select[name=hour]", "17"), chromedp.SetValue("#to-0-language", "hi"))
	b.press("Save")
	b.until(`document.querySelector('[name=weekday]').value == '5' && document.querySelector('[name=hour]').value == '17' && document.querySelector('[name=to_language]').value == 'hi'`)
	b.picture("-settings")
	b.press("Send last week’s letter now")
	b.sees("The letter is on its way")
	b.goTo(s.path("demo/mailbox"))
	b.until(`document.querySelectorAll('#letters li').length == 1`)
	ask[bool](b, `document.querySelector('#letters li a').click() || true`)
	b.sees("ग्राहकों ने क्या कहा")
	b.until(`document.querySelector('iframe.letter')`)
	for _, width := range []int64{1440, 390} {
		b.size(width, 1400)
		b.picture(fmt.Sprintf("-mail-%d", width))
	}
}
