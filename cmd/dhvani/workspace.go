package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/dhvani/dhvani/internal/app"
)

type workspaceCommand struct {
	Create workspaceCreate `cmd:"" help:"Make a workspace; prints its keys, the secret one for the only time."`
	List   workspaceList   `cmd:"" help:"List the workspaces."`
}

type workspaceCreate struct {
	placeFlags
	Name string `help:"Name of the shop." required:""`
	JSON bool   `help:"Print JSON."`
}

func (c workspaceCreate) Run(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.Data, demoMark)); err == nil && c.Database == "" {
		return fmt.Errorf("the folder %s is the demo's, which has a shop of its own: give another with --data", c.Data)
	}
	o := c.options()
	o.Create = true
	client, err := app.Connect(ctx, o)
	if err != nil {
		return err
	}
	defer client.Close()
	var w app.NewWorkspace
	if err := client.Call(ctx, "POST", "/admin/workspaces", app.CreateWorkspace{Name: c.Name}, &w); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w)
	}
	fmt.Printf("Workspace   %s (%s)\nWrite key   %s   for web pages and apps\nSecret key  %s   for your server; it is not shown again\n", w.Name, w.ID, w.WriteKey, w.SecretKey)
	return nil
}

type workspaceList struct {
	placeFlags
	JSON bool `help:"Print JSON."`
}

func (c workspaceList) Run(ctx context.Context) error {
	var list []app.WorkspaceInfo
	if err := call(ctx, c.placeFlags, "GET", "/admin/workspaces", nil, &list); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list)
	}
	if len(list) == 0 {
		fmt.Println("There is no workspace yet. Make one: dhvani workspace create --name NAME")
		return nil
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tNAME\tCREATED")
	for _, w := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\n", w.ID, w.Name, time.UnixMicro(w.CreatedAt).UTC().Format(time.DateTime))
	}
	return t.Flush()
}

// call sends one command to the process that works with the data folder, or
// carries it out here.
func call(ctx context.Context, p placeFlags, method, path string, in, out any) error {
	c, err := app.Connect(ctx, p.options())
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Call(ctx, method, path, in, out)
}

func printJSON(v any) error {
	return json.NewEncoder(os.Stdout).Encode(v)
}
