package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/language/writer"
)

// placeFlags say where the data is.
type placeFlags struct {
	Data     string    `help:"Folder of all data." default:"./dhvani-data" type:"path" placeholder:"DIR"`
	Database string    `help:"PostgreSQL instead of SQLite in the data folder: postgres://user:password@host/name." placeholder:"URL"`
	SealKey  string    `help:"File with the key that seals stored secrets; by default in the data folder. Processes on one database share it." type:"path" placeholder:"FILE"`
	NATS     natsFlags `embed:""`
}

// natsFlags say where the log is, where it is not in the data folder.
type natsFlags struct {
	URL         string   `name:"nats" help:"NATS servers with JetStream for the log, instead of the data folder: nats://a,nats://b,nats://c. Needs --database postgres://..." placeholder:"URLS"`
	Credentials string   `name:"nats-credentials" help:"File with the credentials of the NATS user." type:"path" placeholder:"FILE"`
	CA          string   `name:"nats-ca" help:"File with the authority that signed the NATS servers' certificates." type:"path" placeholder:"FILE"`
	Cert        string   `name:"nats-cert" help:"File with the certificate to show to the NATS servers." type:"path" placeholder:"FILE"`
	Key         string   `name:"nats-key" help:"File with the key of that certificate." type:"path" placeholder:"FILE"`
	Replicas    int      `name:"nats-replicas" help:"Servers that keep each part of a new log." default:"3" enum:"1,3,5"`
	Shards      int      `name:"nats-shards" help:"Parts of a new log; nodes share them out. Never changes." default:"8"`
	Monitor     []string `name:"nats-monitor" help:"Addresses of the NATS servers' monitoring, to check that they fsync: http://a:8222,http://b:8222." placeholder:"URLS"`
}

func (p placeFlags) options() app.Options {
	o := app.Options{Data: p.Data, Database: p.Database, SealKey: p.SealKey}
	if n := p.NATS; n.URL != "" {
		o.NATS = &eventlog.Cluster{
			URL: n.URL, Credentials: n.Credentials, CA: n.CA, Cert: n.Cert, Key: n.Key,
			Replicas: n.Replicas, Shards: n.Shards, Monitor: n.Monitor,
		}
	}
	return o
}

// writerFlags name an endpoint that sums up texts. Nothing needs one.
type writerFlags struct {
	URL   string `name:"writer-url" help:"OpenAI-compatible endpoint that may write summaries of opinions, with personal data masked: https://host/v1, or http://127.0.0.1:11434/v1 for one of your own." placeholder:"URL"`
	Key   string `name:"writer-key" help:"Its key, where it wants one. Better given as DHVANI_WRITER_KEY: other users of the machine see flags." placeholder:"KEY"`
	Model string `name:"writer-model" help:"The model that it is to use." placeholder:"NAME"`

	Timeout time.Duration `name:"writer-timeout" help:"How long a summary may take; a small machine of your own may need minutes." default:"30s" placeholder:"TIME"`
}

// deliverFlags name what destinations may reach in this machine's own network.
type deliverFlags struct {
	MailRelay    string `help:"Mail server (host:port) that e-mail destinations may use though it is in this machine's own network, or without TLS." placeholder:"HOST:PORT"`
	LocalWebhook string `help:"Address of a receiver of webhooks, such as a chat server, that destinations may reach though it is in this machine's own network, or without TLS." placeholder:"URL"`
}

type serverFlags struct {
	placeFlags
	Writer     writerFlags  `embed:""`
	Listen     string       `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"ADDR"`
	Node       string       `help:"Name of this node among others, for people; by default the machine's." placeholder:"NAME"`
	LogSize    int64        `help:"Largest size of the log in MB. When it is full, events are refused with 503." default:"8192" placeholder:"MB"`
	TrustProxy bool         `help:"Believe X-Forwarded-For, because a proxy of yours sets it."`
	PublicURL  string       `name:"public-url" help:"Where people reach this Dhvani, for links in messages: https://dhvani.example.com. By default where it listens." placeholder:"URL"`
	Deliver    deliverFlags `embed:""`
	LogLevel   string       `help:"What to log: debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
}

func (s serverFlags) options() app.Options {
	o := s.placeFlags.options()
	o.Listen, o.LogBytes, o.TrustProxy, o.Node = s.Listen, s.LogSize<<20, s.TrustProxy, s.Node
	o.Writer, o.PublicURL = writer.Options(s.Writer), s.PublicURL
	o.MailRelay, o.LocalWebhook = s.Deliver.MailRelay, s.Deliver.LocalWebhook
	var level slog.Level
	level.UnmarshalText([]byte(s.LogLevel)) // kong has checked it
	o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	return o
}

type serveCommand struct{ serverFlags }

func (c serveCommand) Run(ctx context.Context) error {
	a, err := app.Start(ctx, c.options())
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "Dhvani listens on http://%s\n", a.Addr())
	setup, err := a.SetupURL(ctx)
	if err != nil {
		return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	if setup != "" {
		fmt.Fprintf(os.Stderr, "\nNobody has an account yet. Whoever opens this address first becomes the owner:\n\n    %s\n\n", setup)
	}
	return waitAndStop(ctx, a)
}

// stopWithin bounds a clean stop.
const stopWithin = 10 * time.Second

// waitAndStop runs until a signal comes or a part of the system fails.
func waitAndStop(ctx context.Context, a *app.App) error {
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-a.Failed():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := a.Stop(stopping); err != nil && failed == nil {
		failed = err
	}
	return failed
}
