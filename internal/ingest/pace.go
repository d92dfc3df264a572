package ingest

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// paces bounds how many requests of a workspace are decoded at a time: as many as
// there are processors. More would not be faster, and every other request would wait
// behind all of them for a processor. While the log is behind it is one, and a
// third of the time: a flood would otherwise take the processors from the one
// goroutine that applies what it sent.
type paces struct {
	mu    sync.Mutex
	lanes map[int64]*lane
}

// lane holds tokens while requests of a workspace are decoded.
type lane struct{ usual, behind chan struct{} }

// pauses is how much longer than it took a turn is kept while the log is behind.
const pauses = 2

// enter waits for a workspace's turn; requests whose headers name no key share
// one. The caller calls leave, once or more.
func (p *paces) enter(ctx context.Context, workspace int64, behind bool) (leave func(), err error) {
	l := p.of(workspace)
	turn := l.usual
	if behind {
		turn = l.behind
	}
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !behind {
		return sync.OnceFunc(func() { <-turn }), nil
	}
	began := time.Now()
	return sync.OnceFunc(func() {
		time.AfterFunc(pauses*time.Since(began), func() { <-turn })
	}), nil
}

func (p *paces) of(workspace int64) *lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lanes == nil {
		p.lanes = map[int64]*lane{}
	}
	l := p.lanes[workspace]
	if l == nil {
		l = &lane{make(chan struct{}, max(2, runtime.GOMAXPROCS(0))), make(chan struct{}, 1)}
		p.lanes[workspace] = l
	}
	return l
}
