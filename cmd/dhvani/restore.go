package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/dhvani/dhvani/internal/app"
)

type restoreCommand struct {
	placeFlags
	File     string `arg:"" help:"The backup." type:"existingfile"`
	Erasures string `help:"List of erased customers, who are left out. Needs the seal key that it was made with." type:"existingfile" placeholder:"FILE"`
}

func (c restoreCommand) Run(ctx context.Context) error {
	start := time.Now()
	at := &restoreProgress{}
	show := newProgress(os.Stderr)
	show.watchText(at.text)
	s, r, err := app.Restore(ctx, c.options(), app.RestoreOptions{File: c.File, Erasures: c.Erasures, Progress: at.set})
	show.stop()
	if err != nil {
		return err
	}
	made := time.UnixMicro(s.CreatedAt).UTC().Format(time.DateTime)
	fmt.Printf("Restored %s workspaces and %s events in %.1f s, and %s messages of the log, which the first start applies.\n",
		thousands(int64(s.Workspaces)), thousands(r.Events), time.Since(start).Seconds(), thousands(r.Messages))
	if c.Erasures == "" {
		fmt.Printf("Customers who were erased after %s UTC, when the backup was made, are in it again; --erasures leaves them out.\n", made)
	} else {
		fmt.Printf("%s events of erased customers were left out; %s workspaces were derived anew from the others.\n", thousands(r.Erased), thousands(int64(r.Rebuilt)))
	}
	fmt.Println("Next: put the seal.key that belongs to it into the data folder, unless it is there or --seal-key names it; then dhvani serve.")
	return nil
}

// restoreProgress is how far a restore is.
type restoreProgress struct {
	mu          sync.Mutex
	step        string
	done, total int64
}

func (p *restoreProgress) set(step string, done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step, p.done, p.total = step, done, total
}

func (p *restoreProgress) text(time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%-5s  %s", p.step, bar(p.done, p.total))
}
