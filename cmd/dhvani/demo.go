package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/bench"
	"github.com/dhvani/dhvani/internal/shop"
)

type demoCommand struct {
	Data   string      `help:"Folder of the demo's data." default:"./dhvani-demo" type:"path" placeholder:"DIR"`
	Listen string      `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"ADDR"`
	Fresh  bool        `help:"Throw away what an earlier demo left, and begin again."`
	Speed  float64     `help:"How many times as many shoppers come, and how many times as fast they go about it, from 0.1 to 50." default:"1"`
	Writer writerFlags `embed:""`
	Seed   uint64      `help:"Decides what the shoppers do; holds from the first start of a demo on." default:"1"`
}

// demoMark is a file in a folder that the demo made, and may throw away.
const demoMark = "made-by-dhvani-demo"

func (c demoCommand) Run(ctx context.Context) error {
	if c.Speed < .1 || c.Speed > 50 {
		return errors.New("--speed must be from 0.1 to 50")
	}
	place := placeFlags{Data: c.Data}
	o := serverFlags{placeFlags: place, Writer: c.Writer, Listen: c.Listen, LogLevel: "warn"}.options()
	if c.Fresh {
		if err := discardDemo(ctx, c.Data); err != nil {
			return err
		}
	}
	if err := markDemo(c.Data); err != nil {
		return err
	}
	director, err := shop.Open(c.Data, c.Seed, time.Now())
	if err != nil {
		return err
	}
	o.Demo = director
	a, err := app.Start(ctx, o)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	var playing sync.WaitGroup
	playing.Go(func() {
		if err := c.play(ctx, place, director, "http://"+reachable(a.Addr())); err != nil {
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

// play opens the shop, gives it a past or fills the time since it was last open,
// says where to look, and lets its shoppers go on until ctx ends.
func (c demoCommand) play(ctx context.Context, place placeFlags, d *shop.Director, address string) error {
	p := shop.Player{URL: address}
	if err := openShop(ctx, place, &p, d); err != nil {
		return err
	}
	now := time.Now()
	sent, err := d.Begin(now, c.Speed)
	if err != nil {
		return err
	}
	if err := c.fill(ctx, p, d, sent, now); err != nil {
		return err
	}
	api := bench.NewAPI(address, p.SecretKey)
	_, stats, err := api.Settle(ctx)
	if err != nil {
		return err
	}
	logins, err := d.Logins()
	if err != nil {
		return err
	}
	c.welcome(os.Stdout, p, logins, stats.Stored)
	p.Live(ctx, d, func(err error) { fmt.Fprintln(os.Stderr, "the shoppers wait:", err) })
	return d.Close()
}

// fill imports what happened between two times, and shows how far it is.
func (c demoCommand) fill(ctx context.Context, p shop.Player, d *shop.Director, from, to time.Time) error {
	var events, at atomic.Int64
	at.Store(from.UnixNano())
	show := newProgress(os.Stderr)
	show.watchText(func(time.Time) string {
		t := time.Unix(0, at.Load())
		return fmt.Sprintf("%s opens  %s  %s, %s events", shop.Name, gauge(t.Sub(from).Seconds()/to.Sub(from).Seconds()),
			t.In(shop.Zone).Format("2 January"), thousands(events.Load()))
	})
	start := time.Now()
	err := p.History(ctx, d.Shop(), from, to, func(n int, upTo time.Time) {
		events.Store(int64(n))
		at.Store(upTo.UnixNano())
	})
	show.stop()
	if err != nil {
		return fmt.Errorf("give the shop its past: %w", err)
	}
	fmt.Fprintf(os.Stderr, "%s events of %s are in, after %.1f s.\n", thousands(events.Load()), span(to.Sub(from)), time.Since(start).Seconds())
	return d.Imported(to)
}

// span says how long a time is, roughly.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	if d < 2*time.Minute {
		return "a minute"
	}
	return fmt.Sprintf("%.0f minutes", d.Minutes())
}

// openShop finds or makes the shop's workspace, its keys and its staff. The
// secret key is good while the demo runs.
func openShop(ctx context.Context, place placeFlags, p *shop.Player, d *shop.Director) error {
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
		if err := call(ctx, place, "POST", "/admin/workspaces", app.CreateWorkspace{Name: shop.Name, Country: "IN", Zone: shop.Zone.String(), Currency: "INR"}, &w); err != nil {
			return err
		}
		id = w.ID
	}
	if err := hire(ctx, place, id, d); err != nil {
		return err
	}
	if err := call(ctx, place, "POST", "/admin/demo/outgoing", app.NamedKey{Workspace: id}, &struct{}{}); err != nil {
		return err
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

// hire makes the two accounts of the demo, once.
func hire(ctx context.Context, place placeFlags, workspace string, d *shop.Director) error {
	logins, err := d.Logins()
	if err != nil || len(logins) > 0 {
		return err
	}
	logins = []shop.Login{
		{Name: "Mira Sen", Email: "mira@tantu.example", Role: "owner", Password: shop.NewPassword()},
		{Name: "Arun Thapa", Email: "arun@tantu.example", Role: "agent", Password: shop.NewPassword()},
	}
	for _, l := range logins {
		in := app.AddUser{Workspace: workspace, Email: l.Email, Name: l.Name, Role: l.Role, Password: l.Password}
		if err := call(ctx, place, "POST", "/admin/users", in, &struct{}{}); err != nil {
			return err
		}
	}
	_, err = d.Logins(logins...)
	return err
}
