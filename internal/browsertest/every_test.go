package browsertest

import (
	"fmt"
	"strings"
	"testing"
)

// every runs a check on every page of a shop, and on the page to sign in.
func every(t *testing.T, check func(t *testing.T, b *tab, path string)) {
	browser(t)
	s := start(t).shop("Tantu Handloom").fill()
	b := s.signIn(s.owner)
	stranger := open(t, s.url)
	t.Run("signin", func(t *testing.T) { stranger.in(t); check(t, stranger, "/signin") })
	for _, path := range s.pages(s.walker(s.owner)) {
		t.Run(strings.ReplaceAll(strings.TrimPrefix(path, s.path("")), "/", " "), func(t *testing.T) { b.in(t); check(t, b, path) })
	}
}

// No page scrolls sideways on a phone, in the language with the longest words
// or in one with tall letters.
func TestPhone(t *testing.T) {
	every(t, func(t *testing.T, b *tab, path string) {
		for _, width := range []int64{320, 390} {
			b.size(width, 800)
			b.goTo(path)
			b.at(path)
			wide := ask[string](b, `(() => {
				const most = document.documentElement.clientWidth
				if (document.documentElement.scrollWidth <= most) return ""
				const out = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > most + 1 && e.checkVisibility())
				return out.slice(-3).map(e => e.outerHTML.slice(0, 160)).join("\n") || "something"
			})()`)
			if wide != "" {
				t.Errorf("at %d points the page scrolls sideways for\n%s", width, wide)
				b.picture(fmt.Sprint(t.Name(), width))
			}
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
