package process

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/archive"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// applyAll folds a batch: in one transaction, or in several where an event in it
// cannot be applied. What is applied leaves the batch, so that a later try goes
// on with the rest.
func (r *Runner) applyAll(ctx context.Context, s *shard, p *pending) error {
	all := p.Events
	cut := func(lo, hi int) part {
		to := cursor{sequence: p.last}
		if hi < len(all) { // the first event that is left is the cursor's next
			next := all[hi].Position
			to = cursor{sequence: next.Sequence() - 1, partial: next.Index()}
		}
		return part{Batch: event.Batch{Shard: p.Shard, Events: all[lo:hi]}, to: to, unprepared: p.unprepared}
	}
	try := func(some part) error {
		err := r.apply(ctx, s, some)
		if err == nil {
			p.Events = p.Events[len(some.Events):]
		}
		return err
	}
	return Isolate(ctx, 0, len(all),
		func(lo, hi int) error { return try(cut(lo, hi)) },
		func(i int, cause error) error {
			poison := cut(i, i+1)
			poison.dead = newDeath(cause)
			r.metrics.dead.Inc()
			r.o.Logger.Error("an event could not be applied and was put aside; see dhvani dead list",
				"shard", s.number, "position", int64(all[i].Position), "stage", poison.dead.stage, "error", safe(cause))
			err := try(poison)
			if poisonous(err) { // it cannot even be stored
				poison.dead.unstored = true
				err = try(poison)
			}
			return err
		})
}

// part is a part of a batch, and where the cursor stands after it.
type part struct {
	event.Batch
	to         cursor
	unprepared bool
	dead       *death // of its one event, which no Stage gets to see
}

// apply folds one part in one transaction.
func (r *Runner) apply(ctx context.Context, s *shard, p part) error {
	start := time.Now()
	if p.unprepared && p.dead == nil {
		if err := Prepare(ctx, r.o.Stages, &p.Batch); err != nil {
			return err
		}
	}
	var kept event.Batch
	var fresh []entry
	var duplicates int64
	err := r.o.DB.Update(ctx, func(tx *db.Tx) error {
		if err := s.moveCursor(ctx, tx, s.position(), p.to); err != nil {
			return err
		}
		kept = event.Batch{Shard: p.Shard, Events: slices.Clone(p.Events)}
		var err error
		if kept.Events, err = r.withModels(ctx, tx, kept.Events); err != nil {
			return err
		}
		counts := map[int64]*count{}
		if kept.Events, fresh, err = s.seen.filter(ctx, tx, kept.Events, counts); err != nil {
			return err
		}
		duplicates = 0
		for _, c := range counts {
			duplicates += c.duplicate
		}
		if err := s.seen.append(ctx, tx, fresh); err != nil {
			return err
		}
		if p.dead == nil || !p.dead.unstored {
			if err := archive.Insert(ctx, tx, archive.Segment(s.number, s.seen.total), kept.Events); err != nil {
				return err
			}
		}
		if err := storeCounts(ctx, tx, s.number, counts); err != nil {
			return err
		}
		if p.dead != nil {
			return Bury(ctx, tx, kept.Events, *p.dead)
		}
		return r.runStages(ctx, tx, &kept)
	})
	if err != nil {
		return err
	}
	s.seen.committed(fresh)
	s.advance(p.to)
	r.observe(&kept, duplicates, start)
	if p.dead == nil {
		r.committed(&kept)
	}
	r.o.Log.Applied(s.number, p.to.sequence) // last: who waits for it sees what the Stages keep in memory too
	return nil
}

// runStages runs all Stages and keeps the time they take.
func (r *Runner) runStages(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	for _, st := range r.o.Stages {
		began := time.Now()
		if err := Apply(ctx, tx, st, b); err != nil {
			return err
		}
		r.metrics.stage.WithLabelValues(st.Name()).Add(time.Since(began).Seconds())
	}
	return nil
}

// committed tells the Stages that want to know. It is too late for an error.
func (r *Runner) committed(b *event.Batch) {
	for _, st := range r.o.Stages {
		if c, ok := st.(Committer); ok {
			err := guard(st, func() error { c.Committed(b); return nil })
			if err != nil {
				r.o.Logger.Error("a stage failed after a commit", "stage", st.Name(), "error", safe(err))
			}
		}
	}
}

func (r *Runner) observe(b *event.Batch, duplicates int64, start time.Time) {
	r.metrics.batches.Observe(time.Since(start).Seconds())
	r.metrics.batchEvents.Observe(float64(len(b.Events)))
	r.metrics.stored.Add(float64(len(b.Events)))
	r.metrics.duplicate.Add(float64(duplicates))
	now := time.Now().UnixMicro()
	for i := range b.Events {
		if i%16 == 0 { // a sample is enough
			r.metrics.visible.Observe(float64(now-b.Events[i].ReceivedAt) / 1e6)
		}
	}
}

// withModels sets each event's model and drops events of workspaces that do
// not exist. The workspace rows stay locked until the commit, so that a replay
// cannot swap models under the batch.
func (r *Runner) withModels(ctx context.Context, tx *db.Tx, events []event.Event) ([]event.Event, error) {
	models := map[int64]int64{}
	keys := db.NewRows(db.Columns("number int"))
	for i := range events {
		if w := events[i].Workspace; models[w] == 0 {
			models[w] = -1
			keys.Add(w)
		}
	}
	query := "SELECT w.number, w.model FROM k CROSS JOIN workspace w WHERE w.number = k.number ORDER BY w.number"
	if tx.Postgres() {
		query += " FOR SHARE OF w"
	}
	err := tx.Lookup(ctx, keys, query, func(rows *sql.Rows) error {
		var number, model int64
		err := rows.Scan(&number, &model)
		models[number] = model
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load models: %w", err)
	}
	kept := events[:0]
	for _, e := range events {
		if e.Model = models[e.Workspace]; e.Model > 0 {
			kept = append(kept, e)
		}
	}
	if n := len(events) - len(kept); n > 0 {
		r.metrics.orphan.Add(float64(n))
		r.o.Logger.Error("events of workspaces that do not exist were dropped", "events", n)
	}
	return kept, nil
}
