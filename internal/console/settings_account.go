package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
)

// accountView is what the section of the own account shows.
type accountView struct {
	second   staff.SecondFactorState
	sessions []staff.SessionInfo
	codes    []string // recovery codes that were just made

	preferences, password, factor *form
}

func (c *Console) accountPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	return c.showAccount(w, r, v, accountView{}, http.StatusOK)
}

func (c *Console) showAccount(w http.ResponseWriter, r *http.Request, v *ui.Viewer, a accountView, status int) (err error) {
	if a.second, err = c.Staff.SecondFactorState(r.Context(), v.Person); err != nil {
		return err
	}
	if a.sessions, err = c.Staff.Sessions(r.Context(), v.Person, cookie(r, cookieName)); err != nil {
		return err
	}
	return render(w, r, status, accountPage(v, a))
}

func (c *Console) setPreferences(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p := staff.Preferences{Name: r.PostFormValue("name"), Theme: r.PostFormValue("theme"), Zone: r.PostFormValue("zone")}
	if lang := locale.Lang(r.PostFormValue("language")); lang.Valid() {
		p.Language = string(lang)
	}
	err := c.Staff.SetPreferences(r.Context(), v.Person, p)
	if f := refused(r, v, err, map[string]string{"person_name": "name", "zone": "zone", "theme": "theme"}); f != nil {
		return c.showAccount(w, r, v, accountView{preferences: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	saved(w, r, v, "account")
	return nil
}

func (c *Console) setPassword(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	at := c.attempt(r)
	at.Password = r.PostFormValue("old_password")
	t, err := c.Staff.SetPassword(r.Context(), v.Person, at, r.PostFormValue("password"))
	if f := refused(r, v, err, map[string]string{"password_wrong": "old_password", "password_length": "password"}); f != nil {
		return c.showAccount(w, r, v, accountView{password: f}, refusedStatus(err))
	}
	if err != nil {
		return err
	}
	if err := c.hand(w, r, t); err != nil {
		return err
	}
	saved(w, r, v, "account")
	return nil
}

func (c *Console) beginSecond(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.secondChanged(w, r, v, nil, c.Staff.BeginSecondFactor(r.Context(), v.Person, r.PostFormValue("password")))
}

func (c *Console) confirmSecond(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	codes, err := c.Staff.ConfirmSecondFactor(r.Context(), v.Person, cookie(r, cookieName), r.PostFormValue("code"))
	return c.secondChanged(w, r, v, codes, err)
}

func (c *Console) newCodes(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	codes, err := c.Staff.NewRecoveryCodes(r.Context(), v.Person, r.PostFormValue("password"))
	return c.secondChanged(w, r, v, codes, err)
}

func (c *Console) endSecond(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.secondChanged(w, r, v, nil, c.Staff.EndSecondFactor(r.Context(), v.Person, r.PostFormValue("password")))
}

// secondChanged shows recovery codes where there are new ones; they are not
// shown again.
func (c *Console) secondChanged(w http.ResponseWriter, r *http.Request, v *ui.Viewer, codes []string, err error) error {
	f := refused(r, v, err, map[string]string{"password_wrong": "password", "code": "code"})
	switch {
	case f != nil:
		return c.showAccount(w, r, v, accountView{factor: f}, refusedStatus(err))
	case err != nil && !errors.Is(err, staff.ErrNotFound):
		return err
	case codes != nil:
		return c.showAccount(w, r, v, accountView{codes: codes}, http.StatusOK)
	}
	leave(w, r, v, v.URL("settings", "account")+"#second")
	return nil
}

func (c *Console) endSession(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := c.Staff.EndSession(r.Context(), v.Person, r.PathValue("id")); err != nil {
		return err
	}
	saved(w, r, v, "account")
	return nil
}

func (c *Console) endOthers(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := c.Staff.EndOthers(r.Context(), v.Person, cookie(r, cookieName)); err != nil {
		return err
	}
	saved(w, r, v, "account")
	return nil
}

func languageChoices(v *ui.Viewer, chosen string) []ui.Choice {
	out := []ui.Choice{{Label: v.T("settings.language_browser"), Current: chosen == ""}}
	for _, l := range locale.Langs {
		out = append(out, ui.Choice{Label: l.Name(), Value: string(l), Current: string(l) == chosen})
	}
	return out
}

func themeChoices(v *ui.Viewer, chosen string) []ui.Choice {
	return []ui.Choice{
		{Label: v.T("common.theme_system"), Value: "system", Current: chosen == "" || chosen == "system"},
		{Label: v.T("common.theme_light"), Value: "light", Current: chosen == "light"},
		{Label: v.T("common.theme_dark"), Value: "dark", Current: chosen == "dark"},
	}
}

// device names a browser by what it says of itself.
func device(agent string) (name, icon string) {
	find := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := find("Edg", "Edge", "OPR/", "Opera", "SamsungBrowser", "Samsung Internet", "Firefox", "Firefox", "FxiOS", "Firefox", "CriOS", "Chrome", "Chrom", "Chrome", "Safari", "Safari", "curl", "curl")
	system := find("Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS X", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	icon = "monitor"
	if system == "Android" || system == "iPhone" || system == "iPad" {
		icon = "smartphone"
	}
	return strings.Trim(browser+", "+system, ", "), icon
}
