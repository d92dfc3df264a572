package browsertest

import (
	"fmt"
	"net/url"
	"testing"
)

// Two customers who may be one are put together by staff, and taken apart again:
// both stand as they stood. One that is said to be another stays apart.
func TestMergeIsUndone(t *testing.T) {
	s := start(t).shop("Tantu Handloom")
	person := func(user, name, traits, words string) {
		s.claim(fmt.Sprintf(`{"type":"identify","userId":%q,"messageId":%q,"traits":{"name":%q,%s}}`, user, user+"-1", name, traits),
			fmt.Sprintf(`{"type":"track","event":"Product Reviewed","userId":%q,"messageId":%q,"properties":{"review_id":%[1]q,"product_id":"p1","rating":5,"review_body":%[3]q}}`, user, user+"-2", words))
	}
	person("laptop", "Asha Rao", `"email":"asha@mail.example","phone":"+919830000001"`, "said at the desk")
	person("mobile", "Asha R.", `"email":"asha@mail.example"`, "said on the tram")
	person("cousin", "Vikram Rao", `"phone":"+919830000001"`, "said by a cousin")

	b := s.signIn(s.owner)
	find := func(name string) {
		b.goTo(s.path("customers") + "?q=" + url.QueryEscape(name))
		b.ready()
		b.click("main a[href*='/customers/']")
		b.at(s.path("customers/"))
		b.ready()
	}
	suggestion := func(name, button string) string {
		return fmt.Sprintf(`[...[...document.querySelectorAll(".suggestion")].find(e => e.innerText.includes(%q))?.querySelectorAll("button") ?? []].find(e => e.innerText.trim() == %q)`, name, button)
	}
	find("Asha Rao")
	b.sees("said at the desk")
	b.until(suggestion("Asha R.", "Same person"))
	b.until(suggestion("Vikram Rao", "Not the same"))
	ask[bool](b, suggestion("Vikram Rao", "Not the same")+".click() || true")
	b.sees("They stay apart.")
	b.ready()
	if ask[bool](b, "!!"+suggestion("Vikram Rao", "Not the same")) {
		t.Error("what was refused is suggested again")
	}

	ask[bool](b, suggestion("Asha R.", "Same person")+".click() || true")
	b.sees("Now one customer.")
	b.sees("merged from 2")
	b.sees("said at the desk")
	b.sees("said on the tram")
	b.goTo(s.path("customers"))
	b.ready()
	if n := ask[int](b, "document.querySelectorAll('main tbody tr').length"); n != 2 {
		t.Errorf("%d customers stand in the list after a merge of three into two", n)
	}

	find("Asha")
	b.sees("Put together")
	undo := `[...document.querySelectorAll("main form[action$='/unmerge'] button")]`
	if ask[bool](b, undo+".some(e => e.checkVisibility())") {
		t.Error("a merge is undone without being asked")
	}
	b.press("Undo")
	b.sees("Each becomes a customer of their own again")
	b.click("main form[action$='/unmerge'] button")
	b.sees("Taken apart.")
	b.goTo(s.path("customers"))
	b.ready()
	for name, words := range map[string]string{"Asha Rao": "said at the desk", "Asha R.": "said on the tram", "Vikram Rao": "said by a cousin"} {
		b.goTo(s.path("customers"))
		b.ready()
		b.press(name)
		b.at(s.path("customers/"))
		b.sees(words)
		if ask[bool](b, "/said (at|on|by)/.test(document.body.innerText.replace("+fmt.Sprintf("%q", words)+", '').replaceAll("+fmt.Sprintf("%q", words)+", ''))") {
			t.Errorf("%s has the past of others too: %s", name, b.text())
		}
	}
}
