package console

import (
	"sync"

	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/web"
)

// changes tells open pages that something of their workspace changed, on
// whichever node. All pages of a workspace share one watch of the tail.
type changes struct {
	tail *process.Tail

	mu    sync.Mutex
	shops map[int64]*watched
}

type watched struct {
	pages map[chan struct{}]bool
	stop  func()
}

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
