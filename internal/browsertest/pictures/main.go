// Command pictures takes the pictures of the README from the demo: Live, a
// customer, Feedback and an incident, light and dark, and Live on a phone.
//
//	make pictures
//
// It starts a demo of its own, signs in as its owner, plays a scene until it is
// noticed, which takes some ten minutes, and needs Chromium.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

func main() {
	out := flag.String("out", "docs/pictures", "folder of the pictures")
	program := flag.String("dhvani", "", "a built dhvani; else it is run from the sources")
	lang := flag.String("language", "en", "language of the pages")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *program, *out, *lang); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program, out, lang string) error {
	folder, err := os.MkdirTemp("", "dhvani-pictures")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	args := []string{"demo", "--data", filepath.Join(folder, "data"), "--listen", "127.0.0.1:0"}
	demo := exec.Command(program, args...)
	if program == "" {
		program = filepath.Join(folder, "dhvani")
		if text, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/dhvani").CombinedOutput(); err != nil {
			return fmt.Errorf("build dhvani: %w: %s", err, text)
		}
		demo = exec.Command(program, args...)
	}
	said, err := demo.StdoutPipe()
	if err != nil {
		return err
	}
	demo.Stderr = os.Stderr
	if err := demo.Start(); err != nil {
		return err
	}
	defer func() {
		demo.Process.Signal(os.Interrupt)
		demo.Wait()
	}()
	url, email, password, err := welcome(said)
	if err != nil {
		return err
	}
	go io.Copy(io.Discard, said)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	return photograph(ctx, url, email, password, out, lang)
}

var (
	address = regexp.MustCompile(`Console\s+(http://\S+)`)
	login   = regexp.MustCompile(`As owner\s+(\S+)\s+(\S+)`)
	inShop  = regexp.MustCompile(`^(/w/[^/]+)/`)
)

// welcome reads the address and the owner's login from what the demo prints.
func welcome(r io.Reader) (url, email, password string, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			url = m[1]
		}
		if m := login.FindStringSubmatch(lines.Text()); m != nil {
			email, password = m[1], m[2]
		}
		if url != "" && email != "" {
			return url, email, password, nil
		}
	}
	return "", "", "", errors.New("the demo ended without a welcome")
}

// photograph signs in and takes all pictures.
func photograph(ctx context.Context, url, email, password, out, lang string) error {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("lang", lang),
		chromedp.Flag("accept-lang", lang), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true))
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as this context
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	err := chromedp.Do(ctx,
		chromedp.EmulateViewport(1440, 1000),
		chromedp.Navigate(url+"/signin"),
		chromedp.SendKeys("input[name=email]", email, chromedp.NodeVisible),
		chromedp.SendKeys("input[name=password]", password),
		chromedp.Click("main form button[type=submit]", chromedp.NodeVisible),
		chromedp.WaitVisible("#live-voices"),
	)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	shop, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.pathname"))
	if err != nil {
		return err
	}
	m := inShop.FindStringSubmatch(shop)
	if m == nil {
		return fmt.Errorf("after signing in it stands at %s", shop)
	}
	customer, err := someCustomer(ctx, url+m[1])
	if err != nil {
		return err
	}
	incident, err := someIncident(ctx, url+m[1])
	if err != nil {
		return err
	}
	pages := []struct{ name, path string }{{"live", m[1] + "/live?range=60m"}, {"customer", customer}, {"feedback", m[1] + "/feedback"}, {"incident", incident}}
	for _, scheme := range []string{"light", "dark"} {
		for _, p := range pages {
			if err := take(ctx, url+p.path, scheme, 1440, 1000, filepath.Join(out, p.name+"-"+scheme+".webp")); err != nil {
				return fmt.Errorf("%s, %s: %w", p.name, scheme, err)
			}
		}
	}
	return take(ctx, url+pages[0].path, "light", 390, 844, filepath.Join(out, "live-phone.webp"))
}

// someCustomer returns the address of somebody who bought much: the first of the
// customers, the largest spenders first.
func someCustomer(ctx context.Context, shop string) (string, error) {
	err := chromedp.Do(ctx, chromedp.Navigate(shop+"/customers?sort=spend"), chromedp.WaitVisible("main a[href*='/customers/']"))
	if err != nil {
		return "", fmt.Errorf("customers: %w", err)
	}
	return chromedp.Run(ctx, chromedp.Evaluate[string]("new URL(document.querySelector(\"main a[href*='/customers/']\").href).pathname"))
}

// upi finds the incident of the scene in the list: at first it may be one of complaints.
const upi = "//main//tr[@data-row]//a[contains(., 'UPI')]"

// someIncident plays a scene, and returns the address of what is noticed ten minutes after that.
func someIncident(ctx context.Context, shop string) (string, error) {
	err := chromedp.Do(ctx,
		chromedp.Navigate(shop+"/demo"),
		chromedp.Click("#scene-upi-android button", chromedp.NodeVisible),
		chromedp.WaitNotPresent("#scene-upi-android form"),
		chromedp.Navigate(shop+"/incidents"),
		chromedp.WaitVisible(upi), // it moves by itself
		chromedp.Sleep(10*time.Minute),
	)
	if err != nil {
		return "", fmt.Errorf("wait for an incident: %w", err)
	}
	return chromedp.Run(ctx, chromedp.Evaluate[string]("new URL(document.evaluate(`"+upi+"`, document).iterateNext().href).pathname"))
}

// content waits until a page's fonts and charts are there and its stream speaks.
const content = `new Promise(done => {
	const look = () => {
		const root = document.documentElement.classList
		const drawn = [...document.querySelectorAll("[data-chart]")].every(e => e.querySelectorAll(".chart-area svg path").length > 10)
		if (document.readyState == "complete" && document.fonts.status == "loaded" && drawn && (!document.body.dataset.stream || root.contains("is-live"))) done(true)
		else setTimeout(look, 50)
	}
	look()
})`

// take keeps a page once its content is there, as WebP: a third of the size of PNG.
func take(ctx context.Context, url, scheme string, width, height int64, file string) error {
	media := chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	})
	err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height, chromedp.EmulateScale(1.5)), media, chromedp.Navigate(url))
	if err != nil {
		return err
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](content, chromedp.EvalAwaitPromise)); err != nil {
		return err
	}
	return chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		shot, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: new(int64(78))})
		if err != nil {
			return err
		}
		fmt.Println(strings.TrimPrefix(file, "./"))
		return os.WriteFile(file, shot.Data, 0o644)
	}))
}
