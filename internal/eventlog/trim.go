package eventlog

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// What stays in the log behind the applied cursor, whichever is less: the
// database holds those events, the margin is for looking back.
const (
	marginBytes = 1 << 30
	marginAge   = 24 * time.Hour
)

// Trim removes messages that are applied, but for a margin.
func (l *Log) Trim(ctx context.Context, shard int, applied uint64) error {
	stream := l.engine.Load().streams[shard]
	info, err := stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("trim the log: %w", err)
	}
	s := info.State
	if s.Msgs == 0 || applied < s.FirstSeq {
		return nil
	}
	size := max(s.Bytes/s.Msgs, 1)
	margin := min(uint64(marginBytes/l.Shards()), uint64(l.o.MaxBytes)/uint64(4*l.Shards()))
	keep := s.FirstSeq // the first message that stays
	if behind := (applied - s.FirstSeq + 1) * size; behind > margin {
		keep = s.FirstSeq + (behind-margin)/size
	}
	for keep <= applied && time.Since(s.FirstTime) > marginAge {
		m, err := stream.GetMsg(ctx, keep)
		if err != nil || time.Since(m.Time) < marginAge {
			break
		}
		keep += max((applied-keep)/16, 1)
	}
	if keep = min(keep, applied+1); keep <= s.FirstSeq {
		return nil
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSequence(keep)); err != nil {
		return fmt.Errorf("trim the log: %w", err)
	}
	l.committers[shard].roomMade()
	return nil
}

// Full reports whether room is wanted: the newest frame found none, until Trim
// makes some, or much of the log is used.
func (l *Log) Full(shard int) bool {
	c := l.committers[shard]
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full || c.filled > trimFrom
}

func (c *committer) roomMade() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.full = false
}
