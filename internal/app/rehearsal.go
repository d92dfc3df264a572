package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/insight/watch"
	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/workspace"
)

// rehearsal lets a shop's events happen once more, by their own time and in a place
// of its own that is deleted afterwards: what the watch would have noticed, and
// when. It tells nobody, because the place has nobody to tell.
type rehearsal struct {
	database  *db.DB
	stages    []process.Stage
	watch     *watch.Watch
	incidents *incident.Store
	shop      workspace.Workspace
	model     int64

	at       int64 // event time
	events   int64
	looked   int64
	sequence uint64
}

const rehearsalShop = "Rehearsal"

// How event time passes in a rehearsal.
const (
	rehearsalBeat  = 15 * time.Second // events of so long are applied together
	rehearsalLook  = 15 * time.Minute // how often the watch looks while nothing happens
	rehearsalBatch = 500
)

// newRehearsal opens a place in a folder for events of a shop like this one.
func newRehearsal(ctx context.Context, dir string, like workspace.Settings, analyzers feedback.Analyzers, log *slog.Logger) (_ *rehearsal, err error) {
	r := &rehearsal{}
	if r.database, err = db.Open(ctx, db.Options{Data: dir, Logger: log}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.leave()
		}
	}()
	shops, err := workspace.New(ctx, r.database, filepath.Join(dir, "seal.key"))
	if err != nil {
		return nil, err
	}
	if r.shop, err = shops.Get(ctx, rehearsalShop); err != nil {
		made, err := shops.Create(ctx, rehearsalShop)
		if err != nil {
			return nil, err
		}
		r.shop = made.Workspace
	}
	like.AllowedOrigins = r.shop.AllowedOrigins
	r.shop.Settings = like
	err = r.database.View(ctx, func(tx *db.Tx) (err error) {
		r.model, err = tx.Model(ctx, r.shop.Number)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.stages = live(stages(analyzers, false))
	records := &insight.Store{DB: r.database}
	err = r.database.View(ctx, func(tx *db.Tx) error {
		last, err := records.LatestOutcome(ctx, tx, r.shop.Number, 0)
		r.sequence = last.Sequence() + 1_000_000
		return err
	})
	if err != nil {
		return nil, err
	}
	now := func() time.Time { return time.UnixMicro(r.at).UTC() }
	r.incidents = &incident.Store{DB: r.database, Now: now}
	r.watch = watch.New(watch.Options{DB: r.database, Records: records, Incidents: r.incidents, Workspaces: shops, Shards: 1, Now: now, Logger: log})
	_, err = r.watch.Take(ctx)
	return r, err
}

// leave closes the place.
func (r *rehearsal) leave() error { return r.database.Close() }

// insights are all that was noticed.
func (r *rehearsal) insights(ctx context.Context) (out []*incident.Insight, err error) {
	err = r.database.View(ctx, func(tx *db.Tx) error {
		out, err = r.incidents.All(ctx, tx, r.shop.Number)
		return err
	})
	return out, err
}

// remember takes in history, of which nobody is told.
func (r *rehearsal) remember(ctx context.Context, events []event.Event) error {
	for len(events) > 0 {
		n := min(len(events), 2000)
		if err := r.apply(ctx, events[:n], true); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}

// feed lets events happen, which are in the order of their time.
func (r *rehearsal) feed(ctx context.Context, events []event.Event) error {
	for len(events) > 0 {
		if err := r.pass(ctx, events[0].At-1); err != nil {
			return err
		}
		n := 1
		for n < len(events) && n < rehearsalBatch && events[n].At < events[0].At+rehearsalBeat.Microseconds() {
			n++
		}
		if err := r.apply(ctx, events[:n], false); err != nil {
			return err
		}
		if err := r.look(ctx, true); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}

// pass lets time pass in which nothing happens.
func (r *rehearsal) pass(ctx context.Context, to int64) error {
	step := rehearsalLook.Microseconds()
	for r.at != 0 && r.looked+step < to {
		r.at = r.looked + step
		if err := r.look(ctx, false); err != nil {
			return err
		}
	}
	return nil
}

func (r *rehearsal) look(ctx context.Context, fresh bool) error {
	r.looked = r.at
	if err := r.watch.Look(ctx, r.shop, fresh); err != nil {
		return fmt.Errorf("watch at %s: %w", event.FormatTime(r.at), err)
	}
	return nil
}

// apply folds events as the live pipeline does.
func (r *rehearsal) apply(ctx context.Context, events []event.Event, history bool) error {
	r.sequence++
	r.events += int64(len(events))
	for i := range events {
		e := &events[i]
		e.Workspace, e.Model, e.Position = r.shop.Number, r.model, event.NewPosition(0, r.sequence, i)
		e.Flags &^= event.History
		if history {
			e.Flags |= event.History
		}
		e.ReceivedAt = e.At
		r.at = max(r.at, e.At)
	}
	b := &event.Batch{Shard: 0, Events: events}
	if err := process.Prepare(ctx, r.stages, b); err != nil {
		return err
	}
	err := r.database.Update(ctx, func(tx *db.Tx) error {
		for _, st := range r.stages {
			if err := process.Apply(ctx, tx, st, b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply events: %w", err)
	}
	return nil
}
