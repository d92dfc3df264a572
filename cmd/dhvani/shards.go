package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/process"
)

type shardsCommand struct {
	placeFlags
	JSON bool `help:"Print JSON."`
}

func (c shardsCommand) Run(ctx context.Context) error {
	client, err := app.ConnectOrStart(ctx, c.options())
	if err != nil {
		return err
	}
	defer client.Close()
	var list []process.ShardInfo
	if err := client.Call(ctx, "GET", "/admin/shards", nil, &list); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SHARD\tNODE\tAPPLIED\tLAST\tBEHIND")
	for _, s := range list {
		behind := "nothing"
		if s.Last > s.Applied {
			behind = thousands(int64(s.Last-s.Applied)) + " messages"
			if !s.Oldest.IsZero() {
				behind += fmt.Sprintf(", %.1f s", time.Since(s.Oldest).Seconds())
			}
		}
		fmt.Fprintf(t, "%d\t%s\t%d\t%d\t%s\n", s.Shard, cmp.Or(s.Node, "(nobody)"), s.Applied, s.Last, behind)
	}
	return t.Flush()
}
