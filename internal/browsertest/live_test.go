package browsertest

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// relay stands between a browser and a place, and can be cut.
type relay struct {
	net.Listener
	to string

	mu    sync.Mutex
	open  map[net.Conn]bool
	is    sync.WaitGroup
	isCut bool
}

// behindRelay is the shop as it is reached over a relay.
func (s *shop) behindRelay() (*shop, *relay) {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	r := &relay{Listener: l, to: strings.TrimPrefix(s.url, "http://"), open: map[net.Conn]bool{}}
	r.is.Go(r.serve)
	s.t.Cleanup(func() {
		l.Close()
		r.cut()
		r.is.Wait()
	})
	far, there := *s, *s.place
	there.url = "http://" + l.Addr().String()
	far.place = &there
	return &far, r
}

func (r *relay) serve() {
	for {
		from, err := r.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", r.to)
		if err != nil || !r.keep(from, to) {
			from.Close()
			continue
		}
		r.is.Go(func() { io.Copy(to, from); to.Close() })
		r.is.Go(func() { io.Copy(from, to); from.Close() })
	}
}

func (r *relay) keep(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		if r.open[c] = true; r.isCut {
			c.Close()
		}
	}
	return !r.isCut
}

// cut breaks all connections, and those that are tried until it is mended.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.isCut = true
	for c := range r.open {
		c.Close()
	}
	clear(r.open)
}

func (r *relay) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.isCut = false
}

// say sends opinions of the shop's customers, numbered.
func (s *shop) say(from, to int) {
	s.t.Helper()
	var events []string
	for n := from; n <= to; n++ {
		events = append(events, fmt.Sprintf(`{"type":"track","event":"Product Reviewed","userId":"u%d","messageId":"said-%[1]d","timestamp":%[3]q,"properties":{"review_id":"said-%[1]d","product_id":"p1","rating":%d,"review_body":"voice number %[1]d."}}`, n, 1+n%5, time.Now().Add(time.Duration(n-10_000)*time.Millisecond).UTC().Format(time.RFC3339Nano)))
	}
	s.send(events...)
}

// numbers waits until a list has opinions with these numbers, the newest first, and nothing twice.
func (p *tab) numbers(list string, from, to int) {
	p.t.Helper()
	said := fmt.Sprintf(`[...document.querySelectorAll("#%s > *")].map(e => Number(/voice number (\d+)\./.exec(e.innerText)?.[1])).filter(n => n >= %d)`, list, from)
	p.until(fmt.Sprintf("new Set(%s).size == %d", said, to-from+1))
	if got := ask[[]int](p, said); len(got) != to-from+1 || got[0] != to || got[len(got)-1] != from {
		p.t.Errorf("the list has %v, expected %d to %d", got, to, from)
	}
}

// A page whose stream is cut says so, and goes on without losing or doubling an
// opinion, however many came meanwhile.
func TestStreamIsCut(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	far, r := s.behindRelay()
	for i, at := range [][2]string{{"live?range=60m", "live-voices"}, {"feedback", "voices"}} {
		page, list, first := at[0], at[1], 1000*(i+1) // later ones are newer
		t.Run(list, func(t *testing.T) {
			b := far.signIn(s.owner)
			b.in(t)
			b.allow("net::ERR_")
			b.goTo(s.path(page))
			b.ready()
			b.until("document.documentElement.classList.contains('is-live')")
			s.say(first, first)
			b.numbers(list, first, first)

			r.cut()
			b.until("document.documentElement.classList.contains('is-lost')")
			b.sees("connection lost, trying again")
			s.say(first+1, first+35)
			r.mend()
			b.until("document.documentElement.classList.contains('is-live')")
			b.numbers(list, first, first+35)
		})
	}
}

// A page that stands still stays as it was, and a list that is being read holds
// what is new behind a button.
func TestPauseAndNew(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	s.say(1, 30)
	b := s.signIn(s.owner)
	b.goTo(s.path("feedback"))
	b.ready()
	b.until("document.documentElement.classList.contains('is-live')")
	b.press("Pause or go on")
	b.sees("paused")
	s.say(31, 31)
	b.numbers("voices", 1, 30)
	b.do(chromedp.Evaluate[chromedp.Void]("document.getElementById('voices').children[12].scrollIntoView()"))
	b.press("Pause or go on")
	b.sees("1 new")
	s.say(32, 33)
	b.sees("3 new")
	b.numbers("voices", 1, 30)
	b.press("3 new")
	b.numbers("voices", 1, 33)
	b.until("document.getElementById('voices').getBoundingClientRect().top >= 0 && !document.getElementById('voices-fresh')")
}

// Who was signed out meanwhile is asked to sign in, and comes back.
func TestStreamAfterSigningOut(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	far, r := s.behindRelay()
	b := far.signIn(s.owner)
	b.allow("net::ERR_")
	b.goTo(s.path("live"))
	b.ready()
	b.until("document.documentElement.classList.contains('is-live')")
	ask[bool](b, "fetch('/signout', {method: 'POST'}).then(() => true)")
	r.cut() // the page need not wait for the next heartbeat
	r.mend()
	b.at("/signin")
	b.fill("email", s.owner)
	b.fill("password", password)
	b.click("form button[type=submit]")
	b.at(s.path("live"))
}
