package process

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// errLostShard says that somebody else has moved the cursor.
var errLostShard = errors.New("another process has applied this part of the log")

// apply folds one batch in one transaction.
func (r *Runner) apply(ctx context.Context, s *shard, p *pending) error {
	start := time.Now()
	s.mu.Lock()
	from := s.sequence
	s.mu.Unlock()
	var kept event.Batch
	var fresh []entry
	var duplicates int64
	err := r.o.DB.Update(ctx, func(tx *db.Tx) (err error) {
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("a stage panicked: %v", v)
			}
		}()
		if err := r.moveCursor(ctx, tx, s.number, from, p.last); err != nil {
			return err
		}
		kept = event.Batch{Shard: p.Shard, Events: slices.Clone(p.Events)}
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
		if err := s.seen.append(ctx, tx, p.last, fresh); err != nil {
			return err
		}
		if err := storeEvents(ctx, tx, s.seen.segment(), kept.Events); err != nil {
			return err
		}
		if err := storeCounts(ctx, tx, s.number, counts); err != nil {
			return err
		}
		for _, st := range r.o.Stages {
			began := time.Now()
			if err := st.Apply(ctx, tx, &kept); err != nil {
				return fmt.Errorf("stage %s: %w", st.Name(), err)
			}
			r.metrics.stage.WithLabelValues(st.Name()).Add(time.Since(began).Seconds())
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.seen.committed(p.last, fresh)
	s.advance(p.last)
	r.o.Log.Applied(s.number, p.last)
	r.observe(&kept, duplicates, start)
	for _, st := range r.o.Stages {
		if c, ok := st.(Committer); ok {
			c.Committed(&kept)
		}
	}
	return nil
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

// moveCursor is the fence: it succeeds for one owner only.
func (r *Runner) moveCursor(ctx context.Context, tx *db.Tx, number int, from, to uint64) error {
	n, err := tx.Exec(ctx, "UPDATE shard_cursor SET sequence = $1 WHERE shard = $2 AND stream = $3 AND sequence = $4",
		int64(to), number, r.o.Log.ID(number), int64(from))
	if err != nil {
		return fmt.Errorf("move the cursor of shard %d: %w", number, err)
	}
	if n != 1 {
		return errLostShard
	}
	return nil
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
