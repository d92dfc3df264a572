// Package process reads the log, shard by shard and in order, and folds it
// into the database. Each batch is one transaction: it moves the shard's
// cursor, drops events that were seen before, keeps the others, lets every
// Stage write what it makes of them, and counts them. So a crash, a second
// reading or a second owner of a shard can neither lose an effect nor double
// it. The package knows no room; app hands it the Stages in their order.
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
// before is still being applied. The batch may hold duplicates yet.
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
	Logger  *slog.Logger
	Metrics prometheus.Registerer
}

// Runner applies the log until it is stopped.
type Runner struct {
	o       Options
	metrics *metrics
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	shards  []*shard
}

// shard is one shard's progress.
type shard struct {
	number  int
	seen    *seen
	merging bool
	merges  chan merged

	mu       sync.Mutex
	sequence uint64        // applied and committed
	moved    chan struct{} // closed when sequence grows
	problem  error         // why the shard stands still, nil when it moves
}

// New makes a Runner; Start starts it.
func New(o Options) *Runner {
	return &Runner{o: o, metrics: newMetrics(o.Metrics)}
}

// Start loads each shard's cursor and starts applying. An error says that the
// database and the log do not belong together, or that one cannot be read.
func (r *Runner) Start(ctx context.Context) error {
	for number := range r.o.Log.Shards() {
		s := &shard{number: number, moved: make(chan struct{}), merges: make(chan merged, 1)}
		err := r.o.DB.Update(ctx, func(tx *db.Tx) (err error) {
			s.sequence, err = r.loadCursor(ctx, tx, number)
			return err
		})
		if err != nil {
			return err
		}
		if last := r.o.Log.Last(number); s.sequence > last {
			return fmt.Errorf("the database has applied message %d of shard %d and the log ends at %d: the log is older than the database; put back the log that belongs to it", s.sequence, number, last)
		}
		if s.seen, err = openSeen(ctx, r.o.DB, number); err != nil {
			return err
		}
		r.o.Log.Applied(number, s.sequence)
		r.shards = append(r.shards, s)
	}
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for _, s := range r.shards {
		r.wg.Go(func() { r.runShard(ctx, s) })
		r.wg.Go(func() { r.maintain(ctx, s) })
	}
	return nil
}

// loadCursor returns the sequence a shard is applied to, 0 at the very first.
func (r *Runner) loadCursor(ctx context.Context, tx *db.Tx, number int) (uint64, error) {
	var stream string
	var sequence int64
	err := tx.QueryRow(ctx, "SELECT stream, sequence FROM shard_cursor WHERE shard = $1", number).Scan(&stream, &sequence)
	if db.IsNone(err) && r.o.Log.Last(number) > 0 {
		return 0, errors.New("the log holds events of another database: put back the database that belongs to it, or move the log folder away to begin anew without those events")
	}
	if db.IsNone(err) {
		_, err = tx.Exec(ctx, "INSERT INTO shard_cursor (shard, stream, sequence) VALUES ($1, $2, 0)", number, r.o.Log.ID(number))
		stream = r.o.Log.ID(number)
	}
	if err != nil {
		return 0, fmt.Errorf("load the cursor of shard %d: %w", number, err)
	}
	if stream != r.o.Log.ID(number) {
		return 0, errors.New("this database belongs to another log: start with the data folder that both came from")
	}
	return uint64(sequence), nil
}

// Stop finishes the batch at hand and stops.
func (r *Runner) Stop() {
	if r.cancel != nil {
		r.cancel()
	}
	r.wg.Wait()
}

// Ready reports why processing stands still, or nil.
func (r *Runner) Ready() error {
	for _, s := range r.shards {
		s.mu.Lock()
		err := s.problem
		s.mu.Unlock()
		if err != nil {
			return fmt.Errorf("processing of shard %d stands still: %w", s.number, err)
		}
	}
	return nil
}

// Wait returns when all that is in the log now is visible.
func (r *Runner) Wait(ctx context.Context) error {
	for _, s := range r.shards {
		for last := r.o.Log.Last(s.number); ; {
			s.mu.Lock()
			done, moved := s.sequence >= last, s.moved
			s.mu.Unlock()
			if done {
				break
			}
			select {
			case <-moved:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

func (s *shard) advance(sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sequence, s.problem = sequence, nil
	close(s.moved)
	s.moved = make(chan struct{})
}

func (s *shard) stuck(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problem = err
}

// runShard reads ahead and applies, one batch at a time, until ctx ends. What
// cannot be applied is tried again, for ever: the shard never skips.
func (r *Runner) runShard(ctx context.Context, s *shard) {
	batches := make(chan *pending, 1)
	r.wg.Go(func() { r.readShard(ctx, s, s.sequence+1, batches) })
	for b := range batches {
		for try := 0; ; try++ {
			// A commit at hand is finished even when ctx ends.
			err := r.apply(context.WithoutCancel(ctx), s, b)
			if err == nil {
				if err := r.seal(context.WithoutCancel(ctx), s); err != nil {
					r.o.Logger.Error("message hashes could not be sealed; they stay in memory", "shard", s.number, "error", err)
				}
				break
			}
			r.fail(s, "a batch could not be applied", err)
			if !sleep(ctx, min(100*time.Millisecond<<min(try, 6), 5*time.Second)) {
				return
			}
		}
	}
}

func (r *Runner) fail(s *shard, what string, err error) {
	s.stuck(err)
	r.metrics.failed.Inc()
	r.o.Logger.Error(what, "shard", s.number, "error", err)
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
