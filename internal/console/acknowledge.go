package console

import (
	"errors"
	"net/http"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// acknowledgeRoutes are the page of a link from a message. It asks, and acknowledges
// by POST: programs that look through mails follow links.
func (c *Console) acknowledgeRoutes() []route {
	return []route{
		{pattern: "GET " + incident.AcknowledgePath + "{token}", public: true, handle: c.askToAcknowledge},
		{pattern: "POST " + incident.AcknowledgePath + "{token}", public: true, handle: c.acknowledgeByLink},
	}
}

// linkPage is what the page of a link shows.
type linkPage struct {
	incident.Link
	token string
	done  bool
	over  bool // the link, or the incident
	url   string
}

func (c *Console) askToAcknowledge(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p, err := c.readLink(r, v)
	if err != nil {
		return err
	}
	if p.Insight == nil {
		return render(w, r, http.StatusNotFound, linkView(v, p))
	}
	return render(w, r, http.StatusOK, linkView(v, p))
}

// readLink reads what a link is about; what is over has no Insight.
func (c *Console) readLink(r *http.Request, v *ui.Viewer) (p linkPage, err error) {
	p.token = r.PathValue("token")
	p.Link, err = c.Incidents.OpenLink(r.Context(), p.token)
	if errors.Is(err, incident.ErrLink) {
		p.Link, p.over = incident.Link{}, true
		return p, nil
	}
	if err != nil {
		return p, err
	}
	all, err := c.Workspaces.List(r.Context())
	if err != nil {
		return p, err
	}
	for _, ws := range all {
		if ws.Number == p.Insight.Workspace {
			p.url = "/w/" + ws.ID + "/incidents/" + p.Insight.ID
			v.L = v.L.Home(ws.Currency)
			v.L.Zone = ws.Location()
		}
	}
	p.done = !p.Insight.AcknowledgedAt.IsZero()
	p.over = !p.Insight.Live()
	return p, nil
}

func (c *Console) acknowledgeByLink(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	_, err := c.Incidents.AcknowledgeByLink(r.Context(), r.PathValue("token"))
	if err != nil && !errors.Is(err, incident.ErrLink) && !errors.Is(err, incident.ErrState) {
		return err
	}
	return c.askToAcknowledge(w, r, v)
}
