package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/dhvani/dhvani/internal/app"
)

type keyCommand struct {
	Create keyCreate `cmd:"" help:"Make a key; a secret one is shown this once."`
	List   keyList   `cmd:"" help:"List the keys."`
	Revoke keyRevoke `cmd:"" help:"End a key for good."`

	NewSeal keyNewSeal `cmd:"" help:"Begin with a new seal key, where the old seal.key is lost for good; a key that is in its place already is taken."`
}

type keyCreate struct {
	placeFlags
	Workspace string   `help:"The workspace's name or id; not needed where there is one only."`
	Kind      string   `help:"write: public, only sends events. secret: for your server." enum:"write,secret" default:"secret"`
	Scopes    []string `help:"What a secret key may do, of ingest, read, write and admin; all of them without this flag."`
	Label     string   `help:"What the key is for, in your words."`
	RateLimit int      `help:"Events a second; 0 for no limit." default:"0"`
	JSON      bool     `help:"Print JSON."`
}

func (c keyCreate) Run(ctx context.Context) error {
	in := app.CreateKey{Workspace: c.Workspace, Kind: c.Kind, Label: c.Label, RateLimit: c.RateLimit, Scopes: strings.Join(c.Scopes, " ")}
	if c.Kind == "secret" && len(c.Scopes) == 0 {
		in.Scopes = "ingest read write admin"
	}
	var k app.KeyInfo
	if err := call(ctx, c.placeFlags, "POST", "/admin/keys", in, &k); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(k)
	}
	fmt.Printf("Key  %s\nId   %s\n", k.Key, k.ID)
	if c.Kind == "secret" {
		fmt.Println("Keep it safe: it is not shown again.")
	}
	return nil
}

type keyList struct {
	placeFlags
	Workspace string `help:"The workspace's name or id; not needed where there is one only."`
	JSON      bool   `help:"Print JSON."`
}

func (c keyList) Run(ctx context.Context) error {
	var list []app.KeyInfo
	if err := call(ctx, c.placeFlags, "POST", "/admin/keys/list", app.NamedKey{Workspace: c.Workspace}, &list); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tKIND\tKEY\tSCOPES\tLABEL\tSTATE")
	for _, k := range list {
		state, public := "valid", k.Public
		if k.Revoked {
			state = "revoked"
		}
		if k.Kind == "secret" {
			public += "..."
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Kind, public, k.Scopes, k.Label, state)
	}
	return t.Flush()
}

type keyRevoke struct {
	placeFlags
	Workspace string `help:"The workspace's name or id; not needed where there is one only."`
	ID        string `arg:"" help:"The key's id, as dhvani key list shows it."`
}

func (c keyRevoke) Run(ctx context.Context) error {
	return call(ctx, c.placeFlags, "POST", "/admin/keys/revoke", app.NamedKey{Workspace: c.Workspace, ID: c.ID}, &struct{}{})
}

type keyNewSeal struct{ placeFlags }

func (c keyNewSeal) Run(ctx context.Context) error {
	if err := app.NewSeal(ctx, c.options()); err != nil {
		return err
	}
	fmt.Println("The database belongs to this seal key now; keep a copy of it in another place.")
	fmt.Println("Next: give the same file to every node, make the shops' identity secrets and the list of erasures anew, and take a backup.")
	return nil
}
