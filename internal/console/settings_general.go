package console

import (
	"net/http"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/staff"
)

var generalFields = map[string]string{
	"name_length": "name", "name_control": "name", "name_id": "name", "name_taken": "name", "zone": "zone", "currency": "currency", "country": "country",
}

func (c *Console) generalPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	return render(w, r, http.StatusOK, generalPage(v, nil))
}

func (c *Console) setGeneral(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	err := c.Staff.SetGeneral(r.Context(), v.Actor, staff.General{
		Name: r.PostFormValue("name"), Zone: r.PostFormValue("zone"), Currency: r.PostFormValue("currency"), Country: r.PostFormValue("country")})
	if f := refused(r, v, err, generalFields); f != nil {
		return render(w, r, http.StatusUnprocessableEntity, generalPage(v, f))
	}
	if err != nil {
		return err
	}
	saved(w, r, v, "general")
	return nil
}
