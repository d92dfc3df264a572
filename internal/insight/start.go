package insight

import (
	"context"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// An hour with any of these is worth looking at alone.
const (
	busyVisits = 20
	busyOrders = 3
	busyVoices = 5
)

// Start says which range is worth opening with: the last hour where it is busy,
// else today, and where nothing happened today the shortest range with something.
func (s *Store) Start(ctx context.Context, workspace int64, now time.Time) (r Range, err error) {
	r = Today
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		to := now.Add(time.Hour).UnixMicro()
		hour := sums{}
		if err := total(ctx, tx, model, core, now.Add(-time.Hour).UnixMicro(), to, Minute, hour, 1); err != nil {
			return err
		}
		if hour[Visits] >= busyVisits || hour[Orders] >= busyOrders || hour[Glad]+hour[Even]+hour[Upset]+hour[Unrated] >= busyVoices {
			r = Hour
			return nil
		}
		for _, longer := range []Range{Today, Week, Month} {
			some := sums{}
			if err := total(ctx, tx, model, core, longer.bounds(now)[0].UnixMicro(), to, Quarter, some, 1); err != nil {
				return err
			}
			if len(some) > 0 {
				r = longer
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("start of the live page: %w", err)
	}
	return r, nil
}
