package eventlog

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	monitorTimeout = 3 * time.Second
	maxMonitor     = 1 << 20
)

// syncsAlways asks a server's monitoring whether it fsyncs every write before
// it acknowledges. The protocol of clients does not tell.
func syncsAlways(ctx context.Context, address string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, monitorTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(address, "/")+"/varz", nil)
	if err != nil {
		return false, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return false, fmt.Errorf("status %d", answer.StatusCode)
	}
	var v struct {
		JetStream struct {
			Config *struct {
				SyncAlways bool `json:"sync_always"`
			} `json:"config"`
		} `json:"jetstream"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxMonitor)).Decode(&v); err != nil {
		return false, err
	}
	if v.JetStream.Config == nil {
		return false, fmt.Errorf("JetStream does not run there")
	}
	return v.JetStream.Config.SyncAlways, nil
}
