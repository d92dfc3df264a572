package console

import (
	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

func incidentTitle(v *ui.Viewer, in *incident.Insight) string { return incident.Title(v.L, in, v.Now) }

func incidentSummary(v *ui.Viewer, in *incident.Insight) string {
	return incident.Sentence(v.L, in, v.Now)
}
