package deliver

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/dhvani/dhvani/internal/db"
)

// lane sends to one destination. One goroutine decides what goes next, others
// send.
type lane struct {
	p  *Pool
	at place

	ctx     context.Context // ends when nothing more is to be begun
	sending context.Context // ends when what is on its way must end, too
	lose    func()
	gone    bool          // it sends no more; the pool's lock guards this
	wake    chan struct{} // something was put, or ended

	dest    *Destination
	limiter *rate.Limiter // nil: no limit
	domains domains

	mu      sync.Mutex
	busy    map[string]bool // messages on their way
	failing int             // failures since the last success
	rest    time.Time       // the other side asked for nothing before
	over    bool            // paused by what the other side said
	wg      sync.WaitGroup
}

const (
	page = 64 // messages looked up at a time
	// pageFor is how long they are good: then something more urgent may have come,
	// or the destination was paused.
	pageFor = 2 * time.Second
	// linger keeps a lane, and what its limiter knows, between messages.
	linger = 10 * time.Second
	// manyFailures in a row let a lane go on with one message at a time.
	manyFailures = 3
)

func newLane(p *Pool, at place, ctx, sending context.Context) *lane {
	l := &lane{p: p, at: at, wake: make(chan struct{}, 1), busy: map[string]bool{}, domains: domains{}}
	var stop, kill context.CancelFunc
	l.ctx, stop = context.WithCancel(ctx)
	l.sending, kill = context.WithCancel(sending)
	l.lose = func() { stop(); kill() }
	return l
}

// waiting is a message that may be sent now.
type waiting struct {
	id, receiver, zone string
	bulk               bool
}

// run sends until there was nothing to send for a while.
func (l *lane) run() {
	defer l.lose()
	defer l.wg.Wait()
	idle := time.Now()
	for l.ctx.Err() == nil {
		list, next, err := l.look()
		switch {
		case errors.Is(err, errClosed):
			return
		case err != nil:
			if l.ctx.Err() == nil {
				l.p.o.Logger.Warn("the messages to a destination cannot be read", "destination", l.at.id, "error", db.Safe(err))
			}
			l.pause(askEvery)
		case len(list) > 0:
			l.work(list)
			idle = time.Now()
		case l.onTheWay() > 0:
			idle = time.Now()
			l.pause(askEvery)
		case time.Since(idle) > linger && next > linger:
			return
		default:
			l.pause(min(next, askEvery))
		}
	}
}

// pause waits for so long, or until something was put or ended.
func (l *lane) pause(d time.Duration) {
	t := time.NewTimer(max(d, time.Millisecond))
	defer t.Stop()
	select {
	case <-l.ctx.Done():
	case <-t.C:
	case <-l.wake:
	}
}

func (l *lane) onTheWay() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.busy)
}

// errClosed says that the destination is paused, or gone.
var errClosed = errors.New("closed")

// look reads the destination and the messages that are due; where there are none,
// how long until the next one.
func (l *lane) look() (list []waiting, next time.Duration, err error) {
	l.mu.Lock()
	over := l.over
	skip := make(map[string]bool, len(l.busy)) // before the snapshot: what ends meanwhile still looks open in it
	for id := range l.busy {
		skip[id] = true
	}
	l.mu.Unlock()
	if over {
		return nil, 0, errClosed
	}
	now := l.p.s.now().UnixMicro()
	next = time.Hour
	var d *Destination
	err = l.p.s.DB.View(l.ctx, func(tx *db.Tx) (err error) {
		list = nil
		if d, err = read(l.ctx, tx, l.at.workspace, l.at.id); err != nil {
			return err
		}
		for bulk := 0; bulk < 2 && len(list) < page; bulk++ {
			err := tx.Each(l.ctx, `SELECT id, receiver, zone, due FROM outbox WHERE workspace = $1 AND destination = $2 AND state = 'open' AND bulk = $3
				ORDER BY due, id LIMIT $4`, []any{l.at.workspace, l.at.id, bulk, page + len(skip) + 1}, func(rows *sql.Rows) error {
				w := waiting{bulk: bulk == 1}
				var due int64
				err := rows.Scan(&w.id, &w.receiver, &w.zone, &due)
				switch {
				case skip[w.id]:
				case due > now:
					next = min(next, time.Duration(due-now)*time.Microsecond)
				case len(list) < page:
					list = append(list, w)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, ErrNotFound) || err == nil && d.Paused != "" {
		return nil, 0, errClosed
	}
	if err != nil {
		return nil, 0, err
	}
	return list, next, l.use(d)
}

// use goes by what the destination says now.
func (l *lane) use(d *Destination) error {
	if l.dest != nil && l.dest.ChangedAt.Equal(d.ChangedAt) {
		return nil
	}
	if err := l.p.s.open(d); err != nil {
		l.p.o.Logger.Error("a destination is paused, because its secrets cannot be opened: enter them anew", "destination", d.ID)
		l.p.results.write([]result{{at: l.at, pause: PausedSecrets}})
		return errClosed
	}
	if d.Limits.AtOnce == 0 {
		d.Limits.AtOnce = d.Kind.Usual()
	}
	r := d.Limits.PerSecond
	switch {
	case r == 0:
		l.limiter = nil
	case l.limiter == nil:
		l.limiter = rate.NewLimiter(rate.Limit(r), burst(r))
	default:
		l.limiter.SetLimit(rate.Limit(r))
		l.limiter.SetBurst(burst(r))
	}
	l.dest = d
	return nil
}

// burst lets a quick limiter sleep less often: a twentieth of a second's messages.
func burst(perSecond float64) int { return max(1, int(perSecond/20)) }

// work begins to send messages, and puts off those that must wait.
func (l *lane) work(list []waiting) {
	until := time.Now().Add(pageFor)
	var later []result
	defer func() { l.p.results.write(later) }() // before the next look
	for _, w := range list {
		if l.ctx.Err() != nil || time.Now().After(until) {
			return
		}
		if at := l.notNow(w); !at.IsZero() {
			later = append(later, result{at: place{l.at.workspace, w.id}, putOff: at})
			continue
		}
		if !l.free(until) {
			return
		}
		l.mu.Lock()
		l.busy[w.id] = true
		l.mu.Unlock()
		l.wg.Go(func() {
			l.send(w.id)
			l.p.slots.Release(1)
			l.mu.Lock()
			delete(l.busy, w.id)
			l.mu.Unlock()
			poke(l.wake)
		})
	}
}

// notNow returns when a message may go that may not go now: after the receiver's
// quiet hours, or when its domain takes more.
func (l *lane) notNow(w waiting) time.Time {
	now := l.p.s.now()
	if w.zone != "" {
		if end := QuietUntil(now, w.zone, l.dest.Limits.QuietFrom, l.dest.Limits.QuietTo); !end.IsZero() {
			return end
		}
	}
	if w.receiver != "" && l.dest.Limits.PerDomain > 0 {
		return l.domains.later(now, w.receiver, w.bulk, l.dest.Limits.PerDomain)
	}
	return time.Time{}
}

// free waits until one more message may be on its way, and reports false where
// the list is too old by then.
func (l *lane) free(until time.Time) bool {
	ctx, cancel := context.WithDeadline(l.ctx, until)
	defer cancel()
	for {
		l.mu.Lock()
		width, rest, over := l.dest.Limits.AtOnce, time.Until(l.rest), l.over
		if l.failing >= manyFailures {
			width = 1
		}
		full := len(l.busy) >= width
		l.mu.Unlock()
		switch {
		case ctx.Err() != nil || over:
			return false
		case rest > 0:
			l.pause(min(rest, pageFor))
		case full:
			l.pause(pageFor)
		default:
			return l.inRate(ctx, until) && l.p.slots.Acquire(ctx, 1) == nil
		}
	}
}

// inRate waits until the destination's rate allows one more, and reports false
// where that is too late for the list.
func (l *lane) inRate(ctx context.Context, until time.Time) bool {
	if l.limiter == nil {
		return true
	}
	turn := l.limiter.Reserve()
	wait := turn.Delay()
	if wait > time.Until(until) {
		turn.Cancel()
		l.pause(min(wait, pageFor))
		return false
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
