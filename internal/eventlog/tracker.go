package eventlog

import (
	"sync"
	"time"
)

// tracker knows a shard's newest stored sequence, how far it is applied, and
// for the messages between them how many events of which workspace they hold
// and when they were written, so that the lag is exact. What others wrote, or
// this process before it started, is known once it was told or read.
type tracker struct {
	start  time.Time // of the tracker; frame.at counts from it
	totals *totals

	mu      sync.Mutex
	last    uint64
	applied uint64
	frames  map[uint64]frame // of applied+1 .. last, as far as known
	events  map[int64]int64  // in those frames, by workspace
	behind  time.Time        // since when last is above applied
	grown   chan struct{}    // closed when last grows
	moved   chan struct{}    // closed when applied grows
}

// frame is what is known about a message that is not applied.
type frame struct {
	at     time.Duration // when it was written, after the tracker's start; negative for older ones
	counts []Count
}

func newTracker(t *totals) *tracker {
	now := time.Now()
	return &tracker{start: now, behind: now, totals: t, frames: map[uint64]frame{}, events: map[int64]int64{}, grown: make(chan struct{}), moved: make(chan struct{})}
}

// add notes a message. Where its time comes from this process's own clock it
// is not bent by steps of the clock.
func (t *tracker) add(sequence uint64, counts []Count, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.frames[sequence]; sequence > t.applied && !known {
		t.frames[sequence] = frame{at.Sub(t.start), counts}
		t.count(counts, 1)
	}
	t.growLocked(sequence)
}

// grow notes that a shard has messages up to a sequence.
func (t *tracker) grow(last uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.growLocked(last)
}

func (t *tracker) growLocked(last uint64) {
	if last <= t.last {
		return
	}
	if t.last <= t.applied {
		t.behind = time.Now()
	}
	t.last = last
	close(t.grown)
	t.grown = make(chan struct{})
}

// apply notes that messages up to a sequence are applied, and reports whether
// that is news.
func (t *tracker) apply(sequence uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if sequence <= t.applied {
		return false
	}
	if sequence-t.applied > uint64(len(t.frames))+1024 {
		for s := range t.frames {
			if s <= sequence {
				t.forget(s)
			}
		}
	} else {
		for s := t.applied + 1; s <= sequence; s++ {
			t.forget(s)
		}
	}
	t.applied = sequence
	close(t.moved)
	t.moved = make(chan struct{})
	return true
}

// rewind notes that messages after a sequence are not applied after all.
func (t *tracker) rewind(sequence uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if sequence < t.applied {
		t.applied, t.behind = sequence, time.Now()
	}
}

func (t *tracker) forget(sequence uint64) {
	if f, known := t.frames[sequence]; known {
		t.count(f.counts, -1)
		delete(t.frames, sequence)
	}
}

func (t *tracker) count(counts []Count, sign int64) {
	addCounts(t.events, counts, sign)
	t.totals.add(counts, sign)
}

// addCounts keeps only workspaces with events, and returns how many came to all.
func addCounts(events map[int64]int64, counts []Count, sign int64) (all int64) {
	for _, c := range counts {
		all += sign * c.Events
		if n := events[c.Workspace] + sign*c.Events; n == 0 {
			delete(events, c.Workspace)
		} else {
			events[c.Workspace] = n
		}
	}
	return all
}

// lastSequence returns the newest sequence and a channel that is closed when
// there is a newer one.
func (t *tracker) lastSequence() (uint64, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last, t.grown
}

// appliedTo returns the applied sequence and a channel that is closed when it
// moves.
func (t *tracker) appliedTo() (uint64, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.applied, t.moved
}

// oldest returns when the oldest message that is not applied was written, zero
// where all is applied. Its sequence is not 0 where the time is only known to
// be no later, because nobody has read the message yet.
func (t *tracker) oldest() (at time.Time, unread uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.applied >= t.last {
		return time.Time{}, 0
	}
	if f, known := t.frames[t.applied+1]; known {
		return t.start.Add(f.at), 0
	}
	return t.behind, t.applied + 1
}

// pending counts a workspace's events after a sequence, and lists the messages
// whose counts are not known. It reports false where messages after the
// sequence are applied already.
func (t *tracker) pending(after uint64, workspace int64) (events int64, unread []uint64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if after < t.applied {
		return 0, nil, false
	}
	if t.last > t.applied && uint64(len(t.frames)) == t.last-t.applied { // all are known: count from the other end
		events = t.events[workspace]
		for s := t.applied + 1; s <= min(after, t.last); s++ {
			events -= countOf(t.frames[s].counts, workspace)
		}
		return events, nil, true
	}
	for s := after + 1; s <= t.last; s++ {
		f, known := t.frames[s]
		if !known {
			unread = append(unread, s)
		}
		events += countOf(f.counts, workspace)
	}
	return events, unread, true
}

func countOf(counts []Count, workspace int64) (events int64) {
	for _, c := range counts {
		if c.Workspace == workspace {
			events += c.Events
		}
	}
	return events
}

// totals is how many events of each workspace are known to wait, over all shards.
type totals struct {
	mu     sync.Mutex
	events map[int64]int64 // only workspaces with any
	sum    int64
}

func (t *totals) add(counts []Count, sign int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum += addCounts(t.events, counts, sign)
}
