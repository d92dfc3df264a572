package ingest

import (
	"net/http"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// handler answers one format's addresses.
func (s *Server) handler(f Format) http.Handler {
	observe := s.metrics.format(f.Name)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.o.Now()
		allowOrigin(w, r)
		var status int
		switch r.Method {
		case http.MethodPost:
			rejected, err := s.collect(w, r, &f, start.UnixMicro())
			if err == nil {
				status = succeed(w, f.Answer, rejected)
			} else {
				status = s.fail(w, r, err)
			}
		case http.MethodOptions:
			status = preflight(w, r)
		default:
			w.Header().Set("Allow", "POST, OPTIONS")
			status = s.fail(w, r, &failure{status: http.StatusMethodNotAllowed, text: "events are sent with POST"})
		}
		observe(status, s.o.Now().Sub(start))
	})
}

// collect takes one request's events and returns, once the good ones are on
// disk, those it rejected. On an error nothing is stored.
func (s *Server) collect(w http.ResponseWriter, r *http.Request, f *Format, at int64) ([]event.Rejection, error) {
	h := hold{budget: &s.bodies, share: &s.strangers}
	shown, known := s.findKey(r.Header, "")
	if known {
		if err := s.o.Log.Admit(shown.Workspace); err != nil {
			// net/http reads some of the body after the answer, for the connection's next request.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(refusedBody))
			return nil, err
		}
		h.share = s.shares.of(shown.Workspace)
	}
	defer func() { h.release(0) }()
	body, err := s.readBody(w, r, &h)
	if err != nil {
		return nil, err
	}
	leave, err := s.paces.enter(r.Context(), shown.Workspace, s.o.Log.Behind())
	if err != nil {
		return nil, err
	}
	defer leave()
	var key Key
	p, err := f.Decode(r.URL.Path, body, func(inBody string) (event.Defaults, error) {
		var err error
		if key, err = s.admit(r, f, inBody); err == nil && !known {
			err = s.o.Log.Admit(key.Workspace)
		}
		return s.defaults(r, f, &key, at), err
	})
	if err != nil {
		return nil, err
	}
	if err := s.limits.allow(&key, len(p.Events)+len(p.Rejected), s.o.Now()); err != nil {
		return nil, err
	}
	vouch(p.Events, key.IdentitySecret)
	accepted := len(p.Events)
	if accepted > 0 {
		chunks, err := s.pack(p.Events, key.Workspace)
		if err != nil {
			return nil, err
		}
		body, p.Events = nil, nil // while the log writes, the packed events are enough
		leave()
		if err := s.o.Log.Append(r.Context(), chunks); err != nil {
			return nil, err
		}
	}
	s.metrics.accepted.Add(float64(accepted))
	s.report(p.Rejected, &key, f, at)
	if p.Single && len(p.Rejected) > 0 {
		return nil, &failure{status: http.StatusBadRequest, text: string(p.Rejected[0].Reason), rejected: p.Rejected}
	}
	return p.Rejected, nil
}

// pack writes the events for the log, one chunk for each shard they fall on.
func (s *Server) pack(events []event.Event, workspace int64) ([]eventlog.Chunk, error) {
	size := 0
	for i := range events {
		size += recordSize(&events[i])
	}
	if size > maxRecords {
		return nil, tooLarge()
	}
	shards := s.o.Log.Shards()
	chunks := make([]eventlog.Chunk, shards)
	for i := range events {
		e := &events[i]
		e.Workspace = workspace
		shard := 0
		if shards > 1 {
			shard = s.o.Log.ShardOf(e.ShardKey())
		}
		c := &chunks[shard]
		if c.Count == 0 {
			*c = eventlog.Chunk{Shard: shard, Workspace: workspace, Records: make([]byte, 0, size/shards)}
		}
		c.Records = event.AppendRecord(c.Records, e)
		c.Count++
	}
	filled := chunks[:0]
	for _, c := range chunks {
		if c.Count > 0 {
			filled = append(filled, c)
		}
	}
	return filled, nil
}

// recordSize is a little more than an event's record takes.
func recordSize(e *event.Event) int {
	return 64 + len(e.Source) + len(e.MessageID) + len(e.UserID) + len(e.AnonymousID) + len(e.PreviousID) +
		len(e.GroupID) + len(e.Name) + len(e.Properties) + len(e.Traits) + len(e.Context) + len(e.Integrations)
}

// report counts rejected events and hands them on.
func (s *Server) report(rejected []event.Rejection, k *Key, f *Format, at int64) {
	for _, r := range rejected {
		s.metrics.rejected.WithLabelValues(string(r.Reason)).Inc()
		if s.o.Rejected == nil {
			continue
		}
		if len(r.Raw) > maxRaw {
			r.Raw = strings.ToValidUTF8(r.Raw[:maxRaw], "")
		}
		r.Raw = strings.Clone(r.Raw) // lest it keep the whole body
		s.o.Rejected(k.Workspace, at, f.Name, r)
	}
}
