package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/bench"
)

type benchSeed struct {
	placeFlags
	Workspace string    `help:"Name of the shop, made where it is missing." default:"Large shop"`
	Customers int       `help:"Customers." default:"1000000"`
	Events    int       `help:"Events." default:"10000000"`
	Days      int       `help:"Days that the history goes back." default:"90"`
	Until     time.Time `help:"When the history ends; by default now." format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME"`
	Seed      uint64    `help:"Decides what happens." default:"1"`
}

// seeded is what the command prints.
type seeded struct {
	Workspace string  `json:"workspace"`
	Events    int64   `json:"events"`
	Stored    int64   `json:"stored_events"`
	Seconds   float64 `json:"seconds"`
}

func (c benchSeed) Run(ctx context.Context) error {
	o := c.options()
	o.Create = true
	client, err := app.ConnectOrStart(ctx, o)
	if err != nil {
		return err
	}
	defer client.Close()
	id, err := workspaceNamed(ctx, client, c.Workspace)
	if err != nil {
		return err
	}
	var s app.Session
	if err := client.Call(ctx, "POST", "/admin/session", app.NamedKey{Workspace: id}, &s); err != nil {
		return err
	}
	start := time.Now()
	until := c.Until
	if until.IsZero() {
		until = start
	}
	var sent atomic.Int64
	said := start
	err = bench.Seed{Customers: c.Customers, Events: c.Events, Days: c.Days, Until: until, Seed: c.Seed}.
		Send(ctx, client.HTTP, "http://dhvani", s.Key, func(events int64) {
			if was := sent.Swap(max(events, sent.Load())); was/500_000 < events/500_000 && events > was {
				fmt.Fprintf(os.Stderr, "%s of %s events, %s a second\n", thousands(events), thousands(int64(c.Events)), thousands(int64(float64(events)/time.Since(said).Seconds())))
			}
		})
	if err != nil {
		return err
	}
	out := seeded{Workspace: id, Events: sent.Load()}
	for {
		status, text, err := client.Ask(ctx, "GET", "/api/v1/stats", s.Key, nil)
		if err != nil {
			return err
		}
		var stats struct{ Events bench.Stats }
		if err := json.Unmarshal(text, &stats); err != nil || status != 200 {
			return fmt.Errorf("the server answers %d", status)
		}
		if out.Stored = stats.Events.Stored; stats.Events.Lag == 0 {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	out.Seconds = time.Since(start).Seconds()
	return printIndented(out)
}

// workspaceNamed finds or makes a workspace.
func workspaceNamed(ctx context.Context, client *app.Client, name string) (string, error) {
	var list []app.WorkspaceInfo
	if err := client.Call(ctx, "GET", "/admin/workspaces", nil, &list); err != nil {
		return "", err
	}
	for _, w := range list {
		if w.Name == name {
			return w.ID, nil
		}
	}
	var w app.NewWorkspace
	err := client.Call(ctx, "POST", "/admin/workspaces", app.CreateWorkspace{Name: name}, &w)
	return w.ID, err
}
