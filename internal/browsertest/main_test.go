package browsertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(code)
}

// chromium is one browser for all tests; each page has cookies of its own.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

var errNoChromium = errors.New("it was not found")

// browser returns the browser, or leaves the test out.
func browser(t *testing.T) context.Context {
	t.Helper()
	chromium.once.Do(func() { chromium.ctx, chromium.stop, chromium.err = startChromium() })
	switch {
	case errors.Is(chromium.err, errNoChromium):
		t.Skip("LEFT OUT, no Chromium: it was not found")
	case chromium.err != nil:
		t.Fatal(chromium.err)
	}
	return chromium.ctx
}

// startChromium starts a browser that reaches for nothing by itself.
func startChromium() (context.Context, func(), error) {
	var exe string
	for _, program := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		path, _ := exec.LookPath(program)
		exe = cmp.Or(exe, path)
	}
	if exe == "" {
		return nil, nil, errNoChromium
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(exe), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	end := func() { stop(); stopAllocator() }
	if err := chromedp.Do(ctx); err != nil {
		end()
		return nil, nil, fmt.Errorf("start Chromium: %w", err)
	}
	return ctx, end, nil
}
