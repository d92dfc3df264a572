package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/staff"
)

const auditRows = 50

// auditView is what the audit log shows.
type auditView struct {
	entries []staff.Entry
	next    string // cursor
	filter  staff.AuditFilter
	members []staff.Member
	areas   []string
}

func (c *Console) auditPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q := r.URL.Query()
	a := auditView{filter: staff.AuditFilter{Account: q.Get("who"), Area: q.Get("what"), Before: q.Get("before"), Limit: auditRows}}
	var err error
	if a.entries, a.next, err = c.Staff.Audit(r.Context(), v.Actor, a.filter); err != nil {
		return err
	}
	if a.areas, err = c.Staff.AuditAreas(r.Context(), v.Actor); err != nil {
		return err
	}
	if a.members, err = c.Staff.Members(r.Context(), v.Actor); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, auditPage(v, a))
}

// url is the address of the log with another filter or page.
func (a auditView) url(v *ui.Viewer, who, what, before string) string {
	q := url.Values{}
	for name, value := range map[string]string{"who": who, "what": what, "before": before} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return strings.TrimSuffix(v.URL("settings", "audit")+"?"+q.Encode(), "?")
}

func (a auditView) who(v *ui.Viewer) (chosen string, choices []ui.Choice) {
	chosen = v.T("common.all")
	choices = []ui.Choice{{Label: chosen, URL: a.url(v, "", a.filter.Area, ""), Current: a.filter.Account == ""}}
	for _, m := range append(a.members, staff.Member{Account: staff.Operator, Name: v.T("settings.operator")}) {
		current := m.Account == a.filter.Account
		if current {
			chosen = m.Name
		}
		choices = append(choices, ui.Choice{Label: m.Name, URL: a.url(v, m.Account, a.filter.Area, ""), Current: current})
	}
	return chosen, choices
}

func (a auditView) what(v *ui.Viewer) (chosen string, choices []ui.Choice) {
	chosen = v.T("common.all")
	choices = []ui.Choice{{Label: chosen, URL: a.url(v, a.filter.Account, "", ""), Current: a.filter.Area == ""}}
	for _, area := range a.areas {
		label := v.L.Word("settings.area", area)
		if area == a.filter.Area {
			chosen = label
		}
		choices = append(choices, ui.Choice{Label: label, URL: a.url(v, a.filter.Account, area, ""), Current: area == a.filter.Area})
	}
	return chosen, choices
}

// who names the person who did something.
func auditName(v *ui.Viewer, e staff.Entry) string {
	switch {
	case e.Account == staff.Operator:
		return v.T("settings.operator")
	case e.Name != "":
		return e.Name
	}
	return e.Account
}

// auditAction says what was done.
func auditAction(v *ui.Viewer, e staff.Entry) string {
	return v.L.Word("settings.action", strings.ReplaceAll(e.Action, ".", "_"))
}

// auditDetail says to whom or what, as far as it is known.
func auditDetail(v *ui.Viewer, e staff.Entry) string {
	var parts []string
	if e.About != "" && e.Subject != e.Account {
		parts = append(parts, e.About)
	}
	if e.Detail != "" {
		words := strings.Fields(e.Detail)
		between := " "
		for i, word := range words { // roles and fields are told in the reader's language
			if e.Action == "workspace.changed" {
				words[i], between = v.L.Word("settings.field", word), ", "
			} else {
				words[i] = v.L.Word("common.role", word)
			}
		}
		parts = append(parts, strings.Join(words, between))
	}
	return strings.Join(parts, ": ")
}
