package deliver

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"github.com/dhvani/dhvani/internal/db"
)

// Options are what a Pool works with.
type Options struct {
	Store   *Store
	Logger  *slog.Logger
	Metrics prometheus.Registerer // nil: none

	// May is asked, at the last moment, whether a message about a customer may still
	// go; nil: always.
	May func(ctx context.Context, workspace int64, about, kind string) (bool, error)
}

const (
	// workers bounds the messages on their way from this process, and by it the
	// bodies in memory. A lane has far fewer.
	workers = 128
	// maxLanes bounds the destinations that a process sends to at a time; the others
	// have their turn, here or on another node.
	maxLanes = 500

	askEvery   = time.Second            // for what other processes put, and what is due
	renewEvery = 3 * time.Second        // the leases
	leaseFor   = 15 * time.Second       //
	surely     = leaseFor - time.Second // after a renewal nothing is sent any more for longer than this

	attemptFor = 45 * time.Second // bounds an attempt
	drainFor   = 4 * time.Second  // what is on its way may take when the pool stops
)

// Pool sends what is in the outbox.
type Pool struct {
	o       Options
	s       *Store
	holder  string // of lanes
	metrics *metrics
	slots   *semaphore.Weighted
	wake    chan struct{}
	results *writer

	mu    sync.Mutex
	lanes map[place]*lane
	wg    sync.WaitGroup

	renewed time.Time
	watch   *time.Timer // ends all lanes when the leases could not be renewed
}

// NewPool makes a pool, which the store's Put wakes.
func NewPool(o Options) *Pool {
	p := &Pool{
		o: o, s: o.Store, holder: rand.Text(), metrics: newMetrics(o.Metrics), slots: semaphore.NewWeighted(workers),
		wake: make(chan struct{}, 1), lanes: map[place]*lane{},
	}
	p.results = newWriter(p.s, o.Logger)
	p.s.woken = p.wakeLane
	p.watch = time.AfterFunc(time.Hour, p.lose)
	return p
}

// Wake lets the pool look for messages now.
func (p *Pool) Wake() { poke(p.wake) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends; then it lets what is on its way end, and gives the
// lanes back.
func (p *Pool) Run(ctx context.Context) {
	p.begin(ctx)
	writing := make(chan struct{})
	go func() {
		p.results.run()
		close(writing)
	}()
	var kept sync.WaitGroup
	kept.Go(func() { p.keep(ctx) })
	sending, kill := context.WithCancel(context.WithoutCancel(ctx))
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := p.look(ctx, sending); err != nil && ctx.Err() == nil {
			p.o.Logger.Warn("the outbox cannot be read", "error", db.Safe(err))
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-p.wake:
		}
	}
	enough := time.AfterFunc(drainFor, kill)
	tooMuch := time.AfterFunc(drainFor+drainFor/2, p.results.giveUp)
	p.wg.Wait()
	enough.Stop()
	tooMuch.Stop()
	kill()
	p.results.stop()
	<-writing
	kept.Wait()
	p.watch.Stop()
}

// begin frees the lanes of a process that held this SQLite before: nobody else
// can have it open.
func (p *Pool) begin(ctx context.Context) {
	if p.s.DB.Postgres {
		return
	}
	err := p.s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM outbox_lane")
		return err
	})
	if err != nil && ctx.Err() == nil { // then they end by themselves
		p.o.Logger.Warn("the lanes of the process before could not be freed", "error", db.Safe(err))
	}
}

// look renews the leases and takes lanes that have something to send.
func (p *Pool) look(ctx, sending context.Context) error {
	if err := p.renew(ctx); err != nil {
		return err
	}
	found, err := p.find(ctx)
	if err != nil {
		return err
	}
	for _, at := range found {
		have, many := p.has(at)
		if have || many >= maxLanes {
			continue
		}
		began := time.Now()
		ok, err := p.take(ctx, at)
		if err != nil {
			return err
		}
		if ok {
			p.start(ctx, sending, at, began)
		}
	}
	return nil
}

// has reports whether this process has a lane, and how many there are.
func (p *Pool) has(at place) (bool, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lanes[at] != nil, len(p.lanes)
}

func (p *Pool) start(ctx, sending context.Context, at place, taken time.Time) {
	l := newLane(p, at, ctx, sending)
	p.mu.Lock()
	if len(p.lanes) == 0 {
		p.renewed = taken
		p.watch.Reset(time.Until(taken.Add(surely)))
	}
	p.lanes[at] = l
	p.mu.Unlock()
	p.wg.Go(func() {
		l.run()
		p.mu.Lock()
		l.gone = true
		p.mu.Unlock()
		p.release(at)
		p.mu.Lock()
		delete(p.lanes, at)
		p.mu.Unlock()
		p.Wake() // something may have been put after it looked
	})
}

// wakeLane tells who sends to a destination that there is something new; where
// nobody does, the pool looks.
func (p *Pool) wakeLane(at place) {
	p.mu.Lock()
	l := p.lanes[at]
	p.mu.Unlock()
	if l != nil {
		poke(l.wake)
		return
	}
	p.Wake()
}

// lose ends all lanes at once: others may send to their destinations by now.
func (p *Pool) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lanes {
		l.lose()
	}
}

// keep tidies up and counts until ctx ends.
func (p *Pool) keep(ctx context.Context) {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	var tidied time.Time
	for {
		if time.Since(tidied) > tidyEvery {
			tidied = time.Now()
			if err := p.s.tidy(ctx); err != nil && ctx.Err() == nil {
				p.o.Logger.Warn("old messages could not be tidied up", "error", db.Safe(err))
			}
		}
		if err := p.count(ctx); err != nil && ctx.Err() == nil {
			p.o.Logger.Warn("the outbox could not be counted", "error", db.Safe(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
