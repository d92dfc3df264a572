package console

import (
	"errors"
	"net/http"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// spareSteps is how many empty lines the form of a playbook has for new steps.
const spareSteps = 2

// playbookForm is the form of one playbook.
type playbookForm struct {
	incident.Playbook
	people map[string]string
	form   *form // refused
	faster bool  // a colleague saved it since it was looked at
}

// playbooksPage lists the playbooks.
func (c *Console) playbooksPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	books, err := c.Incidents.Playbooks(r.Context(), v.Workspace.Number)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, playbooksView(v, books))
}

// playbookPage is the form of one.
func (c *Console) playbookPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	b, err := c.Incidents.Playbook(r.Context(), v.Workspace.Number, r.PathValue("playbook"))
	if err != nil {
		return err
	}
	people, err := c.colleagues(r.Context(), v)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, playbookView(v, playbookForm{Playbook: b, people: people}))
}

// savePlaybook takes the steps as they stand in the form: an empty one is gone, and
// a button beside a step moves it.
func (c *Console) savePlaybook(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	b, err := c.Incidents.Playbook(r.Context(), v.Workspace.Number, r.PathValue("playbook"))
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	var steps []incident.Step
	ids, writes := r.PostForm["id"], r.PostForm["write"]
	for i, text := range r.PostForm["text"] {
		st := incident.Step{Text: text}
		if i < len(ids) {
			st.ID = ids[i]
		}
		if i < len(writes) && writes[i] == "yes" {
			st.Action = incident.WriteToHit
		}
		if text != "" {
			steps = append(steps, st)
		}
	}
	err = c.Incidents.SavePlaybook(r.Context(), v.Actor, v.L, b.Name, version(r), steps)
	if errors.Is(err, incident.ErrChanged) {
		b.Steps = steps
		return render(w, r, http.StatusConflict, playbookView(v, playbookForm{Playbook: b, faster: true}))
	}
	if f := refused(r, v, err, nil); f != nil {
		b.Steps, b.Version = steps, version(r)
		return render(w, r, http.StatusUnprocessableEntity, playbookView(v, playbookForm{Playbook: b, form: f}))
	}
	if err != nil {
		return err
	}
	leave(w, r, v, v.URL("settings", "playbooks", b.Name)+"?saved=1")
	return nil
}

func (c *Console) resetPlaybook(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	name := r.PathValue("playbook")
	if err := c.Incidents.ResetPlaybook(r.Context(), v.Actor, name, version(r)); err != nil {
		return err
	}
	leave(w, r, v, v.URL("settings", "playbooks", name)+"?saved=1")
	return nil
}
