package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/backup"
)

type backupCommand struct {
	placeFlags
	File  string `arg:"" help:"The file to write, or - for the standard output."`
	Force bool   `help:"Replace the file if it is there."`
}

func (c backupCommand) Run(ctx context.Context) error {
	start := time.Now()
	var s backup.Summary
	fill := func(to io.Writer) (err error) {
		s, err = backUp(ctx, c.options(), to)
		return err
	}
	var err error
	if c.File == "-" {
		if term.IsTerminal(int(os.Stdout.Fd())) {
			return errors.New("a backup is not for a terminal: name a file, or send the standard output somewhere")
		}
		err = fill(os.Stdout)
	} else {
		err = writeWhole(c.File, c.Force, fill)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "Backed up %s workspaces and %s events in %.1f s: %.1f MB.\n",
		thousands(int64(s.Workspaces)), thousands(s.Events), time.Since(start).Seconds(), megabytes(s.Bytes))
	if s.Damaged > 0 {
		fmt.Fprintf(os.Stderr, "%s stored events are damaged, the first at %s. They are in the backup as they are: keep the backups you have.\n", thousands(s.Damaged), s.First)
	}
	fmt.Fprintln(os.Stderr, "The seal key is not in it. Keep a copy of seal.key in another place: without it the shops' identity secrets end.")
	return nil
}

// backUp shows how much is written.
func backUp(ctx context.Context, o app.Options, to io.Writer) (backup.Summary, error) {
	var written atomic.Int64
	start := time.Now()
	show := newProgress(os.Stderr)
	show.watchText(func(at time.Time) string {
		n := written.Load()
		return fmt.Sprintf("%.1f MB written  %.1f MB/s", megabytes(n), megabytes(n)/at.Sub(start).Seconds())
	})
	defer show.stop()
	return app.Backup(ctx, o, countWrites{to, &written})
}

type countWrites struct {
	to    io.Writer
	bytes *atomic.Int64
}

func (c countWrites) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.bytes.Add(int64(n))
	return n, err
}
