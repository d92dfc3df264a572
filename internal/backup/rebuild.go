package backup

import (
	"context"
	"fmt"

	"github.com/dhvani/dhvani/internal/archive"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/process"
)

// How many events are applied together.
const (
	rebuildEvents = 12_000
	rebuildBytes  = 8 << 20
)

// rebuild derives a workspace's rows from the events that were kept. It looks
// into every shard that there can be: the events may come from a log of more.
func (l *loader) rebuild(ctx context.Context, workspace int64, stages []process.Stage) error {
	for shard := range event.MaxShards {
		for after := event.Position(-1); ; {
			var events []event.Event
			err := l.update(ctx, func(tx *db.Tx) (err error) {
				events, err = archive.Read(ctx, tx, workspace, shard, after, rebuildEvents, rebuildBytes)
				if err != nil {
					return err
				}
				for i := range events {
					events[i].Model = l.models[workspace]
				}
				return applyApart(ctx, tx, shard, events, stages)
			})
			if err != nil {
				return fmt.Errorf("derive the rows of workspace %d anew: %w", workspace, err)
			}
			if len(events) == 0 {
				break
			}
			after = events[len(events)-1].Position
		}
	}
	return nil
}

// applyApart applies events, and buries those that cannot be. A savepoint takes
// back what a failed try wrote.
func applyApart(ctx context.Context, tx *db.Tx, shard int, events []event.Event, stages []process.Stage) error {
	if len(events) == 0 {
		return nil
	}
	try := func(lo, hi int) error {
		b := &event.Batch{Shard: shard, Events: events[lo:hi]}
		if err := process.Prepare(ctx, stages, b); err != nil {
			return err
		}
		return tx.Savepoint(ctx, func() error {
			for _, st := range stages {
				if err := process.Apply(ctx, tx, st, b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return process.Isolate(ctx, 0, len(events), try, func(i int, cause error) error {
		return process.BuryFor(ctx, tx, events[i], cause)
	})
}
