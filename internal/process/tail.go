package process

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Tail passes events on to those who watch a workspace, as they become visible.
// A watcher that does not keep up misses events; the pipeline never waits.
type Tail struct {
	nodes    nodes
	watchers atomic.Int32
	mu       sync.Mutex
	channels map[chan Sighting]int64 // and the workspace watched
}

// Sighting is what a watcher sees: an event that was stored, or one that was
// rejected with its reason.
type Sighting struct {
	Event    event.Event
	Rejected *RejectedEvent
}

// How many may watch at once: one workspace, and all of them.
const (
	maxWatchersEach = 20
	maxWatchers     = 1000
)

// NewTail returns a Tail; it is a Stage that writes nothing.
func NewTail() *Tail { return &Tail{channels: map[chan Sighting]int64{}} }

// Name returns "tail".
func (t *Tail) Name() string { return "tail" }

// watched lists the workspaces that somebody watches here.
func (t *Tail) watched() []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Compact(slices.Sorted(maps.Values(t.channels)))
}

// Apply writes nothing.
func (t *Tail) Apply(context.Context, *db.Tx, *event.Batch) error { return nil }

// Committed passes a batch on.
func (t *Tail) Committed(b *event.Batch) {
	t.nodes.tellStored(b.Events)
	t.stored(b)
}

func (t *Tail) stored(b *event.Batch) {
	if t.watchers.Load() == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for c, workspace := range t.channels {
		for i := range b.Events {
			if b.Events[i].Workspace == workspace && len(c) < cap(c) {
				offer(c, Sighting{Event: detached(&b.Events[i])})
			}
		}
	}
}

// Tell tells who watches a workspace, on any node, that something changed there
// without an event of a customer: they see an event of staff with this name that
// is stored nowhere.
func (t *Tail) Tell(workspace int64, name string) {
	t.Committed(&event.Batch{Events: []event.Event{{Workspace: workspace, Type: event.Staff, Name: name}}})
}

// detached copies an event, whose texts share the memory of a whole message: a
// slow watcher must not hold that.
func detached(e *event.Event) event.Event {
	out, _, err := event.DecodeRecord(string(event.AppendRecord(nil, e)))
	if err != nil {
		return *e
	}
	out.Position, out.Model = e.Position, e.Model
	return out
}

func (t *Tail) rejected(workspace int64, r *RejectedEvent) {
	t.nodes.tellRejected(workspace, r)
	t.offerRejected(workspace, r)
}

func (t *Tail) offerRejected(workspace int64, r *RejectedEvent) {
	if t.watchers.Load() == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for c, w := range t.channels {
		if w == workspace {
			offer(c, Sighting{Rejected: r})
		}
	}
}

func offer(c chan Sighting, s Sighting) {
	select {
	case c <- s:
	default:
	}
}

// Watch returns what happens in a workspace from now on. It reports false where
// too many watch already. The caller calls stop in the end.
func (t *Tail) Watch(workspace int64) (seen <-chan Sighting, stop func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	each := 0
	for _, w := range t.channels {
		if w == workspace {
			each++
		}
	}
	if each >= maxWatchersEach || len(t.channels) >= maxWatchers {
		return nil, nil, false
	}
	c := make(chan Sighting, 256)
	t.channels[c] = workspace
	t.watchers.Add(1)
	t.nodes.wants(workspace)
	return c, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if _, ok := t.channels[c]; ok {
			delete(t.channels, c)
			t.watchers.Add(-1)
		}
	}, true
}
