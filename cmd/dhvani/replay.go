package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/event"
)

type replayCommand struct {
	placeFlags
	Workspace string  `help:"The workspace's name or id; without it all of them."`
	AsLive    bool    `help:"Let the stored events happen once more, in the order of their time and in a place of its own, and tell what the watch notices; changes nothing and tells nobody else."`
	From      string  `help:"With --as-live: the time to begin at, such as 2026-03-01 or 2026-03-01T10:00:00Z; without it the first event's." placeholder:"TIME"`
	Speed     float64 `help:"With --as-live: how many times as fast as it happened; 0 for as fast as possible." default:"0" placeholder:"N"`
}

func (c replayCommand) Run(ctx context.Context) error {
	if !c.AsLive {
		if c.From != "" || c.Speed != 0 {
			return errors.New("--from and --speed go with --as-live")
		}
		return follow(ctx, c.placeFlags, "/admin/replay", app.NamedKey{Workspace: c.Workspace}, stepPrinter{})
	}
	in := app.Play{Workspace: c.Workspace, Speed: c.Speed, From: math.MinInt64 / 4}
	show := stepPrinter{nothing: "There is no event yet."}
	if c.From != "" {
		show.nothing = "There is no event at or after that time."
		var ok bool
		if in.From, ok = event.ParseTime(c.From); !ok {
			return errors.New("--from must be a time such as 2026-03-01 or 2026-03-01T10:00:00Z")
		}
	}
	if !(c.Speed >= 0) || math.IsInf(c.Speed, 0) { // NaN is not either
		return errors.New("--speed must be a number such as 10, and not negative")
	}
	return follow(ctx, c.placeFlags, "/admin/play", in, show)
}

type verifyCommand struct {
	placeFlags
	Workspace string `help:"Rebuild and compare what is derived from this workspace's events only, by name or id."`
}

func (c verifyCommand) Run(ctx context.Context) error {
	return follow(ctx, c.placeFlags, "/admin/verify", app.NamedKey{Workspace: c.Workspace}, stepPrinter{})
}

// follow carries out a command that takes long, in the running process or in
// this one, and shows how far it is.
func follow(ctx context.Context, p placeFlags, path string, in any, show stepPrinter) error {
	c, err := app.ConnectOrStart(ctx, p.options())
	if err != nil {
		return err
	}
	defer c.Close()
	show.terminal = term.IsTerminal(int(os.Stderr.Fd()))
	err = c.Follow(ctx, path, in, show.step)
	show.clear()
	if errors.Is(err, context.Canceled) {
		return errors.New("stopped; nothing was changed")
	}
	return err
}

// stepPrinter shows progress on one line of a terminal, else a line from time to
// time.
type stepPrinter struct {
	nothing  string // to say where nothing was played
	terminal bool
	last     time.Time
}

func (s *stepPrinter) clear() {
	if s.terminal {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
}

func (s *stepPrinter) step(st app.Step) {
	switch {
	case st.Result != "":
		s.clear()
		fmt.Println(st.Result)
	case st.Played != nil:
		s.clear()
		fmt.Println(s.played(st.Played))
	case s.terminal:
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s", progressText(st))
	case time.Since(s.last) > 5*time.Second:
		s.last = time.Now()
		fmt.Fprintln(os.Stderr, progressText(st))
	}
}

// played says how far a play is, and what was noticed since it was said last.
func (s *stepPrinter) played(p *app.Played) string {
	if p.At == 0 && p.Events == 0 {
		return s.nothing
	}
	var b strings.Builder
	for _, in := range p.Insights {
		fmt.Fprintf(&b, "%s  %d  %s (%s)\n    %s\n", clock(in.When), in.Number, in.Title, in.State, in.Text)
	}
	fmt.Fprintf(&b, "%s  %s events, %d noticed", clock(time.UnixMicro(p.At)), thousands(p.Events), p.Total)
	return b.String()
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// progressText says how much is done. A total is what there was at the beginning;
// more may have come since.
func progressText(s app.Step) string {
	if s.Total == 0 && s.Done == 0 {
		return s.What
	}
	return fmt.Sprintf("%s: %s of %s", s.What, thousands(s.Done), thousands(max(s.Done, s.Total)))
}
