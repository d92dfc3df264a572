package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/dhvani/dhvani/internal/app"
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
	var lines []string
	in := app.MarkErasures{Workspace: c.Workspace, Identifiers: c.Identifiers}
	if err := call(ctx, c.placeFlags, "POST", "/admin/erasures", in, &lines); err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	fmt.Printf("%s identifiers were added to %s.\n", thousands(int64(len(lines))), c.File)
	return nil
}
