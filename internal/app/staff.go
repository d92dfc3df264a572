package app

import (
	"context"
	"net"
	"net/netip"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/process"
)

// Act appends an action of the shop's staff to the log and returns when it is
// visible.
func (a *App) Act(ctx context.Context, e event.Event) error {
	if err := e.Validate(); err != nil {
		return err
	}
	chunk := eventlog.Chunk{Shard: a.log.ShardOf(e.ShardKey()), Workspace: e.Workspace, Count: 1, Records: event.AppendRecord(nil, &e)}
	if err := a.log.Append(ctx, []eventlog.Chunk{chunk}); err != nil {
		return err
	}
	return a.runner.Wait(ctx)
}

// SetupURL returns the address at which the first person becomes the owner, ""
// where somebody has an account.
func (a *App) SetupURL(ctx context.Context) (string, error) {
	token, err := a.staff.StartSetup(ctx)
	if err != nil || token == "" {
		return "", err
	}
	return a.url() + "/setup/" + token, nil
}

// url returns the address of the pages for who sits at this machine, "" where
// the process does not listen.
func (a *App) url() string {
	if a.addr == nil {
		return ""
	}
	host, port, err := net.SplitHostPort(a.addr.String())
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// publicURL returns the address of the pages for who is somewhere else.
func (a *App) publicURL() string {
	if a.o.PublicURL != "" {
		return a.o.PublicURL
	}
	here, _ := a.here.Load().(string)
	return here
}

// Stats counts a workspace's events.
func (a *App) Stats(ctx context.Context, workspace int64) (process.Stats, error) {
	s, err := a.runner.Stats(ctx, workspace)
	if err == nil {
		s.Rejected, err = a.rejected.Count(ctx, workspace)
	}
	return s, err
}

// Dead lists a workspace's events that could not be applied.
func (a *App) Dead(ctx context.Context, workspace, after int64, limit int) ([]process.DeadEvent, error) {
	return a.runner.Dead(ctx, workspace, after, limit)
}

// RetryDead applies a dead event now.
func (a *App) RetryDead(ctx context.Context, workspace, id int64) error {
	return a.runner.RetryDead(ctx, workspace, id)
}

// DropDead gives a dead event up.
func (a *App) DropDead(ctx context.Context, workspace, id int64) error {
	return a.runner.DropDead(ctx, workspace, id)
}
