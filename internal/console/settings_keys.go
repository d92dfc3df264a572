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
	keys     []workspace.Key
	form     *form
	fresh    string // the text of a secret key that was just made
	identity string // the identity secret, where it was asked for
}

func (c *Console) keysPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	return c.showKeys(w, r, v, keysView{}, http.StatusOK)
}

func (c *Console) showKeys(w http.ResponseWriter, r *http.Request, v *ui.Viewer, k keysView, status int) error {
	var err error
	if k.keys, err = c.Staff.Keys(r.Context(), v.Actor); err != nil {
		return err
	}
	slices.SortStableFunc(k.keys, func(a, b workspace.Key) int { return cmp.Compare(min(a.RevokedAt, 1), min(b.RevokedAt, 1)) }) // ended ones last
	return render(w, r, status, keysPage(v, k))
}

func (c *Console) createKey(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	o := workspace.KeyOptions{Kind: workspace.Kind(r.PostFormValue("kind")), Label: r.PostFormValue("label")}
	for _, name := range r.PostForm["scope"] {
		one, err := workspace.ParseScopes(name)
		if err != nil {
			return err
		}
		if o.Kind == workspace.SecretKey {
			o.Scopes |= one
		}
	}
	var err error
	if o.RateLimit, err = strconv.Atoi(r.PostFormValue("rate")); err != nil && r.PostFormValue("rate") != "" {
		o.RateLimit = -1
	}
	made, text, err := c.Staff.CreateKey(r.Context(), v.Actor, o)
	if f := refused(r, v, err, map[string]string{"key_label": "label", "key_rate": "rate"}); f != nil {
		return c.showKeys(w, r, v, keysView{form: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	if made.Kind == workspace.WriteKey { // is shown among the others whenever it is wanted
		text = ""
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

// shownKey is what of a key may be seen: all of a write key.
func shownKey(k workspace.Key) string {
	if k.Kind == workspace.WriteKey {
		return k.Public
	}
	return k.Public + "…"
}
