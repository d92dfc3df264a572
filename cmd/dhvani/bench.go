package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/dhvani/dhvani/internal/bench"
)

type benchCommand struct {
	Insight  benchInsight  `cmd:"" help:"Simulate weeks of shops, quiet and troubled, and measure what the detectors notice, how soon, and how often falsely."`
	Ingest   benchIngest   `cmd:"" help:"Send events and measure how many are accepted, and how fast. Use a workspace made for it."`
	Language benchLanguage `cmd:"" help:"Measure how many texts of twenty words one core analyses, and what memory that takes."`
	Seed     benchSeed     `cmd:"" help:"Fill a data folder or a database with the history of a large shop, the same for the same seed."`
	Pages    benchPages    `cmd:"" help:"Measure how long the pages of the console take."`
	Pipeline benchPipeline `cmd:"" help:"Send events at a rate and measure how many are stored, and how long until they are visible. Use a workspace made for it."`
}

// loadFlags describe what both send.
type loadFlags struct {
	URL         string `help:"Address of the server." default:"http://127.0.0.1:8080" placeholder:"URL"`
	Connections int    `help:"Connections, each with one request at a time." default:"32"`
	Batch       int    `help:"Events of a request." default:"100"`
	Gzip        bool   `help:"Compress the requests."`
	Users       int    `help:"Number of shoppers." default:"5000"`
	Mix         string `help:"views: Product Viewed only. shop: with orders, reviews, surveys and more." enum:"views,shop" default:"views"`
	JSON        bool   `help:"Only the JSON, without words about it."`
}

func (f loadFlags) load() bench.Load {
	return bench.Load{URL: f.URL, Connections: f.Connections, Batch: f.Batch, Gzip: f.Gzip, Users: f.Users, Mix: f.Mix}
}

type benchIngest struct {
	loadFlags
	Key      string        `help:"A write key, or a secret key with scope ingest." required:""`
	WaitKey  string        `help:"A secret key with scope read, to see when all is visible; not needed where --key is one."`
	Duration time.Duration `help:"How long to send." default:"10s"`
	Rate     float64       `help:"Events a second, latencies counted from when each request was due; 0 for as many as are answered." default:"0"`
}

func (c benchIngest) Run(ctx context.Context) error {
	l := c.load()
	l.Key, l.Duration, l.Rate = c.Key, c.Duration, c.Rate
	r, err := l.Run(ctx)
	if err != nil {
		return err
	}
	catchUp, _, err := bench.NewAPI(c.URL, cmp.Or(c.WaitKey, c.Key)).Settle(ctx)
	if err == nil {
		r.CatchUp = &catchUp
	}
	if !c.JSON {
		fmt.Fprintln(os.Stderr, describeLoad(r))
		if err != nil && c.WaitKey != "" {
			fmt.Fprintln(os.Stderr, "It could not be seen when all was visible:", err)
		}
	}
	return printIndented(r)
}

type benchPipeline struct {
	loadFlags
	Key      string        `help:"A secret key with the scopes ingest and read." required:""`
	Duration time.Duration `help:"How long to send." default:"60s"`
	Rate     float64       `help:"Events a second; 0 for as many as are answered." default:"10000"`
}

func (c benchPipeline) Run(ctx context.Context) error {
	l := c.load()
	l.Key, l.Duration, l.Rate = c.Key, c.Duration, c.Rate
	r, err := bench.Pipeline(ctx, l)
	if err != nil {
		return err
	}
	if !c.JSON {
		v := r.Visible
		fmt.Fprintf(os.Stderr, "%s\n%s events stored, %s a second; visible after %v (half), %v (95 %%), %v (99 %%); at most %s behind.\n",
			describeLoad(r.Load), thousands(r.Stored), thousands(int64(r.PerSecond)),
			v.Percentile(50), v.Percentile(95), v.Percentile(99), thousands(r.MaxLag))
	}
	return printIndented(r)
}

func describeLoad(r *bench.Report) string {
	text := fmt.Sprintf("%s events accepted, %s a second; answered after %v (half), %v (95 %%), %v (99 %%); the generator used %.2f processors.",
		thousands(r.Accepted), thousands(int64(r.PerSecond)),
		r.Latency.Percentile(50), r.Latency.Percentile(95), r.Latency.Percentile(99), r.OwnCores)
	if r.CatchUp != nil {
		text += fmt.Sprintf(" All was visible %.1f s later.", *r.CatchUp)
	}
	return text
}

func printIndented(v any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
