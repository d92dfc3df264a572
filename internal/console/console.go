// Package console is what staff see: pages rendered here, in the viewer's
// language, whose parts move by themselves over server-sent events. There is
// one file for each page or action; routes.go lists all areas. What may be done,
// and by whom, is for the rooms to say: a page only asks.
package console

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/dhvani/dhvani/internal/console/assets"
	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/mailbox"
	"github.com/dhvani/dhvani/internal/deliver/returns"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
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
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Pipeline is what pages need of the way from the log to the database.
type Pipeline interface {
	// Stats counts a workspace's events.
	Stats(ctx context.Context, workspace int64) (process.Stats, error)
	// Act appends an action of staff to the log and returns when it is visible.
	Act(ctx context.Context, e event.Event) error
	// Dead lists events that could not be applied; RetryDead and DropDead settle one.
	Dead(ctx context.Context, workspace, after int64, limit int) ([]process.DeadEvent, error)
	RetryDead(ctx context.Context, workspace, id int64) error
	DropDead(ctx context.Context, workspace, id int64) error
}

// Options are what the pages show and act with.
type Options struct {
	Staff      *staff.Store
	Workspaces *workspace.Store
	Customers  *customer.Store
	Roster     roster.Store
	Orders     order.Store
	Feedback   feedback.Store
	Insight    *insight.Store
	Incidents  *incident.Store
	Letters    *letter.Store
	Loop       *loop.Store    // writes to those whom an incident hit
	Models     *fitted.Models // that read the workspaces' texts
	Pipeline   Pipeline
	Tail       *process.Tail
	Rejected   *process.Rejected
	Imports    *intake.Store
	Outbox     *deliver.Store
	Returns    *returns.Store
	Collect    http.Handler     // the collection of events
	Writer     *writer.Client   // sums up texts; nil: nobody does
	Demo       *shop.Director   // whose scenes staff may play; nil outside the demo
	Mailbox    *mailbox.Mailbox // where the demo's messages go; nil outside it
	TrustProxy bool             // X-Forwarded-For and -Proto are set by a proxy of ours
	Logger     *slog.Logger
	Now        func() time.Time // nil: the machine's clock
}

// Console answers for the pages.
type Console struct {
	Options
	changes changes // wakes open pages
	scores  scoreMemory
	writing sync.Map // summaries that are being written, by their address and language
}

// route is one address: who may ask there, and who answers. Answers to GET
// change nothing.
type route struct {
	pattern string      // of a ServeMux; what follows /w/{workspace} belongs to a workspace
	right   staff.Right // needed in the workspace; "" where there is none, or none is needed
	public  bool        // for those who have not signed in too
	handle  handler
}

// handler answers one request; what it returns is rendered by fail.
type handler func(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error

// New returns the handler of all pages.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Console{Options: o, changes: changes{tail: o.Tail, shops: map[int64]*watched{}}}
	if o.Incidents != nil {
		c.changes.insights = c.insightsVersion
	}
	mux := http.NewServeMux()
	for _, rt := range c.routes() {
		mux.Handle(rt.pattern, c.page(rt))
	}
	mux.Handle("GET "+assets.Prefix, assets.Handler())
	lost := c.page(route{public: true, handle: func(http.ResponseWriter, *http.Request, *ui.Viewer) error {
		return web.NewProblem(http.StatusNotFound, "")
	}})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			lost.ServeHTTP(w, r)
		} else {
			web.NotFound(w, r) // a program that took a wrong address
		}
	})
	return web.Standard(o.Logger, http.NewCrossOriginProtection().Handler(mux))
}
