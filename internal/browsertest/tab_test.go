package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take for anything, also beside other tests and
// with the race detector.
const patience = time.Minute

// tab is a page in the browser, with cookies of its own, that fails its test by
// whatever goes wrong in it.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string // address of the server

	mu      sync.Mutex
	wrong   []string
	asked   map[network.RequestID]string
	allowed []string // parts of what may go wrong, because the test is about it
}

// open opens a tab for the server at an address: 1440 points wide, light.
func open(t *testing.T, base string) *tab {
	t.Helper()
	p := &tab{t: t, base: base, asked: map[network.RequestID]string{}}
	ctx, cancel := chromedp.NewContext(browser(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(p.hear))
	t.Cleanup(cancel)
	p.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as the context of its first action
		t.Fatal(err)
	}
	p.size(1440, 1000)
	p.scheme("light")
	t.Cleanup(p.judge)
	return p
}

// hear notes what goes wrong.
func (p *tab) hear(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	note := func(format string, args ...any) { p.wrong = append(p.wrong, fmt.Sprintf(format, args...)) }
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		if ev.Entry.Level == "error" && ev.Entry.Source != "network" { // answers are heard below
			note("%s error: %s (%s)", ev.Entry.Source, ev.Entry.Text, ev.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		text := ev.ExceptionDetails.Text
		if e := ev.ExceptionDetails.Exception; e != nil {
			text += " " + e.Description
		}
		note("exception: %s", text)
	case *runtime.EventConsoleAPICalled:
		if ev.Type == "error" || ev.Type == "assert" {
			var words []string
			for _, a := range ev.Args {
				words = append(words, string(a.Value)+a.Description)
			}
			note("console error: %s", strings.Join(words, " "))
		}
	case *network.EventRequestWillBeSent:
		p.asked[ev.RequestID] = ev.Request.Method + " " + ev.Request.URL
		u, err := url.Parse(ev.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme != "blob" && u.Scheme != "about" && !strings.HasPrefix(ev.Request.URL, p.base+"/") {
			note("asked another host: %s", ev.Request.URL)
		}
	case *network.EventResponseReceived:
		if ev.Response.Status >= 400 {
			note("%s answered %d", p.asked[ev.RequestID], ev.Response.Status)
		}
	case *network.EventLoadingFailed:
		if !ev.Canceled && ev.ErrorText != "net::ERR_ABORTED" {
			note("%s failed: %s %s", p.asked[ev.RequestID], ev.ErrorText, ev.BlockedReason)
		}
	}
}

// allow says that something which contains these words may go wrong.
func (p *tab) allow(words string) { p.allowed = append(p.allowed, words) }

// judge fails the test where something went wrong, and keeps a picture of the page
// of a test that failed.
func (p *tab) judge() {
	p.mu.Lock()
	for _, wrong := range p.wrong {
		if !slices.ContainsFunc(p.allowed, func(a string) bool { return strings.Contains(wrong, a) }) {
			p.t.Error(wrong)
		}
	}
	p.mu.Unlock()
	if p.t.Failed() {
		p.picture("")
	}
}

// in has the tab report to a part of its test, until that ends.
func (p *tab) in(t *testing.T) {
	whole := p.t
	p.t = t
	t.Cleanup(func() {
		p.judge()
		p.mu.Lock()
		p.wrong = nil
		p.mu.Unlock()
		p.t = whole
	})
}

// picture keeps the page as it is now.
func (p *tab) picture(name string) {
	folder := os.Getenv("DHVANI_PICTURES")
	if folder == "" {
		folder = filepath.Join(os.TempDir(), "dhvani-pictures")
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	file := filepath.Join(folder, strings.NewReplacer("/", "-", " ", "-").Replace(p.t.Name()+name)+".png")
	if err == nil {
		err = os.WriteFile(file, png, 0o644)
	}
	if err != nil {
		p.t.Log("no picture of the page:", err)
		return
	}
	p.t.Log("the page is kept as", file)
}

// do runs actions that must succeed in time.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%v, at %s", err, p.where())
	}
}

// goTo opens a page of the server by its path.
func (p *tab) goTo(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.base + path))
}

// where returns the path of the page, with its query.
func (p *tab) where() string {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return strings.TrimPrefix(at, p.base)
}

// ask evaluates an expression in the page.
func ask[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits until an expression is true in the page, which may be loading.
func (p *tab) until(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if is {
			return
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("at %s it never came that %s (%v); the page says:\n%s", p.where(), expression, err, p.text())
		case <-tick.C:
		}
	}
}

// sees waits until the page shows a text.
func (p *tab) sees(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("document.body && document.body.innerText.includes(%q)", text))
}

// at waits until the address begins with a path.
func (p *tab) at(path string) {
	p.t.Helper()
	p.until(fmt.Sprintf("location.pathname.startsWith(%q) && document.readyState == 'complete'", path))
}

func (p *tab) text() string {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body ? document.body.innerText.slice(0, 1500) : ''"))
	return text
}

// click clicks the first visible element of a CSS selector.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(selector, chromedp.NodeVisible))
}

// press clicks the visible button or link whose text this is.
func (p *tab) press(text string) {
	p.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll('a, button, summary, label, [role=tab], [role=option]')].find(e => (e.innerText.trim() == %[1]q || e.ariaLabel == %[1]q) && e.checkVisibility())`, text)
	p.until(find)
	ask[bool](p, find+".click() || true")
}

// fill writes into a field, by its name.
func (p *tab) fill(name, value string) {
	p.t.Helper()
	selector := fmt.Sprintf("input[name=%q]:not([type=hidden]), textarea[name=%[1]q]", name)
	p.do(chromedp.Clear(selector, chromedp.NodeVisible), chromedp.SendKeys(selector, value))
}

// keys types where the focus is.
func (p *tab) keys(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

// jump types two keys that go to a page, until they did: the second counts for a
// while only, which a busy machine may let pass.
func (p *tab) jump(keys, path string) {
	p.t.Helper()
	for range 10 {
		p.keys(keys)
		for range 50 {
			if strings.HasPrefix(p.where(), path) {
				p.at(path)
				return
			}
			time.Sleep(30 * time.Millisecond)
		}
	}
	p.t.Fatalf("at %s the keys %s did not lead to %s", p.where(), keys, path)
}

// size makes the window so large.
func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, height))
}

// scripts says whether pages may run scripts.
func (p *tab) scripts(may bool) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !may})
		return err
	}))
}

// scheme says whether the device likes light or dark.
func (p *tab) scheme(is string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: is}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
}
