package eventlog

import (
	"context"
	"sync"
)

// tracker knows a shard's newest stored sequence and how many events of which
// workspace each message holds that is not yet applied, so that the lag is
// exact. Messages written before this process started are read when asked for.
type tracker struct {
	mu     sync.Mutex
	last   uint64
	first  uint64             // sequences up to this are applied and forgotten
	counts map[uint64][]Count // of first+1 .. last, as far as known
	news   chan struct{}      // closed when last grows
}

func (t *tracker) init() {
	t.counts = map[uint64][]Count{}
	t.news = make(chan struct{})
}

func (t *tracker) add(sequence uint64, counts []Count) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if sequence > t.first {
		t.counts[sequence] = counts
	}
	if sequence > t.last {
		t.last = sequence
		close(t.news)
		t.news = make(chan struct{})
	}
}

func (t *tracker) lastSequence() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// wait returns a channel that is closed at the next message.
func (t *tracker) wait() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.news
}

// Applied tells the log that a shard is applied up to a sequence, so that it
// need not count those messages any more.
func (l *Log) Applied(shard int, sequence uint64) {
	t := &l.committers[shard].tracker
	t.mu.Lock()
	defer t.mu.Unlock()
	if sequence-t.first > uint64(len(t.counts))+1024 {
		for s := range t.counts {
			if s <= sequence {
				delete(t.counts, s)
			}
		}
	} else {
		for s := t.first + 1; s <= sequence; s++ {
			delete(t.counts, s)
		}
	}
	t.first = max(t.first, sequence)
}

// Pending counts a workspace's events in a shard's messages after a sequence:
// those that are on disk but, where the sequence is the applied cursor, not yet
// visible. It reports false where messages after the sequence are applied
// already: the caller reads its cursor again.
func (l *Log) Pending(ctx context.Context, shard int, after uint64, workspace int64) (events int64, ok bool, err error) {
	t := &l.committers[shard].tracker
	t.mu.Lock()
	last, first := t.last, t.first
	var unknown []uint64
	for s := after + 1; s <= last; s++ {
		counts, found := t.counts[s]
		if !found {
			unknown = append(unknown, s)
		}
		for _, c := range counts {
			if c.Workspace == workspace {
				events += c.Events
			}
		}
	}
	t.mu.Unlock()
	if after < first {
		return 0, false, nil
	}
	for _, s := range unknown {
		m, err := l.get(ctx, shard, s)
		if err != nil {
			return 0, false, err
		}
		t.add(s, m.Counts)
		for _, c := range m.Counts {
			if c.Workspace == workspace {
				events += c.Events
			}
		}
	}
	return events, true, nil
}
