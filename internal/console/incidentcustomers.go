package console

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// listedHits is how many customers a page of the list has.
const listedHits = 50

// hitsPage is the list of all whom an incident hit.
type hitsPage struct {
	*incident.Insight
	rows         []hitRow
	cursor, next string
}

func (c *Console) incidentCustomers(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p := hitsPage{cursor: r.FormValue("cursor")}
	var err error
	if p.Insight, err = c.Incidents.Get(r.Context(), v.Workspace.Number, r.PathValue("id")); err != nil {
		return err
	}
	hits, next, err := c.Incidents.Hits(r.Context(), v.Workspace.Number, p.ID, p.cursor, listedHits)
	if errors.Is(err, incident.ErrCursor) { // of another list
		http.Redirect(w, r, incidentURL(v, p.Insight, "customers"), http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	p.next = next
	if p.rows, err = c.hitRows(r.Context(), v, hits); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, incidentCustomersView(v, p))
}

// pageURL leads to a page of the list.
func (p hitsPage) pageURL(v *ui.Viewer, cursor string) string {
	if cursor == "" {
		return ""
	}
	return incidentURL(v, p.Insight, "customers") + "?" + url.Values{"cursor": {cursor}}.Encode()
}

func (p hitsPage) first(v *ui.Viewer) string {
	if p.cursor == "" {
		return ""
	}
	return incidentURL(v, p.Insight, "customers")
}

// incidentExport is the list as a file.
func (c *Console) incidentExport(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	in, err := c.Incidents.Get(r.Context(), v.Workspace.Number, r.PathValue("id"))
	if err != nil {
		return err
	}
	name := "incident-" + strconv.Itoa(in.Number) + "-customers.csv"
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	http.NewResponseController(w).SetWriteDeadline(time.Time{}) // many lines take their time
	out := &partialAnswer{ResponseWriter: w}
	err = c.Incidents.Export(r.Context(), v.Actor, in.ID, out)
	if err != nil && !out.begun {
		w.Header().Del("Content-Disposition")
		return err
	}
	if err != nil {
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return nil
}
