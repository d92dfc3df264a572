package ingest

import (
	"context"
	"sync"
	"time"
)

// paces lets each workspace decode one request at a time, and a third of the
// time, while the log is behind. A flood of connections would otherwise take the
// processors from the one goroutine that applies what they sent: on two cores
// the events stored in a second fell to a fifth.
type paces struct {
	mu   sync.Mutex
	turn map[int64]chan struct{} // holds a token while a request of the workspace is decoded
}

// pauses is how much longer than it took a turn is kept.
const pauses = 2

// enter waits for a workspace's turn, where there is need to; requests whose
// headers name no key share one. The caller calls leave, once or more.
func (p *paces) enter(ctx context.Context, workspace int64, behind bool) (leave func(), err error) {
	if !behind {
		return func() {}, nil
	}
	turn := p.of(workspace)
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	began := time.Now()
	return sync.OnceFunc(func() {
		time.AfterFunc(pauses*time.Since(began), func() { <-turn })
	}), nil
}

func (p *paces) of(workspace int64) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.turn == nil {
		p.turn = map[int64]chan struct{}{}
	}
	if p.turn[workspace] == nil {
		p.turn[workspace] = make(chan struct{}, 1)
	}
	return p.turn[workspace]
}
