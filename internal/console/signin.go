package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
)

func (c *Console) signInRoutes() []route {
	return []route{
		{pattern: "GET /signin", public: true, handle: c.signInPage},
		{pattern: "POST /signin", public: true, handle: c.signIn},
		{pattern: "GET /signin/code", public: true, handle: c.codePage},
		{pattern: "POST /signin/code", public: true, handle: c.code},
		{pattern: "GET /signin/done", public: true, handle: c.signedInPage},
		{pattern: "POST /signout", public: true, handle: c.signOut},
		{pattern: "GET /setup/{token}", public: true, handle: c.setupPage},
		{pattern: "POST /setup/{token}", public: true, handle: c.setup},
		{pattern: "GET /invite/{token}", public: true, handle: c.invitePage},
		{pattern: "POST /invite/{token}", public: true, handle: c.join},
		{pattern: "GET /reset/{token}", public: true, handle: c.resetPage},
		{pattern: "POST /reset/{token}", public: true, handle: c.reset},
		{pattern: "POST /preferences", handle: c.quickPreferences},
	}
}

func (c *Console) signInPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if v.Person.Account != "" {
		http.Redirect(w, r, next(r), http.StatusSeeOther)
		return nil
	}
	fresh, err := c.Staff.Fresh(r.Context())
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, signInPage(v, nil, fresh, r.URL.Query().Get("reset") != ""))
}

func (c *Console) signIn(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	t, err := c.Staff.SignIn(r.Context(), c.attempt(r))
	if f := refused(r, v, err, map[string]string{"credentials": "password"}); f != nil {
		return render(w, r, refusedStatus(err), signInPage(v, f, false, false))
	}
	if err != nil {
		return err
	}
	return c.goOn(w, r, t)
}

// refusedStatus is the status of a form that comes back.
func refusedStatus(err error) int {
	if errors.As(err, new(*staff.Throttled)) {
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

// goOn leads from a sign-in to the second factor or to where the person wanted.
func (c *Console) goOn(w http.ResponseWriter, r *http.Request, t staff.Ticket) error {
	if err := c.hand(w, r, t); err != nil {
		return err
	}
	to := "/signin/done"
	if t.Second {
		to = "/signin/code"
	}
	q := url.Values{}
	if n := next(r); n != "/" {
		q.Set("next", n)
	}
	if lang := r.URL.Query().Get("lang"); locale.Lang(lang).Valid() {
		q.Set("lang", lang)
	}
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// next is where who signs in wants to go: a page of ours.
func next(r *http.Request) string {
	to := r.FormValue("next")
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n") {
		return "/"
	}
	return to
}

func (c *Console) codePage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if cookie(r, secondCookie) == "" {
		leave(w, r, v, "/signin")
		return nil
	}
	return render(w, r, http.StatusOK, codePage(v, nil))
}

func (c *Console) code(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	t, err := c.Staff.SecondFactor(r.Context(), cookie(r, secondCookie), r.PostFormValue("code"), r.UserAgent())
	if errors.Is(err, staff.ErrNoSession) { // it took too long
		leave(w, r, v, "/signin")
		return nil
	}
	if f := refused(r, v, err, map[string]string{"code": "code"}); f != nil {
		return render(w, r, refusedStatus(err), codePage(v, f))
	}
	if err != nil {
		return err
	}
	return c.goOn(w, r, t)
}

// signedInPage leads on, unless the browser did not keep the cookie: over plain
// HTTP from another machine it must not.
func (c *Console) signedInPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if v.Person.Account == "" {
		return render(w, r, http.StatusForbidden, noCookiePage(v))
	}
	http.Redirect(w, r, next(r), http.StatusSeeOther)
	return nil
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if token := cookie(r, cookieName); token != "" {
		if err := c.Staff.SignOut(r.Context(), token); err != nil {
			return err
		}
		setCookie(w, cookieName, "", 0)
	}
	leave(w, r, v, "/signin")
	return nil
}

func (c *Console) newcomer(r *http.Request, v *ui.Viewer) staff.Newcomer {
	return staff.Newcomer{
		Name: r.PostFormValue("name"), Password: r.PostFormValue("password"), Language: string(v.L.Lang),
		Address: c.address(r), UserAgent: r.UserAgent(),
	}
}

// newcomerFields tells to which fields the flaws of a new account belong.
var newcomerFields = map[string]string{
	"person_name": "name", "email": "email", "password_length": "password", "credentials": "password", "zone": "zone",
	"name_length": "shop", "name_control": "shop", "name_id": "shop", "name_taken": "shop",
}

func (c *Console) setupPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.showSetup(w, r, v, nil, http.StatusOK)
}

func (c *Console) showSetup(w http.ResponseWriter, r *http.Request, v *ui.Viewer, f *form, status int) error {
	if _, err := c.Staff.Link(r.Context(), staff.SetupLink, r.PathValue("token")); errors.Is(err, staff.ErrNotFound) {
		return render(w, r, http.StatusNotFound, deadLinkPage(v, v.T("account.setup_dead")))
	} else if err != nil {
		return err
	}
	shops, err := c.Workspaces.List(r.Context())
	if err != nil {
		return err
	}
	var names []string
	for _, s := range shops {
		names = append(names, s.Name)
	}
	return render(w, r, status, setupPage(v, f, names))
}

func (c *Console) setup(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	t, err := c.Staff.Setup(r.Context(), r.PathValue("token"), staff.FirstOwner{
		Email: r.PostFormValue("email"), Shop: r.PostFormValue("shop"), Zone: r.PostFormValue("zone"), Newcomer: c.newcomer(r, v)})
	if f := refused(r, v, err, newcomerFields); f != nil || errors.Is(err, staff.ErrNotFound) {
		return c.showSetup(w, r, v, f, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	return c.goOn(w, r, t)
}

func (c *Console) invitePage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.showInvite(w, r, v, nil, http.StatusOK)
}

func (c *Console) showInvite(w http.ResponseWriter, r *http.Request, v *ui.Viewer, f *form, status int) error {
	l, err := c.Staff.Link(r.Context(), staff.InviteLink, r.PathValue("token"))
	if errors.Is(err, staff.ErrNotFound) {
		return render(w, r, http.StatusNotFound, deadLinkPage(v, v.T("account.invite_dead")))
	}
	if err != nil {
		return err
	}
	shops, err := c.Workspaces.List(r.Context())
	if err != nil {
		return err
	}
	name := ""
	for _, s := range shops {
		if s.Number == l.Workspace {
			name = s.Name
		}
	}
	return render(w, r, status, invitePage(v, f, l, name))
}

func (c *Console) join(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	t, err := c.Staff.Join(r.Context(), r.PathValue("token"), c.newcomer(r, v))
	if f := refused(r, v, err, newcomerFields); f != nil || errors.Is(err, staff.ErrNotFound) {
		return c.showInvite(w, r, v, f, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	return c.goOn(w, r, t)
}

func (c *Console) resetPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.showReset(w, r, v, nil, http.StatusOK)
}

func (c *Console) showReset(w http.ResponseWriter, r *http.Request, v *ui.Viewer, f *form, status int) error {
	l, err := c.Staff.Link(r.Context(), staff.ResetLink, r.PathValue("token"))
	if errors.Is(err, staff.ErrNotFound) {
		return render(w, r, http.StatusNotFound, deadLinkPage(v, v.T("account.reset_dead")))
	}
	if err != nil {
		return err
	}
	return render(w, r, status, resetPage(v, f, l.Email))
}

func (c *Console) reset(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	err := c.Staff.Reset(r.Context(), r.PathValue("token"), r.PostFormValue("password"))
	if f := refused(r, v, err, newcomerFields); f != nil || errors.Is(err, staff.ErrNotFound) {
		return c.showReset(w, r, v, f, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	setCookie(w, cookieName, "", 0)
	leave(w, r, v, "/signin?reset=1&lang="+string(v.L.Lang))
	return nil
}

// quickPreferences changes theme or language from the menu of every page.
func (c *Console) quickPreferences(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p := preferencesOf(v.Person)
	if theme := r.PostFormValue("theme"); theme != "" {
		p.Theme = theme
	}
	if lang := r.PostFormValue("language"); locale.Lang(lang).Valid() {
		p.Language = lang
	}
	if p.Name == "" { // of an account without one
		p.Name = v.Person.Email
	}
	if err := c.Staff.SetPreferences(r.Context(), v.Person, p); err != nil {
		return err
	}
	leave(w, r, v, next(r))
	return nil
}

func preferencesOf(p staff.Person) staff.Preferences {
	return staff.Preferences{Name: p.Name, Language: p.Language, Theme: p.Theme, Zone: p.Zone}
}
