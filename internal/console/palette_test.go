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
