package console

import (
	"net/http"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// peopleView is what the section of people shows.
type peopleView struct {
	members []staff.Member
	waiting []staff.Link
	invite  *form
	roles   *form // a change of a person that was refused

	link, email string // of an invitation that was just made
}

func (c *Console) peoplePage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	return c.showPeople(w, r, v, peopleView{}, http.StatusOK)
}

func (c *Console) showPeople(w http.ResponseWriter, r *http.Request, v *ui.Viewer, p peopleView, status int) (err error) {
	if p.members, err = c.Staff.Members(r.Context(), v.Actor); err != nil {
		return err
	}
	if p.waiting, err = c.Staff.Invitations(r.Context(), v.Actor); err != nil {
		return err
	}
	return render(w, r, status, peoplePage(v, p))
}

func (c *Console) invite(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	token, err := c.Staff.Invite(r.Context(), v.Actor, r.PostFormValue("email"), workspace.Role(r.PostFormValue("role")))
	if f := refused(r, v, err, map[string]string{"email": "email", "person_there": "email", "role": "role", "owner_only": "role"}); f != nil {
		return c.showPeople(w, r, v, peopleView{invite: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	return c.showPeople(w, r, v, peopleView{link: c.origin(r) + "/invite/" + token, email: r.PostFormValue("email")}, http.StatusOK)
}

func (c *Console) setRole(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.personChanged(w, r, v, c.Staff.SetRole(r.Context(), v.Actor, r.PathValue("account"), workspace.Role(r.PostFormValue("role"))))
}

func (c *Console) removePerson(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.personChanged(w, r, v, c.Staff.Remove(r.Context(), v.Actor, r.PathValue("account")))
}

func (c *Console) withdraw(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.personChanged(w, r, v, c.Staff.Withdraw(r.Context(), v.Actor, r.PathValue("id")))
}

func (c *Console) personChanged(w http.ResponseWriter, r *http.Request, v *ui.Viewer, err error) error {
	if f := refused(r, v, err, nil); f != nil {
		return c.showPeople(w, r, v, peopleView{roles: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	if own := r.PathValue("account"); own == v.Actor.Account { // the right may be gone with it
		leave(w, r, v, "/")
		return nil
	}
	saved(w, r, v, "people")
	return nil
}

// roleChoices lists the roles that the viewer may give.
func roleChoices(v *ui.Viewer, chosen workspace.Role) []ui.Choice {
	var out []ui.Choice
	for _, role := range workspace.Roles {
		if role != workspace.Owner || v.Actor.Role == workspace.Owner {
			out = append(out, ui.Choice{Label: ui.RoleName(v, role), Value: string(role), Current: role == chosen})
		}
	}
	return out
}

// mayChange reports whether the viewer may change a person: an owner only as one.
func mayChange(v *ui.Viewer, m staff.Member) bool {
	return m.Role != workspace.Owner || v.Actor.Role == workspace.Owner
}

// rightRows are the rights of the table of who may do what; what only the demo
// has is shown there alone.
func rightRows(v *ui.Viewer) []staff.Right {
	var out []staff.Right
	for _, r := range staff.Rights {
		if r != staff.PlayScenes || v.Demo {
			out = append(out, r)
		}
	}
	return out
}
