package console

import (
	"errors"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/deliver"
)

// outgoingView is what the section of outgoing messages shows.
type outgoingView struct {
	list []deliver.Overview

	form    *form // an address that could not be looked up
	address string
	stopped string // why it gets no mails, "" where it does
	since   time.Time
	lifted  bool
}

// destinationKinds are in the order in which pages list them.
var destinationKinds = []deliver.Kind{deliver.Email, deliver.Slack, deliver.Teams, deliver.Telegram, deliver.Webhook}

var kindIcons = map[deliver.Kind]string{
	deliver.Email: "mail", deliver.Slack: "hash", deliver.Teams: "message-square", deliver.Telegram: "send", deliver.Webhook: "plug",
}

func (c *Console) outgoingPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	return c.showOutgoing(w, r, v, outgoingView{}, http.StatusOK)
}

func (c *Console) showOutgoing(w http.ResponseWriter, r *http.Request, v *ui.Viewer, o outgoingView, status int) (err error) {
	if o.list, err = c.Outbox.Overviews(r.Context(), v.Actor); err != nil {
		return err
	}
	return render(w, r, status, outgoingPage(v, o))
}

// asAddress reads an address that was typed, and says in a form where it is none.
func asAddress(r *http.Request, v *ui.Viewer) (string, *form) {
	text := strings.TrimSpace(r.PostFormValue("email"))
	if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
		f := &form{values: r.PostForm, errors: map[string]string{"email": v.T("settings.flaw_email")}}
		return "", f
	}
	return text, nil
}

// checkAddress tells whether an address gets mails. It is not part of a page's
// address: those are kept by browsers and proxies.
func (c *Console) checkAddress(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	address, f := asAddress(r, v)
	if f != nil {
		return c.showOutgoing(w, r, v, outgoingView{form: f}, http.StatusUnprocessableEntity)
	}
	why, since, err := c.Outbox.Stopped(r.Context(), v.Actor, address)
	if err != nil {
		return err
	}
	return c.showOutgoing(w, r, v, outgoingView{address: address, stopped: why, since: since}, http.StatusOK)
}

// liftAddress lets an address get mails again.
func (c *Console) liftAddress(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	address, f := asAddress(r, v)
	if f != nil {
		return c.showOutgoing(w, r, v, outgoingView{form: f}, http.StatusUnprocessableEntity)
	}
	if err := c.Outbox.Lift(r.Context(), v.Actor, address); err != nil && !errors.Is(err, deliver.ErrNotFound) { // lifted by somebody else
		return err
	}
	return c.showOutgoing(w, r, v, outgoingView{address: address, lifted: true}, http.StatusOK)
}

// kindName is what a kind of destination is called.
func kindName(v *ui.Viewer, k deliver.Kind) string { return v.L.Word("outgoing.kind", string(k)) }

// destinationState says in a few words how a destination fares, and the kind of
// chip that shows it.
func destinationState(v *ui.Viewer, o deliver.Overview) (text, chip, icon string) {
	switch {
	case o.Paused == deliver.PausedByStaff:
		return v.T("outgoing.state_paused"), "watch", "circle-pause"
	case o.Paused != "":
		return v.T("outgoing.state_stopped"), "bad", "circle-x"
	case o.Failure != "":
		return v.T("outgoing.state_failing"), "bad", "circle-alert"
	case o.LastSent.IsZero():
		return v.T("outgoing.state_unused"), "outline", "circle"
	}
	return v.T("outgoing.state_works"), "good", "check"
}

// countedText writes a number of an Overview, which counts no further than it must.
func countedText(v *ui.Viewer, n int) string {
	if n > deliver.MaxCounted {
		return v.T("outgoing.more_than", "Count", deliver.MaxCounted)
	}
	return v.L.Int(int64(n))
}
