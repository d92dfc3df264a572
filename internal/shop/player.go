package shop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Player sends a shop's events to a running Dhvani, those of its pages with
// the write key and those of its server with the secret one.
type Player struct {
	URL, WriteKey, SecretKey string
}

const historyBatch = 500

// History imports what happened before now, and tells after each request how
// much of it is sent, from 0 to 1.
func (p Player) History(ctx context.Context, s *Shop, now time.Time, progress func(events int, done float64)) error {
	all := s.Until(now)
	for sent := 0; sent < len(all); {
		n := min(historyBatch, len(all)-sent)
		if err := p.send(ctx, "/v1/import", p.SecretKey, all[sent:sent+n], time.Time{}); err != nil {
			return err
		}
		sent += n
		progress(sent, float64(sent)/float64(len(all)))
	}
	return nil
}

// Live lets the shop go on from a time of its own, speed times as fast as the
// clock, until ctx ends. Events are sent as of the moment in which they are
// sent. What cannot be sent is told and tried again.
func (p Player) Live(ctx context.Context, s *Shop, from time.Time, speed float64, trouble func(error)) {
	start := time.Now()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			var page, server []Event
			for _, e := range s.Until(from.Add(time.Duration(float64(now.Sub(start)) * speed))) {
				if e.Server {
					server = append(server, e)
				} else {
					page = append(page, e)
				}
			}
			p.insist(ctx, p.WriteKey, page, now, trouble)
			p.insist(ctx, p.SecretKey, server, now, trouble)
		}
	}
}

// insist sends events until they are taken or ctx ends.
func (p Player) insist(ctx context.Context, key string, events []Event, now time.Time, trouble func(error)) {
	for len(events) > 0 {
		n := min(historyBatch, len(events))
		err := p.send(ctx, "/v1/batch", key, events[:n], now)
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

// send sends events, as of a time, or of their own where it is zero.
func (p Player) send(ctx context.Context, path, key string, events []Event, now time.Time) error {
	body := []byte(`{"batch":[`)
	for i, e := range events {
		if i > 0 {
			body = append(body, ',')
		}
		at := e.At
		if !now.IsZero() {
			at = now
		}
		body = append(body, e.JSON(at)...)
	}
	body = append(body, "]}"...)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(key, "")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || bytes.Contains(text, []byte(`"rejected"`)) {
		return fmt.Errorf("the server answers %d: %s", resp.StatusCode, text[:min(len(text), 200)])
	}
	return nil
}
