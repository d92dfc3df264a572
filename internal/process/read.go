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
	size       int    // bytes of its messages
	prepared   int    // how many of its events are prepared
	unprepared bool   // a Stage could not prepare all of them
}

// extendEvery is how often the reader looks for more while it waits to hand over.
const extendEvery = 2 * time.Millisecond

// readShard decodes the log from a cursor on and hands over batches. It is one
// batch ahead of apply, and adds to that what comes in meanwhile.
func (r *Runner) readShard(ctx context.Context, s *shard, from cursor, out chan<- *pending) {
	defer close(out)
	for {
		b := &pending{Batch: event.Batch{Shard: s.number}}
		for handed := false; !handed; {
			if err := r.extend(ctx, b, from); err != nil {
				if ctx.Err() != nil {
					return
				}
				r.fail(s, "the log could not be read", err)
				sleep(ctx, time.Second)
				continue
			}
			select {
			case out <- b:
				handed = true
			case <-time.After(extendEvery):
			case <-ctx.Done():
				return
			}
		}
		from = cursor{sequence: b.last}
	}
}

// extend reads into a batch what follows it, or the cursor while it is empty, and
// prepares that. It waits for the first message. The batch stays without events
// where the log only tried to write.
func (r *Runner) extend(ctx context.Context, b *pending, from cursor) error {
	for sequence := max(b.last, from.sequence) + 1; len(b.Events) < maxBatchEvents && b.size < maxBatchBytes; sequence++ {
		if b.last > 0 && sequence > r.o.Log.Last(b.Shard) {
			break
		}
		m, err := r.o.Log.Read(ctx, b.Shard, sequence)
		if err != nil {
			return err
		}
		if b.Events == nil {
			b.Events = make([]event.Event, 0, 1024)
		}
		if b.Events, err = m.Events(b.Events); err != nil {
			return err
		}
		if b.last == 0 {
			b.Events = b.Events[min(from.partial, len(b.Events)):]
		}
		b.last = sequence
		b.size += m.Size()
	}
	if b.prepared == len(b.Events) || b.unprepared {
		return nil
	}
	err := Prepare(ctx, r.o.Stages, &event.Batch{Shard: b.Shard, Events: b.Events[b.prepared:]})
	if b.unprepared = poisonous(err); err == nil || b.unprepared {
		b.prepared = len(b.Events)
		return nil
	}
	return err
}
