package browsertest

import (
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/app"
)

// The demo's mails come into its own mailbox, whose page shows them as they come.
func TestDemoMailbox(t *testing.T) {
	p := start(t).shop("Tantu Handloom")
	for range 2 { // the second time there is nothing to do
		p.command("POST", "/admin/demo/outgoing", app.NamedKey{Workspace: p.id}, &struct{}{})
	}
	inbox := p.signIn(p.owner)
	inbox.goTo(p.path("demo"))
	inbox.press("Mailbox")
	inbox.sees("No mail yet")
	inbox.until(`document.documentElement.classList.contains('is-live')`)
	b := p.signIn(p.owner)
	for _, name := range []string{"Demo mailbox", "Demo chat"} {
		b.goTo(p.path("settings/outgoing"))
		b.press(name)
		b.at(p.path("settings/outgoing/dst_"))
		b.press("Send a test")
		b.until(`document.querySelector('#messages tbody .chip')?.innerText == 'Arrived'`)
	}
	inbox.until(`document.querySelectorAll('#letters li').length == 2`)
	inbox.sees("hello@tantu.example → hello@tantu.example")
	inbox.picture("")
	ask[bool](inbox, `document.querySelector('#letters li a').click() || true`)
	inbox.sees("What was sent")
	inbox.sees(`"text": "This is a test. Messages arrive here."`)
	inbox.goTo(p.path("demo/mailbox"))
	ask[bool](inbox, `document.querySelectorAll('#letters li a')[1].click() || true`)
	inbox.sees("Mails from Dhvani arrive here")
	inbox.sees("auto-generated")
	inbox.picture("-mail")

	// Its HTML is shown in a box that can do nothing.
	inbox.until(`document.querySelector('iframe.letter')`)
	if policy := ask[string](inbox, `fetch(document.querySelector('iframe').src).then(r => r.headers.get('content-security-policy'))`); !strings.HasPrefix(policy, "sandbox ") {
		t.Errorf("the mail may do as it likes: %q", policy)
	}
	if ask[bool](inbox, `(() => { try { return !!document.querySelector('iframe').contentWindow.document.body } catch { return false } })()`) {
		t.Error("the page can look into the mail, and the mail into the page")
	}
}
