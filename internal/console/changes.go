package console

import (
	"context"
	"sync"
	"time"

	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/web"
)

// changes tells open pages that something of their workspace changed, on
// whichever node: events came in, or what was noticed changed. All pages of a
// workspace share one watch of the tail, and one of the Insights, which the watch
// and staff change on any node without an event.
type changes struct {
	tail     *process.Tail
	insights func(ctx context.Context, workspace int64) (version int64, err error) // nil: nobody asks

	mu    sync.Mutex
	shops map[int64]*watched
}

type watched struct {
	pages   map[chan struct{}]bool
	stop    func()
	version int64 // of the Insights
}

// insightsEvery is how often the Insights of a workspace are asked whether they
// changed, while a page of it is open.
const insightsEvery = 250 * time.Millisecond

// watch returns a channel that has a value when something changed since the
// last was taken. The caller calls stop in the end. The error says that too many
// watch already.
func (c *changes) watch(workspace int64) (changed <-chan struct{}, stop func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.shops[workspace]
	if w == nil {
		seen, stop, ok := c.tail.Watch(workspace)
		if !ok {
			return nil, nil, web.NewProblem(503, "")
		}
		ended := make(chan struct{})
		w = &watched{pages: map[chan struct{}]bool{}, stop: func() { stop(); close(ended) }}
		c.shops[workspace] = w
		go c.pass(w, seen, ended)
		if c.insights != nil {
			go c.follow(workspace, w, ended)
		}
	}
	page := make(chan struct{}, 1)
	w.pages[page] = true
	return page, func() { c.leave(workspace, page) }, nil
}

func (c *changes) pass(w *watched, seen <-chan process.Sighting, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case s := <-seen:
			if s.Rejected == nil {
				c.tell(w)
			}
		}
	}
}

// follow tells when an Insight changed.
func (c *changes) follow(workspace int64, w *watched, ended <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	tick := time.NewTicker(insightsEvery)
	defer tick.Stop()
	for {
		version, err := c.insights(ctx, workspace)
		c.mu.Lock()
		changed := err == nil && version != w.version // what cannot be asked now is asked again
		if changed {
			w.version = version
		}
		c.mu.Unlock()
		if changed {
			c.tell(w)
		}
		select {
		case <-ended:
			return
		case <-tick.C:
		}
	}
}

// version is the last known version of the Insights of a workspace that is watched.
func (c *changes) version(workspace int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.shops[workspace]; w != nil {
		return w.version
	}
	return 0
}

func (c *changes) tell(w *watched) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for page := range w.pages {
		select {
		case page <- struct{}{}:
		default: // it knows already
		}
	}
}

func (c *changes) leave(workspace int64, page chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.shops[workspace]
	if w == nil || !w.pages[page] {
		return
	}
	delete(w.pages, page)
	if len(w.pages) == 0 {
		w.stop()
		delete(c.shops, workspace)
	}
}
