package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A tab hears of everything that it is there to hear of.
func TestTabHears(t *testing.T) {
	for _, c := range []struct{ name, body, heard string }{
		{"nothing", "<p>well</p>", ""},
		{"inline style", `<p style="color:red">no</p>`, "Content Security Policy"},
		{"inline script", `<script>document.title = 1</script>`, "Content Security Policy"},
		{"exception", `<script nonce="n">throw new Error("ouch")</script>`, "ouch"},
		{"console", `<script nonce="n">console.error("ouch")</script>`, "console error"},
		{"missing", `<script nonce="n">fetch("/missing")</script>`, "answered 404"},
		{"other host", `<script nonce="n">fetch("https://elsewhere.example/").catch(() => {})</script>`, "elsewhere.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					http.NotFound(w, r)
					return
				}
				w.Header().Set("Content-Security-Policy", "default-src 'self'; script-src 'nonce-n'; connect-src *; img-src data:")
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprintf(w, `<!doctype html><link rel="icon" href="data:,"><title>t</title><body>%s`, c.body)
			}))
			defer site.Close()
			b := open(t, site.URL)
			b.goTo("/")
			heard := func() string {
				b.mu.Lock()
				defer b.mu.Unlock()
				return strings.Join(b.wrong, "\n")
			}
			ask[bool](b, "new Promise(done => setTimeout(() => done(true), 300))") // nothing to wait for where nothing is wrong
			got := heard()
			if c.heard == "" && got != "" || !strings.Contains(got, c.heard) {
				t.Errorf("heard %q, expected %q", got, c.heard)
			}
			b.allow("") // all of it was wanted
		})
	}
}
