package console

import (
	"context"
	"net/http"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// mostOthers is with how many others an incident can be merged on its page.
const mostOthers = 200

// others are the incidents that one may be the same trouble as: those that are not
// closed, good news with good news alone.
func (c *Console) others(ctx context.Context, workspace int64, in *incident.Insight) (out []*incident.Insight, err error) {
	if !in.Live() {
		return nil, nil
	}
	list, _, err := c.Incidents.List(ctx, workspace, incident.Filter{
		States: []incident.State{incident.Open, incident.Acknowledged, incident.Recovered}, Good: &in.Finding.Good, Limit: mostOthers})
	for _, o := range list {
		if o.ID != in.ID {
			out = append(out, o)
		}
	}
	return out, err
}

// mergeChoices name the others.
func (p *incidentPage) mergeChoices(v *ui.Viewer) (out []ui.Choice) {
	for _, o := range p.others {
		out = append(out, ui.Choice{Value: o.ID, Label: v.T("incidents.merge_choice", "Number", v.L.Digits(o.Number), "Title", incidentTitle(v, o))})
	}
	return out
}

// incidentMerge lets an incident live on in another, to whose page it leads.
func (c *Console) incidentMerge(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	into, err := c.Incidents.MergeBy(r.Context(), v.Actor, r.PathValue("id"), version(r), r.FormValue("into"))
	if err != nil {
		return err
	}
	leave(w, r, v, incidentURL(v, into)+"?done=merged")
	return nil
}
