package eventlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrGap says that a message which was written is no longer there.
var ErrGap = errors.New("a message of the log is missing")

// Read returns the message at a sequence. Where it is not written yet, Read
// waits until ctx ends; a message that should be there and is not is an error.
func (l *Log) Read(ctx context.Context, shard int, sequence uint64) (Message, error) {
	for {
		last, grown := l.committers[shard].tracker.lastSequence()
		if sequence <= last {
			return l.get(ctx, shard, sequence)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// get reads a message and tells the tracker what it holds.
func (l *Log) get(ctx context.Context, shard int, sequence uint64) (Message, error) {
	m, err := l.engine.Load().streams[shard].GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Message{}, fmt.Errorf("%w: shard %d, sequence %d", ErrGap, shard, sequence)
	}
	if err != nil {
		return Message{}, fmt.Errorf("read shard %d of the log at %d: %w", shard, sequence, err)
	}
	counts, records, err := openFrame(m.Data)
	if err != nil {
		return Message{}, fmt.Errorf("read shard %d of the log at %d: %w", shard, sequence, err)
	}
	l.committers[shard].tracker.add(sequence, counts, m.Time)
	return Message{Shard: shard, Sequence: sequence, Counts: counts, Records: records}, nil
}

// FirstSequence returns the sequence of the oldest message that a shard still
// has, or the one that it writes next where it has none.
func (l *Log) FirstSequence(ctx context.Context, shard int) (uint64, error) {
	info, err := l.engine.Load().streams[shard].Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("find the beginning of shard %d of the log: %w", shard, err)
	}
	if info.State.Msgs == 0 {
		return info.State.LastSeq + 1, nil
	}
	return info.State.FirstSeq, nil
}
