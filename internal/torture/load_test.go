package torture_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// load is clients that send all the time, as SDKs do: what is not acknowledged
// is sent again until it is.
type load struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup

	refused atomic.Int64 // when a request first failed since rearm, in nanoseconds; 0: none did
}

// retryAfter is how long the clients wait after a failure. They ask sooner
// than Retry-After says, so that a false 200 is found.
const retryAfter = 20 * time.Millisecond

// startLoad starts clients that send events of a workspace, with a gap after
// each acknowledged request.
func (p *program) startLoad(ws created, l *ledger, clients int, gap time.Duration) *load {
	ctx, cancel := context.WithCancel(context.Background())
	x := &load{cancel: cancel}
	for range clients {
		x.wg.Go(func() {
			for ctx.Err() == nil {
				ids := l.send([]int{1, 20, 100}[rand.IntN(3)])
				for body := bodyOf(ids); ctx.Err() == nil; pause(retryAfter) {
					if status, err := p.post(ctx, "/v1/batch", ws.WriteKey, body); err == nil && status == http.StatusOK {
						l.acknowledge(ids)
						pause(gap)
						break
					}
					x.refused.CompareAndSwap(0, time.Now().UnixNano())
				}
			}
		})
	}
	p.t.Cleanup(x.stop)
	return x
}

// stop ends the clients, also amid a request, and waits for them.
func (x *load) stop() {
	x.cancel()
	x.wg.Wait()
}

// rearm forgets what failed.
func (x *load) rearm() { x.refused.Store(0) }

// preload stores many events before a test begins.
func (p *program) preload(ws created, l *ledger, events int) {
	p.t.Helper()
	const batch = 1000
	left := atomic.Int64{}
	left.Store(int64(events))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for left.Add(-batch) >= 0 {
				p.acknowledge(ws, l, l.send(batch))
			}
		})
	}
	wg.Wait()
	p.settle(ws)
}

// acknowledgeWithin is how long a test waits for one acknowledgement. A program
// that is behind by more than a minute refuses events until it has caught up.
const acknowledgeWithin = 3 * time.Minute

// acknowledge sends events until they are acknowledged.
func (p *program) acknowledge(ws created, l *ledger, ids []string) {
	if p.sendUntilTaken(ws, ids) {
		l.acknowledge(ids)
	}
}

func (p *program) sendUntilTaken(ws created, ids []string) bool {
	body := bodyOf(ids)
	for deadline := time.Now().Add(acknowledgeWithin); ; pause(retryAfter) {
		status, err := p.post(context.Background(), "/v1/batch", ws.WriteKey, body)
		if err == nil && status == http.StatusOK {
			return true
		}
		if time.Now().After(deadline) {
			p.t.Errorf("%d events were not acknowledged in %s: status %d, %v: %s", len(ids), acknowledgeWithin, status, err, p.log.String())
			return false
		}
	}
}

// recovered waits until the program is ready and has acknowledged an event, and
// returns the times since a moment for both.
func (p *program) recovered(since time.Time, ws created, l *ledger) (ready, written time.Duration) {
	p.t.Helper()
	p.waitReady()
	ready = time.Since(since)
	p.acknowledge(ws, l, l.send(1))
	return ready, time.Since(since)
}
