package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/intake"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// fail renders an error of a handler, nil being none: as a page, or as a part
// where a part was asked for. The error's own text is shown only where it is
// written for the person who reads it.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, v *ui.Viewer, err error) {
	if err == nil || errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return
	}
	if errors.Is(err, errNotSignedIn) {
		leave(w, r, v, signInURL(r))
		return
	}
	status, detail := statusOf(err)
	var flaw workspace.Flaw
	if key := "settings.flaw_"; errors.As(err, &flaw) && v.L.Has(key+flaw.Code) {
		detail = v.T(key + flaw.Code)
	}
	if status >= 500 {
		c.Logger.ErrorContext(r.Context(), "page failed", "method", r.Method, "route", r.Pattern,
			"request_id", web.RequestID(r.Context()), "error", db.Safe(err))
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	f := ui.Failure{Status: status, Detail: detail, RequestID: web.RequestID(r.Context()), Key: failureKey(status)}
	if errors.Is(err, errNoWorkspace) {
		f.Key = "noworkspace"
	}
	page := ui.FailurePage(v, f)
	if v.Part {
		w.Header().Set("HX-Retarget", "#toasts")
		w.Header().Set("HX-Reswap", "beforeend")
		page = ui.FailureToast(v, f)
	}
	if render(w, r, status, page) != nil {
		http.Error(w, strconv.Itoa(status), status)
	}
}

// leave sends the browser to another address, also where htmx asked for a part.
func leave(w http.ResponseWriter, r *http.Request, v *ui.Viewer, to string) {
	if v.Part {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// statusOf returns the status for an error and, where it says what to do, its text.
func statusOf(err error) (status int, detail string) {
	var p *web.Problem
	var invalid workspace.Invalid
	var input feedback.InputError
	var unavailable *eventlog.Unavailable
	switch {
	case errors.As(err, &p):
		return p.Status, p.Detail
	case errors.Is(err, incident.ErrChanged), errors.Is(err, incident.ErrState):
		return http.StatusConflict, ""
	case errors.Is(err, incident.ErrNotFound):
		return http.StatusNotFound, ""
	case errors.Is(err, incident.ErrCursor):
		return http.StatusUnprocessableEntity, ""
	case errors.Is(err, staff.ErrForbidden):
		return http.StatusForbidden, ""
	case errors.Is(err, workspace.ErrNotFound), errors.Is(err, staff.ErrNotFound), errors.Is(err, customer.ErrNotFound), errors.Is(err, feedback.ErrNotFound), errors.Is(err, process.ErrNoDeadEvent), errors.Is(err, intake.ErrNotFound), errors.Is(err, deliver.ErrNotFound), db.IsNone(err):
		return http.StatusNotFound, ""
	case errors.As(err, &invalid):
		return http.StatusUnprocessableEntity, string(invalid)
	case errors.As(err, &input), errors.Is(err, order.ErrCursor), errors.Is(err, customer.ErrInvalid):
		return http.StatusUnprocessableEntity, ""
	case errors.Is(err, errNoWorkspace):
		return http.StatusForbidden, ""
	case errors.As(err, &unavailable), db.IsAway(err):
		return http.StatusServiceUnavailable, ""
	}
	return http.StatusInternalServerError, ""
}

// failureKey names the messages for a status.
func failureKey(status int) string {
	switch status {
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "notfound"
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		return "invalid"
	case http.StatusConflict:
		return "faster"
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return "unavailable"
	}
	return "internal"
}
