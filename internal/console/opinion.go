package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/staff"
)

// opinionPage is one opinion with what is known and done about it.
type opinionPage struct {
	feedback.Detail
	who     string
	product string            // its name
	people  map[string]string // names of colleagues, by account
	members []staff.Member
	reach   []reachable // where to reply; only after it was asked for
	asked   bool
	flaw    string // what is wrong with the note
	note    string // as it was sent

	analysis language.Analysis // of its text
	label    feedback.Label    // what staff said of it
	labelled bool
	wrong    string // what is wrong with a correction
}

// reachable is a way to reply, with the address filled in.
type reachable struct{ label, icon, url string }

// opinion shows one.
func (c *Console) opinion(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p, err := c.readOpinion(r.Context(), v, r.PathValue("id"))
	if err != nil {
		return err
	}
	if key := "feedback.done_" + r.FormValue("done"); r.FormValue("done") != "" && key != "feedback.done_assigned" && v.L.Has(key) {
		v.Notice = v.T(key)
	}
	return render(w, r, http.StatusOK, opinionView(v, p))
}

func (c *Console) readOpinion(ctx context.Context, v *ui.Viewer, id string) (opinionPage, error) {
	o, err := c.Feedback.Get(ctx, v.Workspace.Number, id)
	if err != nil {
		return opinionPage{}, err
	}
	p := opinionPage{Detail: o, people: map[string]string{}, analysis: c.analysis(v.Workspace.Number, o.Item)}
	if p.label, p.labelled, err = c.Feedback.Label(ctx, v.Workspace.Number, o.Item); err != nil {
		return p, err
	}
	rows, names, err := c.voiceRows(ctx, v, []feedback.Item{o.Item}, nil)
	if err != nil {
		return p, err
	}
	p.who, p.product = rows[0].Who, names[o.ProductID]
	if p.members, err = c.Staff.Members(ctx, v.Actor); err != nil {
		return p, err
	}
	for _, m := range p.members {
		p.people[m.Account] = m.Name
	}
	return p, nil
}

// changed answers after a change: with the part that changed and a message that
// can take it back, or by leading to the page.
func (c *Console) opinionChanged(w http.ResponseWriter, r *http.Request, v *ui.Viewer, id, done, undo string, args ...any) error {
	if !v.Part {
		http.Redirect(w, r, v.URL("feedback", id)+"?done="+done, http.StatusSeeOther)
		return nil
	}
	p, err := c.readOpinion(r.Context(), v, id)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, templ.Join(opinionCase(v, p), ui.Toast(v, ui.ToastInfo{Text: v.T("feedback.done_"+done, args...), UndoURL: undo})))
}

// opinionAssign gives an opinion to somebody.
func (c *Console) opinionAssign(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id, account := r.PathValue("id"), r.FormValue("account")
	before, err := c.Feedback.Get(r.Context(), v.Workspace.Number, id)
	if err != nil {
		return err
	}
	if err := c.Feedback.Assign(r.Context(), v.Actor, id, account); err != nil {
		return err
	}
	undo := v.URL("feedback", id, "assign") + "?" + url.Values{"account": {before.Case.Assignee}}.Encode()
	if account == "" {
		return c.opinionChanged(w, r, v, id, "unassigned", undo)
	}
	people, err := c.colleagues(r.Context(), v)
	if err != nil {
		return err
	}
	return c.opinionChanged(w, r, v, id, "assigned", undo, "Name", people[account])
}

// opinionHandle marks an opinion as handled, or opens it again.
func (c *Console) opinionHandle(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id, handled := r.PathValue("id"), r.FormValue("handled") == "yes"
	if err := c.Feedback.Handle(r.Context(), v.Actor, id, handled); err != nil {
		return err
	}
	if handled {
		return c.opinionChanged(w, r, v, id, "handled", v.URL("feedback", id, "handle")+"?handled=no")
	}
	return c.opinionChanged(w, r, v, id, "reopened", v.URL("feedback", id, "handle")+"?handled=yes")
}

// opinionNote adds a note.
func (c *Console) opinionNote(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("id")
	err := c.Feedback.AddNote(r.Context(), v.Actor, id, r.FormValue("text"))
	var flaw feedback.InputError
	if !errors.As(err, &flaw) {
		if err != nil {
			return err
		}
		return c.opinionChanged(w, r, v, id, "noted", "")
	}
	p, err := c.readOpinion(r.Context(), v, id)
	if err != nil {
		return err
	}
	p.flaw, p.note = v.T("feedback.note_empty", "Count", feedback.MaxNote), r.FormValue("text")
	if v.Part {
		return render(w, r, http.StatusOK, opinionCase(v, p))
	}
	return render(w, r, http.StatusUnprocessableEntity, opinionView(v, p))
}

// opinionRemoveNote removes one's own note.
func (c *Console) opinionRemoveNote(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	note, err := strconv.ParseInt(r.PathValue("note"), 10, 64)
	if err != nil {
		return feedback.ErrNotFound
	}
	if err := c.Feedback.RemoveNote(r.Context(), v.Actor, r.PathValue("id"), note); err != nil {
		return err
	}
	return c.opinionChanged(w, r, v, r.PathValue("id"), "note_removed", "")
}

// opinionReply shows where a customer can be written to. It is written down
// before anything is shown.
func (c *Console) opinionReply(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p, err := c.readOpinion(r.Context(), v, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.Feedback.Replying(r.Context(), v.Actor, p.ID); err != nil {
		return err
	}
	who, err := event.ParseID(p.CustomerID)
	if err != nil {
		return err
	}
	known, err := c.Customers.Get(r.Context(), v.Workspace.Number, who)
	if err != nil {
		return err
	}
	p.asked, p.reach = true, reachOf(v, known)
	if v.Part {
		return render(w, r, http.StatusOK, opinionReplyPart(v, p))
	}
	return render(w, r, http.StatusOK, opinionView(v, p))
}

// reachOf are the addresses of a customer, as links that open the agent's own
// mail or WhatsApp.
func reachOf(v *ui.Viewer, known customer.Customer) (out []reachable) {
	for _, i := range known.Identifiers {
		switch i.Kind {
		case customer.Email:
			to := url.URL{Scheme: "mailto", Opaque: url.PathEscape(i.Value), RawQuery: strings.ReplaceAll(url.Values{
				"subject": {v.T("feedback.reply_subject", "Shop", v.Workspace.Name)}}.Encode(), "+", "%20")}
			out = append(out, reachable{v.T("feedback.reply_email", "Address", i.Value), "mail", to.String()})
		case customer.Phone:
			number := strings.TrimLeft(i.Value, "+")
			out = append(out, reachable{v.T("feedback.reply_whatsapp", "Address", i.Value), "message-circle", "https://wa.me/" + url.PathEscape(number)})
		}
	}
	return out
}

// name is who a customer is called on the page.
func (p *opinionPage) name(v *ui.Viewer) string {
	if p.who == "" {
		return v.T("live.visitor", "ID", p.CustomerID[len(p.CustomerID)-4:])
	}
	return p.who
}

// assignees are the people to whom the opinion can be given.
func (p *opinionPage) assignees(v *ui.Viewer) []ui.Choice {
	out := []ui.Choice{{Label: v.T("feedback.nobody")}}
	for _, m := range p.members {
		out = append(out, ui.Choice{Label: m.Name, Value: m.Account})
	}
	return out
}
