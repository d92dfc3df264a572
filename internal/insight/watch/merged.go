package watch

import (
	"context"
	"errors"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// follow gives the signals of Insights that staff merged to those in which they live on.
func (s *shop) follow(ctx context.Context, tx *db.Tx, live []*incident.Insight) error {
	lives := func(id string) bool {
		return slices.ContainsFunc(live, func(in *incident.Insight) bool { return in.ID == id })
	}
	into := map[string]string{}
	for _, g := range s.order {
		if g.insight == "" || lives(g.insight) {
			continue
		}
		to, known := into[g.insight]
		if !known {
			in, err := incident.Read(ctx, tx, s.workspace, g.insight)
			for err == nil && in.State == incident.Merged {
				to = in.MergedInto
				in, err = incident.Read(ctx, tx, s.workspace, to)
			}
			if err != nil && !errors.Is(err, incident.ErrNotFound) {
				return err
			}
			into[g.insight] = to
		}
		if to != "" && lives(to) {
			g.insight, g.changed = to, true
		}
	}
	return nil
}
