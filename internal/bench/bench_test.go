package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/event"
)

func TestPercentile(t *testing.T) {
	var l Latency
	for i := range 1000 {
		l.Record(time.Duration(i+1) * time.Microsecond)
	}
	for p, want := range map[float64]time.Duration{50: 500, 90: 900, 99: 990, 99.9: 999, 100: 1000} {
		want *= time.Microsecond
		if got := l.Percentile(p); got < want || float64(got) > 1.004*float64(want) {
			t.Errorf("p%v is %v, want %v", p, got, want)
		}
	}
	if new(Latency).Percentile(50) != 0 {
		t.Error("nothing has a percentile")
	}
}

// Percentiles agree with the sorted list, up to the width of a bucket.
func TestPercentileOfAny(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		list := rapid.SliceOfN(rapid.Int64Range(0, 1<<38), 1, 200).Draw(r, "microseconds")
		p := rapid.Float64Range(0.1, 100).Draw(r, "p")
		var a, b Latency
		for i, us := range list {
			[]*Latency{&a, &b}[i%2].Record(time.Duration(us) * time.Microsecond)
		}
		a.Merge(&b)
		slices.Sort(list)
		rank := 0
		for float64(rank+1) < p/100*float64(len(list)) {
			rank++
		}
		got, want := a.Percentile(p).Microseconds(), list[rank]
		if got < want || got > want+want/256+1 {
			r.Fatalf("p%v is %d, want %d", p, got, want)
		}
	})
}

// A server that takes 100 ms for a request, and a sender that should send every
// 20 ms: in the open loop the waits grow and are all counted, in the closed
// loop none is seen.
func TestOpenLoopCountsWaiting(t *testing.T) {
	slow := func() outcome {
		time.Sleep(100 * time.Millisecond)
		return outcome{status: 200, accepted: 1}
	}
	synctest.Test(t, func(t *testing.T) {
		l := loop{start: time.Now(), end: time.Now().Add(time.Second), interval: 20 * time.Millisecond}
		got := l.run(t.Context(), []func() outcome{slow})
		// 50 are due; the n-th is answered 100(n+1) ms after the start and was due at 20n.
		if got.requests != 10 || got.unsent != 40 || got.latency.n != 50 {
			t.Errorf("%d sent, %d unsent, %d latencies", got.requests, got.unsent, got.latency.n)
		}
		if half := got.latency.Percentile(50); half < 420*time.Millisecond || half > 422*time.Millisecond || got.latency.max != 820*time.Millisecond {
			t.Errorf("half %v, max %v", half, got.latency.max)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l := loop{start: time.Now(), end: time.Now().Add(time.Second)}
		got := l.run(t.Context(), []func() outcome{slow, slow})
		if got.requests != 20 || got.latency.max != 100*time.Millisecond || got.accepted != 20 {
			t.Errorf("%d requests, max %v", got.requests, got.latency.max)
		}
	})
}

func TestOpenLoopKeepsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l := loop{start: start, end: start.Add(time.Second), interval: 10 * time.Millisecond}
		n := 0
		got := l.run(t.Context(), []func() outcome{func() outcome {
			n++
			if n == 5 {
				return outcome{status: 503}
			}
			if n == 6 {
				return outcome{err: errors.New("reset")}
			}
			return outcome{status: 200, accepted: 9, rejected: 1}
		}})
		if got.requests != 100 || got.unsent != 0 || got.latency.n != 98 || got.latency.max != 0 || got.accepted != 98*9 || got.rejected != 98 {
			t.Errorf("%+v", got.requests)
		}
		if diff := cmp.Diff(map[int]int64{200: 98, 503: 1}, got.status); diff != "" || got.errs["reset"] != 1 {
			t.Error(diff, got.errs)
		}
	})
}

func TestBodies(t *testing.T) {
	for mix, list := range kinds {
		percent := 0
		for _, k := range list {
			percent += k.percent
		}
		if percent != 100 {
			t.Errorf("%s: the kinds come to %d %%", mix, percent)
		}
		for _, batch := range []int{1, 100} {
			random := rand.New(rand.NewPCG(1, 2))
			bodies, err := newBodies(mix, "00c0ffee", batch, random)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			var number uint64
			ids, users, names := map[string]bool{}, map[string]bool{}, map[string]int{}
			for range 2 {
				for _, b := range bodies {
					b.fill(now, &number, 10, random)
					p, err := event.DecodePayload(b.text, event.Defaults{ReceivedAt: now.UnixMicro()})
					if err != nil || len(p.Events) != batch {
						t.Fatalf("%s: %d of %d events, %v, rejected %v", mix, len(p.Events), batch, err, p.Rejected)
					}
					for _, e := range p.Events {
						ids[e.MessageID], users[e.UserID] = true, true
						names[e.Name]++
						if d := now.UnixMicro() - e.At; d < 0 || d > 1000 {
							t.Fatalf("an event is %d us old", d)
						}
						if id := event.ParseObject(e.Properties).Text("order_id"); e.Name == "Order Completed" && "bench-"+id[2:] != e.MessageID {
							t.Fatalf("order %s of message %s", id, e.MessageID)
						}
					}
				}
			}
			if sent := 2 * len(bodies) * batch; len(ids) != sent || len(users) != 10 {
				t.Errorf("%s: %d message ids of %d events, %d users", mix, len(ids), sent, len(users))
			}
			if mix == Shop && (len(names) != len(list) || names["Product Viewed"] < 600) {
				t.Errorf("%v", names)
			}
		}
	}
	if _, err := newBodies("none", "", 1, rand.New(rand.NewPCG(1, 2))); err == nil {
		t.Error("an unknown mix")
	}
}

// server accepts events and shows each the second time it is asked for.
type server struct {
	mu       sync.Mutex
	accepted int64
	asked    map[string]int
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	switch user, key, _ := r.BasicAuth(); {
	case user != "k" && key != "" || user == "" && r.Header.Get("Authorization") != "Bearer k":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/api/v1/stats":
		fmt.Fprintf(w, `{"events":{"accepted":%d,"stored":%[1]d,"duplicate":0,"rejected":0,"lag":0}}`, s.accepted)
	case r.URL.Path == "/api/v1/customers":
		id := r.URL.Query().Get("identifier")
		if s.asked[id]++; s.asked[id] < 2 || !strings.HasPrefix(id, "user_id:probe-") {
			io.WriteString(w, `{"customers":[]}`)
			return
		}
		io.WriteString(w, `{"customers":[{"id":"1"}]}`)
	case r.URL.Path == "/v1/track":
		s.accepted++
	default:
		p, err := event.DecodePayload(body, event.Defaults{})
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.accepted += int64(len(p.Events) - 1)
		io.WriteString(w, `{"success":true,"rejected":[{"index":0,"reason":"x"}]}`)
	}
}

func TestIngest(t *testing.T) {
	s := &server{asked: map[string]int{}}
	h := httptest.NewServer(s)
	defer h.Close()
	l := Load{URL: h.URL, Key: "k", Connections: 2, Batch: 10, Duration: 50 * time.Millisecond, Users: 10, Mix: Shop}
	r, err := l.Run(t.Context())
	if err != nil || r.Accepted != s.accepted || r.Requests == 0 || r.Status["200"] != r.Requests || r.Rejected != r.Requests || len(r.Errors) != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	text, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(text), `"p99.9":`) {
		t.Errorf("%s %v", text, err)
	}
	l.Gzip = true // which this server does not read
	var refused *refusal
	if _, err := l.Run(t.Context()); !errors.As(err, &refused) || refused.status != 400 {
		t.Errorf("refused: %v", err)
	}
	h.Close()
	if r, err = l.Run(t.Context()); err != nil || r.Accepted != 0 || r.Errors["connection refused"] != r.Requests {
		t.Errorf("no server: %+v %v", r, err)
	}
	for _, bad := range []Load{{}, {URL: h.URL, Connections: 1, Batch: 1, Duration: 1, Users: 1, Mix: "?"}, {URL: "x", Connections: 1, Batch: 1, Duration: 1, Users: 1, Mix: Views}} {
		if _, err := bad.Run(t.Context()); err == nil {
			t.Errorf("%+v was run", bad)
		}
	}
}

func TestPipeline(t *testing.T) {
	s := &server{asked: map[string]int{}}
	h := httptest.NewServer(s)
	defer h.Close()
	r, err := Pipeline(t.Context(), Load{URL: h.URL, Key: "k", Connections: 2, Batch: 10, Duration: 200 * time.Millisecond, Rate: 1000, Users: 10, Mix: Views})
	if err != nil || r.Load.Requests+r.Load.Unsent != 20 || r.Visible.n < 1 || r.Lost != 0 ||
		r.Stored < r.Load.Accepted || r.Stored > s.accepted { // a probe may arrive after the last look at what is stored
		t.Fatalf("%+v, %v", r, err)
	}
	if r.Visible.max < 4*time.Millisecond {
		t.Errorf("visible after %v, when it was not there the first time", r.Visible.max)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Pipeline(ctx, Load{URL: h.URL, Key: "k"}); err == nil {
		t.Error("it ran after its end")
	}
}

func BenchmarkFill(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	bodies, _ := newBodies(Views, "00000000", 100, random)
	var number uint64
	for b.Loop() {
		bodies[0].fill(time.Now(), &number, 5000, random)
	}
}
