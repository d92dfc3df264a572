package process

import (
	"context"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// SeenBuilder writes the message hashes of events that come into the database
// by another way than the fold: from a backup. It writes runs, as the fold does,
// of epoch 0, which no owner of a shard ever has.
type SeenBuilder struct {
	shards  []seenPart
	waiting int
}

// seenPart is what waits to become a shard's next run.
type seenPart struct {
	entries []entry
	runs    int64 // written so far
}

// maxSeenWaiting bounds the entries in memory, 24 bytes each, over all shards.
const maxSeenWaiting = 8 * tailEntries

// NewSeenBuilder begins with no hashes for a log of so many shards.
func NewSeenBuilder(shards int) *SeenBuilder {
	return &SeenBuilder{shards: make([]seenPart, shards)}
}

// Add notes an event for the shard on which the same message would arrive again.
func (b *SeenBuilder) Add(ctx context.Context, tx *db.Tx, shard int, e *event.Event) error {
	p := &b.shards[shard]
	p.entries = append(p.entries, entry{e.MessageHash(), e.Position})
	b.waiting++
	if len(p.entries) >= tailEntries {
		return b.write(ctx, tx, shard)
	}
	if b.waiting >= maxSeenWaiting {
		fullest := 0
		for i := range b.shards {
			if len(b.shards[i].entries) > len(b.shards[fullest].entries) {
				fullest = i
			}
		}
		return b.write(ctx, tx, fullest)
	}
	return nil
}

// Finish writes what is left.
func (b *SeenBuilder) Finish(ctx context.Context, tx *db.Tx) error {
	for shard := range b.shards {
		if err := b.write(ctx, tx, shard); err != nil {
			return err
		}
	}
	return nil
}

// write makes a run of what waits.
func (b *SeenBuilder) write(ctx context.Context, tx *db.Tx, shard int) error {
	p := &b.shards[shard]
	if len(p.entries) == 0 {
		return nil
	}
	// A hash that is there twice is of two shards of another log.
	n, w, row, err := newRun(shard, p.runs+1, p.entries)
	if err == nil {
		err = w.store(ctx, tx, n, row)
	}
	if err != nil {
		return fmt.Errorf("write message hashes: %w", err)
	}
	b.waiting -= len(p.entries)
	p.runs, p.entries = n.id, p.entries[:0]
	return nil
}
