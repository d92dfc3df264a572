package main

import (
	"context"
	"fmt"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/backup"
)

type erasuresCommand struct {
	Add erasuresAdd `cmd:"" help:"Add customers to the list. It does not say who they are; keep it apart from the backups."`
}

type erasuresAdd struct {
	placeFlags
	Workspace   string   `help:"The workspace's name or id; not needed where there is one only."`
	File        string   `arg:"" help:"The list; made where it is missing."`
	Identifiers []string `arg:"" help:"All identifiers of the customer: user_id:U and anonymous_id:A."`
}

func (c erasuresAdd) Run(ctx context.Context) error {
	var made app.ErasureLines
	in := app.MarkErasures{Workspace: c.Workspace, Identifiers: c.Identifiers}
	if err := call(ctx, c.placeFlags, "POST", "/admin/erasures", in, &made); err != nil {
		return err
	}
	if err := backup.AddErasures(c.File, made.Key, made.Lines); err != nil {
		return err
	}
	fmt.Printf("%s identifiers were added to %s.\n", thousands(int64(len(made.Lines))), c.File)
	return nil
}
