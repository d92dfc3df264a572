package backup

import (
	"context"
	"fmt"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// A new log's message is closed at this many bytes or events, as those that
// clients fill are.
const (
	frameBytes  = 400 << 10
	frameEvents = 1 << 15
)

// relog writes the log's tail into a new log. Where that has as many shards as
// the old one every message gets the sequence it had, so that positions stay the
// same. Else, and where events are left out, the events are packed anew, and
// every shard begins after all sequences that were ever used, so that no
// position comes twice.
type relog struct {
	log     *eventlog.Log
	old     []shard
	same    bool
	erase   *eraser
	cursors []shard // of the new log
	open    []eventlog.Message
	counts  []int // events of each open message

	messages, erased int64
}

// firstSequences says where a log of so many shards begins.
func firstSequences(old []shard, shards int, same bool) []uint64 {
	first := make([]uint64, shards)
	if same {
		for i, s := range old {
			first[i] = s.Sequence + 1
		}
		return first
	}
	for _, s := range old {
		next := s.Sequence + 1
		if s.Partial > 0 {
			next++ // the first events of that message have their positions
		}
		for i := range first {
			first[i] = max(first[i], next)
		}
	}
	return first
}

// newRelog begins with an empty log whose shards begin at first.
func newRelog(log *eventlog.Log, old []shard, first []uint64, same bool, erase *eraser) *relog {
	r := &relog{log: log, old: old, same: same, erase: erase, open: make([]eventlog.Message, len(first)), counts: make([]int, len(first))}
	for i := range first {
		c := shard{Shard: i, Stream: log.ID(i), Sequence: first[i] - 1}
		if same {
			c.Partial = old[i].Partial
		}
		r.cursors = append(r.cursors, c)
		r.open[i].Shard = i
	}
	return r
}

// add takes the next message of the backup.
func (r *relog) add(ctx context.Context, m eventlog.Message) error {
	if r.same {
		return r.write(ctx, m, m.Sequence)
	}
	events, err := m.Events(nil)
	if err != nil {
		return err
	}
	if cursor := r.old[m.Shard]; m.Sequence == cursor.Sequence+1 {
		events = events[min(cursor.Partial, len(events)):] // these are stored
	}
	for i := range events {
		if r.erase.gone(&events[i]) {
			r.erased++
			continue
		}
		if err := r.pack(ctx, &events[i]); err != nil {
			return err
		}
	}
	return nil
}

// pack adds an event to the message that its shard's events are collected in.
func (r *relog) pack(ctx context.Context, e *event.Event) error {
	number := r.log.ShardOf(e.ShardKey())
	m := &r.open[number]
	m.Records = event.AppendRecord(m.Records, e)
	r.counts[number]++
	at := 0
	for at < len(m.Counts) && m.Counts[at].Workspace != e.Workspace {
		at++
	}
	if at == len(m.Counts) {
		m.Counts = append(m.Counts, eventlog.Count{Workspace: e.Workspace})
	}
	m.Counts[at].Events++
	if len(m.Records) >= frameBytes || r.counts[number] >= frameEvents {
		return r.close(ctx, number)
	}
	return nil
}

// close writes a shard's open message.
func (r *relog) close(ctx context.Context, number int) error {
	m := &r.open[number]
	if r.counts[number] == 0 {
		return nil
	}
	if err := r.write(ctx, *m, 0); err != nil {
		return err
	}
	m.Records, m.Counts, r.counts[number] = m.Records[:0], m.Counts[:0], 0
	return nil
}

func (r *relog) finish(ctx context.Context) error {
	for number := range r.open {
		if err := r.close(ctx, number); err != nil {
			return err
		}
	}
	return nil
}

// write appends a message; want is the sequence that it must get, or 0.
func (r *relog) write(ctx context.Context, m eventlog.Message, want uint64) error {
	got, err := r.log.AppendMessage(ctx, m)
	if err == nil && want > 0 && got != want {
		err = fmt.Errorf("message %d of shard %d became message %d: somebody else writes the log", want, m.Shard, got)
	}
	r.messages++
	return err
}
