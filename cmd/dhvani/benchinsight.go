package main

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/dhvani/dhvani/internal/bench"
)

type benchInsight struct {
	Seed  uint64   `help:"The same seed simulates the same weeks." default:"1"`
	Shops []int    `help:"Orders a day of the shops." default:"20,200,2000,20000"`
	Weeks int      `help:"Quiet weeks for each of them, in which every alarm is false." default:"400"`
	Runs  int      `help:"Runs of each trouble." default:"200"`
	Cases int      `help:"Tables of each kind in which causes are looked for." default:"1000"`
	Parts []string `help:"What is simulated: ${enum}." enum:"noticing,troubled,causes,impact,watch,page" default:"noticing,troubled,causes,impact,watch,page"`
	Jobs  int      `help:"How many shops are simulated at a time; 0 for one for each processor." default:"0"`
	JSON  bool     `help:"Only the JSON, without words about it."`
}

func (c benchInsight) Run(ctx context.Context) error {
	if c.Jobs <= 0 {
		c.Jobs = runtime.NumCPU()
	}
	if c.Weeks <= 0 || c.Runs <= 0 || c.Cases <= 0 {
		return fmt.Errorf("--weeks, --runs and --cases must be at least 1")
	}
	for _, n := range c.Shops {
		if n <= 0 || n > 1_000_000 {
			return fmt.Errorf("a shop has from 1 to 1,000,000 orders a day")
		}
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	r, err := bench.Insight{Program: program, Seed: c.Seed, Shops: c.Shops, Weeks: c.Weeks, Runs: c.Runs, Cases: c.Cases, Parts: c.Parts, Jobs: c.Jobs}.Run(ctx)
	if err != nil {
		return err
	}
	if !c.JSON {
		for _, q := range r.Quiet {
			fmt.Fprintf(os.Stderr, "%s orders a day: in %d quiet weeks %d told falsely, %d listed; at most %.2f told in four weeks and %.2f listed a week.\n",
				thousands(int64(q.Orders)), q.Weeks, q.Told, q.Listed, q.ToldBound, q.ListBound)
		}
		for _, t := range r.Troubles {
			fmt.Fprintf(os.Stderr, "%s, %s orders a day: noticed in %.1f %% of %d runs.\n", t.Trouble, thousands(int64(t.Orders)), 100*t.Noticed, t.Runs)
		}
		for _, x := range r.Impact {
			fmt.Fprintf(os.Stderr, "%s, %s orders a day, %d runs: the interval of the lost revenue covers %.1f %% when noticed, %.1f %% when over; it is %.1f and %.1f times as wide as an oracle's.\n",
				x.Trouble, thousands(int64(x.Orders)), x.Runs, 100*x.Noticed.Covers, 100*x.Close.Covers, x.Noticed.Width, x.Close.Width)
		}
		for _, x := range r.Causes {
			fmt.Fprintf(os.Stderr, "%s, %.0f extra failures: the right cause first in %.1f %% of %d tables, among three in %.1f %%; sure in %.1f %%.\n",
				x.Case, x.Extra, 100*x.First, x.N, 100*x.Three, 100*x.Sure)
		}
	}
	return printIndented(r)
}
