package console

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/shop"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// demoConsole is a console over a demo that was just born.
func demoConsole(t *testing.T) *Console {
	t.Helper()
	d, err := shop.Open(t.TempDir(), 1, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Begin(time.Now(), 1); err != nil {
		t.Fatal(err)
	}
	return &Console{Options: Options{Demo: d, Now: time.Now}}
}

func demoViewer(role workspace.Role, lang locale.Lang) *ui.Viewer {
	return &ui.Viewer{L: locale.For(lang, time.UTC), Demo: true, Now: time.Now(), Path: "/w/w1/demo", Workspace: workspace.Workspace{ID: "w1", Number: 1}, Actor: staff.Actor{Workspace: 1, Role: role}}
}

func TestDemoPlay(t *testing.T) {
	for _, c := range []struct {
		name, scene string
		role        workspace.Role
		part        bool
		status      int
		err         error
		plays       string
	}{
		{"by an owner", shop.UPI, workspace.Owner, false, http.StatusSeeOther, nil, shop.UPI},
		{"by an agent, for a part", shop.Strike, workspace.Agent, true, http.StatusOK, nil, shop.Strike},
		{"by an analyst", shop.UPI, workspace.Analyst, false, 0, staff.ErrForbidden, shop.Calm},
		{"of an unknown scene", "flood", workspace.Owner, false, http.StatusUnprocessableEntity, nil, shop.Calm},
		{"of none", shop.Calm, workspace.Owner, false, http.StatusSeeOther, nil, shop.Calm},
	} {
		t.Run(c.name, func(t *testing.T) {
			con, v := demoConsole(t), demoViewer(c.role, locale.English)
			v.Part = c.part
			r := httptest.NewRequest("POST", "/w/w1/demo/play", strings.NewReader(url.Values{"scene": {c.scene}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			err := con.demoPlay(w, r, v)
			status := w.Code
			var problem *web.Problem
			if errors.As(err, &problem) {
				status = problem.Status
			} else if !errors.Is(err, c.err) {
				t.Fatal(err)
			}
			if c.err == nil && status != c.status {
				t.Errorf("status %d, not %d", status, c.status)
			}
			if now := con.Demo.Current().Scene; now != c.plays {
				t.Errorf("%q plays, not %q", now, c.plays)
			}
		})
	}
}

// TestDemoPage renders the page in every language: messages that are missing panic.
func TestDemoPage(t *testing.T) {
	con := demoConsole(t)
	for _, lang := range locale.Langs {
		for _, group := range append([]string{"", "nonsense"}, shop.Groups...) {
			w := httptest.NewRecorder()
			if err := con.demo(w, httptest.NewRequest("GET", "/w/w1/demo?group="+group, nil), demoViewer(workspace.Owner, lang)); err != nil {
				t.Fatal(err)
			}
			page := w.Body.String()
			if n := strings.Count(page, `action="/w/w1/demo/play"`); n != len(shop.Scenes) {
				t.Errorf("%s: %d scenes can be played", lang, n)
			}
			if n := strings.Count(page, "/demo/products/"); n != 20 {
				t.Errorf("%s: %d pictures", lang, n)
			}
		}
	}
}

func TestDemoIsOnlyThere(t *testing.T) {
	if routes := (&Console{}).demoRoutes(); routes != nil {
		t.Errorf("outside the demo there are %d of its pages", len(routes))
	}
}
