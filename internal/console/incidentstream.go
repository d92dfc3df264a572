package console

import (
	"context"
	"net/http"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
)

// incidentParts are the parts of the page that move by themselves. Of questions only
// the version is among them, and the comment is not: somebody may be writing there.
func incidentParts(v *ui.Viewer, p *incidentPage) []livePart {
	parts := []livePart{
		{"incident-head", incidentHead(v, p)}, {"incident-actions", incidentActions(v, p)}, {"incident-banner", incidentBanner(v, p)}, {"incident-stats", incidentStats(v, p)},
		{"incident-chart", incidentChart(v, p)}, {"incident-causes", incidentCauses(v, p)}, {"incident-quotes", incidentQuotes(v, p)},
		{"incident-playbook", incidentPlaybook(v, p)}, {"incident-log", incidentLog(v, p)}, {"incident-version", incidentVersionField(p)},
	}
	if !p.Finding.Good { // which hits nobody
		parts = append(parts, livePart{"incident-sessions", incidentSessions(v, p)}, livePart{"incident-who", incidentWho(v, p)})
	}
	return parts
}

// incidentSlowly is how often the page is made anew while only time and events go on:
// the figures of the watch come with a new version.
const incidentSlowly = 5 * time.Second

// incidentStream renews the page at once when its Insight changes, and slowly
// otherwise.
func (c *Console) incidentStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if _, err := c.Incidents.Get(r.Context(), v.Workspace.Number, r.PathValue("id")); err != nil {
		return err
	}
	changed, stop, err := c.changes.watch(v.Workspace.Number)
	if err != nil {
		return err
	}
	defer stop()
	now, id, chart := *v, r.PathValue("id"), r.FormValue("chart")
	var sent []uint64
	var made time.Time
	seen := int64(-1)
	return c.stream(w, r, v, func(ctx context.Context, s *stream) error {
		if sent != nil && !wait(ctx, changed, alertsSoon, incidentSlowly) {
			return ctx.Err()
		}
		now.Now = c.Now()
		version := c.changes.version(now.Workspace.Number)
		if version == seen && now.Now.Sub(made) < incidentSlowly {
			return nil
		}
		p, err := c.readIncident(ctx, &now, id, chart)
		if err != nil {
			return err
		}
		seen, made = version, now.Now
		parts := incidentParts(&now, p)
		if len(sent) != len(parts) {
			sent = make([]uint64, len(parts))
		}
		return s.sendChanged(ctx, sent, parts)
	})
}
