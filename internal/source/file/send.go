package file

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	firstPause = 250 * time.Millisecond
	longPause  = 15 * time.Second
	giveUp     = 5 * time.Minute // without an answer
	timeout    = time.Minute     // of one request
	maxAnswer  = 4 << 20
)

// Refused is an answer that does not change by asking again.
type Refused struct {
	Status int
	Text   string // what the server said
}

func (r *Refused) Error() string {
	switch r.Status {
	case http.StatusUnauthorized:
		return "the server does not know this key; dhvani key create makes one"
	case http.StatusForbidden:
		return "this key may not import: it must be a secret key with scope ingest (" + r.Text + ")"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return "no Dhvani answers at this address; is the URL right, without a path?"
	case http.StatusRequestEntityTooLarge:
		return "the server, or a proxy before it, takes no requests of 1 MB (" + r.Text + ")"
	}
	return fmt.Sprintf("the server refused with status %d: %s", r.Status, r.Text)
}

// send sends a batch until it is answered, and adds what was rejected of it.
func (im *Import) send(ctx context.Context, b *batch) error {
	if len(b.events) == 0 {
		return nil
	}
	var answer struct {
		Rejected []struct {
			Index  int    `json:"index"`
			Reason string `json:"reason"`
		} `json:"rejected"`
	}
	if err := im.call(ctx, http.MethodPost, "/v1/import", b.body, &answer); err != nil {
		return err
	}
	for _, r := range answer.Rejected {
		if r.Index < 0 || r.Index >= len(b.events) {
			return fmt.Errorf("the server rejected event %d of a request of %d", r.Index, len(b.events))
		}
		e := b.events[r.Index]
		b.rejected = append(b.rejected, Reject{Line: e.unit.Line, Reason: r.Reason, Raw: string(b.body[e.start:e.end]), Rows: e.unit.Rows})
	}
	b.refused = len(answer.Rejected)
	slices.SortStableFunc(b.rejected, func(x, y Reject) int { return cmp.Compare(x.Line, y.Line) })
	return nil
}

type stats struct {
	Accepted, Stored, Duplicate, Lag int64
}

// stats asks for the workspace's counts. A key that may not read them can
// import all the same: then ok is false.
func (im *Import) stats(ctx context.Context) (s stats, ok bool, err error) {
	var answer struct{ Events stats }
	err = im.call(ctx, http.MethodGet, "/api/v1/stats", nil, &answer)
	var refused *Refused
	if errors.As(err, &refused) && refused.Status == http.StatusForbidden {
		im.o.Notice("The key has no scope read: what is stored cannot be counted, nor waited for.")
		return stats{}, false, nil
	}
	return answer.Events, err == nil, err
}

// await returns when everything that the workspace has accepted by now is
// visible. Others may go on sending meanwhile.
func (im *Import) await(ctx context.Context) (stats, error) {
	im.waiting.Store(true)
	var until int64
	for {
		s, _, err := im.stats(ctx)
		if err != nil {
			return s, err
		}
		if until == 0 {
			until = s.Accepted
		}
		im.lag.Store(s.Lag)
		if s.Lag == 0 || s.Stored+s.Duplicate >= until {
			return s, nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return s, err
		}
	}
}

// call asks until there is an answer. It waits as long as a server asks for
// patience, and for some minutes where none can be reached.
func (im *Import) call(ctx context.Context, method, path string, body []byte, out any) error {
	var silent time.Time // since when there is no answer
	for wait := firstPause; ; wait = min(2*wait, longPause) {
		a, err := im.ask(ctx, method, path, body)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && a.status == http.StatusOK:
			if err := json.Unmarshal(a.text, out); err != nil {
				return fmt.Errorf("the answer from %s%s is not Dhvani's: %w", im.o.URL, path, err)
			}
			return nil
		case err == nil && (a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable):
			silent = time.Time{}
			wait = max(wait, a.retryAfter)
			im.notices.say(fmt.Sprintf("The server asks for patience (%s); the import goes on by itself.", a.said()))
		case err == nil && a.status < http.StatusInternalServerError:
			return &Refused{a.status, a.said()}
		default:
			if err == nil {
				err = fmt.Errorf("status %d: %s", a.status, a.said())
			}
			if silent.IsZero() {
				silent = time.Now()
			} else if time.Since(silent) > giveUp {
				return fmt.Errorf("no answer for %s: %w", giveUp, err)
			}
			im.notices.say(fmt.Sprintf("The server does not answer (%v); trying again for up to %s.", err, giveUp))
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

type answer struct {
	status     int
	retryAfter time.Duration
	text       []byte
}

// said is the server's own words, cut to a line.
func (a *answer) said() string {
	var words struct{ Error, Detail string }
	if json.Unmarshal(a.text, &words) == nil && words.Error+words.Detail != "" {
		return words.Error + words.Detail
	}
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(a.text[:min(len(a.text), 200)]), "")), " ")
	return cmp.Or(text, http.StatusText(a.status))
}

func (im *Import) ask(ctx context.Context, method, path string, body []byte) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(im.o.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+im.o.Key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := im.o.Client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return &answer{resp.StatusCode, time.Duration(max(seconds, 0)) * time.Second, text}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// notices keeps requests that fail together from all saying so.
type notices struct {
	mu   sync.Mutex
	tell func(string)
	last time.Time
}

func (n *notices) say(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if time.Since(n.last) < longPause {
		return
	}
	n.last = time.Now()
	n.tell(text)
}
