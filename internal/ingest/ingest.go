// Package ingest is the HTTP collection: it takes what clients of Segment and
// of other formats send, finds the key, checks limits, decodes and validates
// the events, and answers once the log has them on disk. It knows no database:
// keys come from a look-up that it is given.
//
// A bad event is rejected alone and never fails the good ones beside it. A
// request that is refused as a whole stores nothing.
package ingest

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// Limits of a request. The event's own are in package event.
const (
	maxBody     = 4 << 20  // bytes on the wire, and again inflated
	maxRecords  = 6 << 20  // bytes packed for the log, which takes messages of 8 MB
	maxInFlight = 64 << 20 // bytes of all bodies between their arrival and their answer
	maxRaw      = 4 << 10  // bytes of a rejected event that are reported

	refusedBody = time.Second // how long the body of a refused request may still arrive
)

// Log is where events go. Append returns once they are on disk; an error that
// is an *eventlog.Unavailable says when to come back. Admit refuses in the same
// way, before anything is read of a request, a workspace that must wait because
// the log is overloaded.
type Log interface {
	Admit(workspace int64) error
	// Behind reports whether events wait long for being applied.
	Behind() bool
	Append(ctx context.Context, chunks []eventlog.Chunk) error
	Shards() int
	ShardOf(key string) int
}

// Key is what is known about the key of a request.
type Key struct {
	ID             string
	Workspace      int64
	Write          bool     // a public write key: identifiers are claimed
	Ingest         bool     // a secret key with scope ingest: identifiers are verified
	Origins        []string // web origins that may send, such as "https://shop.example"; empty: all
	RateLimit      int      // events a second, 0 for no limit
	IdentitySecret []byte   // signs context.identity_token; empty: none is valid
}

// Options is what a Server is made of. Log, Keys and Logger are required.
type Options struct {
	Log     Log
	Keys    func(key string) (Key, bool)
	Formats []Format // beside Segment's

	// Rejected is told of every rejected event of an answered request, its raw
	// text cut to 4 KB; at is the arrival in microseconds. It must not block.
	Rejected func(workspace, at int64, source string, r event.Rejection)

	// TrustProxy takes the client's address from the last entry of
	// X-Forwarded-For, which is what the proxy in front of Dhvani saw.
	TrustProxy bool

	BodyTimeout time.Duration // how long a body may take to arrive; 0: 30 s
	Now         func() time.Time
	Logger      *slog.Logger
	Registerer  prometheus.Registerer
}

// Server answers the collection's addresses.
type Server struct {
	o        Options
	mux      *http.ServeMux
	patterns []string
	bodies   budget
	// strangers is the share of requests whose headers hold no known key: the key
	// may be in the body, or they may only want to take up the room.
	strangers budget
	shares    shares // of the workspaces whose key stands in the headers
	limits    limits
	paces     paces
	metrics   metrics
}

// New returns a Server. It panics where two formats claim one address.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BodyTimeout == 0 {
		o.BodyTimeout = 30 * time.Second
	}
	s := &Server{o: o, mux: http.NewServeMux(), bodies: budget{max: maxInFlight}, strangers: budget{max: maxInFlight / 4}}
	s.metrics = newMetrics(o.Registerer, &s.bodies)
	for _, f := range append(segment(), o.Formats...) {
		for _, pattern := range f.Patterns {
			s.patterns = append(s.patterns, pattern)
			s.mux.Handle(pattern, s.handler(f))
		}
	}
	return s
}

// Patterns lists the addresses that the Server answers, for an http.ServeMux
// and for any method.
func (s *Server) Patterns() []string { return s.patterns }

// ServeHTTP answers the Server's addresses, and 404 for any other.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }
