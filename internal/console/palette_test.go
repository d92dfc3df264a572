package console

import (
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestPagesNamed(t *testing.T) {
	for _, c := range []struct {
		lang locale.Lang
		role workspace.Role
		q    string
		want string // the first page's address, "" for none
	}{
		{locale.English, workspace.Owner, "", "/w/w1/live"},
		{locale.English, workspace.Owner, "CUS", "/w/w1/customers"},
		{locale.Hindi, workspace.Owner, "ग्रा", "/w/w1/customers"},
		{locale.Hindi, workspace.Owner, "cust", "/w/w1/customers"},
		{locale.English, workspace.Owner, "stomers", ""},
		{locale.English, workspace.Owner, "demo", "/w/w1/demo"},
		{locale.English, workspace.Analyst, "demo", ""},
		{locale.English, workspace.Owner, "business hours", "/w/w1/settings/hours"},
		{locale.English, workspace.Agent, "business hours", ""},
		{locale.English, "", "live", ""},
	} {
		v := &ui.Viewer{L: locale.For(c.lang, time.UTC), Demo: true, Workspace: workspace.Workspace{ID: "w1"}, Actor: staff.Actor{Role: c.role}}
		got := ""
		if found := pagesNamed(v, c.q); len(found) > 0 {
			got = found[0].URL
		}
		if got != c.want {
			t.Errorf("%s as %s in %s finds %q, want %q", c.q, c.role, c.lang, got, c.want)
		}
	}
}

// What can be done is found by words of the viewer's language and of English, and
// only by who may do it.
func TestActionsNamed(t *testing.T) {
	for _, c := range []struct {
		lang locale.Lang
		role workspace.Role
		q    string
		want string // the first action's address and what it sends, "" for none
	}{
		{locale.English, workspace.Owner, "", "/w/w1/sources/imports"},
		{locale.English, workspace.Agent, "", "/signout"},
		{locale.English, "", "", ""},
		{locale.English, workspace.Owner, "file imp", "/w/w1/sources/imports"},
		{locale.Hindi, workspace.Owner, "आयात", "/w/w1/sources/imports"},
		{locale.Hindi, workspace.Owner, "import", "/w/w1/sources/imports"},
		{locale.Bengali, workspace.Admin, "আমন্ত্রণ", "/w/w1/settings/people"},
		{locale.Spanish, workspace.Admin, "clave", "/w/w1/settings/keys"},
		{locale.Portuguese, workspace.Analyst, "exportar clien", "/w/w1/customers/export"},
		{locale.English, workspace.Agent, "export", ""},
		{locale.English, workspace.Analyst, "invite", ""},
		{locale.English, workspace.Agent, "log out", "/signout"},
		{locale.Nepali, workspace.Agent, "थिम गाढा", "/preferences?dark"},
		{locale.Nepali, workspace.Agent, "dark", "/preferences?dark"},
		{locale.English, workspace.Agent, "हिन्दी", "/preferences?hi"},
		{locale.English, workspace.Agent, "theme light", ""}, // which it is
		{locale.English, workspace.Owner, "xyzzy", ""},
	} {
		v := &ui.Viewer{L: locale.For(c.lang, time.UTC), Theme: "light", Workspace: workspace.Workspace{ID: "w1"}, Actor: staff.Actor{Role: c.role}}
		got := ""
		if found := actionsNamed(v, c.q, "/w/w1/feedback?mood=bad"); len(found) > 0 {
			a := action{PaletteItem: found[0]}
			got = a.URL + a.field()
			if a.URL == "/preferences" && a.Fields[1] != [2]string{"next", "/w/w1/feedback?mood=bad"} {
				t.Errorf("%s leads back to %v", c.q, a.Fields[1])
			}
		}
		if got != c.want {
			t.Errorf("%s as %s in %s finds %q, want %q", c.q, c.role, c.lang, got, c.want)
		}
	}
}
