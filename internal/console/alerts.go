package console

import (
	"context"
	"net/http"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/staff"
)

// alertsRoutes are the stream of pages that have none of their own: it moves the
// bell and the count of open troubles.
func (c *Console) alertsRoutes() []route {
	return []route{{pattern: "GET /w/{workspace}/alerts", right: staff.See, handle: c.alertsStream}}
}

func (c *Console) alertsStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.stream(w, r, v, func(ctx context.Context, _ *stream) error {
		<-ctx.Done()
		return ctx.Err()
	})
}

// insightsVersion is another after each change of a live Insight.
func (c *Console) insightsVersion(ctx context.Context, workspace int64) (int64, error) {
	t, err := c.Incidents.Tally(ctx, workspace)
	return t.Version, err
}

// bellLines is how many lines the bell has.
const bellLines = 6

// readAlerts reads what the navigation and the bell say.
func (c *Console) readAlerts(ctx context.Context, v *ui.Viewer) (ui.Alerts, error) {
	told := true
	open, _, err := c.Incidents.List(ctx, v.Workspace.Number, incident.Filter{States: []incident.State{incident.Open, incident.Acknowledged}, Told: &told, Limit: 200})
	if err != nil {
		return ui.Alerts{}, err
	}
	var out ui.Alerts
	for _, in := range open {
		if !in.Finding.Good {
			out.Open++
		}
		switch {
		case in.State != incident.Open || in.SnoozedUntil.After(v.Now):
		case len(out.Fresh) < bellLines:
			out.Fresh = append(out.Fresh, ui.Alert{Title: incidentTitle(v, in), Note: incidentNote(v, in), URL: incidentURL(v, in), At: in.OpenedAt, Mood: incidentMood(in)})
		default:
			out.More++
		}
	}
	return out, nil
}

const (
	alertsSoon = 300 * time.Millisecond // at most so often the bell is looked at
	alertsLate = 30 * time.Second       // and so often though nothing changed: a snooze may be over
)

// ring keeps the bell of an open page right, beside whatever else its stream sends.
func (c *Console) ring(ctx context.Context, s *stream, v ui.Viewer) {
	changed, stop, err := c.changes.watch(v.Workspace.Number)
	if err != nil {
		return // too many watch already: the page shows what it began with
	}
	defer stop()
	seen := int64(-1)
	var looked time.Time
	var sent [3]uint64
	for {
		version, now := c.changes.version(v.Workspace.Number), c.Now()
		if version != seen || now.Sub(looked) >= alertsLate {
			v.Now = now
			if v.Alerts, err = c.readAlerts(ctx, &v); err == nil {
				seen, looked = version, now
				err = s.sendChanged(ctx, sent[:], []livePart{{"alerts-open", ui.OpenCount(&v)}, {"alerts-fresh", ui.BellCount(&v)}, {"alerts-list", ui.BellList(&v)}})
			}
			if err != nil && ctx.Err() == nil {
				c.Logger.WarnContext(ctx, "the bell could not be renewed", "error", err)
			}
		}
		if !wait(ctx, changed, alertsSoon, alertsLate) {
			return
		}
	}
}
