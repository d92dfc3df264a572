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
	last       uint64 // newest sequence in it
	unprepared bool   // a Stage could not prepare it as a whole
}

// readShard decodes the log from a cursor on and hands over batches. It is one
// batch ahead of apply.
func (r *Runner) readShard(ctx context.Context, s *shard, from cursor, out chan<- *pending) {
	defer close(out)
	for {
		b, err := r.readBatch(ctx, s.number, from)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = Prepare(ctx, r.o.Stages, &b.Batch)
			if b.unprepared = poisonous(err); b.unprepared {
				err = nil
			}
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
		from = cursor{sequence: b.last}
	}
}

// readBatch reads what follows a cursor. The batch is without events where the
// log only tried to write.
func (r *Runner) readBatch(ctx context.Context, number int, from cursor) (*pending, error) {
	b := &pending{Batch: event.Batch{Shard: number}}
	for sequence, size := from.sequence+1, 0; len(b.Events) < maxBatchEvents && size < maxBatchBytes; sequence++ {
		if b.last > 0 && sequence > r.o.Log.Last(number) {
			break
		}
		m, err := r.o.Log.Read(ctx, number, sequence)
		if err != nil {
			return nil, err
		}
		if b.Events == nil {
			b.Events = make([]event.Event, 0, 1024)
		}
		if b.Events, err = m.Events(b.Events); err != nil {
			return nil, err
		}
		if b.last == 0 {
			b.Events = b.Events[min(from.partial, len(b.Events)):]
		}
		b.last = sequence
		size += m.Size()
	}
	return b, nil
}
