package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	probesPerSecond = 20
	probeWithin     = 30 * time.Second
	statsEvery      = 500 * time.Millisecond
)

// PipelineReport is what a sustained load came to on the whole way from the
// request to the API.
type PipelineReport struct {
	Load *Report `json:"load"`

	Stored    int64   `json:"stored_events"`
	PerSecond float64 `json:"stored_events_per_s"` // until all was visible
	MaxLag    int64   `json:"max_lag_events"`      // seen, of samples twice a second

	// Visible is the time from the answer to an event until the API shows its
	// customer, in milliseconds. Asking takes time too: it is up to 4 ms or a
	// tenth of itself too high.
	Visible *Latency `json:"accepted_to_visible_ms"`
	Lost    int64    `json:"probes_not_accepted_or_not_visible"`
}

// Pipeline sends a load, best at a rate, and meanwhile single events of new
// customers, for which it looks in the API. The key must be a secret one with
// the scopes ingest and read.
func Pipeline(ctx context.Context, l Load) (*PipelineReport, error) {
	api := NewAPI(l.URL, l.Key)
	before, err := api.Stats(ctx)
	if err != nil {
		return nil, err
	}
	r := &PipelineReport{}
	p := &prober{api: api, run: fmt.Sprintf("%08x", rand.Uint32())}
	beside, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { p.run20(beside) })
	wg.Go(func() { r.MaxLag = api.watchLag(beside) })
	start := time.Now()
	r.Load, err = l.Run(ctx)
	stop()
	defer wg.Wait()
	if err != nil {
		return nil, err
	}
	catchUp, after, err := api.Settle(ctx)
	if err != nil {
		return nil, err
	}
	r.Load.CatchUp = &catchUp
	r.Stored = after.Stored - before.Stored
	r.PerSecond = math.Round(float64(r.Stored) / time.Since(start).Seconds())
	wg.Wait()
	r.Visible, r.Lost = &p.visible, p.lost
	return r, nil
}

// prober sends single events and looks for them.
type prober struct {
	api     API
	run     string
	mu      sync.Mutex
	visible Latency
	lost    int64
}

// run20 starts probes at fixed times until ctx ends, and waits for all.
func (p *prober) run20(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	tick := time.NewTicker(time.Second / probesPerSecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			wg.Go(func() {
				// A probe that is on its way when the load ends is finished.
				ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeWithin)
				defer cancel()
				d, err := p.probe(ctx, fmt.Sprintf("probe-%s-%d", p.run, n))
				p.mu.Lock()
				defer p.mu.Unlock()
				if err != nil {
					p.lost++
				} else {
					p.visible.Record(d)
				}
			})
		}
	}
}

// probe sends one event of a new customer and returns how long after the
// answer the API shows the customer.
func (p *prober) probe(ctx context.Context, user string) (time.Duration, error) {
	body := fmt.Sprintf(`{"userId":%q,"messageId":%q,"event":"Product Viewed","properties":{"product_id":"p1"}}`, user, user)
	if err := p.api.call(ctx, http.MethodPost, "/v1/track", body, nil); err != nil {
		return 0, err
	}
	accepted := time.Now()
	for {
		var found struct{ Customers []json.RawMessage }
		if err := p.api.Get(ctx, "/api/v1/customers?identifier=user_id:"+user, &found); err != nil {
			return 0, err
		}
		waited := time.Since(accepted)
		if len(found.Customers) > 0 {
			return waited, nil
		}
		pause(ctx, max(4*time.Millisecond, waited/10))
	}
}
