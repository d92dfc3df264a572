package console

import (
	"net/http"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/deliver/returns"
)

// makeHook makes the address at which a mail server or a service tells of mails that
// came back; it is shown this once.
func (c *Console) makeHook(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	d, err := c.Outbox.Destination(r.Context(), v.Actor, r.PathValue("destination"))
	if err != nil {
		return err
	}
	source := returns.Source(r.PostFormValue("source"))
	id, err := c.Returns.Make(r.Context(), v.Actor, d.ID, source, r.PostFormValue("password-hook"))
	if f := refused(r, v, err, map[string]string{"hook_source": "source", "hook_key": "password-hook"}); f != nil {
		return c.showDestination(w, r, v, destinationView{Destination: d, hookForm: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	return c.showDestination(w, r, v, destinationView{Destination: d, hookURL: c.origin(r) + "/hooks/" + string(source) + "/" + id}, http.StatusOK)
}

func (c *Console) removeHook(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("destination")
	if err := c.Returns.Remove(r.Context(), v.Actor, id); err != nil {
		return err
	}
	leave(w, r, v, v.URL("settings", "outgoing", id, "settings")+"?saved=1")
	return nil
}

func hookSources(v *ui.Viewer) (out []ui.Choice) {
	for _, s := range returns.Sources {
		out = append(out, ui.Choice{Value: string(s), Label: v.T("outgoing.hook_source_" + string(s))})
	}
	return out
}

// hookCommand is how a mail server hands over what comes back.
func hookCommand(url string) string { return "curl -sS --fail --data-binary @- " + url }
