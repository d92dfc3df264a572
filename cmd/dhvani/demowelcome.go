package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/dhvani/dhvani/internal/shop"
)

// ink writes on a terminal in bold and in grey, elsewhere plainly.
type ink bool

func inkOf(w io.Writer) ink {
	f, ok := w.(*os.File)
	return ink(ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "")
}

func (i ink) bold(s string) string { return i.with("1", s) }
func (i ink) grey(s string) string { return i.with("2", s) }

func (i ink) with(code, s string) string {
	if !i {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// welcome says what there is to see, and what to look at first.
func (c demoCommand) welcome(w io.Writer, p shop.Player, logins []shop.Login, events int64) {
	i := inkOf(w)
	var b strings.Builder
	fmt.Fprintf(&b, "\n  %s is open, with %s events so far.\n\n", i.bold(shop.Name), thousands(events))
	row := func(label, value, note string) {
		fmt.Fprintf(&b, "  %s %s", i.grey(fmt.Sprintf("%-11s", label)), value)
		if note != "" {
			fmt.Fprintf(&b, "   %s", i.grey(note))
		}
		b.WriteByte('\n')
	}
	row("Console", i.bold(p.URL), "")
	for _, l := range logins {
		row("As "+l.Role, fmt.Sprintf("%s  %s", l.Email, i.bold(l.Password)), l.Name)
	}
	row("Write key", p.WriteKey, "for web pages; may only send events")
	row("Secret key", p.SecretKey, "for servers; until the demo stops")
	row("Data", c.Data, "")
	fmt.Fprintf(&b, `
  Look first at
    1  Live, the first page: who is in the shop, what they say, what they buy
    2  a name under "What they say": everything that customer did and said
    3  Feedback: every opinion in six languages; click a bar to read its texts
    4  Demo: play "checkout breaks for UPI on Android" and go back to Live
    5  Demo, Mailbox: every mail and message that the shop sends comes here

  %s
  curl -s -u %s: -H 'Content-Type: application/json' %s/v1/track \
    -d '{"userId":"me","event":"Product Reviewed","properties":{"product_id":"sto-01","rating":5,"review_body":"Soft and warm."}}'

  %s
`, i.grey("Be a shopper yourself, in another terminal:"), p.WriteKey, p.URL,
		i.grey("Ctrl-C stops; dhvani demo goes on from here, dhvani demo --fresh begins again."))
	io.WriteString(w, b.String()+"\n")
}

// gauge draws how much of the whole is done.
func gauge(done float64) string {
	done = min(1, max(0, done))
	const width = 30
	full := int(done * width)
	return fmt.Sprintf("[%s%s] %3.0f %%", strings.Repeat("=", full), strings.Repeat(" ", width-full), 100*done)
}
