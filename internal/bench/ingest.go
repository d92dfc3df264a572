// Package bench measures a running Dhvani from outside, through its HTTP: how
// many events it accepts and how long they wait for their answer, and how long
// it takes until they are visible in the API. The load generator is made to
// take as little as it can of the machine that it shares with the server, and
// says how much that is.
package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// Load describes what is sent.
type Load struct {
	URL         string // of the server, such as http://127.0.0.1:8080
	Key         string // write key, or a secret one with scope ingest
	Connections int
	Batch       int // events of a request
	Duration    time.Duration
	Rate        float64 // events a second; 0 for as many as are answered
	Gzip        bool
	Users       int    // shoppers, at most MaxUsers
	Mix         string // Views or Shop
}

// Report is what a load came to. Latencies are in milliseconds.
type Report struct {
	Connections int     `json:"connections"`
	Batch       int     `json:"batch"`
	Mix         string  `json:"mix"`
	Gzip        bool    `json:"gzip"`
	Rate        float64 `json:"rate_events_per_s,omitempty"` // that was asked for

	Seconds    float64          `json:"seconds"`
	Requests   int64            `json:"requests"`
	Unsent     int64            `json:"requests_due_and_not_sent"`
	Accepted   int64            `json:"accepted_events"`
	Rejected   int64            `json:"rejected_events"`
	PerSecond  float64          `json:"accepted_events_per_s"`
	Latency    *Latency         `json:"latency_ms"`
	Status     map[string]int64 `json:"status"`
	Errors     map[string]int64 `json:"errors"`
	EventBytes int              `json:"bytes_per_event"`
	OwnCores   float64          `json:"generator_cores"`        // processors that this program kept busy
	OwnMicros  float64          `json:"generator_us_per_event"` // of processor time

	// CatchUp is how long it took, after the last answer, until all was
	// visible; absent where the key may not ask.
	CatchUp *float64 `json:"catch_up_s,omitempty"`
}

func (l *Load) check() error {
	switch {
	case l.Connections < 1 || l.Batch < 1 || l.Duration <= 0 || l.Rate < 0:
		return errors.New("connections, batch and duration must be at least 1, and the rate not negative")
	case l.Users < 1 || l.Users > MaxUsers:
		return fmt.Errorf("users must be from 1 to %d", MaxUsers)
	}
	return nil
}

// Run sends the load. It ends early, with what was measured, where ctx ends.
// The error says why there is nothing to measure, such as a wrong key.
func (l Load) Run(ctx context.Context) (*Report, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	run := fmt.Sprintf("%08x", rand.Uint32())
	var size int
	senders := make([]func() outcome, l.Connections)
	for i := range senders {
		s, err := l.newSender(i, run, stop)
		if err != nil {
			return nil, err
		}
		defer s.conn.close()
		size = len(s.bodies[0].text) / l.Batch
		senders[i] = func() outcome { return s.send(ctx) }
	}
	start, cpu := time.Now(), processorTime()
	w := &loop{start: start, end: start.Add(l.Duration)}
	if l.Rate > 0 {
		w.interval = max(1, time.Duration(float64(l.Batch)/l.Rate*float64(time.Second)))
	}
	t := w.run(ctx, senders)
	took, cpu := time.Since(start), processorTime()-cpu
	var refused *refusal
	if errors.As(context.Cause(ctx), &refused) {
		return nil, refused
	}
	r := &Report{
		Connections: l.Connections, Batch: l.Batch, Mix: l.Mix, Gzip: l.Gzip, Rate: l.Rate,
		Seconds: round(took.Seconds()), Requests: t.requests, Unsent: t.unsent, Accepted: t.accepted, Rejected: t.rejected,
		PerSecond: math.Round(float64(t.accepted) / took.Seconds()), Latency: &t.latency,
		Status: map[string]int64{}, Errors: t.errs, EventBytes: size,
		OwnCores: round(cpu.Seconds() / took.Seconds()), OwnMicros: round(1e6 * cpu.Seconds() / float64(max(t.accepted, 1))),
	}
	for status, n := range t.status {
		r.Status[strconv.Itoa(status)] = n
	}
	return r, nil
}

// sender sends over one connection.
type sender struct {
	load   *Load
	conn   *conn
	bodies []*body
	random *rand.Rand
	turn   int
	number uint64 // of the last event
	stop   context.CancelCauseFunc
}

func (l *Load) newSender(i int, run string, stop context.CancelCauseFunc) (*sender, error) {
	s := &sender{load: l, stop: stop, number: uint64(i) << 40, random: rand.New(rand.NewPCG(rand.Uint64(), uint64(i)))}
	var err error
	if s.conn, err = newConn(l.URL, "/v1/batch", l.Key, l.Gzip); err != nil {
		return nil, err
	}
	s.bodies, err = newBodies(l.Mix, run, l.Batch, s.random)
	return s, err
}

// refusal is an answer that no request of the load would change.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("the server answers %d: %s", r.status, r.text) }

func (s *sender) send(ctx context.Context) outcome {
	b := s.bodies[s.turn%len(s.bodies)]
	s.turn++
	b.fill(time.Now(), &s.number, s.load.Users, s.random)
	status, text, err := s.conn.post(ctx, b.text)
	switch {
	case err != nil:
		return outcome{err: plain(err)}
	case status == http.StatusOK:
		rejected := bytes.Count(text, []byte(`"index":`))
		return outcome{status: status, accepted: s.load.Batch - rejected, rejected: rejected}
	case status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout:
		s.stop(&refusal{status, string(text[:min(len(text), 200)])})
	}
	return outcome{status: status}
}

// plain takes the ports out of an error of the network, so that the same ones
// count together.
func plain(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}

// processorTime is what this process has used of the processors.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }
