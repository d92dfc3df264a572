package torture_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"sync"
	"time"
)

// shards is how many parts the log of several nodes has, as --nats-shards says
// by default.
const shards = 8

// usersOfShards returns a user for every shard. What they send is spread as the
// log does it, by the FNV-1a hash of the user id.
func usersOfShards() (users [shards]string) {
	for i := range 256 {
		user := fmt.Sprintf("u%02x", i)
		h := fnv.New32a()
		h.Write([]byte(user))
		users[h.Sum32()%shards] = user
	}
	return users
}

const (
	// attemptWithin is how long a client waits for an answer before it asks
	// another node. Every gap holds it.
	attemptWithin = time.Second
	writeEvery    = 50 * time.Millisecond
)

// gapLoad is a client for every shard, which sends one event after another to
// any node that takes it, and when they were acknowledged.
type gapLoad struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu    sync.Mutex
	acked [shards][]time.Time
}

func startGapLoad(nodes []*program, ws created, l *ledger) *gapLoad {
	ctx, cancel := context.WithCancel(context.Background())
	g := &gapLoad{cancel: cancel}
	for shard, user := range usersOfShards() {
		g.wg.Go(func() {
			for node := shard; ctx.Err() == nil; pause(writeEvery) {
				ids := l.sendAs(user)
				for body := bodyOf(ids); ctx.Err() == nil && !g.attempt(ctx, nodes[node%len(nodes)], ws, body); {
					node++ // the other one
					pause(retryAfter)
				}
				if ctx.Err() == nil {
					l.acknowledge(ids)
					g.mu.Lock()
					g.acked[shard] = append(g.acked[shard], time.Now())
					g.mu.Unlock()
				}
			}
		})
	}
	nodes[0].t.Cleanup(g.stop)
	return g
}

func (g *gapLoad) attempt(ctx context.Context, p *program, ws created, body []byte) bool {
	ctx, cancel := context.WithTimeout(ctx, attemptWithin)
	defer cancel()
	status, err := p.post(ctx, "/v1/batch", ws.WriteKey, body)
	return err == nil && status == http.StatusOK
}

func (g *gapLoad) stop() {
	g.cancel()
	g.wg.Wait()
}

// allSince reports whether every shard was written after a moment.
func (g *gapLoad) allSince(moment time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, times := range g.acked {
		if len(times) == 0 || times[len(times)-1].Before(moment) {
			return false
		}
	}
	return true
}

// since returns the longest times after a moment in which some shard was not
// written, and in which nothing was written at all.
func (g *gapLoad) since(moment time.Time) (ofShard, ofAll time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []time.Time
	for _, times := range g.acked {
		first, _ := slices.BinarySearchFunc(times, moment, time.Time.Compare)
		times = times[max(first-1, 0):]
		ofShard = max(ofShard, longest(times))
		all = append(all, times...)
	}
	slices.SortFunc(all, time.Time.Compare)
	return ofShard, longest(all)
}

func longest(times []time.Time) (gap time.Duration) {
	for i := 1; i < len(times); i++ {
		gap = max(gap, times[i].Sub(times[i-1]))
	}
	return gap
}
