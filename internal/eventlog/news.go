package eventlog

import (
	"context"
	"encoding/binary"
	"time"
)

// Nodes tell one another what they stored and applied, so that each knows the
// lag of all shards at once. What is lost on the way is found by the next survey.
const (
	storedSubject  = "log.stored"  // uvarints: shard, sequence, then workspace and events of each workspace
	appliedSubject = "log.applied" // uvarints: shard, sequence
)

// listen subscribes to the other nodes' news.
func (l *Log) listen() error {
	for subject, f := range map[string]func([]byte){storedSubject: l.heardStored, appliedSubject: l.heardApplied} {
		stop, err := l.Subscribe(subject, f)
		if err != nil {
			return err
		}
		l.heard = append(l.heard, stop)
	}
	return nil
}

// announceStored tells the other nodes of a frame. Where that fails they find
// out by themselves.
func (l *Log) announceStored(shard int, sequence uint64, counts []Count) {
	if !l.Shared() {
		return
	}
	b := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(shard)), sequence)
	for _, c := range counts {
		b = binary.AppendUvarint(b, uint64(c.Workspace))
		b = binary.AppendUvarint(b, uint64(c.Events))
	}
	_ = l.Publish(storedSubject, b)
}

func (l *Log) heardStored(b []byte) {
	v, ok := uvarints(b)
	if !ok || len(v) < 2 || len(v)%2 != 0 || v[0] >= uint64(l.Shards()) {
		return
	}
	counts := make([]Count, 0, len(v)/2-1)
	for i := 2; i < len(v); i += 2 {
		counts = append(counts, Count{int64(v[i]), int64(v[i+1])})
	}
	l.committers[v[0]].tracker.add(v[1], counts, time.Now())
}

// announceApplied tells the other nodes, from time to time, how far this one
// has applied its shards.
func (l *Log) announceApplied() {
	told := make([]uint64, l.Shards())
	l.every(announceInterval, func(context.Context) {
		for shard, c := range l.committers {
			if sequence := c.applied.Load(); sequence > told[shard] {
				b := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(shard)), sequence)
				if l.Publish(appliedSubject, b) == nil {
					told[shard] = sequence
				}
			}
		}
	})
}

func (l *Log) heardApplied(b []byte) {
	if v, ok := uvarints(b); ok && len(v) == 2 && v[0] < uint64(l.Shards()) {
		l.committers[v[0]].tracker.apply(v[1])
	}
}

func uvarints(b []byte) (out []uint64, ok bool) {
	for len(b) > 0 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, false
		}
		out, b = append(out, v), b[n:]
	}
	return out, true
}
