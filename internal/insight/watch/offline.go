package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Offline runs the detectors once more over what is stored of a workspace that was watched, outcome by outcome, without a clock and without what was written. It learns from the
// same history, and returns the first outcome after it at which something would have been listed or told, nil where there is none.
func Offline(ctx context.Context, tx *db.Tx, r Records, ws workspace.Workspace, shard int) (*insight.Outcome, error) {
	s := newShop(ws.Number)
	s.zone, s.hours = ws.Settings.Location(), ws.Settings.Hours
	if known, err := s.load(ctx, tx); err != nil || !known {
		return nil, fmt.Errorf("the workspace was not watched: %w", err)
	}
	trained := s.trained
	s.forget()
	if err := s.train(ctx, tx, r, time.UnixMicro(trained)); err != nil {
		return nil, err
	}
	for at := event.Position(-1); ; {
		list, err := r.Outcomes(ctx, tx, s.workspace, shard, at, readAtOnce)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		for i := range list {
			o := &list[i]
			at = o.Position
			s.take(o, "")
			if n := s.judge(); o.At >= trained && len(n.told)+len(n.listed) > 0 {
				return o, nil
			}
		}
	}
}
