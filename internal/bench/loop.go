package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// loop decides when the senders of a load send.
//
// Closed: each sends again as soon as it is answered, and a latency is the time
// of one request. This finds the highest rate; but a server that stops is asked
// less, so the latencies flatter it.
//
// Open: requests are due at fixed times, whatever the server does, and a
// latency counts from when its request was due. So a request that waits for a
// sender, because the server holds all of them up, counts with its wait.
// Those that were due and never sent count with the time that they waited until
// the end, the least that their latency would have been.
type loop struct {
	start, end time.Time
	interval   time.Duration // between requests of all senders; 0 for closed
	next       atomic.Int64  // number of the next request that is due
}

// outcome is how one request went.
type outcome struct {
	status   int // 0 where there was no answer
	accepted int // events
	rejected int
	err      error
}

// tally is what a sender, or all of them, have seen.
type tally struct {
	latency            Latency // of accepted requests, and of unsent ones
	requests, unsent   int64
	accepted, rejected int64
	status             map[int]int64
	errs               map[string]int64
}

func (t *tally) count(o outcome, d time.Duration) {
	t.requests++
	if o.err != nil {
		t.errs[o.err.Error()]++
		return
	}
	t.status[o.status]++
	t.accepted += int64(o.accepted)
	t.rejected += int64(o.rejected)
	if o.status == 200 {
		t.latency.Record(d)
	}
}

func newTally() *tally { return &tally{status: map[int]int64{}, errs: map[string]int64{}} }

func (t *tally) merge(o *tally) {
	t.latency.Merge(&o.latency)
	t.requests += o.requests
	t.unsent += o.unsent
	t.accepted += o.accepted
	t.rejected += o.rejected
	for k, n := range o.status {
		t.status[k] += n
	}
	for k, n := range o.errs {
		t.errs[k] += n
	}
}

// afterFailure keeps a closed loop from asking a server that fails as fast as
// it can say so.
const afterFailure = 10 * time.Millisecond

// run lets senders send until the end and returns what they saw together. Each
// sender is called by one goroutine.
func (l *loop) run(ctx context.Context, senders []func() outcome) *tally {
	all := newTally()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, send := range senders {
		wg.Go(func() {
			t := newTally()
			if l.interval > 0 {
				l.open(ctx, t, send)
			} else {
				l.closed(ctx, t, send)
			}
			mu.Lock()
			defer mu.Unlock()
			all.merge(t)
		})
	}
	wg.Wait()
	return all
}

func (l *loop) closed(ctx context.Context, t *tally, send func() outcome) {
	for ctx.Err() == nil {
		start := time.Now()
		if !start.Before(l.end) {
			return
		}
		o := send()
		t.count(o, time.Since(start))
		if o.err != nil || o.status != 200 {
			pause(ctx, afterFailure)
		}
	}
}

func (l *loop) open(ctx context.Context, t *tally, send func() outcome) {
	for ctx.Err() == nil {
		due := l.start.Add(time.Duration(l.next.Add(1)-1) * l.interval)
		if !due.Before(l.end) {
			return
		}
		pause(ctx, time.Until(due))
		if !time.Now().Before(l.end) {
			t.unsent++
			t.latency.Record(l.end.Sub(due))
			continue
		}
		t.count(send(), time.Since(due))
	}
}

// pause waits, or less where ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
