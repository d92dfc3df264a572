package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	demo "github.com/dhvani/dhvani/internal/shop"
)

// ready waits until the page's scripts listen.
func (p *tab) ready() {
	p.t.Helper()
	p.until("document.readyState == 'complete' && document.documentElement.classList.contains('js')")
}

// The Live page shows an opinion the moment it is posted.
func TestLiveMoves(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	b := s.signIn(s.owner)
	b.goTo(s.path("live"))
	b.ready()
	b.until("document.querySelector('[data-stream-state=live], .stream-live') || document.body.innerText.includes('as it arrives')")
	before := ask[int](b, "document.querySelectorAll('#live-voices [data-row], #live-voices article').length")
	ask[bool](b, "(window.same = true)")
	s.send(`{"type":"track","event":"Product Reviewed","userId":"u20410","messageId":"live-1","properties":{"review_id":"rl","product_id":"p1","rating":5,"review_body":"কাপড় খুব নরম, আবার নেব।"}}`)
	b.sees("কাপড় খুব নরম, আবার নেব।")
	if !ask[bool](b, "window.same === true") {
		t.Error("the page was loaded anew")
	}
	if lang := ask[string](b, "[...document.querySelectorAll('[lang]')].filter(e => e.innerText.includes('আবার নেব')).pop()?.lang || ''"); lang == "en" {
		t.Error("the words are said to be English")
	}
	if after := ask[int](b, "document.querySelectorAll('#live-voices [data-row], #live-voices article').length"); after == 0 && before == 0 {
		t.Error("no voices in the list")
	}
}

// A customer is found by a name in Bengali, and their page opens.
func TestBengaliName(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	b := s.signIn(s.owner)
	b.goTo(s.path("customers"))
	b.ready()
	b.sees("Rekha Sharma")
	b.keys("/")
	b.until("document.activeElement.name == 'q'")
	b.do(chromedp.SendKeys("main input[name=q]", "রুমা"))
	b.keys(kb.Enter)
	b.until("location.search.includes('q=') && document.readyState == 'complete'")
	b.sees("রুমা সেনগুপ্ত")
	b.until("!document.querySelector('main').innerText.includes('Rekha Sharma')")
	b.click("main a[href*='/customers/']")
	b.at(s.path("customers/"))
	b.sees("রুমা সেনগুপ্ত")
}

// Feedback is filtered and searched, the address says how, and a text opens.
func TestFeedback(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	b := s.signIn(s.owner)
	b.goTo(s.path("feedback"))
	b.ready()
	b.sees("The block-print tablecloth is gorgeous")
	b.do(chromedp.SendKeys("main input[name=q]", "नहीं"))
	b.keys(kb.Enter)
	b.until("location.search.includes('q=') && document.readyState == 'complete'")
	b.sees("पैसे कट गए")
	b.until("!document.querySelector('main').innerText.includes('The block-print tablecloth')")
	shared := open(t, s.url) // somebody else with the same address sees the same, once signed in
	shared.goTo(b.where())
	shared.at("/signin")
	shared.fill("email", s.owner)
	shared.fill("password", password)
	shared.click("form button[type=submit]")
	shared.until("location.search.includes('q=')")
	shared.sees("पैसे कट गए")
	b.click("#voices a[data-row-link]")
	b.at(s.path("feedback/"))
	b.sees("पैसे कट गए")
}

// A file is dropped in, looked at, imported, and its customer is there.
func TestImport(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	file := filepath.Join(t.TempDir(), "history.ndjson")
	lines := ""
	for i := range 40 {
		lines += fmt.Sprintf(`{"type":"identify","userId":"imported-%d","messageId":"imp-%[1]d","timestamp":"2026-10-01T10:00:00Z","traits":{"name":"Tara Import %[1]d"}}`+"\n", i)
	}
	lines += "this is no event\n"
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	b := s.signIn(s.owner)
	b.goTo(s.path("sources/imports"))
	b.ready()
	b.do(chromedp.SetUploadFiles("main form[data-drop] input[type=file]", []string{file}))
	b.press("Upload")
	b.at(s.path("sources/imports/"))
	b.sees("history.ndjson")
	b.click("main button[formaction$='/start']")
	b.sees("All of it is visible now.")
	b.goTo(s.path("customers") + "?q=Tara+Import+7")
	b.sees("Tara Import 7")
}

// A scene of the demo makes checkouts fail, and the Live page shows it.
func TestScene(t *testing.T) {
	p := start(t)
	s := p.shop(demo.Name)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	now := time.Now().Add(-12 * time.Minute) // some are on their way to the checkout already
	p.options.Demo.Shop().Until(now)         // its past is not sent
	if err := p.options.Demo.Imported(now); err != nil {
		t.Fatal(err)
	}
	if _, err := p.options.Demo.Begin(now, 60); err != nil {
		t.Fatal(err)
	}
	player := demo.Player{URL: p.url, WriteKey: s.writeKey, SecretKey: s.secretKey}
	go func() {
		defer close(done)
		player.Live(ctx, p.options.Demo, func(err error) {
			if ctx.Err() == nil {
				t.Log("the shoppers wait:", err)
			}
		})
	}()
	t.Cleanup(func() { stop(); <-done })
	b := s.signIn(s.owner)
	b.goTo(s.path("demo"))
	b.ready()
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("main form input[name=scene][value='` + demo.UPI + `']").form.requestSubmit()`))
	b.until("document.querySelector('#stage .banner')?.innerText.includes('UPI')")
	b.goTo(s.path("live"))
	b.ready()
	// The page itself comes to show that payments by UPI fail, and that they do.
	b.until(`[...document.querySelectorAll("#live-checkout tr")].some(r => /UPI/.test(r.innerText) && r.querySelector(".is-bad"))
		|| [...document.querySelectorAll("#live-checkout tr")].filter(r => /UPI/.test(r.innerText)).some(r => Number(r.querySelector(".num.lead")?.innerText) >= 5)`)
}

// Language and theme are the person's own and stay.
func TestLanguageAndTheme(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	b := s.signIn(s.owner)
	b.goTo(s.path("settings/account"))
	b.do(chromedp.SetValue("main select[name=language]", "hi"))
	b.do(chromedp.Evaluate[chromedp.Void]("document.querySelector('main select[name=language]').form.requestSubmit()"))
	b.until("document.documentElement.lang == 'hi' && document.readyState == 'complete'")
	b.goTo(s.path("live"))
	b.ready()
	b.sees("ग्राहक")
	light := ask[string](b, "getComputedStyle(document.body).backgroundColor")
	ask[bool](b, "document.querySelector('[data-theme-choice=dark]').click() || true")
	b.until(fmt.Sprintf("document.documentElement.dataset.theme == 'dark' && getComputedStyle(document.body).backgroundColor != %q", light))
	again := s.signIn(s.owner)
	again.goTo(s.path("customers"))
	again.until("document.documentElement.lang == 'hi' && document.documentElement.dataset.theme == 'dark'")
}

// Everything on the way from signing in to a customer is done with the keyboard,
// and what has the focus is seen.
func TestKeyboardOnly(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	b := open(t, s.url)
	b.goTo("/signin")
	b.ready()
	for range 10 { // the field may have the focus already
		if ask[bool](b, "document.activeElement.name == 'email'") {
			break
		}
		b.keys(kb.Tab)
	}
	b.keys(s.owner + kb.Tab + password + kb.Enter)
	b.at("/w/")
	b.ready()
	b.keys(kb.Tab) // the first stop leads past the navigation
	b.until("document.activeElement.matches('a[href^=\"#\"]')")
	if !ask[bool](b, "getComputedStyle(document.activeElement).outlineStyle != 'none' && document.activeElement.getBoundingClientRect().top >= 0") {
		t.Error("the link past the navigation is not seen")
	}
	b.jump("gc", s.path("customers"))
	b.ready()
	b.keys("/")
	b.until("document.activeElement.name == 'q'")
	b.keys("Lucía" + kb.Enter)
	b.until("location.search.includes('q=') && document.readyState == 'complete'")
	b.ready()
	b.sees("Lucía Ferrer")
	ask[bool](b, "document.activeElement.blur() || true")
	b.keys("j" + kb.Enter)
	b.at(s.path("customers/"))
	b.sees("Lucía Ferrer")
	b.ready()
	b.do(chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.until("document.getElementById('palette').open")
	b.keys("gurung")
	b.keys(kb.Escape + kb.Escape) // what was typed goes first
	b.until("!document.getElementById('palette').open")
	b.jump("gf", s.path("feedback"))
}
