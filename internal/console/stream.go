package console

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/web"
)

// stream is one page's server-sent events.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
	mu sync.Mutex // the page's parts and the bell are sent by two

	// Last is the id that the page has seen, "" for a new page: a browser whose
	// connection broke asks again with it.
	Last string
}

const (
	// beatEvery keeps proxies from closing a quiet stream and shows the page that
	// it is connected.
	beatEvery = 15 * time.Second
	// writeWithin is how long a browser may take for one message.
	writeWithin = 20 * time.Second
)

// stream answers with server-sent events until the page closes, the server
// stops, or the viewer may no longer see the page. next is called again and
// again: it waits for what is new and sends it. Its context ends with the stream,
// and at each heartbeat; an error ends the stream, and the page connects again.
func (c *Console) stream(w http.ResponseWriter, r *http.Request, v *ui.Viewer, next func(ctx context.Context, s *stream) error) error {
	s := &stream{w: w, rc: http.NewResponseController(w), Last: r.Header.Get("Last-Event-ID")}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold it back
	if err := s.write("retry: 2000\n\n"); err != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-web.Draining(ctx):
			cancel()
		case <-ctx.Done():
		}
	}()
	if v.Workspace.Number != 0 && c.Incidents != nil {
		done, ringer := make(chan struct{}), *v // next may change v
		go func() {
			defer close(done)
			c.ring(ctx, s, ringer)
		}()
		defer func() { cancel(); <-done }() // nobody may write after the answer has ended
	}
	looked := c.Now()
	for ctx.Err() == nil {
		beat, done := context.WithTimeout(ctx, beatEvery)
		err := next(beat, s)
		over := beat.Err() != nil
		done()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !over:
			c.Logger.WarnContext(ctx, "a stream ended", "route", r.Pattern, "request_id", web.RequestID(ctx), "error", err)
			return nil
		case over || c.Now().Sub(looked) >= beatEvery: // a busy shop leaves no quiet moment
			looked = c.Now()
			if p, err := c.signedIn(r); err != nil || p.In(v.Actor.Workspace) != v.Actor {
				return nil
			}
			if s.write("event: beat\ndata: {}\n\n") != nil {
				return nil
			}
		}
	}
	return nil
}

// Send sends a part of the page by the name of an event; id, where it is not
// "", is what the browser says when it connects again.
func (s *stream) Send(ctx context.Context, name, id string, part templ.Component) error {
	var html bytes.Buffer
	if err := part.Render(ctx, &html); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return s.SendText(name, id, html.String())
}

// SendText sends a text by the name of an event.
func (s *stream) SendText(name, id, text string) error {
	var b strings.Builder
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", oneLine.Replace(id))
	}
	fmt.Fprintf(&b, "event: %s\n", oneLine.Replace(name))
	for line := range strings.SplitSeq(lines.Replace(text), "\n") {
		b.WriteString("data: " + line + "\n")
	}
	b.WriteString("\n")
	return s.write(b.String())
}

var (
	oneLine = strings.NewReplacer("\r", "", "\n", "")
	lines   = strings.NewReplacer("\r\n", "\n", "\r", "\n")
)

// sendChanged sends the parts whose HTML is other than that of the hashes in sent.
func (s *stream) sendChanged(ctx context.Context, sent []uint64, parts []livePart) error {
	for i, part := range parts {
		var html strings.Builder
		if err := part.part.Render(ctx, &html); err != nil {
			return fmt.Errorf("render %s: %w", part.name, err)
		}
		sum := maphash.String(liveSeed, html.String())
		if sent[i] == sum {
			continue
		}
		if err := s.SendText(part.name, "", html.String()); err != nil {
			return err
		}
		sent[i] = sum
	}
	return nil
}

func (s *stream) write(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rc.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.rc.Flush()
}

// render answers with a page or a part of one.
func render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	var html bytes.Buffer
	if err := page.Render(r.Context(), &html); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	answer(w, r, status, html.Bytes())
	return nil
}
