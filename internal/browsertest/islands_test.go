package browsertest

import (
	"context"
	"fmt"
	"github.com/chromedp/cdproto/input"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/dhvani/dhvani/internal/console/assets"
	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// islands is a small site of the console's own parts, with a stream that the test
// writes and breaks.
type islands struct {
	*httptest.Server
	sends chan string // what the open stream says; "" ends it

	mu    sync.Mutex
	lasts []string // Last-Event-ID of each connection
	away  bool     // connections are refused
}

func newIslands(t *testing.T) *islands {
	s := &islands{sends: make(chan string)}
	mux := http.NewServeMux()
	mux.Handle(assets.Prefix, assets.Handler())
	mux.HandleFunc("GET /stream", s.stream)
	mux.HandleFunc("GET /w/w1/palette", func(w http.ResponseWriter, r *http.Request) {
		items := []ui.PaletteItem{{Label: "Live", Icon: "audio-lines", URL: "/w/w1/live"}, {Label: "You asked for " + r.FormValue("q"), Icon: "users", URL: "/w/w1/found?q=" + r.FormValue("q")}}
		ui.PaletteList(viewer(r), []ui.PaletteGroup{{Title: "Pages", Items: items}}).Render(r.Context(), w)
	})
	mux.HandleFunc("POST /reveal", func(w http.ResponseWriter, r *http.Request) {
		v := viewer(r)
		templ.Join(ui.Revealed(v, "rekha@mail.example"), ui.Toast(v, ui.ToastInfo{Text: "It was written down"})).Render(r.Context(), w)
	})
	mux.HandleFunc("GET /w/w1/{page}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-n' 'strict-dynamic'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		v := viewer(r)
		ctx := templ.WithChildren(r.Context(), islandPage(v))
		ui.Page(v, ui.PageInfo{Title: r.PathValue("page"), Stream: "/stream"}).Render(ctx, w)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func viewer(r *http.Request) *ui.Viewer {
	v := &ui.Viewer{L: locale.For(locale.English, time.UTC), Theme: r.FormValue("theme"), Nonce: "n", Path: r.URL.Path, Now: time.Now(),
		Person: staff.Person{Name: "Mira Sen", Roles: map[int64]workspace.Role{1: workspace.Owner}}, Workspace: workspace.Workspace{ID: "w1", Number: 1, Name: "Tantu"}}
	v.Actor = v.Person.In(1)
	return v
}

// islandPage holds one of each that moves.
func islandPage(v *ui.Viewer) templ.Component {
	row := func(n int) templ.Component {
		return ui.Opinion(v, ui.OpinionInfo{ID: fmt.Sprint(n), URL: fmt.Sprintf("/w/w1/row%d", n), Mood: ui.MoodGood, Who: "Ruma", At: v.Now.Add(-8 * time.Second), Text: fmt.Sprintf("voice %d", n)})
	}
	return templ.Join(ui.SearchInput("q", "", "Search", nil), ui.StreamState(v), templ.Raw(`<div id="figure">1</div>`), ui.ChartView(v, islandChart(3)),
		ui.Masked(v, "re•••@mail.example", "/reveal"), ui.Copy(v, "copied"), templ.Raw(`<div id="voices" data-stream-add="start">`), row(1), row(2), templ.Raw(`</div>`))
}

func islandChart(rises float64) ui.Chart {
	good, bad := make([]float64, 30), make([]float64, 30)
	ticks := make([]string, 30)
	for i := range good {
		good[i], bad[i], ticks[i] = rises+float64(i%5), 2, fmt.Sprintf("14:%02d", i)
	}
	bad[4] = math.NaN()
	return ui.Chart{ID: "chart", Kind: ui.Wave, Label: "Voices", Column: "Time", Ticks: ticks, Marks: []ui.Moment{{At: 9, Label: "Release"}},
		Series: []ui.Series{{Name: "Positive", Tone: ui.Good, Values: good}, {Name: "Negative", Tone: ui.Bad, Values: bad}}}
}

func (s *islands) stream(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.lasts = append(s.lasts, r.Header.Get("Last-Event-ID"))
	away := s.away
	s.mu.Unlock()
	if away {
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w).Flush
	for fmt.Fprint(w, "retry: 1000\n\n"); flush() == nil; {
		select {
		case text := <-s.sends:
			if text == "" {
				return
			}
			fmt.Fprint(w, text)
		case <-r.Context().Done():
			return
		}
	}
}

func (s *islands) setAway(is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = is
}

// A page moves with its stream, goes on after a break where it was, says when the
// connection is lost, and stands still when asked.
func TestStream(t *testing.T) {
	s := newIslands(t)
	b := open(t, s.URL)
	b.goTo("/w/w1/live")
	b.until("document.documentElement.classList.contains('is-live')")
	b.sees("as it arrives")

	s.sends <- "event: figure\nid: 7\ndata: <b>2</b>\n\n"
	b.until("document.querySelector('#figure b')?.innerText == '2'")
	s.sends <- "event: voices\nid: 8\ndata: <article class=\"opinion\" data-id=\"9\" id=\"opinion-9\">newest</article>\ndata: <article class=\"opinion\" data-id=\"8\" id=\"opinion-8\">new</article>\n\n"
	b.until("[...document.querySelectorAll('#voices > article')].map(e => e.dataset.id).join() == '9,8,1,2'")
	s.sends <- "event: voices\nid: 9\ndata: <article class=\"opinion\" data-id=\"8\" id=\"opinion-8\">mended</article>\n\n"
	b.until("document.getElementById('opinion-8').innerText == 'mended' && document.querySelectorAll('#voices > article').length == 4")

	s.sends <- "" // the connection breaks, and the page comes again by itself
	s.sends <- "event: figure\nid: 10\ndata: 3\n\n"
	b.until("document.getElementById('figure').innerText == '3'")
	s.mu.Lock()
	if last := s.lasts[len(s.lasts)-1]; last != "9" {
		t.Errorf("the page came again with the last event %q, expected 9", last)
	}
	s.mu.Unlock()

	b.allow("answered 503")
	s.setAway(true)
	s.sends <- ""
	b.until("document.documentElement.classList.contains('is-lost')")
	b.sees("connection lost, trying again")
	s.setAway(false)
	b.until("document.documentElement.classList.contains('is-live')")

	b.press("Pause or go on")
	b.sees("paused")
	select {
	case s.sends <- "event: figure\ndata: 4\n\n":
		// the connection may take one more before it ends
	case <-time.After(100 * time.Millisecond):
	}
	if got := ask[string](b, "document.getElementById('figure').innerText"); got != "3" {
		t.Errorf("a paused page moved to %s", got)
	}
	b.press("Pause or go on")
	b.until("document.documentElement.classList.contains('is-live')")
}

// Charts are drawn under the strict policy, again when data or theme change, and
// tell the table's words beside the pointer.
func TestCharts(t *testing.T) {
	s := newIslands(t)
	b := open(t, s.URL)
	b.goTo("/w/w1/live")
	b.until("document.querySelectorAll('#chart svg path').length > 40")
	b.until("document.documentElement.classList.contains('is-live')")
	before := ask[string](b, "document.querySelector('#chart svg').innerHTML")
	s.sends <- "event: chart\ndata: " + renderLine(t, ui.ChartView(viewer(httptest.NewRequest("GET", "/w/w1/live", nil)), islandChart(9))) + "\n\n"
	b.until(fmt.Sprintf("document.querySelector('#chart svg').innerHTML != %q", before))
	if n := ask[int](b, "document.querySelectorAll('#chart .chart-area svg').length"); n != 1 {
		t.Errorf("the chart has %d drawings after its data changed", n)
	}
	light := ask[string](b, "document.querySelector('#chart svg').innerHTML")
	b.scheme("dark")
	b.until(fmt.Sprintf("document.querySelector('#chart svg').innerHTML != %q", light))

	b.do(chromedp.Func(hover("#chart .chart-area")))
	b.until("document.querySelector('.chart-tip dd')?.innerText")
	b.press("Show as table")
	b.until("document.querySelector('#chart table').checkVisibility() && document.querySelector('#chart tbody tr:nth-child(5)').innerText.includes('–')")
}

// All of it can be done with the keyboard.
func TestKeyboard(t *testing.T) {
	s := newIslands(t)
	b := open(t, s.URL)
	b.goTo("/w/w1/live")
	b.until("document.documentElement.classList.contains('js')")
	b.keys("jjk")
	b.until("document.querySelector('#opinion-1').classList.contains('is-at-hand') && document.activeElement.innerText == 'voice 1'")
	b.keys("\r")
	b.at("/w/w1/row1")

	b.until("document.documentElement.classList.contains('js')")
	b.jump("gc", "/w/w1/customers")
	b.until("document.documentElement.classList.contains('js')")
	b.keys("?")
	b.until("document.getElementById('keys').open")
	b.keys("\x1b")
	b.until("!document.getElementById('keys').open")
	b.keys("/")
	b.until("document.activeElement.name == 'q'")
	b.keys("gc?") // is typed, and does nothing else
	b.until("document.activeElement.value == 'gc?' && !document.getElementById('keys').open")
	b.keys("\x1b")

	b.do(chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))) // Ctrl
	b.until("document.getElementById('palette').open && document.querySelectorAll('#palette-list [role=option]').length == 2")
	b.keys("rekha")
	b.sees("You asked for rekha")
	b.do(chromedp.KeyEvent(kb.ArrowDown))
	b.until("document.querySelector('#palette-list [aria-selected=true]')?.innerText.includes('rekha')")
	b.keys("\r")
	b.at("/w/w1/found")
}

// A masked address is fetched, told of, and copied.
func TestReveal(t *testing.T) {
	s := newIslands(t)
	b := open(t, s.URL)
	b.goTo("/w/w1/live")
	b.until("document.documentElement.classList.contains('js')")
	b.click("[hx-post='/reveal']")
	b.sees("rekha@mail.example")
	b.sees("It was written down")
	b.click("[data-dismiss]")
	b.until("!document.querySelector('[data-toast]')")
	b.click(".masked [data-copy]")
	b.until("document.querySelector('.masked [data-copy].is-copied')")
}

func renderLine(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

// hover moves the pointer to the middle of an element.
func hover(selector string) func(context.Context, *chromedp.Target) error {
	return func(ctx context.Context, _ *chromedp.Target) error {
		at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](fmt.Sprintf("(r => [r.x + r.width/2, r.y + r.height/2])(document.querySelector(%q).getBoundingClientRect())", selector)))
		if err != nil {
			return err
		}
		_, err = chromedp.Call(ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: at[0], Y: at[1]})
		return err
	}
}

// Shares end at 100 %, however near they come to it.
func TestSharesEndAtAHundred(t *testing.T) {
	s := newIslands(t)
	b := open(t, s.URL)
	b.goTo("/w/w1/live")
	b.until("document.documentElement.classList.contains('is-live')")
	c := islandChart(3)
	low := 0.0
	c.Kind, c.Unit, c.Min, c.Marks = ui.Line, "%", &low, nil
	c.Series = c.Series[:1]
	for i := range c.Series[0].Values {
		c.Series[0].Values[i] = 0.9
	}
	c.Series[0].High = slices.Repeat([]float64{1}, len(c.Series[0].Values))
	c.Series[0].Low = slices.Repeat([]float64{0.7}, len(c.Series[0].Values))
	c.Usual = nil
	s.sends <- "event: chart\ndata: " + renderLine(t, ui.ChartView(viewer(httptest.NewRequest("GET", "/w/w1/live", nil)), c)) + "\n\n"
	b.until("[...document.querySelectorAll('.chart-area svg text')].some(e => e.textContent == '100%')")
	if over := ask[string](b, "[...document.querySelectorAll('.chart-area svg text')].map(e => e.textContent).filter(x => parseFloat(x) > 100 && x.endsWith('%')).join()"); over != "" {
		t.Errorf("the axis goes on to %s", over)
	}
}
