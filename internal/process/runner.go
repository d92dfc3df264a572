// Package process reads the log, shard by shard and in order, and folds it
// into the database. Each batch is one transaction: it moves the shard's
// cursor, drops events that were seen before, keeps the others, lets every
// Stage write what it makes of them, and counts them. So a crash, a second
// reading or a second owner of a shard can neither lose an effect nor double
// it. The package knows no room; app hands it the Stages in their order.
//
// Where several nodes share a log and a database, each shard has one owner at a
// time, by a lease; the cursor, compared with its epoch and set, is what makes a
// former owner's transactions fail.
package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// Stage folds a batch into the rows of one room. It uses no clock and no
// randomness: the same events give the same rows.
type Stage interface {
	Name() string
	Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error
}

// Preparer is a Stage with work to do before the transaction, while the batch
// before is still being applied. It is given a batch in parts, which may hold
// duplicates yet.
type Preparer interface {
	Prepare(ctx context.Context, b *event.Batch) error
}

// Committer is a Stage that wants to see a batch after its commit.
type Committer interface {
	Committed(b *event.Batch)
}

// Options are what a Runner works with.
type Options struct {
	DB      *db.DB
	Log     *eventlog.Log
	Stages  []Stage
	Node    string // name of this node, for people
	Logger  *slog.Logger
	Metrics prometheus.Registerer
}

// Runner applies the log until it is stopped.
type Runner struct {
	o       Options
	metrics *metrics
	id      string // of this node while it runs
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	failed  chan error
	renewed time.Time // the leases, by the goroutine that looks

	mu     sync.Mutex
	shards map[int]*shard // that this node owns
}

// New makes a Runner; Start starts it.
func New(o Options) *Runner {
	return &Runner{o: o, metrics: newMetrics(o.Metrics), id: newNodeID(), failed: make(chan error, 1), shards: map[int]*shard{}}
}

// Start begins to apply: at once all shards of a log that is this process's
// own, and of a shared one those that it gets a lease on. An error says that
// the database and the log do not belong together, or that one cannot be read.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.checkCursors(ctx); err != nil {
		return err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	if !r.o.Log.Shared() {
		for number := range r.o.Log.Shards() {
			if err := r.own(ctx, running, number); err != nil {
				return err
			}
		}
		r.wg.Go(func() { r.keepOwning(running) })
	} else {
		if err := r.look(ctx, running); err != nil {
			return err
		}
		r.wg.Go(func() { r.keepLooking(running) })
	}
	r.wg.Go(func() { r.follow(running) })
	return nil
}

// Stop finishes the batches at hand, stops, and lets other nodes go on at once.
func (r *Runner) Stop() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.wg.Wait()
	for _, s := range r.owned() {
		s.stop()
	}
	if r.o.Log.Shared() {
		r.release()
	}
}

// Failed delivers an error after which only a restart can help.
func (r *Runner) Failed() <-chan error { return r.failed }

func (r *Runner) owned() []*shard {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*shard, 0, len(r.shards))
	for _, s := range r.shards {
		out = append(out, s)
	}
	return out
}

// Ready reports why processing stands still, or nil.
func (r *Runner) Ready() error {
	owned := r.owned()
	if !r.o.Log.Shared() && len(owned) < r.o.Log.Shards() {
		return errors.New("processing stands still: the database does not let the log be applied")
	}
	for _, s := range owned {
		if err := s.trouble(); err != nil {
			return fmt.Errorf("processing of shard %d stands still: %s", s.number, db.Safe(err))
		}
	}
	return nil
}

// Wait returns when all that is in the log now is visible.
func (r *Runner) Wait(ctx context.Context) error {
	if err := r.o.Log.Refresh(ctx); err != nil {
		return err
	}
	for number := range r.o.Log.Shards() {
		if err := r.o.Log.WaitApplied(ctx, number, r.o.Log.Last(number)); err != nil {
			return err
		}
	}
	return nil
}

// fail tells why a shard stands still. A database that broke ends the process.
func (r *Runner) fail(s *shard, what string, err error) {
	s.stuck(err)
	r.metrics.failed.Inc()
	r.o.Logger.Error(what, "shard", s.number, "error", db.Safe(err))
	if db.IsBroken(err) {
		select {
		case r.failed <- fmt.Errorf("the database cannot be read or written: %w", err):
		default:
		}
	}
}

// sleep waits, and reports false where ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
