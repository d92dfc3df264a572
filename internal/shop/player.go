package shop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Player sends a shop's events to a running Dhvani, those of its pages with
// the write key and those of its server with the secret one.
type Player struct {
	URL, WriteKey, SecretKey string
	Client                   *http.Client
}

const (
	historyBatch = 1500
	inFlight     = 3             // requests of history on their way at once
	ahead        = 4 * time.Hour // how much is simulated at a time
	beat         = 250 * time.Millisecond
)

// History imports what happened after a time and before another, and tells how
// far it is from time to time.
func (p Player) History(ctx context.Context, s *Shop, after, now time.Time, progress func(events int, upTo time.Time)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan []Event, inFlight)
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range inFlight {
		wg.Go(func() {
			for batch := range work {
				if err := p.send(ctx, "/v1/import", p.SecretKey, batch, time.Time{}); err != nil {
					cancel(err)
					return
				}
				progress(int(sent.Add(int64(len(batch)))), batch[len(batch)-1].At)
			}
		})
	}
	s.Until(after)
	var rest []Event
	give := func(n int) bool {
		select {
		case work <- rest[:n:n]:
			rest = rest[n:]
			return true
		case <-ctx.Done():
			return false
		}
	}
	for t := after; t.Before(now) && ctx.Err() == nil; {
		t = t.Add(ahead)
		if t.After(now) {
			t = now
		}
		for rest = append(rest, s.Until(t)...); len(rest) >= historyBatch && give(historyBatch); {
		}
	}
	if len(rest) > 0 {
		give(len(rest))
	}
	close(work)
	wg.Wait()
	return context.Cause(ctx)
}

// Live lets the shop of a director go on with the clock until ctx ends. Each
// event is sent as of its own time. What cannot be sent is told and tried again.
func (p Player) Live(ctx context.Context, d *Director, trouble func(error)) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			var page, server []Event
			for _, e := range d.until(now) {
				if e.Server {
					server = append(server, e)
				} else {
					page = append(page, e)
				}
			}
			p.insist(ctx, p.WriteKey, page, trouble)
			p.insist(ctx, p.SecretKey, server, trouble)
			d.keep(now)
		}
	}
}

// insist sends events until they are taken or ctx ends.
func (p Player) insist(ctx context.Context, key string, events []Event, trouble func(error)) {
	for len(events) > 0 {
		n := min(historyBatch, len(events))
		err := p.send(ctx, "/v1/batch", key, events[:n], time.Now())
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			events = events[n:]
			continue
		}
		trouble(err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// errRejected says that the server does not want an event of ours.
var errRejected = errors.New("the server rejects what a shopper did")

// send sends events; sentAt lets the server see how far the clocks are apart.
func (p Player) send(ctx context.Context, path, key string, events []Event, sentAt time.Time) error {
	body := append(make([]byte, 0, len(events)*800), '{')
	if !sentAt.IsZero() {
		body = append(sentAt.UTC().AppendFormat(append(body, `"sentAt":"`...), stampFormat), `",`...)
	}
	body = append(body, `"batch":[`...)
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = events[i].AppendJSON(body, events[i].At)
	}
	body = append(body, "]}"...)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(key, "")
	client := p.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %d: %s", resp.StatusCode, text[:min(len(text), 200)])
	}
	if bytes.Contains(text, []byte(`"rejected"`)) {
		return fmt.Errorf("%w: %s", errRejected, text[:min(len(text), 200)])
	}
	return nil
}
