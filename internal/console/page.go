package console

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// page is the one way to every page: it finds out who asks and whether they
// may, sets the headers, and renders what goes wrong.
func (c *Console) page(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &ui.Viewer{Nonce: rand.Text(), Path: r.URL.Path, Query: r.URL.Query(), Now: c.Now(), Part: r.Header.Get("HX-Request") == "true", Demo: c.Demo != nil, Theme: "system"}
		v.L = locale.For(askedLanguage(r), time.UTC)
		setHeaders(w, v.Nonce)
		err := c.admit(r, rt, v)
		if err == nil {
			err = rt.handle(w, r, v)
		}
		c.fail(w, r, v, err)
	})
}

var (
	errNotSignedIn = errors.New("not signed in")
	errNoWorkspace = errors.New("this account belongs to no workspace")
)

// admit fills the viewer with who asks, and refuses who may not.
func (c *Console) admit(r *http.Request, rt route, v *ui.Viewer) error {
	p, err := c.signedIn(r)
	switch {
	case errors.Is(err, staff.ErrNoSession):
		if rt.public {
			return nil
		}
		return errNotSignedIn
	case err != nil:
		return err
	}
	v.Person = p
	if err := c.workspaces(r.Context(), v, r.PathValue("workspace")); err != nil {
		return err
	}
	localize(v, askedLanguage(r))
	if rt.right != "" {
		if err := v.Actor.Need(rt.right); err != nil {
			return err
		}
	}
	if v.Part || v.Workspace.Number == 0 || c.Incidents == nil {
		return nil
	}
	v.Alerts, err = c.readAlerts(r.Context(), v)
	return err
}

// workspaces fills in which workspaces the person may go to, and the one that
// is asked for; another's answers as one that does not exist.
func (c *Console) workspaces(ctx context.Context, v *ui.Viewer, asked string) error {
	all, err := c.Workspaces.List(ctx)
	if err != nil {
		return err
	}
	for _, ws := range all {
		if _, ok := v.Person.Roles[ws.Number]; ok {
			v.Others = append(v.Others, ws)
		}
	}
	if asked == "" {
		return nil
	}
	i := slices.IndexFunc(v.Others, func(ws workspace.Workspace) bool { return ws.ID == asked })
	if i < 0 {
		return web.NewProblem(http.StatusNotFound, "")
	}
	v.Workspace, v.Actor = v.Others[i], v.Person.In(v.Others[i].Number)
	return nil
}

// askedLanguage is what a request asks for by itself: by a link below the form of
// those who have not signed in, else by the browser's settings.
func askedLanguage(r *http.Request) locale.Lang {
	if lang := locale.Lang(r.URL.Query().Get("lang")); lang.Valid() {
		return lang
	}
	return locale.Match(r.Header.Get("Accept-Language"))
}

// localize sets language, time zone and theme: the person's own choice, else the
// browser's language and the workspace's zone.
func localize(v *ui.Viewer, fallback locale.Lang) {
	lang, zone := fallback, v.Person.Zone
	if zone == "" {
		zone = v.Workspace.Zone
	}
	if v.Person.Language != "" {
		lang = locale.Lang(v.Person.Language)
	}
	if v.Person.Theme != "" {
		v.Theme = v.Person.Theme
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	v.L = locale.For(lang, place).Home(v.Workspace.Currency)
}

// setHeaders forbids all that a page does not need: what is not ours or has no
// nonce is neither run nor fetched.
func setHeaders(w http.ResponseWriter, nonce string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'",
		"script-src 'nonce-" + nonce + "' 'strict-dynamic'",
		"style-src 'self' 'nonce-" + nonce + "'",
		"img-src 'self' data:", "font-src 'self'", "connect-src 'self'", "frame-src 'self'", "manifest-src 'self'",
		"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
	}, "; "))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// signInURL is where who is not signed in goes, to come back after it: to the page,
// where a part of one was asked for.
func signInURL(r *http.Request) string {
	back := ""
	if r.Header.Get("HX-Request") == "true" {
		if page, err := url.Parse(r.Referer()); err == nil && page.Host == r.Host {
			back = page.RequestURI()
		}
	} else if r.Method == http.MethodGet {
		back = r.URL.RequestURI()
	}
	if back == "" || back == "/" {
		return "/signin"
	}
	return "/signin?next=" + url.QueryEscape(back)
}
