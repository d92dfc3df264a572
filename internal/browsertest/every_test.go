package browsertest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/console"
	"github.com/dhvani/dhvani/internal/workspace"
)

// every runs a check on every page of a shop, and on those of who has not signed in.
func every(t *testing.T, check func(t *testing.T, b *tab, path string)) {
	browser(t)
	p := start(t)
	address, err := p.app.SetupURL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stranger := open(t, p.url)
	strange := func(name, path string, broken ...string) {
		t.Run(name, func(t *testing.T) {
			stranger.in(t)
			for _, b := range broken {
				stranger.allow(b)
			}
			check(t, stranger, path)
		})
	}
	strange("setup", strings.TrimPrefix(address, p.url))
	s := p.shop("Tantu Handloom").fill()
	public := map[string]func(){
		"/signin":               func() { strange("signin", "/signin") },
		"/signin/code":          func() { strange("code", s.halfSignedIn(stranger)) },
		"/signin/done":          func() { strange("done", "/signin/done", "answered 403") },
		"/setup/{token}":        func() {}, // above
		"/invite/{token}":       func() { strange("invite", s.invitation()) },
		"/reset/{token}":        func() { strange("reset", s.reset()) },
		"/acknowledge/{token}":  func() { strange("acknowledge", "/acknowledge/over", "answered 404") },
		"/mended/{token}":       func() { strange("mended", "/mended/over", "answered 404") },
		"/mended/{token}/leave": func() { strange("leave", "/mended/over/leave", "answered 404") },
	}
	for _, rt := range console.Routes() {
		switch visit := public[rt.Path]; {
		case rt.Method != "GET" || strings.Contains(rt.Path, "{workspace}") || rt.Path == "/" || strings.HasSuffix(rt.Path, "{file}"):
		case visit == nil:
			t.Errorf("no test visits %s", rt.Path)
		default:
			visit()
		}
	}
	strange("nowhere", "/nowhere", "answered 404")
	b := s.signIn(s.owner)
	for _, path := range s.pages(s.walker(s.owner)) {
		t.Run(strings.ReplaceAll(strings.TrimPrefix(path, s.path("")), "/", " "), func(t *testing.T) { b.in(t); check(t, b, path) })
	}
}

// invitation is the path of a link that invites somebody.
func (s *shop) invitation() string {
	s.t.Helper()
	page := s.walker(s.owner).request(s.t, "POST", s.path("settings/people/invite"), "application/x-www-form-urlencoded", "email=later%40mail.example&role=agent")
	link := regexp.MustCompile(`/invite/[A-Za-z0-9_-]+`).Find(page.text)
	if link == nil {
		s.t.Fatalf("no link in %d", page.status)
	}
	return string(link)
}

// reset is the path of a link to choose another password.
func (s *shop) reset() string {
	s.t.Helper()
	var link app.UserLink
	s.command("POST", "/admin/users/reset", app.ResetUser{Email: s.email(workspace.Agent)}, &link)
	return strings.TrimPrefix(link.URL, s.url)
}

// halfSignedIn has a tab give the password of somebody with a second factor.
func (s *shop) halfSignedIn(b *tab) string {
	s.t.Helper()
	email := s.addUser(workspace.Analyst)
	c := s.signIn(email)
	c.goTo(s.path("settings/account"))
	c.do(chromedp.SendKeys("#f-confirm-password", password))
	c.press("Turn it on")
	c.until("document.querySelector('#second .qr') && document.readyState == 'complete'")
	c.fill("code", codeAt(s.t, ask[string](c, "document.querySelector('#second .snippet code').innerText"), 0))
	c.press("Confirm")
	c.sees("Recovery codes")
	b.goTo("/signin")
	b.fill("email", email)
	b.fill("password", password)
	b.click("form button[type=submit]")
	b.at("/signin/code")
	return "/signin/code"
}

// No page scrolls sideways on a phone, in the language with the longest words
// or in one with tall letters.
func TestPhone(t *testing.T) {
	every(t, func(t *testing.T, b *tab, path string) {
		for _, width := range []int64{320, 390} {
			b.size(width, 800)
			b.goTo(path)
			b.at(path)
			b.fits()
		}
	})
}

// axe-core finds nothing serious on any page, light or dark.
func TestAccessibility(t *testing.T) {
	script := axe(t)
	every(t, func(t *testing.T, b *tab, path string) {
		b.size(1440, 1000)
		for _, scheme := range []string{"light", "dark"} {
			t.Run(scheme, func(t *testing.T) {
				b.in(t)
				b.scheme(scheme)
				b.goTo(path)
				b.at(path)
				b.accessible(script)
			})
		}
	})
}
