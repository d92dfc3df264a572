package eventlog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Last returns the sequence of a shard's newest message that is known to be on
// disk, or the one before its first in an empty log.
func (l *Log) Last(shard int) uint64 {
	last, _ := l.committers[shard].tracker.lastSequence()
	return last
}

// Applied tells the log that a shard is applied up to a sequence, so that it
// need not count those messages any more. It may be told so again, and of a
// shard that another node applies.
func (l *Log) Applied(shard int, sequence uint64) {
	if c := l.committers[shard]; c.tracker.apply(sequence) {
		c.applied.Store(sequence)
	}
}

// Rewind tells the log that a shard is applied only up to a sequence although it
// was told otherwise: the database has gone back, to a copy that was behind.
func (l *Log) Rewind(shard int, sequence uint64) {
	l.committers[shard].tracker.rewind(sequence)
}

// AppliedTo returns the sequence up to which a shard is known to be applied.
func (l *Log) AppliedTo(shard int) uint64 {
	sequence, _ := l.committers[shard].tracker.appliedTo()
	return sequence
}

// WaitApplied returns when a shard is applied up to a sequence, by any node.
func (l *Log) WaitApplied(ctx context.Context, shard int, sequence uint64) error {
	for {
		applied, moved := l.committers[shard].tracker.appliedTo()
		if applied >= sequence {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Oldest returns when the oldest message of a shard that is not applied was
// written, and zero where all is applied.
func (l *Log) Oldest(shard int) time.Time {
	at, _ := l.committers[shard].tracker.oldest()
	return at
}

// Pending counts a workspace's events in a shard's messages after a sequence:
// those that are on disk but, where the sequence is the applied cursor, not yet
// visible. It reports false where messages after the sequence are applied
// already: the caller reads its cursor again. In a cluster it counts what this
// node knows of; Refresh makes that all there is.
func (l *Log) Pending(ctx context.Context, shard int, after uint64, workspace int64) (events int64, ok bool, err error) {
	events, unread, ok := l.committers[shard].tracker.pending(after, workspace)
	if !ok {
		return 0, false, nil
	}
	for _, s := range unread {
		m, err := l.get(ctx, shard, s)
		if err != nil {
			return 0, false, err
		}
		events += countOf(m.Counts, workspace)
	}
	return events, true, nil
}

// Refresh asks for the newest sequence of every shard, so that Last and Pending
// know of everything that any node has acknowledged before the call. It waits
// while leaders change. An embedded log knows it by itself.
func (l *Log) Refresh(ctx context.Context) error {
	if !l.Shared() {
		return nil
	}
	errs := make([]error, l.Shards())
	var asking sync.WaitGroup
	for shard := range errs {
		asking.Go(func() { _, errs[shard] = l.surveyPatiently(ctx, shard) })
	}
	asking.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("ask for the end of the log: %w", err)
	}
	return nil
}
