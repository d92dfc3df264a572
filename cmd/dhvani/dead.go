package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dhvani/dhvani/internal/app"
)

type deadCommand struct {
	List  deadList  `cmd:"" help:"List the events that could not be applied, with the reason. They are stored and counted; what is made of events lacks them."`
	Retry deadRetry `cmd:"" help:"Apply them now, such as after an upgrade that can."`
	Drop  deadDrop  `cmd:"" help:"Give them up. They stay stored, and dhvani replay tries them again."`
}

// deadEvent is an item of the API's list.
type deadEvent struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Stage     string    `json:"stage"`
	Reason    string    `json:"reason"`
	Tries     int       `json:"tries"`
	Type      string    `json:"type"`
	Name      string    `json:"name"`
	MessageID string    `json:"message_id"`
}

// deadFlags name the workspace.
type deadFlags struct {
	placeFlags
	Workspace string `help:"The workspace's name or id; not needed where there is one only."`
}

// each calls f with the workspace's API and every dead event, the oldest first.
func (c deadFlags) each(ctx context.Context, f func(api workspaceAPI, e deadEvent) error) error {
	return withAPI(ctx, c.placeFlags, c.Workspace, func(api workspaceAPI) error {
		for cursor := ""; ; {
			var page struct {
				Items []deadEvent `json:"items"`
				Next  string      `json:"next"`
			}
			if err := api.call(ctx, "GET", "/api/v1/dead-events?limit=200&cursor="+url.QueryEscape(cursor), &page); err != nil {
				return err
			}
			for _, e := range page.Items {
				if err := f(api, e); err != nil {
					return err
				}
			}
			if cursor = page.Next; cursor == "" {
				return nil
			}
		}
	})
}

type deadList struct {
	deadFlags
	JSON bool `help:"Print JSON, one object a line."`
}

func (c deadList) Run(ctx context.Context) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	n := 0
	err := c.each(ctx, func(_ workspaceAPI, e deadEvent) error {
		if c.JSON {
			return printJSON(e)
		}
		if n++; n == 1 {
			fmt.Fprintln(t, "ID\tPUT ASIDE\tEVENT\tMESSAGE ID\tSTAGE\tREASON")
		}
		_, err := fmt.Fprintf(t, "%s\t%s\t%s %s\t%s\t%s\t%s\n", e.ID, e.At.Format(time.DateTime), e.Type, e.Name, e.MessageID, e.Stage, oneLine(e.Reason))
		return err
	})
	if err == nil && n == 0 && !c.JSON {
		fmt.Println("No event is dead: all that are stored are applied.")
	}
	return errors.Join(err, t.Flush())
}

// oneLine makes a text fit into a table.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 120 {
		s = string(r[:119]) + "…"
	}
	return s
}

// deadWhich says which events are meant.
type deadWhich struct {
	deadFlags
	IDs []string `arg:"" optional:"" name:"id" help:"Ids that dhvani dead list shows."`
	All bool     `help:"All of the workspace's."`
}

// settle carries out an action on each event that is meant, and goes on where
// one fails.
func (c deadWhich) settle(ctx context.Context, method, path, done string) error {
	if (len(c.IDs) > 0) == c.All {
		return errors.New("say which: ids, or --all")
	}
	settled, failed := 0, 0
	one := func(api workspaceAPI, id string) error {
		err := api.call(ctx, method, "/api/v1/dead-events/"+url.PathEscape(id)+path, nil)
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", id, err)
			failed++
			return nil
		}
		settled++
		return err
	}
	var err error
	if c.All {
		err = c.each(ctx, func(api workspaceAPI, e deadEvent) error { return one(api, e.ID) })
	} else {
		err = withAPI(ctx, c.placeFlags, c.Workspace, func(api workspaceAPI) error {
			for _, id := range c.IDs {
				if err := one(api, id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	fmt.Printf("%s %s.\n", thousands(int64(settled)), done)
	if err == nil && failed > 0 {
		err = fmt.Errorf("%s could not be", thousands(int64(failed)))
	}
	return err
}

type deadRetry struct{ deadWhich }

func (c deadRetry) Run(ctx context.Context) error { return c.settle(ctx, "POST", "/retry", "applied") }

type deadDrop struct{ deadWhich }

func (c deadDrop) Run(ctx context.Context) error { return c.settle(ctx, "DELETE", "", "dropped") }

// workspaceAPI is the API of one workspace, with all rights.
type workspaceAPI struct {
	client *app.Client
	key    string
}

// withAPI calls f with the API of a workspace: of the running process, or of the
// system started within this one.
func withAPI(ctx context.Context, p placeFlags, workspace string, f func(workspaceAPI) error) error {
	c, err := app.ConnectOrStart(ctx, p.options())
	if err != nil {
		return err
	}
	defer c.Close()
	var s app.Session
	if err := c.Call(ctx, "POST", "/admin/session", app.NamedKey{Workspace: workspace}, &s); err != nil {
		return err
	}
	return f(workspaceAPI{c, s.Key})
}

func (a workspaceAPI) call(ctx context.Context, method, path string, out any) error {
	status, text, err := a.client.Ask(ctx, method, path, a.key, struct{}{})
	if err != nil {
		return err
	}
	if status >= 300 {
		var problem struct{ Detail string }
		if json.Unmarshal(text, &problem) == nil && problem.Detail != "" {
			return errors.New(problem.Detail)
		}
		return fmt.Errorf("the running process answers with status %d", status)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
