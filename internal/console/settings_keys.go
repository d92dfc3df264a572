package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/workspace"
)

// keysView is what the section of keys shows.
type keysView struct {
	keys     []workspace.Key // secret ones
	form     *form
	fresh    string // the text of a key that was just made
	identity string // the identity secret, where it was asked for
}

func (c *Console) keysPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	return c.showKeys(w, r, v, keysView{}, http.StatusOK)
}

func (c *Console) showKeys(w http.ResponseWriter, r *http.Request, v *ui.Viewer, k keysView, status int) error {
	all, err := c.Staff.Keys(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	for _, key := range all {
		if key.Kind == workspace.SecretKey {
			k.keys = append(k.keys, key)
		}
	}
	slices.SortStableFunc(k.keys, func(a, b workspace.Key) int { return cmp.Compare(min(a.RevokedAt, 1), min(b.RevokedAt, 1)) }) // ended ones last
	return render(w, r, status, keysPage(v, k))
}

func (c *Console) createKey(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	var scopes workspace.Scopes
	for _, name := range r.PostForm["scope"] {
		one, err := workspace.ParseScopes(name)
		if err != nil {
			return err
		}
		scopes |= one
	}
	rate, err := strconv.Atoi(r.PostFormValue("rate"))
	if err != nil && r.PostFormValue("rate") != "" {
		rate = -1
	}
	_, text, err := c.Staff.CreateKey(r.Context(), v.Actor, workspace.KeyOptions{
		Kind: workspace.SecretKey, Label: r.PostFormValue("label"), Scopes: scopes, RateLimit: rate})
	if f := refused(r, v, err, map[string]string{"key_label": "label", "key_rate": "rate"}); f != nil {
		return c.showKeys(w, r, v, keysView{form: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	return c.showKeys(w, r, v, keysView{fresh: text}, http.StatusOK)
}

func (c *Console) revokeKey(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := c.Staff.RevokeKey(r.Context(), v.Actor, r.PathValue("id")); err != nil {
		return err
	}
	saved(w, r, v, "keys")
	return nil
}

func (c *Console) showIdentity(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	secret, err := c.Staff.IdentitySecret(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	return c.showKeys(w, r, v, keysView{identity: secret}, http.StatusOK)
}

func (c *Console) rotateIdentity(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	secret, err := c.Staff.RotateIdentitySecret(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	return c.showKeys(w, r, v, keysView{identity: secret}, http.StatusOK)
}
