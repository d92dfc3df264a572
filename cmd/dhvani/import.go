package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/source/file"
)

type importCommand struct {
	Events importEvents `cmd:"" help:"Import events from a file: one JSON object a line in the Segment format, gzipped or not. What is there already is not stored twice, and an import that was interrupted goes on."`
	CSV    importCSV    `cmd:"" name:"csv" help:"Import orders, customers or reviews from a table, such as Shopify and WooCommerce export."`
}

type importEvents struct {
	importFlags
}

// importFlags are where a file goes.
type importFlags struct {
	placeFlags
	File      string `arg:"" help:"The file, or - for the standard input."`
	URL       string `help:"Address of a running server, instead of the data folder." placeholder:"URL"`
	Key       string `help:"With --url: a secret key with the scopes ingest and read."`
	Workspace string `help:"The workspace's name or id; not needed where there is one only."`
	Rejects   string `help:"File for the lines that are not taken; by default beside the file." type:"path" placeholder:"FILE"`
	Again     bool   `help:"From the beginning, also where the last import of this file was interrupted."`
}

func (c importEvents) Run(ctx context.Context) error { return c.run(ctx, nil, "") }

// run imports the file; settings that change what it becomes are part of target,
// so that an interrupted import goes on only with the same.
func (c importFlags) run(ctx context.Context, format file.Format, target string) error {
	o := file.Options{Path: c.File, Input: os.Stdin, Again: c.Again, Rejects: c.Rejects, Format: format}
	if folder, err := os.UserCacheDir(); err == nil {
		o.State = filepath.Join(folder, "dhvani")
	}
	if c.URL != "" {
		if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return errors.New("--url must be an address such as https://dhvani.example or http://127.0.0.1:8080")
		}
		if c.Key == "" {
			return errors.New("--url needs --key, a secret key of the workspace")
		}
		sum := sha256.Sum256([]byte(c.Key))
		o.URL, o.Key, o.Client, o.Target = c.URL, c.Key, http.DefaultClient, c.URL+" "+hex.EncodeToString(sum[:8])
	} else {
		client, err := app.ConnectOrStart(ctx, c.options())
		if err != nil {
			return err
		}
		defer client.Close()
		var s app.Session
		if err := client.Call(ctx, "POST", "/admin/session", app.NamedKey{Workspace: c.Workspace}, &s); err != nil {
			return err
		}
		o.URL, o.Key, o.Client, o.Target = "http://dhvani", s.Key, client.HTTP, s.Workspace
	}
	o.Target += target
	return runImport(ctx, o)
}

// runImport imports and shows how it goes.
func runImport(ctx context.Context, o file.Options) error {
	start := time.Now()
	show := newProgress(os.Stderr)
	o.Notice = show.notice
	im := file.New(o)
	show.watch(im.Progress)
	res, err := im.Run(ctx)
	show.stop()
	took := time.Since(start)
	if res.Rejected > 0 {
		fmt.Fprintf(os.Stderr, "%s lines were not taken; %s says which and why.\n", thousands(res.Rejected), res.RejectFile)
	}
	switch {
	case errors.Is(err, context.Canceled) && o.Path == file.Stdin:
		return fmt.Errorf("stopped after %s events; what is there already will not be stored twice", thousands(res.Sent))
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("stopped after %s events; the same command goes on from here", thousands(res.Sent))
	case err != nil:
		return err
	}
	fmt.Printf("Sent %s events in %.1f s (%s a second)", thousands(res.Sent), took.Seconds(), thousands(int64(float64(res.Sent)/took.Seconds())))
	if res.Counted {
		fmt.Printf(": %s new, %s duplicates", thousands(res.Stored), thousands(res.Duplicates))
	}
	fmt.Printf(", %s rejected.\n", thousands(res.Rejected))
	return nil
}
