package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

const eventsTag = "Events"

func (s *server) events() {
	huma.Register(s.huma, operation(http.MethodGet, "/stats", "stats", "Count the workspace's events", workspace.ScopeRead, eventsTag), s.stats)
	huma.Register(s.huma, operation(http.MethodGet, "/rejections", "list-rejections", "The newest rejected events, with the reason", workspace.ScopeRead, eventsTag), s.rejections)
	op := operation(http.MethodGet, "/events/tail", "tail-events", "Events as they become visible, and rejections, as server-sent events", workspace.ScopeRead, eventsTag)
	op.Middlewares = huma.Middlewares{s.watch}
	sse.Register(s.huma, op, map[string]any{"event": tailEvent{}, "rejected": rejection{}, "ping": ping{}}, s.tail)
}

type statsAnswer struct {
	Events process.Stats `json:"events"`
}

func (s *server) stats(ctx context.Context, _ *struct{}) (*body[statsAnswer], error) {
	st, err := s.Pipeline.Stats(ctx, entry(ctx).Workspace)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &body[statsAnswer]{statsAnswer{st}}, nil
}

type rejection struct {
	ID     string    `json:"id,omitempty"`
	At     time.Time `json:"at" doc:"When it arrived."`
	Source string    `json:"source"`
	Index  int       `json:"index" doc:"Its place in its request, from 0."`
	Reason string    `json:"reason"`
	Raw    string    `json:"raw" doc:"What came, cut to 4 KB."`
}

type rejectionList struct {
	Items []rejection `json:"items"`
	Next  string      `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

func (s *server) rejections(ctx context.Context, in *Page) (*body[rejectionList], error) {
	var before int64
	if in.Cursor != "" {
		n, err := strconv.ParseInt(in.Cursor, 36, 64)
		if err != nil || n <= 0 {
			return nil, s.fail(ctx, badCursor())
		}
		before = n
	}
	list, err := s.Rejected.List(ctx, entry(ctx).Workspace, before, in.Limit+1)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out := rejectionList{Items: []rejection{}}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Next = strconv.FormatInt(list[in.Limit-1].ID, 36)
	}
	for i := range list {
		out.Items = append(out.Items, rejectionOf(&list[i]))
	}
	return &body[rejectionList]{out}, nil
}

func rejectionOf(r *process.RejectedEvent) rejection {
	out := rejection{At: utc(r.At), Source: r.Source, Index: r.Position, Reason: r.Reason, Raw: r.Raw}
	if r.ID != 0 {
		out.ID = strconv.FormatInt(r.ID, 10)
	}
	return out
}

// tailEvent is an event in the Segment format, as it was stored.
type tailEvent struct {
	Type        string    `json:"type"`
	MessageID   string    `json:"messageId"`
	UserID      string    `json:"userId,omitempty"`
	AnonymousID string    `json:"anonymousId,omitempty"`
	Event       string    `json:"event,omitempty"`
	Name        string    `json:"name,omitempty"`
	Timestamp   time.Time `json:"timestamp"`
	ReceivedAt  time.Time `json:"receivedAt"`
	Source      string    `json:"source"`
	Verified    bool      `json:"verified"`
	Properties  rawObject `json:"properties,omitempty"`
	Traits      rawObject `json:"traits,omitempty"`
	Context     rawObject `json:"context,omitempty"`
}

func tailEventOf(e *event.Event) tailEvent {
	out := tailEvent{
		Type: e.Type.String(), MessageID: e.MessageID, UserID: e.UserID, AnonymousID: e.AnonymousID,
		Timestamp: utc(e.At), ReceivedAt: utc(e.ReceivedAt), Source: e.Source, Verified: e.Has(event.Verified),
		Properties: rawObject(e.Properties), Traits: rawObject(e.Traits), Context: rawObject(e.Context),
	}
	if e.Type == event.Track {
		out.Event = e.Name
	} else {
		out.Name = e.Name
	}
	return out
}

type ping struct {
	At time.Time `json:"at"`
}

const (
	// pingEvery keeps proxies from closing a quiet stream, and notices when the
	// reader is gone.
	pingEvery = 15 * time.Second
	// checkEvery is how soon a stream ends when its key is revoked.
	checkEvery = 500 * time.Millisecond
)

type watchKey struct{} // of a request's context: what it watches

// watch finds a place among those who watch, while a refusal can still be
// answered.
func (s *server) watch(ctx huma.Context, next func(huma.Context)) {
	seen, stop, ok := s.Tail.Watch(entry(ctx.Context()).Workspace)
	if !ok {
		s.refuse(ctx, web.NewProblem(http.StatusServiceUnavailable, "too many watch these events already").RetryAfter(time.Minute))
		return
	}
	defer stop()
	next(huma.WithValue(ctx, watchKey{}, seen))
}

func (s *server) tail(ctx context.Context, _ *struct{}, send sse.Sender) {
	seen := ctx.Value(watchKey{}).(<-chan process.Sighting)
	valid := ctx.Value(validKey{}).(func() bool)
	pings, checks := time.NewTicker(pingEvery), time.NewTicker(checkEvery)
	defer pings.Stop()
	defer checks.Stop()
	if send.Data(ping{time.Now().UTC()}) != nil {
		return
	}
	for {
		var data any
		select {
		case <-ctx.Done():
			return
		case <-web.Draining(ctx):
			return
		case <-checks.C:
			if !valid() {
				return
			}
			continue
		case now := <-pings.C:
			data = ping{now.UTC()}
		case s := <-seen:
			switch {
			case s.Rejected != nil:
				data = rejectionOf(s.Rejected)
			case s.Event.MessageID == "": // told to pages; it is no event of the log
				continue
			default:
				data = tailEventOf(&s.Event)
			}
		}
		if send.Data(data) != nil {
			return
		}
	}
}

func utc(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
