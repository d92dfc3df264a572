package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/bench"
	"github.com/dhvani/dhvani/internal/shop"
)

type demoCommand struct {
	Data   string  `help:"Folder of the demo's data." default:"./dhvani-demo" type:"path" placeholder:"DIR"`
	Listen string  `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"ADDR"`
	Fresh  bool    `help:"Throw away what an earlier demo left, and begin again."`
	Speed  float64 `help:"How many times as fast as the clock the shop's days go by, up to 10000." default:"300"`
	Seed   uint64  `help:"Decides what the shoppers do." default:"1"`
}

const (
	// history is how much the demo has behind it when it begins.
	history = 14 * 24 * time.Hour
	// demoMark is a file in a folder that the demo made, and may throw away.
	demoMark = "made-by-dhvani-demo"
)

func (c demoCommand) Run(ctx context.Context) error {
	if c.Speed <= 0 || c.Speed > 10_000 {
		return errors.New("--speed must be above 0 and at most 10000")
	}
	place := placeFlags{Data: c.Data}
	o := serverFlags{placeFlags: place, Listen: c.Listen, LogLevel: "warn"}.options()
	if c.Fresh {
		if err := discardDemo(ctx, c.Data); err != nil {
			return err
		}
	}
	if err := markDemo(c.Data); err != nil {
		return err
	}
	a, err := app.Start(ctx, o)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	var playing sync.WaitGroup
	playing.Go(func() {
		if err := c.play(ctx, place, "http://"+reachable(a.Addr())); err != nil {
			stop(err)
		}
	})
	err = waitAndStop(ctx, a)
	stop(nil)
	playing.Wait()
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// markDemo makes the folder, and marks it where it is new.
func markDemo(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		return err
	}
	return os.WriteFile(filepath.Join(dir, demoMark), nil, 0o600)
}

// discardDemo removes a folder that the demo made and nobody uses.
func discardDemo(ctx context.Context, dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(list) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
		return fmt.Errorf("%s was not made by the demo and is not thrown away", dir)
	}
	a, err := app.Start(ctx, app.Options{Data: dir})
	if errors.Is(err, app.ErrInUse) {
		return err
	}
	if err == nil { // what cannot start any more can go too
		if err := a.Stop(ctx); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}

// reachable is an address to put into a link.
func reachable(a net.Addr) string {
	t := a.(*net.TCPAddr)
	if t.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(t.Port))
	}
	return t.String()
}

// play opens the shop, gives it a past, says where to look, and lets its
// shoppers go on until ctx ends.
func (c demoCommand) play(ctx context.Context, place placeFlags, address string) error {
	p := shop.Player{URL: address}
	if err := openShop(ctx, place, &p); err != nil {
		return err
	}
	api := bench.NewAPI(address, p.SecretKey)
	stats, err := api.Stats(ctx)
	if err != nil {
		return err
	}
	// The first demo begins with a past, a later one with the hours of today:
	// who was a customer before is one again with the first order.
	now := time.Now()
	start := now
	if stats.Accepted == 0 {
		start = now.Add(-history)
	}
	s := shop.New(c.Seed, start)
	err = p.History(ctx, s, now, func(n int, done float64) {
		fmt.Fprintf(os.Stderr, "%s opens: %3.0f %% of its past, %s events\n", shop.Name, 100*done, thousands(int64(n)))
	})
	if err != nil {
		return err
	}
	if _, stats, err = api.Settle(ctx); err != nil {
		return err
	}
	if err := c.welcome(ctx, p, api, stats); err != nil {
		return err
	}
	p.Live(ctx, s, now, c.Speed, func(err error) { fmt.Fprintln(os.Stderr, "the shoppers wait:", err) })
	return nil
}

// openShop finds or makes the shop's workspace, and its keys. The secret one is
// good while the demo runs.
func openShop(ctx context.Context, place placeFlags, p *shop.Player) error {
	var list []app.WorkspaceInfo
	if err := call(ctx, place, "GET", "/admin/workspaces", nil, &list); err != nil {
		return err
	}
	id := ""
	for _, w := range list {
		if w.Name == shop.Name {
			id = w.ID
		}
	}
	if len(list) > 0 && (id == "" || len(list) > 1) {
		return errors.New("this data folder holds other shops; the demo wants one of its own: give --data")
	}
	if id == "" {
		var w app.NewWorkspace
		if err := call(ctx, place, "POST", "/admin/workspaces", app.CreateWorkspace{Name: shop.Name}, &w); err != nil {
			return err
		}
		id = w.ID
	}
	var keys []app.KeyInfo
	if err := call(ctx, place, "POST", "/admin/keys/list", app.NamedKey{Workspace: id}, &keys); err != nil {
		return err
	}
	for _, k := range keys {
		if k.Kind == "write" && !k.Revoked {
			p.WriteKey = k.Public
		}
	}
	if p.WriteKey == "" {
		return fmt.Errorf("%s has no write key any more; --fresh begins again", shop.Name)
	}
	var session app.Session
	err := call(ctx, place, "POST", "/admin/session", app.NamedKey{Workspace: id}, &session)
	p.SecretKey = session.Key
	return err
}

// welcome says what there is to see.
func (c demoCommand) welcome(ctx context.Context, p shop.Player, api bench.API, stats bench.Stats) error {
	id, email, err := someCustomer(ctx, api)
	if err != nil {
		return fmt.Errorf("show a customer: %w; dhvani demo --fresh begins again", err)
	}
	fmt.Printf(`
%s is open, with %s events so far. Its shoppers go on, %g times as fast as the clock.

  Address      %s
  Write key    %s   for web pages; may only send events
  Secret key   %s   for servers; until the demo stops
  Data         %s

Look first at one customer: what they browsed, ordered and said, on every channel, in one line.
These work as they are, in another terminal:
`, shop.Name, thousands(stats.Stored), c.Speed, p.URL, p.WriteKey, p.SecretKey, c.Data)
	for _, e := range [][2]string{
		{"Find a customer by e-mail", p.URL + "/api/v1/customers?identifier=" + url.QueryEscape("email:"+email)},
		{"All that happened to them, newest first", p.URL + "/api/v1/customers/" + id + "/timeline"},
		{"What customers say on every channel", p.URL + "/api/v1/feedback?limit=10"},
		{"Opinions that name the colour, in Hindi", p.URL + "/api/v1/feedback?q=" + url.QueryEscape("रंग")},
		{"Would they recommend the shop? NPS by day", p.URL + "/api/v1/scores/nps?bucket=day&from=" + time.Now().Add(-history).UTC().Format("2006-01-02T15:04:05Z")},
		{"How many events, and is all of it visible?", p.URL + "/api/v1/stats"},
	} {
		fmt.Printf("\n  # %s\n  curl -s -H 'Authorization: Bearer %s' '%s'\n", e[0], p.SecretKey, e[1])
	}
	fmt.Printf(`
  # Be a shopper yourself
  curl -s -u %s: -H 'Content-Type: application/json' %s/v1/track -d '{"userId":"me","event":"Product Reviewed","properties":{"product_id":"sto-01","rating":5,"review_body":"Soft and warm."}}'

Ctrl-C stops; dhvani demo goes on from here, dhvani demo --fresh begins again.
`, p.WriteKey, p.URL)
	return nil
}

// someCustomer returns the id and e-mail address of a customer who has ordered
// and said something.
func someCustomer(ctx context.Context, api bench.API) (id, email string, err error) {
	var said struct {
		Items []struct {
			CustomerID string `json:"customer_id"`
		}
	}
	if err := api.Get(ctx, "/api/v1/feedback?kind=nps&limit=1", &said); err != nil {
		return "", "", err
	}
	if len(said.Items) == 0 {
		return "", "", errors.New("nobody has answered a survey yet")
	}
	id = said.Items[0].CustomerID
	var customer struct {
		Identifiers []struct{ Kind, Value string }
	}
	if err := api.Get(ctx, "/api/v1/customers/"+id, &customer); err != nil {
		return "", "", err
	}
	for _, i := range customer.Identifiers {
		if i.Kind == "email" {
			return id, i.Value, nil
		}
	}
	return "", "", errors.New("the one who answered a survey has no e-mail address")
}
