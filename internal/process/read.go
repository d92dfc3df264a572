package process

import (
	"context"
	"time"

	"github.com/dhvani/dhvani/internal/event"
)

// A batch is closed at this many events or bytes, or when the log has no more:
// small when there is little to do, large under load, where size makes the
// commit and the rows that many events share cheap.
const (
	maxBatchEvents = 12_000
	maxBatchBytes  = 8 << 20
)

// pending is a batch on its way from the log to the transaction.
type pending struct {
	event.Batch
	last uint64 // newest sequence in it
}

// readShard decodes the log from a sequence on and hands over batches. It is
// one batch ahead of apply.
func (r *Runner) readShard(ctx context.Context, s *shard, sequence uint64, out chan<- *pending) {
	defer close(out)
	for {
		b, err := r.readBatch(ctx, s, sequence)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = r.prepare(ctx, b)
		}
		if err != nil {
			r.fail(s, "the log could not be read", err)
			if !sleep(ctx, time.Second) {
				return
			}
			continue
		}
		select {
		case out <- b:
		case <-ctx.Done():
			return
		}
		sequence = b.last + 1
	}
}

func (r *Runner) readBatch(ctx context.Context, s *shard, sequence uint64) (*pending, error) {
	b := &pending{Batch: event.Batch{Shard: s.number}}
	for size := 0; len(b.Events) < maxBatchEvents && size < maxBatchBytes; sequence++ {
		if b.last > 0 && sequence > r.o.Log.Last(s.number) {
			break
		}
		m, err := r.o.Log.Read(ctx, s.number, sequence)
		if err != nil {
			return nil, err
		}
		if b.Events == nil {
			b.Events = make([]event.Event, 0, 1024)
		}
		if b.Events, err = m.Events(b.Events); err != nil {
			return nil, err
		}
		b.last = sequence
		size += m.Size()
	}
	return b, nil // without events where the log only tried to write
}

func (r *Runner) prepare(ctx context.Context, b *pending) error {
	for _, st := range r.o.Stages {
		if p, ok := st.(Preparer); ok {
			if err := p.Prepare(ctx, &b.Batch); err != nil {
				return err
			}
		}
	}
	return nil
}
