package console

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/process"
)

// deadLimit is how many events that could not be applied a page lists.
const deadLimit = 100

// dead lists the events that could not be applied.
func (c *Console) dead(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.showDead(w, r, v, r.URL.Query().Get("said"), http.StatusOK)
}

// showDead shows the list, with what came of an event of it.
func (c *Console) showDead(w http.ResponseWriter, r *http.Request, v *ui.Viewer, said string, status int) error {
	list, err := c.Pipeline.Dead(r.Context(), v.Workspace.Number, cursorOf(r), deadLimit+1)
	if err != nil {
		return err
	}
	next := int64(0)
	if len(list) > deadLimit {
		list = list[:deadLimit]
		next = list[deadLimit-1].ID
	}
	return render(w, r, status, deadPage(v, list, next, said))
}

func (c *Console) retryDead(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	err := c.Imports.RetryDead(r.Context(), v.Actor, c.Pipeline, int64(positionOf(r)))
	said := "applied"
	if errors.Is(err, process.ErrStillDead) {
		said, err = "still", nil
	}
	if errors.Is(err, process.ErrNoDeadEvent) { // somebody settled it first
		return c.showDead(w, r, v, "gone", http.StatusNotFound)
	}
	if err != nil {
		return err
	}
	leave(w, r, v, v.URL("sources", "dead")+"?said="+said)
	return nil
}

func (c *Console) dropDead(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	err := c.Imports.DropDead(r.Context(), v.Actor, c.Pipeline, int64(positionOf(r)))
	if errors.Is(err, process.ErrNoDeadEvent) {
		return c.showDead(w, r, v, "gone", http.StatusNotFound)
	}
	if err != nil {
		return err
	}
	leave(w, r, v, v.URL("sources", "dead")+"?said=dropped")
	return nil
}

func micros(at int64) time.Time { return time.UnixMicro(at) }

// cursorOf is the event after which a list goes on.
func cursorOf(r *http.Request) int64 {
	n, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// deadName is what an event that could not be applied is called.
func deadName(d *process.DeadEvent) string {
	switch {
	case d.Name != "":
		return d.Name
	case d.Type != 0:
		return d.Type.String()
	}
	return strconv.FormatInt(d.ID, 10)
}
