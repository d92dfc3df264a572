package eventlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// AppendMessage appends a message that another log held, as it was, to its
// shard, and returns the sequence that it got. It is for a restore: only one
// may write, and it waits for every message alone.
func (l *Log) AppendMessage(ctx context.Context, m Message) (sequence uint64, err error) {
	var chunks []Chunk // of which the first has all records: they are of several workspaces
	for i, c := range m.Counts {
		chunks = append(chunks, Chunk{Shard: m.Shard, Workspace: c.Workspace, Count: int(c.Events)})
		if i == 0 {
			chunks[0].Records = m.Records
		}
	}
	frame, counts := appendFrame(nil, chunks)
	ack, err := l.engine.Load().js.PublishMsg(ctx, &nats.Msg{Subject: shardSubject(m.Shard), Data: frame})
	if err != nil {
		return 0, fmt.Errorf("append to shard %d of the log: %w", m.Shard, err)
	}
	l.committers[m.Shard].tracker.add(ack.Sequence, counts, time.Now())
	return ack.Sequence, nil
}

// Discard deletes the log from a cluster: a restore that failed takes back what
// it made. The embedded log is deleted with its folder.
func (l *Log) Discard(ctx context.Context) error {
	if !l.Shared() {
		return nil
	}
	var errs []error
	for shard := range l.committers {
		errs = append(errs, l.engine.Load().js.DeleteStream(ctx, shardStream(shard)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("delete the log: %w", err)
	}
	return nil
}
