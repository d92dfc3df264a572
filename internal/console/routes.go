package console

import (
	"net/http"
	"slices"

	"github.com/dhvani/dhvani/internal/console/ui"
)

// routes lists every address of the console, area by area.
func (c *Console) routes() []route {
	return slices.Concat(
		[]route{{pattern: "GET /{$}", handle: c.home}},
		c.paletteRoutes(),
		c.feedbackRoutes(),
		c.topicsRoutes(),
		c.liveRoutes(),
		c.weeklyRoutes(),
		c.alertsRoutes(),
		c.acknowledgeRoutes(),
		c.incidentsRoutes(),
		c.incidentRoutes(),
		c.incidentLetterRoutes(),
		c.mendedRoutes(),
		c.customersRoutes(),
		c.customerRoutes(),
		c.signInRoutes(),
		c.settingsRoutes(),
		c.demoRoutes(),
		c.sourcesRoutes(),
	)
}

// home leads to the first workspace of who signed in.
func (c *Console) home(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if len(v.Others) == 0 {
		return errNoWorkspace
	}
	http.Redirect(w, r, "/w/"+v.Others[0].ID+"/live", http.StatusSeeOther)
	return nil
}
