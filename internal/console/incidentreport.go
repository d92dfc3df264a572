package console

import (
	"errors"
	"net/http"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/workspace"
)

// incidentReport is one page that says what happened, what it cost, why, what was
// done and what is changed; it prints well.
func (c *Console) incidentReport(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p, err := c.readIncident(r.Context(), v, r.PathValue("id"), "")
	if err != nil {
		return err
	}
	c.incidentNotice(r, v, p)
	return render(w, r, http.StatusOK, incidentReportView(v, p))
}

// incidentLesson takes down what the shop changes.
func (c *Console) incidentLesson(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("id")
	_, err := c.Incidents.WriteLesson(r.Context(), v.Actor, id, version(r), r.FormValue("lesson"))
	var flaw workspace.Flaw
	if faster := errors.Is(err, incident.ErrChanged); faster || errors.As(err, &flaw) {
		p, err := c.readIncident(r.Context(), v, id, "")
		if err != nil {
			return err
		}
		p.Lesson, p.faster = r.FormValue("lesson"), faster
		if faster {
			return render(w, r, http.StatusConflict, incidentReportView(v, p))
		}
		p.flaw = v.T("incidents.comment_empty", "Count", incident.MaxText)
		return render(w, r, http.StatusUnprocessableEntity, incidentReportView(v, p))
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, v.URL("incidents", id, "report")+"?done=lesson", http.StatusSeeOther)
	return nil
}

// times are how long it took to notice, to take and to mend; what is not over yet
// is left out, and good news is not mended.
func (p *incidentPage) times(v *ui.Viewer) (out [][2]string) {
	add := func(label string, from, to time.Time) {
		if !from.IsZero() && !to.IsZero() && !to.Before(from) {
			out = append(out, [2]string{label, v.L.Duration(max(to.Sub(from), time.Second).Truncate(time.Second))})
		}
	}
	if p.Finding.First != 0 {
		add(v.T("incidents.time_notice"), time.UnixMicro(p.Finding.First), p.OpenedAt)
	}
	add(v.T("incidents.time_acknowledge"), p.OpenedAt, p.AcknowledgedAt)
	end := p.RecoveredAt
	if end.IsZero() {
		end = p.ResolvedAt
	}
	if !p.Finding.Good {
		add(v.T("incidents.time_mend"), p.OpenedAt, end)
	}
	return out
}

// doneSteps are the steps of the playbook that were done.
func (p *incidentPage) doneSteps() (out []incident.Tick) {
	for _, s := range p.steps {
		if s.Done {
			out = append(out, s)
		}
	}
	return out
}
