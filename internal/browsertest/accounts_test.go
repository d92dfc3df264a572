package browsertest

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// A newcomer sets the place up, turns the second factor on, and signs in with it.
func TestSetUpAndRecovery(t *testing.T) {
	p := start(t)
	address, err := p.app.SetupURL(context.Background())
	if err != nil || !strings.HasPrefix(address, p.url+"/setup/") {
		t.Fatal(address, err)
	}
	b := open(t, p.url)
	b.goTo("/signin")
	b.sees("Nobody has an account here yet")
	b.goTo(strings.TrimPrefix(address, p.url))
	b.fill("shop", "Tantu Handloom")
	b.fill("name", "Mira Sen")
	b.fill("email", "mira@tantu.example")
	b.fill("password", password)
	b.click("form button[type=submit]")
	b.at("/w/")
	shop := strings.Split(b.where(), "/")[2]
	b.goTo("/w/" + shop + "/settings/account")
	b.do(chromedp.SendKeys("#f-confirm-password", password))
	b.press("Turn it on")
	b.until("document.querySelector('#second .qr') && document.readyState == 'complete'")
	secret := ask[string](b, "document.querySelector('#second .snippet code').innerText")
	b.fill("code", codeAt(t, secret, 0))
	b.press("Confirm")
	b.sees("Recovery codes")
	recovery := strings.Fields(ask[string](b, "document.querySelector('.snippet code').innerText"))

	again := func(code string) {
		b.goTo("/w/" + shop + "/settings/account")
		ask[bool](b, "document.querySelector('form[action=\"/signout\"]').submit() || true")
		b.at("/signin")
		b.fill("email", "mira@tantu.example")
		b.fill("password", password)
		b.click("form button[type=submit]")
		b.at("/signin/code")
		b.fill("code", code)
		b.click("form button[type=submit]")
	}
	b.allow("422")
	again(codeAt(t, secret, 0)) // it turned the factor on, so it is used up
	b.sees("wrong or was used already")
	b.fill("code", codeAt(t, secret, 30*time.Second))
	b.click("form button[type=submit]")
	b.at("/w/" + shop)
	again(recovery[0])
	b.at("/w/" + shop)

	b.allow("404")
	b.goTo(strings.TrimPrefix(address, p.url)) // a set-up is done once
	b.sees("no longer works")
}

func codeAt(t *testing.T, secret string, after time.Duration) string {
	t.Helper()
	c, err := staff.Code(secret, time.Now().Add(after))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// An invitation, a reset that the operator starts, and the end of sessions.
func TestInvitationAndReset(t *testing.T) {
	p := start(t).shop("Tantu Handloom")
	b := p.signIn(p.owner)
	b.goTo(p.path("settings/people"))
	b.fill("email", "arun@tantu.example")
	b.press("Make an invitation")
	b.sees("/invite/")
	link := ask[string](b, "document.querySelector('.snippet code').innerText")

	c := open(t, p.url)
	c.goTo(strings.TrimPrefix(link, p.url))
	c.sees("Join Tantu Handloom")
	c.fill("name", "Arun Thapa")
	c.fill("password", password)
	c.click("form button[type=submit]")
	c.at("/w/" + p.id)
	c.goTo(p.path("settings"))
	c.at(p.path("settings/account")) // the only section of an agent

	b.goTo(p.path("settings/people"))
	b.sees("Arun Thapa")
	b.goTo(p.path("settings/audit"))
	b.sees("Invited somebody")

	var reset app.UserLink
	p.command("POST", "/admin/users/reset", app.ResetUser{Email: "arun@tantu.example"}, &reset)
	d := open(t, p.url)
	d.goTo(strings.TrimPrefix(reset.URL, p.url))
	d.fill("password", "another long password")
	d.click("form button[type=submit]")
	d.at("/signin")
	d.sees("Your new password counts")
	c.goTo(p.path("live")) // the session is over
	c.at("/signin")
	d.allow("422")
	d.fill("email", "arun@tantu.example")
	d.fill("password", password)
	d.click("form button[type=submit]")
	d.sees("The e-mail or the password is wrong")
	d.fill("password", "another long password")
	d.click("form button[type=submit]")
	d.at("/w/" + p.id)

	b.goTo(p.path("settings/people"))
	b.press("Remove Arun Thapa")
	b.click("dialog:modal button")
	b.sees("Saved")
	d.allow("403")
	d.goTo("/")
	d.sees("You belong to no shop")
	d.press("Sign out")
	d.at("/signin")
}

// Settings that are saved come back as they were meant, and fit a phone.
func TestSettings(t *testing.T) {
	p := start(t).shop("Tantu Handloom")
	b := p.signIn(p.owner)
	b.goTo(p.path("settings/hours"))
	for field, at := range map[string]string{"d1-0-from": "16:00", "d1-0-to": "20:30", "d1-1-from": "10:00", "d1-1-to": "14:00", "d6-0-from": "18:00", "d6-0-to": "00:00"} {
		b.do(chromedp.SetValue("input[name="+field+"]", at))
	}
	b.click("main form button[type=submit]")
	b.sees("Saved")
	for field, want := range map[string]string{"d1-0-from": "10:00", "d1-1-to": "20:30", "d6-0-to": "00:00"} {
		if got := ask[string](b, "document.querySelector('input[name="+field+"]').value"); got != want {
			t.Errorf("%s is %q", field, got)
		}
	}
	b.allow("422")
	b.do(chromedp.SetValue("input[name=d1-0-to]", "17:00"))
	b.click("main form button[type=submit]")
	b.sees("Two shifts of a day overlap")

	b.goTo(p.path("settings/account"))
	b.do(chromedp.SetValue("select[name=language]", "hi"), chromedp.SetValue("select[name=theme]", "dark"))
	b.click("main form button[type=submit]")
	b.until("document.documentElement.lang == 'hi' && document.documentElement.dataset.theme == 'dark'")
	for _, page := range []string{"general", "hours", "people", "keys", "account", "audit"} {
		b.size(320, 700)
		b.goTo(p.path("settings/" + page))
		if width := ask[int](b, "document.documentElement.scrollWidth"); width > 320 {
			t.Errorf("%s is %d points wide on a phone of 320", page, width)
		}
	}
}

// A form that another site sends is refused, and so is a change by GET.
func TestForeignForms(t *testing.T) {
	p := start(t).shop("Tantu Handloom")
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	post := func(path, origin string, form url.Values) int {
		t.Helper()
		r, err := http.NewRequest("POST", p.url+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		u, _ := url.Parse("https://" + r.URL.Host) // cookies of HTTPS go to the machine itself too, as in browsers
		for _, k := range jar.Cookies(u) {
			r.AddCookie(k)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		jar.SetCookies(u, answer.Cookies())
		return answer.StatusCode
	}
	if s := post("/signin", "https://evil.example", url.Values{"email": {p.owner}, "password": {password}}); s != http.StatusForbidden {
		t.Errorf("signing in from another site: %d", s)
	}
	if s := post("/signin", "", url.Values{"email": {p.owner}, "password": {password}}); s != http.StatusSeeOther {
		t.Fatalf("signing in: %d", s)
	}
	invite := url.Values{"email": {"evil@evil.example"}, "role": {string(workspace.Owner)}}
	if s := post(p.path("settings/people/invite"), "https://evil.example", invite); s != http.StatusForbidden {
		t.Errorf("inviting from another site: %d", s)
	}
	if s := post(p.path("settings/people/invite"), p.url, invite); s != http.StatusOK {
		t.Errorf("inviting from the page: %d", s)
	}
}

// What cannot be undone is asked first, also where scripts do not run; a second
// click sends nothing twice.
func TestQuestionsWithoutScripts(t *testing.T) {
	p := start(t).shop("Tantu Handloom")
	b := p.signIn(p.owner)
	b.scripts(false)
	b.goTo(p.path("settings/keys"))
	b.click("[data-open^=revoke-]")
	b.sees("is refused within a second")
	b.click("dialog[open] a")
	b.at(p.path("settings/keys"))
	b.until("!document.querySelector('dialog[open]') && document.querySelector('[data-open^=revoke-]') != null")
	b.click("[data-open^=revoke-]")
	b.click("dialog[open] button")
	b.sees("ended")

	b.scripts(true)
	b.goTo(p.path("settings/keys"))
	b.until("document.documentElement.classList.contains('js')")
	b.fill("label", "Till")
	ask[bool](b, "(f => { const b = f.querySelector('button'); b.click(); b.click(); return true })(document.querySelector('[name=label]').form)")
	b.sees("it is not shown again")
	if n := ask[int](b, "[...document.querySelectorAll('.member .lead')].filter(e => e.innerText == 'Till').length"); n != 1 {
		t.Errorf("two clicks made %d keys", n)
	}

	b.goTo(p.path("settings/keys")) // a public key stays to be seen
	b.fill("label", "Landing page")
	b.do(chromedp.SetValue("main select[name=kind]", "write"))
	ask[bool](b, "document.querySelector('[name=label]').form.requestSubmit() || true")
	b.until("[...document.querySelectorAll('.member')].some(e => e.innerText.includes('Landing page') && /wk_\\w{20}/.test(e.innerText))")
}
