// Package app puts the rooms together: it starts them in order, stops them in
// reverse, and holds the data folder meanwhile. It is the only package that
// imports everything.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/dhvani/dhvani/internal/api"
	"github.com/dhvani/dhvani/internal/backup"
	"github.com/dhvani/dhvani/internal/console"
	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/mailbox"
	"github.com/dhvani/dhvani/internal/deliver/returns"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/ingest"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/insight/letter"
	"github.com/dhvani/dhvani/internal/insight/loop"
	"github.com/dhvani/dhvani/internal/intake"
	"github.com/dhvani/dhvani/internal/language/fitted"
	"github.com/dhvani/dhvani/internal/language/writer"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/roster"
	"github.com/dhvani/dhvani/internal/shop"
	"github.com/dhvani/dhvani/internal/source/jitsu"
	"github.com/dhvani/dhvani/internal/source/posthog"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Options are all settings of a process, read once.
type Options struct {
	Data       string            // the data folder, made where it is missing
	Database   string            // postgres://..., or empty for SQLite in the data folder
	SealKey    string            // file of the key that seals secrets; empty: in the data folder
	Listen     string            // address of the HTTP server; empty: only the folder's socket
	LogBytes   int64             // largest size of the log; 0: 8 GB
	NATS       *eventlog.Cluster // the log's servers; nil: the log is in the data folder
	TrustProxy bool              // X-Forwarded-For is set by a proxy of ours
	Node       string            // name of this node among others; empty: the machine's
	Logger     *slog.Logger

	// Writer is an endpoint that sums up texts; zero: there is none.
	Writer writer.Options

	// MailRelay (host:port) and LocalWebhook (an address) may be in this machine's
	// own network, and without TLS; empty: there are none.
	MailRelay    string
	LocalWebhook string

	// PublicURL is where people reach the pages, for links in messages; empty: where
	// the server listens.
	PublicURL string

	// Create makes a place for a command where there is none.
	Create bool
	// Demo is the demo's shop, whose scenes staff may play; nil outside the demo.
	Demo *shop.Director

	// Now is the clock by which events arrive; nil: the machine's.
	Now func() time.Time
}

func (o Options) sealKey() string {
	if o.SealKey != "" {
		return o.SealKey
	}
	return filepath.Join(o.Data, "seal.key")
}

// check refuses settings that do not go together.
func (o Options) check() error {
	if o.NATS != nil && o.Database == "" {
		return errors.New("a log on NATS servers needs a database that its nodes share: give --database postgres://... with --nats")
	}
	if o.MailRelay != "" {
		if host, port, err := net.SplitHostPort(o.MailRelay); err != nil || host == "" || port == "" {
			return errors.New("--mail-relay is a host and a port, such as mail.internal:25")
		}
	}
	if u, err := url.Parse(o.LocalWebhook); o.LocalWebhook != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("--local-webhook is an address such as http://chat.internal:8065")
	}
	if u, err := url.Parse(o.PublicURL); o.PublicURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "") {
		return errors.New("--public-url is an address such as https://dhvani.example.com")
	}
	_, err := writer.New(o.Writer)
	return err
}

// there returns an error where a command would make a place, though it is to work
// with one that is there.
func (o Options) there() error {
	if o.Database != "" || o.Create {
		return nil
	}
	for _, name := range []string{db.FileName, lockFile} {
		if _, err := os.Stat(filepath.Join(o.Data, name)); !errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	return fmt.Errorf("there is no Dhvani in the folder %s: give --data, or make a shop there with dhvani workspace create --name NAME", o.Data)
}

// logOptions are the log's settings.
func (o Options) logOptions() eventlog.Options {
	lo := eventlog.Options{Dir: filepath.Join(o.Data, "log"), MaxBytes: o.LogBytes, Cluster: o.NATS, Logger: slog.New(slog.DiscardHandler)}
	if o.Logger != nil {
		lo.Logger = o.Logger.With("component", "eventlog")
	}
	if lo.MaxBytes == 0 {
		lo.MaxBytes = defaultLogBytes
	}
	return lo
}

const (
	defaultLogBytes = 8 << 30
	// softMemory is where the garbage collector begins to work harder, unless
	// GOMEMLIMIT says otherwise.
	softMemory = 384 << 20
)

// App is a running Dhvani.
type App struct {
	o        Options
	registry *prometheus.Registry
	sessions sessions
	failed   chan error
	stops    []func(context.Context) error // in the order of starting

	database   *db.DB
	workspaces *workspace.Store
	staff      *staff.Store
	models     *fitted.Models
	directory  *workspace.Directory
	deliver    *deliver.Store
	incidents  *incident.Store
	letters    *letter.Store
	loop       *loop.Store
	here       atomic.Value     // string: url, once the process listens
	mailbox    *mailbox.Mailbox // of the demo; nil outside it
	log        *eventlog.Log
	runner     *process.Runner
	tail       *process.Tail
	rejected   *process.Rejected
	imports    *intake.Store
	addr       net.Addr
}

// Start starts everything and returns when events are accepted. The error is
// ErrInUse where another process has the data folder.
func Start(ctx context.Context, o Options) (*App, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Node == "" {
		o.Node, _ = os.Hostname()
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	a := &App{o: o, registry: prometheus.NewRegistry(), failed: make(chan error, 1)}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, start := range []func(context.Context) error{a.startStores, a.startDeliver, a.startPipeline, a.startServers} {
		if err := start(ctx); err != nil {
			return nil, errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
		}
	}
	return a, nil
}

// Failed delivers an error that the process cannot go on with.
func (a *App) Failed() <-chan error { return a.failed }

func (a *App) fail(err error) {
	select {
	case a.failed <- err:
	default:
	}
}

// Addr returns the address that the HTTP server listens on, nil where it does not.
func (a *App) Addr() net.Addr { return a.addr }

// Stop stops what was started, in reverse: it answers the requests at hand,
// finishes the batch at hand, and closes. Events that are in the log and not
// yet applied wait there for the next start.
func (a *App) Stop(ctx context.Context) error {
	var errs []error
	for i := len(a.stops) - 1; i >= 0; i-- {
		errs = append(errs, a.stops[i](ctx))
	}
	a.stops = nil
	return errors.Join(errs...)
}

func (a *App) onStop(f func(context.Context) error) { a.stops = append(a.stops, f) }

// background runs f until the app stops; its place in the order of stopping is
// where it is called.
func (a *App) background(ctx context.Context, f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { f(ctx) })
	a.onStop(func(context.Context) error {
		cancel()
		wg.Wait()
		return nil
	})
}

func (a *App) startStores(ctx context.Context) error {
	lock, err := lockFolder(ctx, a.o.Data)
	if err != nil {
		return err
	}
	a.onStop(func(context.Context) error { return lock.Close() })
	if backup.Unfinished(a.o.Data) {
		return errors.New("a restore into this data folder was cut off: call dhvani restore again, or delete restore.tmp in it to begin without the backup")
	}
	if a.database, err = db.Open(ctx, db.Options{URL: a.o.Database, Data: a.o.Data, Logger: a.o.Logger.With("component", "db")}); err != nil {
		return err
	}
	a.onStop(func(context.Context) error { return a.database.Close() })
	if a.o.Demo != nil {
		a.o.Demo.Audit(a.database)
	}
	if a.workspaces, err = workspace.New(ctx, a.database, a.o.sealKey()); err != nil {
		return err
	}
	a.staff = staff.New(a.database, a.workspaces, a.o.Now)
	if a.models, err = fitted.New(ctx, a.database, a.o.Logger.With("component", "language")); err != nil {
		return err
	}
	a.background(ctx, a.models.Run)
	if a.directory, err = a.workspaces.Directory(ctx, a.o.Logger.With("component", "directory")); err != nil {
		return err
	}
	a.background(ctx, a.directory.Run)
	return nil
}

func (a *App) startPipeline(ctx context.Context) (err error) {
	lo := a.o.logOptions()
	lo.Metrics = a.registry
	if a.log, err = eventlog.Open(ctx, lo); err != nil {
		return err
	}
	a.onStop(func(context.Context) error { return a.log.Close() })
	a.tail = process.NewTail()
	alone, err := a.tail.Connect(a.log, a.o.Logger.With("component", "tail"))
	if err != nil {
		return err
	}
	a.onStop(func(context.Context) error { alone(); return nil })
	a.rejected = process.NewRejected(a.database, a.o.Logger.With("component", "rejected"), a.tail)
	a.background(ctx, a.rejected.Run)
	watched := a.newWatch()
	a.runner = process.New(process.Options{
		DB: a.database, Log: a.log, Node: a.o.Node, Logger: a.o.Logger.With("component", "process"), Metrics: a.registry,
		Stages: append(live(a.stages(false)), a.tail, watched),
	})
	a.onStop(func(context.Context) error { a.runner.Stop(); return nil })
	a.background(ctx, func(ctx context.Context) {
		select {
		case err := <-a.log.Failed():
			a.fail(err)
		case err := <-a.runner.Failed():
			a.fail(err)
		case <-ctx.Done():
		}
	})
	if err := a.runner.Start(ctx); err != nil {
		return err
	}
	a.background(ctx, a.replayer().Clean)
	a.background(ctx, watched.Run)
	a.letters = a.newLetters()
	a.background(ctx, a.letters.Run)
	return nil
}

// stages are the rooms that derive rows from events, in their order. Recall is for
// rows that are only compared with those in use.
func stages(analyzers feedback.Analyzers, recall bool) []process.Stage {
	return []process.Stage{customer.Stage{}, order.Stage{}, feedback.Stage{Analyzers: analyzers, Recall: recall}, roster.Stage{}, insight.Stage{}, intake.Stage{}, incident.Stage{}}
}

// live lets the rooms do what happens once, when events come in, and not in replays.
func live(stages []process.Stage) []process.Stage {
	for i, s := range stages {
		if _, ok := s.(insight.Stage); ok {
			stages[i] = insight.Live()
		}
	}
	return stages
}

func (a *App) stages(recall bool) []process.Stage { return stages(a.analyzers, recall) }

// opinions reads feedback, and tells the rooms that count opinions what changes.
func (a *App) opinions() feedback.Store {
	return feedback.Store{DB: a.database, Analyzers: a.analyzers, Recount: recount}
}

func recount(ctx context.Context, tx *db.Tx, opinion, profile event.Key, change func() error) error {
	if err := insight.Recount(ctx, tx, opinion, change); err != nil {
		return err
	}
	return roster.Renew(ctx, tx, profile)
}

func (a *App) startServers(ctx context.Context) error {
	mux := http.NewServeMux()
	collect := ingest.New(ingest.Options{
		Log: a.log, Keys: a.ingestKey, Formats: formats(),
		Rejected: a.rejected.Add, TrustProxy: a.o.TrustProxy,
		Logger: a.o.Logger.With("component", "ingest"), Registerer: a.registry, Now: a.o.Now,
	})
	for _, p := range collect.Patterns() {
		mux.Handle(p, collect)
	}
	a.routeHealth(mux)
	rest, _ := api.New(api.Options{
		Customers: &customer.Store{DB: a.database}, Orders: order.Store{DB: a.database}, Feedback: a.opinions(), Insight: &insight.Store{DB: a.database}, Incidents: a.incidents,
		Workspaces: a.workspaces, Staff: a.staff, Pipeline: a, Tail: a.tail, Rejected: a.rejected, Outbox: a.deliver,
		Keys: a.lookup, Analyzer: a.analyzer, Logger: a.o.Logger.With("component", "api"),
	})
	mux.Handle("/api/", rest)
	a.startImports(ctx, mux)
	written, err := writer.New(a.o.Writer)
	if err != nil {
		return err
	}
	back := &returns.Store{DB: a.database, Sealer: a.workspaces, Outbox: a.deliver, Now: a.o.Now}
	hooks := a.o.Logger.With("component", "returns")
	back.Route(mux, hooks, func(h http.Handler) http.Handler { return web.Standard(hooks, h) })
	mux.Handle("/", console.New(console.Options{
		Writer: written,
		Staff:  a.staff, Workspaces: a.workspaces, Collect: collect,
		Customers: &customer.Store{DB: a.database}, Roster: roster.Store{DB: a.database}, Orders: order.Store{DB: a.database}, Feedback: a.opinions(), Insight: &insight.Store{DB: a.database}, Incidents: a.incidents, Letters: a.letters, Loop: a.loop, Models: a.models,
		Pipeline: a, Tail: a.tail, Rejected: a.rejected, Imports: a.imports, Outbox: a.deliver, Returns: back, Mailbox: a.mailbox,
		TrustProxy: a.o.TrustProxy, Demo: a.o.Demo, Logger: a.o.Logger.With("component", "console"), Now: a.o.Now,
	}))
	local := http.NewServeMux()
	(&admin{a.workspaces, a.staff, a.models, &a.sessions, a.url}).routes(local)
	a.routeOperation(local)
	a.routeDemo(local)
	local.Handle("/", mux)
	for path, h := range map[string]http.HandlerFunc{"": pprof.Index, "profile": pprof.Profile, "trace": pprof.Trace, "symbol": pprof.Symbol} {
		local.HandleFunc("/debug/pprof/"+path, h) // for operators: the socket is theirs alone
	}
	socket, err := listenSocket(a.o.Data)
	if err != nil {
		return err
	}
	a.serve(socket, local)
	if a.o.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", a.o.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	a.addr = l.Addr()
	a.here.Store(a.url())
	a.serve(web.LimitListener(l, maxConnections), mux)
	return nil
}

// maxConnections bounds the memory of connections; more wait to be accepted.
const maxConnections = 10_000

// drainWithin leaves time, of the ten seconds for a clean stop, to close.
const drainWithin = 5 * time.Second

func (a *App) serve(l net.Listener, h http.Handler) {
	s := web.NewServer(h, a.o.Logger.With("component", "http"))
	go func() {
		if err := s.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.fail(fmt.Errorf("serve %s: %w", l.Addr(), err))
		}
	}()
	a.onStop(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, drainWithin)
		defer cancel()
		web.Shutdown(ctx, s) // who is still connected then was not going to leave
		return nil
	})
}

// lookup returns what a key opens, also one that a command was given.
func (a *App) lookup(key string) (*workspace.Entry, bool) {
	if e, ok := a.sessions.lookup(key); ok {
		return e, true
	}
	return a.directory.Lookup(key)
}

func (a *App) ingestKey(key string) (ingest.Key, bool) {
	e, ok := a.lookup(key)
	if !ok {
		return ingest.Key{}, false
	}
	return ingest.Key{
		ID: e.KeyID, Workspace: e.Workspace, Write: e.Write, Ingest: e.Allows(workspace.ScopeIngest),
		Origins: e.Origins, RateLimit: e.RateLimit, IdentitySecret: e.IdentitySecret,
	}, true
}

// formats are the ways to write events beside Segment's.
func formats() []ingest.Format {
	return []ingest.Format{
		{Name: "posthog", Patterns: posthog.Patterns(), Answer: posthog.Answer, Decode: posthog.Decode},
		{Name: "jitsu", Patterns: jitsu.Patterns(), Answer: jitsu.Answer, Decode: jitsu.Decode},
	}
}
