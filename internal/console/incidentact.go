package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// version is what the page showed when it asked for a change.
func version(r *http.Request) int64 {
	n, _ := strconv.ParseInt(r.FormValue("version"), 10, 64) // 0: whatever it is
	return n
}

// orLookAgain lets who was slower than a colleague press once more: with the refusal
// the page is as the incident stands now, and questions keep what was entered.
func (c *Console) orLookAgain(change handler) handler {
	return func(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
		err := change(w, r, v)
		if !v.Part || !errors.Is(err, incident.ErrChanged) {
			return err
		}
		p, again := c.readIncident(r.Context(), v, r.PathValue("id"), r.FormValue("chart"))
		if again != nil {
			return again
		}
		w.Header().Set("HX-Retarget", "#toasts")
		w.Header().Set("HX-Reswap", "beforeend")
		status, _ := statusOf(err)
		said := ui.FailureToast(v, ui.Failure{Status: status, Key: failureKey(status), RequestID: web.RequestID(r.Context())})
		return render(w, r, status, templ.Join(append(incidentShown(v, p), incidentVersions(p), said)...))
	}
}

// incidentDone answers after a change: with the parts of the page and a message
// that can take it back, or by leading to the page.
func (c *Console) incidentDone(w http.ResponseWriter, r *http.Request, v *ui.Viewer, done, undo string, more ...templ.Component) error {
	id := r.PathValue("id")
	if !v.Part {
		http.Redirect(w, r, v.URL("incidents", id)+"?"+url.Values{"done": {done}, "undo": {undo}}.Encode(), http.StatusSeeOther)
		return nil
	}
	p, err := c.readIncident(r.Context(), v, id, r.FormValue("chart"))
	if err != nil {
		return err
	}
	parts := append(incidentAnswer(v, p), more...)
	if done == "commented" {
		parts = append(parts, ui.Part("incident-comment", "outerHTML", incidentCommentForm(v, p)))
	} else {
		parts = append(parts, ui.Toast(v, ui.ToastInfo{Text: v.T("incidents.done_" + done), UndoURL: p.undoURL(v, undo)}))
	}
	return render(w, r, http.StatusOK, templ.Join(parts...))
}

// incidentAnswer are the parts that a change may have changed. Buttons and
// questions are put in anew, which closes them.
func incidentAnswer(v *ui.Viewer, p *incidentPage) []templ.Component {
	return append(incidentShown(v, p), ui.Part("incident-asks", "outerHTML", incidentAsks(v, p)))
}

// incidentShown are these without the questions.
func incidentShown(v *ui.Viewer, p *incidentPage) []templ.Component {
	out := []templ.Component{ui.Part("incident-actions", "outerHTML", incidentActions(v, p))}
	for _, part := range []livePart{{"incident-head", incidentHead(v, p)}, {"incident-banner", incidentBanner(v, p)}, {"incident-playbook", incidentPlaybook(v, p)}, {"incident-log", incidentLog(v, p)}} {
		out = append(out, ui.Part(part.name, "outerMorph", part.part))
	}
	return out
}

// incidentUndos are the actions that take a change back, by the words that the
// address of a page may have for them; what follows a colon is an argument.
var incidentUndos = []string{"reopen", "assign", "withdraw", "step", "untick", "wake"}

// undoURL is the address of an action that takes the last one back, "" for none.
func (p *incidentPage) undoURL(v *ui.Viewer, undo string) string {
	what, argument, _ := strings.Cut(undo, ":")
	if !slices.Contains(incidentUndos, what) {
		return ""
	}
	set := url.Values{}
	action := what
	switch what {
	case "assign":
		set.Set("account", argument)
	case "withdraw":
		set.Set("verdict", argument)
	case "step", "untick":
		action = "step"
		set.Set("step", argument)
		set.Set("done", strconv.FormatBool(what == "step"))
	case "wake":
		action = "snooze"
	}
	return incidentURL(v, p.Insight, action) + "?" + set.Encode()
}

// incidentNotice tells of what was just done, where the page was loaded for it.
func (c *Console) incidentNotice(r *http.Request, v *ui.Viewer, p *incidentPage) {
	done := r.FormValue("done")
	if key := "incidents.done_" + done; done != "" && done != "commented" && v.L.Has(key) {
		v.Notice, v.NoticeUndo = v.T(key), p.undoURL(v, r.FormValue("undo"))
	}
}

func (c *Console) incidentAcknowledge(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if _, err := c.Incidents.Acknowledge(r.Context(), v.Actor, r.PathValue("id"), version(r)); err != nil {
		return err
	}
	return c.incidentDone(w, r, v, "acknowledged", "")
}

func (c *Console) incidentAssign(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("id")
	before, err := c.Incidents.Get(r.Context(), v.Workspace.Number, id)
	if err != nil {
		return err
	}
	if _, err := c.Incidents.Assign(r.Context(), v.Actor, id, version(r), r.FormValue("account")); err != nil {
		return err
	}
	done := "assigned"
	if r.FormValue("account") == "" {
		done = "unassigned"
	}
	return c.incidentDone(w, r, v, done, "assign:"+before.Owner)
}

func (c *Console) incidentResolve(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if _, err := c.Incidents.Resolve(r.Context(), v.Actor, r.PathValue("id"), version(r), r.FormValue("outcome")); err != nil {
		return err
	}
	return c.incidentDone(w, r, v, "resolved", "reopen")
}

func (c *Console) incidentReopen(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if _, err := c.Incidents.ReopenBy(r.Context(), v.Actor, r.PathValue("id"), version(r)); err != nil {
		return err
	}
	return c.incidentDone(w, r, v, "reopened", "")
}

// incidentSnooze puts it off for a while; for no while it ends that.
func (c *Console) incidentSnooze(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	long, err := duration(r, snoozes)
	if err != nil && r.FormValue("for") != "" {
		return err
	}
	var until time.Time
	done, undo := "woken", ""
	if long > 0 {
		until, done, undo = c.Now().Add(long), "snoozed", "wake"
	}
	if _, err := c.Incidents.Snooze(r.Context(), v.Actor, r.PathValue("id"), version(r), until); err != nil {
		return err
	}
	return c.incidentDone(w, r, v, done, undo)
}

// duration reads one of the times that could be chosen.
func duration(r *http.Request, among []time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(r.FormValue("for"))
	if err != nil || !slices.Contains(among, d) {
		return 0, web.NewProblem(http.StatusUnprocessableEntity, "")
	}
	return d, nil
}

func (c *Console) incidentStep(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	step, done := r.FormValue("step"), r.FormValue("done") == "true"
	if _, err := c.Incidents.Tick(r.Context(), v.Actor, r.PathValue("id"), step, done, r.FormValue("note")); err != nil {
		return err
	}
	if done {
		return c.incidentDone(w, r, v, "ticked", "untick:"+step)
	}
	return c.incidentDone(w, r, v, "unticked", "step:"+step)
}

func (c *Console) incidentComment(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	_, err := c.Incidents.Comment(r.Context(), v.Actor, r.PathValue("id"), r.FormValue("text"))
	var flaw workspace.Flaw
	if !errors.As(err, &flaw) {
		if err != nil {
			return err
		}
		return c.incidentDone(w, r, v, "commented", "")
	}
	p, err := c.readIncident(r.Context(), v, r.PathValue("id"), "")
	if err != nil {
		return err
	}
	p.flaw, p.note = v.T("incidents.comment_empty", "Count", incident.MaxText), r.FormValue("text")
	if v.Part {
		return render(w, r, http.StatusOK, ui.Part("incident-comment", "outerHTML", incidentCommentForm(v, p)))
	}
	return render(w, r, http.StatusUnprocessableEntity, incidentView(v, p))
}

// incidentVerdict takes down what staff say of it, which the watch learns from.
func (c *Console) incidentVerdict(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	said := incident.Judging{What: incident.Judgement(r.FormValue("what"))}
	switch said.What {
	case incident.Mute:
		long, err := duration(r, mutes)
		if err != nil {
			return err
		}
		if long > 0 {
			said.Until = c.Now().Add(long)
		}
	case incident.Expected:
		from, err := time.ParseInLocation(minuteFormat, r.FormValue("from"), v.Workspace.Location())
		if err != nil {
			return web.NewProblem(http.StatusUnprocessableEntity, "")
		}
		until, err := time.ParseInLocation(minuteFormat, r.FormValue("until"), v.Workspace.Location())
		if err != nil {
			return web.NewProblem(http.StatusUnprocessableEntity, "")
		}
		said.From, said.Until, said.Reason = from, until, r.FormValue("reason")
	}
	given, err := c.Incidents.Judge(r.Context(), v.Actor, r.PathValue("id"), version(r), said)
	if err != nil {
		return err
	}
	return c.incidentDone(w, r, v, "judged_"+string(said.What), "withdraw:"+given.ID.String())
}

func (c *Console) incidentWithdraw(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := c.Incidents.TakeBack(r.Context(), v.Actor, r.FormValue("verdict")); err != nil {
		return err
	}
	return c.incidentDone(w, r, v, "withdrawn", "")
}
