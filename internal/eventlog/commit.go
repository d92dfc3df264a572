package eventlog

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	frameBytes  = 400 << 10 // a frame is closed once it is this large
	frameEvents = 1 << 15   // or holds this many events; event.MaxIndex allows more
	maxInFlight = 2         // frames between here and the disk: one written, one on its way
	slowAfter   = 800 * time.Millisecond
)

// request is a chunk that waits for its frame to be on disk.
type request struct {
	chunk Chunk
	done  chan error
}

// committer is the group commit of one shard: chunks that wait share a frame,
// and all of them are answered after its fsync. A lone chunk goes at once; under
// load a frame fills while those before it are written.
type committer struct {
	log     *Log
	shard   int
	tracker *tracker
	applied atomic.Uint64 // the newest that this node was told by its own Applied

	mu       sync.Mutex
	waiting  queue
	closed   bool
	full     bool        // the newest frame was refused because the log is full
	filled   float64     // how much of its limit the shard uses, 0 to 1
	down     *trouble    // nothing is accepted while it is not nil
	flights  []time.Time // when the unanswered frames were sent
	acked    time.Time   // when the newest answer came
	lacking  time.Time   // since when a cluster lacks what it had acknowledged; zero: it does not
	wake     chan struct{}
	finished chan struct{}
}

func newCommitter(l *Log, shard int) *committer {
	c := &committer{log: l, shard: shard, tracker: newTracker(&l.totals), wake: make(chan struct{}, 1), finished: make(chan struct{})}
	go c.run()
	return c
}

func (c *committer) submit(chunk Chunk) (*request, error) {
	r := &request{chunk: chunk, done: make(chan error, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, &Unavailable{Reason: "it is closing", RetryAfter: time.Second}
	}
	if t := c.trouble(); t != nil {
		return nil, t.refusal()
	}
	if !c.waiting.add(r) {
		return nil, &Unavailable{Reason: "too many events wait to be written", RetryAfter: time.Second}
	}
	c.log.metrics.waiting.Add(float64(len(chunk.Records)))
	c.kick()
	return r, nil
}

func (c *committer) kick() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take removes the requests of the next frame.
func (c *committer) take() []*request {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.waiting.bytes
	batch := c.waiting.take()
	c.log.metrics.waiting.Sub(float64(before - c.waiting.bytes))
	return batch
}

func (c *committer) run() {
	defer close(c.finished)
	slots := make(chan struct{}, maxInFlight)
	for {
		slots <- struct{}{}
		batch := c.take()
		for len(batch) == 0 {
			c.mu.Lock()
			closed := c.closed && c.waiting.bytes == 0
			c.mu.Unlock()
			if closed {
				<-slots
				for range maxInFlight { // wait for what is on its way
					slots <- struct{}{}
				}
				return
			}
			<-c.wake
			batch = c.take()
		}
		go func() {
			c.publish(batch)
			<-slots
		}()
	}
}

// publish sends one frame and answers its requests.
func (c *committer) publish(batch []*request) {
	chunks := make([]Chunk, len(batch))
	size, events := 64, 0
	for i, r := range batch {
		chunks[i] = r.chunk
		size += len(r.chunk.Records)
		events += r.chunk.Count
	}
	frame, counts := appendFrame(make([]byte, 0, size), chunks)
	start := time.Now()
	c.mu.Lock()
	c.flights = append(c.flights, start)
	c.mu.Unlock()
	sequence, failed := c.send(frame)
	if failed == nil {
		c.tracker.add(sequence, counts, time.Now())
		c.log.announceStored(c.shard, sequence, counts)
		c.log.metrics.frameEvents.Observe(float64(events))
		c.log.metrics.append.Observe(time.Since(start).Seconds())
	}
	c.answered(start, failed)
	var err error // not a *trouble, whose nil would not be nil
	if failed != nil {
		err = failed.refusal()
	}
	for _, r := range batch {
		r.done <- err
	}
}

func (c *committer) answered(start time.Time, failed *trouble) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.flights, start); i >= 0 {
		c.flights = slices.Delete(c.flights, i, i+1)
	}
	if failed != nil {
		c.log.metrics.failed.WithLabelValues(failed.cause).Inc()
	}
	c.full = failed != nil && failed.cause == causeFull
}

// stop refuses everything from now on, also what waits already.
func (c *committer) stop(t *trouble) {
	c.mu.Lock()
	if c.down == nil {
		c.down = t
	}
	c.mu.Unlock()
	for batch := c.take(); len(batch) > 0; batch = c.take() {
		for _, r := range batch {
			r.done <- t.refusal()
		}
	}
}

// trouble says why the shard accepts nothing, or nil. The caller holds c.mu.
func (c *committer) trouble() *trouble {
	if t := c.log.halted.Load(); t != nil {
		return t
	}
	return c.down
}

// ready says what keeps the shard from writing, or nil.
func (c *committer) ready() *trouble {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch t := c.trouble(); {
	case t != nil:
		return t
	case c.closed:
		return &trouble{cause: causeUnavailable, text: "it is closing"}
	case c.full:
		return &trouble{cause: causeFull, text: "it is full: more arrives than is applied, or nothing is applied"}
	case len(c.flights) > 0 && time.Since(c.flights[0]) > slowAfter:
		return &trouble{cause: causeSlow, text: "it is slow: a write has not been answered for " + slowAfter.String()}
	case c.waiting.bytes > maxWaiting/2:
		return &trouble{cause: causeSlow, text: "it is slow: too many events wait to be written"}
	}
	return nil
}

func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.kick()
	<-c.finished
}
