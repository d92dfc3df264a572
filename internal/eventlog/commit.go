package eventlog

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	frameBytes  = 400 << 10 // a frame is closed once it is this large
	frameEvents = 1 << 15   // or holds this many events; event.MaxIndex allows more
	maxInFlight = 2         // frames between here and the disk: one written, one on its way
	maxWaiting  = 48 << 20  // bytes that wait for their frame; more are refused
	ackTimeout  = 10 * time.Second
	slowAfter   = 2 * time.Second // a frame that takes longer makes the log "slow"
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
	metrics *metrics
	tracker *tracker

	mu       sync.Mutex
	waiting  []*request
	bytes    int
	closed   bool
	full     bool        // the newest frame was refused because the log is full
	flights  []time.Time // when the unanswered frames were sent
	wake     chan struct{}
	finished chan struct{}
}

func newCommitter(l *Log, shard int, m *metrics) *committer {
	c := &committer{log: l, shard: shard, metrics: m, tracker: newTracker(&l.totals), wake: make(chan struct{}, 1), finished: make(chan struct{})}
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
	if c.log.repairing.Load() {
		return nil, errRepairing()
	}
	if c.bytes+len(chunk.Records) > maxWaiting {
		return nil, &Unavailable{Reason: "too many events wait to be written", RetryAfter: time.Second}
	}
	c.waiting = append(c.waiting, r)
	c.bytes += len(chunk.Records)
	c.metrics.waiting.Set(float64(c.bytes))
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return r, nil
}

// take removes the requests of the next frame.
func (c *committer) take() []*request {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, size, events := 0, 0, 0
	for _, r := range c.waiting {
		if n > 0 && (size+len(r.chunk.Records) > frameBytes || events+r.chunk.Count > frameEvents) {
			break
		}
		n, size, events = n+1, size+len(r.chunk.Records), events+r.chunk.Count
	}
	batch := append([]*request(nil), c.waiting[:n]...)
	rest := copy(c.waiting, c.waiting[n:])
	clear(c.waiting[rest:])
	c.waiting = c.waiting[:rest]
	c.bytes -= size
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
			closed := c.closed && len(c.waiting) == 0
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
	sequence, err := c.send(frame)
	if err == nil {
		c.tracker.add(sequence, counts, time.Now())
		c.metrics.frameEvents.Observe(float64(events))
		c.metrics.append.Observe(time.Since(start).Seconds())
	}
	c.answered(start, err)
	for _, r := range batch {
		r.done <- err
	}
}

func errRepairing() error {
	return &Unavailable{Reason: "it could not be written and is being opened anew", RetryAfter: 5 * time.Second}
}

func (c *committer) send(frame []byte) (uint64, error) {
	if c.log.repairing.Load() {
		return 0, errRepairing()
	}
	e := c.log.engine.Load()
	f, err := e.js.PublishMsgAsync(&nats.Msg{Subject: shardSubject(c.shard), Data: frame})
	if err != nil {
		c.log.breakDown(e, err)
		return 0, &Unavailable{Reason: err.Error(), RetryAfter: time.Second}
	}
	select {
	case ack := <-f.Ok():
		return ack.Sequence, nil
	case err = <-f.Err():
	case <-c.log.giveUp:
		return 0, &Unavailable{Reason: "it is closing and its disk does not answer", RetryAfter: time.Second}
	}
	if isFull(err) {
		return 0, errFull
	}
	c.log.breakDown(e, err)
	return 0, &Unavailable{Reason: err.Error(), RetryAfter: time.Second}
}

// errFull says that the log has reached its limit.
var errFull = &Unavailable{Reason: "it is full", RetryAfter: 2 * time.Second}

// isFull tells the log's own limit from a disk without room.
func isFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == errMaxBytes || api.ErrorCode == errStoreFailed && strings.Contains(api.Description, "maximum bytes"))
}

// Codes of JetStream's answers that can mean that a stream has reached its limit.
const (
	errMaxBytes    jetstream.ErrorCode = 10054 // limits exceeded
	errStoreFailed jetstream.ErrorCode = 10077 // store failed, and why
)

func (c *committer) answered(start time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.flights, start); i >= 0 {
		c.flights = slices.Delete(c.flights, i, i+1)
	}
	if full := err == errFull; full != c.full {
		c.full = full
		c.log.o.Logger.Warn("the log's state changed", "shard", c.shard, "full", full)
	}
	if err != nil {
		c.metrics.failed.Inc()
	}
	c.metrics.waiting.Set(float64(c.bytes))
}

// ready says whether there is room and no frame takes too long.
func (c *committer) ready() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return errors.New("the log is closing")
	case c.full:
		return errors.New("the log is full: more arrives than is applied, or nothing is applied")
	case len(c.flights) > 0 && time.Since(c.flights[0]) > slowAfter:
		return errors.New("the log is slow: a write has not been answered for over 2 s")
	case c.bytes > maxWaiting/2:
		return errors.New("the log is slow: too many events wait to be written")
	}
	return nil
}

func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
	<-c.finished
}
