package bench

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// API reads what a server says of a workspace.
type API struct {
	url, key string
	client   *http.Client
}

// NewAPI returns the API of a server for a secret key with scope read.
func NewAPI(url, key string) API {
	return API{url, key, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
}

// Stats are a workspace's counts of events.
type Stats struct {
	Accepted, Stored, Duplicate, Rejected, Lag int64
}

// Stats asks for the counts.
func (a API) Stats(ctx context.Context) (Stats, error) {
	var answer struct{ Events Stats }
	err := a.Get(ctx, "/api/v1/stats", &answer)
	return answer.Events, err
}

// Settle waits until all that was accepted by now is visible, and returns how
// many seconds that took.
func (a API) Settle(ctx context.Context) (seconds float64, s Stats, err error) {
	start := time.Now()
	var until int64
	for {
		if s, err = a.Stats(ctx); err != nil {
			return 0, s, err
		}
		if until == 0 {
			until = s.Accepted
		}
		if s.Lag == 0 || s.Stored+s.Duplicate >= until {
			return round(time.Since(start).Seconds()), s, nil
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// watchLag returns the largest lag it sees until ctx ends.
func (a API) watchLag(ctx context.Context) (most int64) {
	for ctx.Err() == nil {
		if s, err := a.Stats(ctx); err == nil {
			most = max(most, s.Lag)
		}
		pause(ctx, statsEvery)
	}
	return most
}

// Get reads the answer to a GET of a path into out.
func (a API) Get(ctx context.Context, path string, out any) error {
	return a.call(ctx, http.MethodGet, path, "", out)
}

func (a API) call(ctx context.Context, method, path, body string, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(a.url, "/")+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+a.key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return &refusal{resp.StatusCode, string(text[:min(len(text), 200)])}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
