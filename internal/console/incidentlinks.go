package console

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// openTroubles are the troubles that people were told of and that are not over,
// the gravest first.
func (c *Console) openTroubles(ctx context.Context, workspace int64) ([]*incident.Insight, error) {
	told, good := true, false
	out, _, err := c.Incidents.List(ctx, workspace, incident.Filter{States: []incident.State{incident.Open, incident.Acknowledged}, Told: &told, Good: &good, Limit: 200})
	slices.SortStableFunc(out, func(a, b *incident.Insight) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Finding.Hit, a.Finding.Hit))
	})
	return out, err
}

// troublesAbout are open troubles about a topic.
func (c *Console) troublesAbout(ctx context.Context, workspace int64, topic string) ([]*incident.Insight, error) {
	all, err := c.openTroubles(ctx, workspace)
	return slices.DeleteFunc(all, func(in *incident.Insight) bool { return topicOf(in) != topic }), err
}

// liveMarks are where incidents began to be known, on a chart of minutes.
func liveMarks(v *ui.Viewer, p *livePage) (out []ui.Moment) {
	for _, in := range p.Troubles {
		for i := range p.Points {
			if !in.OpenedAt.Before(p.Bounds[i]) && in.OpenedAt.Before(p.Bounds[i].Add(time.Minute)) {
				out = append(out, ui.Moment{At: i, Label: v.T("incidents.opens"), Bad: true})
			}
		}
	}
	return out[:min(len(out), 2)]
}
