package console

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/web"
)

// tellingView is what the section of who is told shows.
type tellingView struct {
	rules []incident.Rule
	ways  []deliver.Overview // the destinations
	verd  []incident.Verdict // what staff muted or expected
	names map[string]string  // of people
	form  *form              // an example that was refused
}

// ruleView is the form of one rule.
type ruleView struct {
	incident.Rule
	ways   []deliver.Overview
	form   *form
	faster bool // a colleague saved it since it was looked at
}

// spareReceivers is how many empty lines the form of a rule has for receivers.
const spareReceivers = 1

// ruleFields are the fields that the flaws of a rule belong to.
var ruleFields = map[string]string{
	"rule_name": "name", "rule_severity": "least", "rule_about": "about", "rule_group": "group", "rule_escalate": "escalate", "rule_to": "to", "rule_destination": "to",
	"rule_language": "to", "rule_address": "to", "quiet": "quiet_from",
}

func (c *Console) tellingPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	if r.FormValue("tested") != "" {
		v.Notice = v.T("telling.tested")
	}
	return c.showTelling(w, r, v, tellingView{}, http.StatusOK)
}

func (c *Console) showTelling(w http.ResponseWriter, r *http.Request, v *ui.Viewer, t tellingView, status int) (err error) {
	if t.rules, err = c.Incidents.Rules(r.Context(), v.Actor); err != nil {
		return err
	}
	if t.ways, err = c.Outbox.Overviews(r.Context(), v.Actor); err != nil {
		return err
	}
	if t.verd, err = c.Incidents.Given(r.Context(), v.Actor); err != nil {
		return err
	}
	t.verd = slices.DeleteFunc(t.verd, func(x incident.Verdict) bool {
		return x.What == incident.Wrong || x.Until != 0 && x.Until < v.Now.UnixMicro()
	})
	if t.names, err = c.colleagues(r.Context(), v); err != nil {
		return err
	}
	return render(w, r, status, tellingPage(v, t))
}

// rulePage is the form of a rule, or of a new one.
func (c *Console) rulePage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	p := ruleView{Rule: incident.Rule{Active: true, Least: incident.Medium}}
	if id := r.PathValue("rule"); id != "" {
		var err error
		if p.Rule, err = c.rule(r, v, id); err != nil {
			return err
		}
	}
	return c.showRule(w, r, v, p, http.StatusOK)
}

func (c *Console) rule(r *http.Request, v *ui.Viewer, id string) (incident.Rule, error) {
	all, err := c.Incidents.Rules(r.Context(), v.Actor)
	if i := slices.IndexFunc(all, func(x incident.Rule) bool { return x.ID == id }); i >= 0 {
		return all[i], nil
	}
	return incident.Rule{}, cmp.Or[error](err, incident.ErrNotFound)
}

func (c *Console) showRule(w http.ResponseWriter, r *http.Request, v *ui.Viewer, p ruleView, status int) (err error) {
	if p.ways, err = c.Outbox.Overviews(r.Context(), v.Actor); err != nil {
		return err
	}
	return render(w, r, status, rulePage(v, p))
}

func (c *Console) saveRule(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := r.ParseForm(); err != nil {
		return web.NewProblem(http.StatusBadRequest, "")
	}
	rule := readRule(r)
	rule.ID, rule.Version = r.PathValue("rule"), version(r)
	err := c.Incidents.SaveRule(r.Context(), v.Actor, &rule)
	if rule.ID != "" && (errors.Is(err, incident.ErrChanged) || errors.Is(err, incident.ErrNotFound)) {
		return c.ruleMoved(w, r, v, rule)
	}
	if f := refused(r, v, err, ruleFields); f != nil {
		return c.showRule(w, r, v, ruleView{Rule: rule, form: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	saved(w, r, v, "telling")
	return nil
}

// ruleMoved shows again what was entered for a rule that a colleague changed meanwhile,
// to be saved in the place of theirs, or deleted, to be saved as another one.
func (c *Console) ruleMoved(w http.ResponseWriter, r *http.Request, v *ui.Viewer, rule incident.Rule) error {
	p := ruleView{Rule: rule, form: &form{values: r.PostForm, errors: map[string]string{}}, faster: true}
	switch now, err := c.rule(r, v, rule.ID); {
	case errors.Is(err, incident.ErrNotFound):
		p.ID, p.Version, p.faster = "", 0, false
		p.form.errors[""] = v.T("telling.deleted")
	case err != nil:
		return err
	default:
		p.Version = now.Version
	}
	return c.showRule(w, r, v, p, http.StatusConflict)
}

// readRule is the rule as the form has it. What is no number is refused by the room.
func readRule(r *http.Request) incident.Rule {
	number := func(name string) int {
		text := strings.TrimSpace(r.PostFormValue(name))
		n, err := strconv.Atoi(text)
		if err != nil && text != "" {
			return -1
		}
		return n
	}
	least := incident.NoSeverity
	if word := r.PostFormValue("least"); word != "" {
		least = incident.Severity(slices.Index(severityWords[:], word)) // -1 is refused
	}
	from, to := quietHours(r)
	out := incident.Rule{
		Name: r.PostFormValue("name"), Active: r.PostFormValue("active") == "on", Least: least, Good: r.PostFormValue("good") == "on",
		Hours: incident.Hours(r.PostFormValue("hours")), QuietFrom: from, QuietTo: to,
		Group: number("group"), Escalate: number("escalate"), To: receivers(r, "to"), EscTo: receivers(r, "esc"),
	}
	for _, k := range r.PostForm["kind"] {
		out.Kinds = append(out.Kinds, incident.Kind(k))
	}
	for line := range strings.Lines(r.PostFormValue("about")) {
		if line = strings.TrimSpace(line); line != "" {
			out.About = append(out.About, line)
		}
	}
	return out
}

// receivers reads the lines of a list of receivers; those without a destination are
// left out.
func receivers(r *http.Request, name string) (out []incident.Receiver) {
	at := func(list []string, i int) string {
		if i < len(list) {
			return list[i]
		}
		return ""
	}
	for i, way := range r.PostForm[name+"_destination"] {
		if way != "" {
			out = append(out, incident.Receiver{Destination: way, Address: at(r.PostForm[name+"_address"], i), Language: locale.Lang(at(r.PostForm[name+"_language"], i))})
		}
	}
	return out
}

func (c *Console) deleteRule(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := c.Incidents.DeleteRule(r.Context(), v.Actor, r.PathValue("rule")); err != nil {
		return err
	}
	saved(w, r, v, "telling")
	return nil
}

// testRule sends an example to everybody whom a rule tells.
func (c *Console) testRule(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	err := c.Incidents.TestRule(r.Context(), v.Actor, r.PathValue("rule"))
	if f := refused(r, v, err, nil); f != nil {
		return c.showTelling(w, r, v, tellingView{form: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	leave(w, r, v, v.URL("settings", "telling")+"?tested=1")
	return nil
}

// withdrawVerdict takes back what was muted or expected.
func (c *Console) withdrawVerdict(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := c.Incidents.TakeBack(r.Context(), v.Actor, r.FormValue("verdict")); err != nil {
		return err
	}
	saved(w, r, v, "telling")
	return nil
}

// wayName is what a destination is called, "" where it is gone.
func wayName(ways []deliver.Overview, id string) string {
	for _, d := range ways {
		if d.ID == id {
			return d.Name
		}
	}
	return ""
}

// lacks reports whether a destination of a rule is gone.
func lacks(r incident.Rule, ways []deliver.Overview) bool {
	return slices.ContainsFunc(slices.Concat(r.To, r.EscTo), func(x incident.Receiver) bool { return wayName(ways, x.Destination) == "" })
}

// ruleText says what a rule does in a line: of what, when, to whom.
func ruleText(v *ui.Viewer, r incident.Rule, ways []deliver.Overview) string {
	var parts []string
	if len(r.Kinds) == 0 {
		parts = append(parts, v.T("telling.all_kinds"))
	} else {
		var names []string
		for _, k := range r.Kinds {
			names = append(names, aboutName(v, k))
		}
		parts = append(parts, strings.Join(names, ", "))
	}
	if r.Least > incident.NoSeverity {
		parts = append(parts, v.T("telling.from_severity", "Severity", severityName(v, r.Least)))
	}
	if r.Good {
		parts = append(parts, v.T("incidents.tab_good"))
	}
	if r.QuietFrom != r.QuietTo {
		parts = append(parts, v.T("telling.quiet_hours")+" "+clock(r.QuietFrom)+"–"+clock(r.QuietTo))
	}
	var to []string
	for _, x := range r.To {
		name := wayName(ways, x.Destination)
		switch {
		case name == "":
			name = v.T("telling.way_gone")
		case x.Address != "":
			name = x.Address
		}
		to = append(to, name)
	}
	return strings.Join(parts, " · ") + " → " + strings.Join(to, ", ")
}

// leastValue is the severity from which a rule tells, "" where there is no such.
func leastValue(p ruleView) string {
	if p.Least < 0 || int(p.Least) >= len(severityWords) {
		return ""
	}
	return severityWords[p.Least]
}

// leastChoices are severities from which a rule tells.
func leastChoices(v *ui.Viewer) (out []ui.Choice) {
	for _, s := range severityChoices(v) {
		out = append(out, ui.Choice{Label: s.label, Value: s.value})
	}
	return out
}

func hoursChoices(v *ui.Viewer) []ui.Choice {
	return []ui.Choice{{Label: v.T("telling.hours_always"), Value: string(incident.Always)}, {Label: v.T("telling.hours_open"), Value: string(incident.WhileOpen)},
		{Label: v.T("telling.hours_closed"), Value: string(incident.WhileShut)}}
}

// receiverRows are the receivers and room for more.
func receiverRows(all []incident.Receiver) []incident.Receiver {
	return append(slices.Clone(all), make([]incident.Receiver, spareReceivers)...)
}

// verdictLine says what a verdict keeps quiet.
func verdictLine(v *ui.Viewer, x incident.Verdict) string {
	out := v.T("incidents.verdict_"+string(x.What)) + ": " + aboutName(v, x.Kind)
	if len(x.Pairs) > 0 {
		out += ", " + pairNames{}.pairs(v, x.Pairs)
	}
	return capital(out)
}
