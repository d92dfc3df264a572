package process

import (
	"context"
	"strconv"
	"time"
)

// maintain keeps the log trimmed and the lag metric current.
func (r *Runner) maintain(ctx context.Context, s *shard) {
	for n := 0; ; n++ {
		applied := s.position().sequence
		r.metrics.lag.WithLabelValues(strconv.Itoa(s.number)).Set(float64(r.o.Log.Last(s.number) - applied))
		if n%60 == 0 || r.o.Log.Full(s.number) {
			if err := r.o.Log.Trim(ctx, s.number, applied); err != nil && ctx.Err() == nil {
				r.o.Logger.Warn("the log could not be trimmed", "shard", s.number, "error", err)
			}
		}
		if !sleep(ctx, time.Second) {
			return
		}
	}
}
