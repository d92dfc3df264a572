package process

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// shard is a shard that this process owns, and its progress.
type shard struct {
	number  int
	epoch   int64
	seen    *seen
	merging bool
	merges  chan merged

	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	at      cursor // applied and committed
	problem error  // why the shard stands still, nil when it moves
	lost    bool   // another owner has it
}

// own acquires a shard and applies it until running ends or the shard is lost.
func (r *Runner) own(ctx, running context.Context, number int) error {
	s := &shard{number: number, merges: make(chan merged, 1)}
	if err := r.acquire(ctx, s); err != nil {
		return err
	}
	if err := dropOrphans(ctx, r.o.DB, number); err != nil {
		return fmt.Errorf("delete old message hashes of shard %d: %w", number, err)
	}
	var err error
	if s.seen, err = openSeen(ctx, r.o.DB, number, s.epoch); err != nil {
		return err
	}
	r.o.Log.Applied(number, s.at.sequence)
	running, s.cancel = context.WithCancel(running)
	r.mu.Lock()
	r.shards[number] = s
	r.mu.Unlock()
	s.wg.Go(func() { r.runShard(running, s) })
	s.wg.Go(func() { r.maintain(running, s) })
	return nil
}

// stop finishes the batch at hand.
func (s *shard) stop() {
	s.cancel()
	s.wg.Wait()
}

// disown stops a shard that this process is not to apply any longer.
func (r *Runner) disown(s *shard) {
	s.stop()
	r.mu.Lock()
	delete(r.shards, s.number)
	r.mu.Unlock()
}

func (s *shard) position() cursor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *shard) advance(to cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.problem = to, nil
}

func (s *shard) stuck(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problem = err
	s.lost = s.lost || errors.Is(err, errLostShard)
}

func (s *shard) trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}

func (s *shard) isLost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// runShard reads ahead and applies, one batch at a time, until ctx ends or the
// shard is lost. What cannot be applied is tried again, for ever: the shard
// never skips.
func (r *Runner) runShard(ctx context.Context, s *shard) {
	batches := make(chan *pending)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	s.wg.Go(func() { r.readShard(reading, s, s.at, batches) })
	for b := range batches {
		for try := 0; ; try++ {
			// A commit at hand is finished even when ctx ends.
			finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyWithin)
			err := r.applyAll(finishing, s, b)
			if err == nil {
				if err := r.seal(finishing, s); err != nil {
					r.fail(s, "message hashes could not be sealed; they stay in memory", err)
				}
			}
			cancel()
			if err == nil && !s.isLost() {
				break
			}
			if err != nil {
				r.fail(s, "a batch could not be applied", err)
			}
			if s.isLost() || !sleep(ctx, min(50*time.Millisecond<<min(try, 5), time.Second)) {
				return
			}
		}
	}
}

// applyWithin is how long a batch may take: where a connection to PostgreSQL is
// dead without a word, another is to be tried.
const applyWithin = 2 * time.Minute
