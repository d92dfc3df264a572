package process

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/dhvani/dhvani/internal/event"
)

// Bus carries what the nodes of one system tell each other live.
type Bus interface {
	Shared() bool
	Publish(subject string, data []byte) error
	Subscribe(subject string, f func([]byte)) (stop func(), err error)
}

// nodes shows a Tail what other nodes store and reject. Each node says again
// and again which workspaces are watched on it; what nobody watches is not sent.
type nodes struct {
	bus Bus
	own string // id of this node
	log *slog.Logger

	mu     sync.Mutex
	wanted map[int64]time.Time // by other nodes, and when they last said so
}

const (
	subjectWanted = "watched"
	subjectSeen   = "seen"
	wantEvery     = 5 * time.Second
	wantFor       = 15 * time.Second
	maxTold       = 200 // events of a batch that are told; a watcher's channel holds hardly more
	maxToldBytes  = 512 << 10
)

// told is one message between nodes.
type told struct {
	Node       string
	Workspaces []int64        `json:",omitempty"` // that are watched
	Workspace  int64          `json:",omitempty"` // of what follows
	Events     [][]byte       `json:",omitempty"` // records
	Rejected   *RejectedEvent `json:",omitempty"`
}

// Connect lets the tail see what other nodes of the bus store and reject, until
// stop is called.
func (t *Tail) Connect(bus Bus, log *slog.Logger) (stop func(), err error) {
	if !bus.Shared() {
		return func() {}, nil
	}
	t.nodes.bus, t.nodes.own, t.nodes.log, t.nodes.wanted = bus, newNodeID(), log, map[int64]time.Time{}
	stopWanted, err := bus.Subscribe(subjectWanted, t.nodes.hearWanted)
	if err != nil {
		return nil, err
	}
	stopSeen, err := bus.Subscribe(subjectSeen, t.hearSeen)
	if err != nil {
		stopWanted()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for sleep(ctx, wantEvery) {
			t.nodes.wants(t.watched()...)
		}
	}()
	return func() {
		cancel()
		stopWanted()
		stopSeen()
	}, nil
}

func (n *nodes) tell(subject string, m told) {
	m.Node = n.own
	b, err := json.Marshal(m)
	if err == nil {
		err = n.bus.Publish(subject, b)
	}
	if err != nil {
		n.log.Debug("the other nodes could not be told", "error", err)
	}
}

// wants tells the other nodes that workspaces are watched here.
func (n *nodes) wants(workspaces ...int64) {
	if n.bus != nil && len(workspaces) > 0 {
		n.tell(subjectWanted, told{Workspaces: workspaces})
	}
}

func (n *nodes) hearWanted(data []byte) {
	var m told
	if json.Unmarshal(data, &m) != nil || m.Node == n.own {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, w := range m.Workspaces[:min(len(m.Workspaces), maxWatchers)] {
		n.wanted[w] = time.Now()
	}
}

// wantedNow returns the workspaces that are watched on other nodes, nil for none.
func (n *nodes) wantedNow() map[int64]bool {
	if n.bus == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var out map[int64]bool
	for w, at := range n.wanted {
		if time.Since(at) > wantFor {
			delete(n.wanted, w)
			continue
		}
		if out == nil {
			out = map[int64]bool{}
		}
		out[w] = true
	}
	return out
}

// tellStored tells the other nodes the events that are watched there.
func (n *nodes) tellStored(events []event.Event) {
	wanted := n.wantedNow()
	if wanted == nil {
		return
	}
	records, size := map[int64][][]byte{}, 0
	for i := range events {
		w := events[i].Workspace
		if wanted[w] && len(records[w]) < maxTold && size < maxToldBytes {
			record := event.AppendRecord(nil, &events[i])
			records[w], size = append(records[w], record), size+len(record)
		}
	}
	for w, list := range records {
		n.tell(subjectSeen, told{Workspace: w, Events: list})
	}
}

func (n *nodes) tellRejected(workspace int64, r *RejectedEvent) {
	if n.wantedNow()[workspace] {
		n.tell(subjectSeen, told{Workspace: workspace, Rejected: r})
	}
}

// hearSeen shows this node's watchers what another one stored or rejected.
func (t *Tail) hearSeen(data []byte) {
	var m told
	if json.Unmarshal(data, &m) != nil || m.Node == t.nodes.own {
		return
	}
	if m.Rejected != nil {
		t.offerRejected(m.Workspace, m.Rejected)
	}
	var b event.Batch
	for _, record := range m.Events {
		if e, _, err := event.DecodeRecord(string(record)); err == nil && e.Workspace == m.Workspace {
			b.Events = append(b.Events, e)
		}
	}
	t.stored(&b)
}
