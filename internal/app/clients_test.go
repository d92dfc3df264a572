package app_test

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/app"
)

// These tests run the clients that shops have already, as their makers publish
// them, against a running Dhvani. The clients are fetched once, outside of the
// checkout.

// eachKey runs a test with a write key, whose identifiers are claimed, and with
// a secret key, whose are verified.
func eachKey(t *testing.T, f func(t *testing.T, s *shop, key string, verified bool)) {
	t.Run("write key", func(t *testing.T) {
		s := startShop(t, app.Options{Data: t.TempDir()})
		f(t, s, s.keys.WriteKey, false)
	})
	t.Run("secret key", func(t *testing.T) {
		s := startShop(t, app.Options{Data: t.TempDir()})
		f(t, s, s.keys.SecretKey, true)
	})
}

func TestClientsForNode(t *testing.T) {
	modules := npmClients(t)
	eachKey(t, func(t *testing.T, s *shop, key string, verified bool) {
		client := exec.CommandContext(t.Context(), "node", "testdata/clients/node.cjs", s.url, key)
		client.Env = append(os.Environ(), "NODE_PATH="+modules)
		run(t, client)
		s.wants(35)
		for _, user := range []string{"segment", "rudder", "posthog", "jitsu"} {
			s.tells(user, verified, "anonymous-"+user)
		}
		s.scores(3)
	})
}

func TestClientForGo(t *testing.T) {
	const folder = "testdata/clients/go"
	if out, err := exec.CommandContext(t.Context(), "go", "-C", folder, "mod", "download").CombinedOutput(); err != nil {
		t.Skipf("LEFT OUT, no Go module proxy: %s", why(out, err))
	}
	exe := filepath.Join(t.TempDir(), "client")
	run(t, exec.CommandContext(t.Context(), "go", "-C", folder, "build", "-o", exe, "."))
	eachKey(t, func(t *testing.T, s *shop, key string, verified bool) {
		run(t, exec.CommandContext(t.Context(), exe, s.url, key))
		s.wants(9)
		s.tells("go", verified, "anonymous-go")
		s.scores(1)
	})
}

// A shop's page uses analytics.js in Chromium, on another origin than Dhvani's.
func TestClientForBrowsers(t *testing.T) {
	modules := npmClients(t)
	browser := chromium(t)
	own, other := serveShop(t, modules), serveShop(t, modules)
	s := startShop(t, app.Options{Data: t.TempDir()})
	s.call("PATCH", "/api/v1/workspace", `{"allowed_origins":["`+own+`"]}`, 200, nil)
	if sent := s.visit(browser, other, "user", "stranger"); sent != 0 {
		t.Errorf("a page that is not on the allow-list delivered %d events", sent)
	}
	if st := s.settle(); st != (counts{}) {
		t.Errorf("of a page that is not on the allow-list: %+v", st)
	}

	if sent := s.visit(browser, own, "user", "browser"); sent != 8 {
		t.Errorf("%d of 8 events were delivered", sent)
	}
	s.wants(8)
	s.tells("browser", false, "anonymous-browser", "*")
	s.scores(1)

	if sent := s.visit(browser, own, "user", "signed", "token", s.token("signed")); sent != 8 {
		t.Errorf("%d of 8 events were delivered", sent)
	}
	s.wants(16)
	for _, i := range s.customer("user_id:signed").Identifiers {
		if i.Verified != (i.Kind == "user_id") {
			t.Errorf("a signed user id vouches for itself alone: %+v", i)
		}
	}

	s.visit(browser, own, "leave", "hasty")
	s.wants(20)
	if c := s.customer("user_id:hasty"); len(s.timeline(c.ID)) != 4 {
		t.Errorf("as the page went: %+v", s.timeline(c.ID))
	}
}

// serveShop serves the page of a shop, with analytics.js as npm has it.
func serveShop(t *testing.T, modules string) (url string) {
	mux := http.NewServeMux()
	for path, file := range map[string]string{
		"/": "testdata/clients/browser.html", "/analytics.js": modules + "/@segment/analytics-next/dist/umd/index.js",
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return site.URL
}

// visit opens a shop's page as a visitor without cookies, waits for it to be
// done and leaves it. It returns how many events the page sent without failure.
func (s *shop) visit(browser context.Context, site string, q ...string) int {
	s.t.Helper()
	values := url.Values{"host": {strings.TrimPrefix(s.url, "http://")}, "key": {s.keys.WriteKey}}
	for i := 0; i < len(q); i += 2 {
		values.Set(q[i], q[i+1])
	}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	s.t.Cleanup(cancel) // not before what a page sends as it goes has arrived
	if err := chromedp.Do(ctx, chromedp.Navigate(site+"/?"+values.Encode())); err != nil {
		s.t.Fatal(err)
	}
	sent, err := chromedp.Run(ctx, chromedp.Evaluate[int]("done", chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		s.t.Fatal(err)
	}
	return sent
}

// tells checks what a client's story made of a user: one customer under these
// anonymous ids ("*" is any), an order, two opinions and the visit before they
// were known.
func (s *shop) tells(user string, verified bool, anonymous ...string) {
	s.t.Helper()
	c := s.customer("user_id:" + user)
	var got []string
	for _, i := range c.Identifiers {
		if i.Kind == "anonymous_id" && !slices.Contains(anonymous, i.Value) {
			i.Value = "*"
		}
		text := i.Kind + ":" + i.Value
		if i.Verified {
			text += " verified"
		}
		got = append(got, text)
	}
	want := []string{"email:" + user + "@example.com", "user_id:" + user}
	for _, a := range anonymous {
		want = append(want, "anonymous_id:"+a)
	}
	for i := range want {
		if verified {
			want[i] += " verified"
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := gocmp.Diff(want, got); diff != "" {
		s.t.Errorf("identifiers of %s: %s", user, diff)
	}
	if c.Orders != 1 || len(c.Spend) != 1 || c.Spend[0].Amount != "12.5" || c.Spend[0].Currency != "EUR" {
		s.t.Errorf("%s: %d orders, spend %v", user, c.Orders, c.Spend)
	}
	var feedback struct {
		Items []struct{ Channel, Text string }
	}
	s.call("GET", "/api/v1/feedback?customer="+c.ID, "", 200, &feedback)
	var said []string
	for _, i := range feedback.Items {
		said = append(said, i.Channel+": "+i.Text)
	}
	slices.Sort(said)
	if diff := gocmp.Diff([]string{"review: broke at once", "survey: great"}, said); diff != "" {
		s.t.Errorf("%s said: %s", user, diff)
	}
	line := s.timeline(c.ID)
	for _, part := range []string{"Viewed Home", "p1"} {
		if !slices.ContainsFunc(line, func(summary string) bool { return strings.Contains(summary, part) }) {
			s.t.Errorf("%s: no %q in the timeline %q", user, part, line)
		}
	}
}

// scores checks that n users were promoters and gave two stars.
func (s *shop) scores(promoters int) {
	s.t.Helper()
	var nps, rating struct {
		N     int
		Value float64
	}
	s.call("GET", "/api/v1/scores/nps", "", 200, &nps)
	if nps.N != promoters || nps.Value != 100 {
		s.t.Errorf("NPS of %d promoters: %+v", promoters, nps)
	}
	s.call("GET", "/api/v1/scores/rating", "", 200, &rating)
	if rating.N < promoters || rating.Value != 2 {
		s.t.Errorf("rating: %+v", rating)
	}
}

// wants waits until events arrived and are visible: none less, more or rejected.
func (s *shop) wants(events int64) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; pause(20 * time.Millisecond) {
		got := s.settle()
		if got == (counts{Accepted: events, Stored: events}) {
			return
		}
		if got.Accepted >= events || got.Rejected > 0 || time.Now().After(deadline) {
			s.t.Fatalf("%d events were sent: %+v", events, got)
		}
	}
}

func (s *shop) timeline(customer string) (summaries []string) {
	s.t.Helper()
	var line struct{ Items []struct{ Summary string } }
	s.call("GET", "/api/v1/customers/"+customer+"/timeline", "", 200, &line)
	for _, i := range line.Items {
		summaries = append(summaries, i.Summary)
	}
	return summaries
}

// token signs a user id, as a shop's server does for its pages.
func (s *shop) token(user string) string {
	s.t.Helper()
	var secret struct {
		Text string `json:"identity_secret"`
	}
	s.call("GET", "/api/v1/workspace/identity-secret", "", 200, &secret)
	mac := hmac.New(sha256.New, []byte(secret.Text))
	mac.Write([]byte(user))
	return hex.EncodeToString(mac.Sum(nil))
}

// npmClients returns the folder of the clients that npm installed, in the
// versions of package.json.
func npmClients(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("LEFT OUT, no npm: %v", err)
		}
	}
	wanted, err := os.ReadFile("testdata/clients/package.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	parent := filepath.Join(cache, "dhvani-test-clients")
	version := sha256.Sum256(wanted)
	folder := filepath.Join(parent, hex.EncodeToString(version[:6]))
	modules := filepath.Join(folder, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	// Into a folder of our own, which takes its name only when it is complete.
	if err := os.MkdirAll(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.MkdirTemp(parent, "new-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fresh)
	if err := os.WriteFile(filepath.Join(fresh, "package.json"), wanted, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier",
		"--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000")
	install.Dir = fresh
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("LEFT OUT, no npm: the clients were not installed: %s", why(out, err))
	}
	if err := os.Rename(fresh, folder); err != nil {
		if _, other := os.Stat(modules); other != nil { // else another run was faster
			t.Fatal(err)
		}
	}
	return modules
}

// chromium starts a browser of its own, which reaches for nothing by itself.
func chromium(t *testing.T) context.Context {
	t.Helper()
	var exe string
	for _, program := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		path, _ := exec.LookPath(program)
		exe = cmp.Or(exe, path)
	}
	if exe == "" {
		t.Skip("LEFT OUT, no Chromium: it was not found")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(exe), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func run(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// why says in one line why a command failed.
func why(out []byte, err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return cmp.Or(line, err.Error())
}
