package console

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/deliver/returns"
	"github.com/dhvani/dhvani/internal/deliver/webhook"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// destinationView is the form of a destination.
type destinationView struct {
	*deliver.Destination                 // ID is "" where it is to be made
	form                 *form           // refused
	secret               string          // a signing secret that was just made
	rules                []incident.Rule // that name it: it cannot be deleted

	hook     *returns.Hook // nil where there is none
	hookForm *form         // refused
	hookURL  string        // of a hook that was just made
}

// isNew reports whether the destination is to be made.
func (d destinationView) isNew() bool { return d.ID == "" }

func (c *Console) newDestination(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	d := &deliver.Destination{Kind: deliver.Kind(r.FormValue("kind"))}
	if !slices.Contains(destinationKinds, d.Kind) {
		d.Kind = deliver.Email
	}
	return render(w, r, http.StatusOK, destinationForm(v, destinationView{Destination: d}))
}

func (c *Console) destinationSettings(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	d, err := c.Outbox.Destination(r.Context(), v.Actor, r.PathValue("destination"))
	if err != nil {
		return err
	}
	return c.showDestination(w, r, v, destinationView{Destination: d}, http.StatusOK)
}

// showDestination shows the form of a destination.
func (c *Console) showDestination(w http.ResponseWriter, r *http.Request, v *ui.Viewer, d destinationView, status int) (err error) {
	if d.Kind == deliver.Email && !d.isNew() {
		if d.hook, err = c.Returns.Hook(r.Context(), v.Actor, d.ID); err != nil {
			return err
		}
	}
	if !d.isNew() {
		if d.rules, err = c.Incidents.RulesTo(r.Context(), v.Actor, d.ID); err != nil {
			return err
		}
	}
	return render(w, r, status, destinationForm(v, d))
}

func (c *Console) createDestination(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	d := &deliver.Destination{Kind: deliver.Kind(r.PostFormValue("kind"))}
	readDestination(r, d)
	err := c.Outbox.Create(r.Context(), v.Actor, d)
	if f := refused(r, v, err, destinationFields(d.Kind)); f != nil {
		if !slices.Contains(destinationKinds, d.Kind) {
			d.Kind = deliver.Email
		}
		d.ID = ""
		return render(w, r, http.StatusUnprocessableEntity, destinationForm(v, destinationView{Destination: d, form: f}))
	}
	if err != nil {
		return err
	}
	if d.Kind == deliver.Webhook { // its secret is shown this once
		v.Notice = v.T("common.saved")
		return render(w, r, http.StatusOK, destinationForm(v, destinationView{Destination: d, secret: d.Secrets[deliver.SigningSecret]}))
	}
	leave(w, r, v, v.URL("settings", "outgoing", d.ID)+"?saved=1")
	return nil
}

func (c *Console) changeDestination(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	d, err := c.Outbox.Destination(r.Context(), v.Actor, r.PathValue("destination"))
	if err != nil {
		return err
	}
	readDestination(r, d)
	err = c.Outbox.Change(r.Context(), v.Actor, d)
	if f := refused(r, v, err, destinationFields(d.Kind)); f != nil {
		return c.showDestination(w, r, v, destinationView{Destination: d, form: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	leave(w, r, v, v.URL("settings", "outgoing", d.ID, "settings")+"?saved=1")
	return nil
}

// settingNames are what a kind of destination asks for and may be shown.
func settingNames(k deliver.Kind) []string {
	switch k {
	case deliver.Email:
		return []string{email.Host, email.Port, email.TLS, email.User, email.From, email.FromName, email.ReplyTo, email.Bounces, email.DKIMDomain, email.DKIMSelector}
	case deliver.Webhook:
		return []string{webhook.URLSetting}
	case deliver.Telegram:
		return []string{webhook.ChatSetting}
	}
	return nil
}

// secretNames are what a kind of destination asks for and is never shown again.
func secretNames(k deliver.Kind) []string {
	switch k {
	case deliver.Email:
		return []string{email.Password, email.DKIMKey}
	case deliver.Slack, deliver.Teams:
		return []string{webhook.URLSetting}
	case deliver.Telegram:
		return []string{webhook.TokenSecret}
	}
	return nil
}

// secretField is the name of a secret's field. Fields of passwords never come back
// in a form that was refused.
func secretField(name string) string { return "password-" + name }

// readDestination takes a destination's name, settings, limits and those secrets
// that were typed out of a form. An empty secret stays as it is, but where what it
// belongs to was taken away.
func readDestination(r *http.Request, d *deliver.Destination) {
	d.Name = r.PostFormValue("name")
	settings := maps.Clone(d.Settings)
	if settings == nil {
		settings = map[string]string{}
	}
	for _, name := range settingNames(d.Kind) {
		if value := strings.TrimSpace(r.PostFormValue(name)); value != "" {
			settings[name] = value
		} else {
			delete(settings, name)
		}
	}
	d.Settings, d.Secrets = settings, map[string]string{}
	for _, name := range secretNames(d.Kind) {
		if value := strings.TrimSpace(r.PostFormValue(secretField(name))); value != "" {
			d.Secrets[name] = value
		}
	}
	if d.Kind == deliver.Email {
		if settings[email.User] == "" {
			d.Secrets[email.Password] = ""
		}
		if settings[email.DKIMDomain] == "" && settings[email.DKIMSelector] == "" {
			d.Secrets[email.DKIMKey] = ""
		}
	}
	from, to := quietHours(r)
	d.Limits = deliver.Limits{
		AtOnce: int(number(r, "at_once")), PerSecond: number(r, "per_second"), PerDomain: number(r, "per_domain"),
		QuietFrom: from, QuietTo: to,
	}
}

// quietHours reads the ends of quiet hours, both 0 where both are empty. Where they are
// no two times they are -1, which is refused.
func quietHours(r *http.Request) (from, to int) {
	a, b := strings.TrimSpace(r.PostFormValue("quiet_from")), strings.TrimSpace(r.PostFormValue("quiet_to"))
	if a == "" && b == "" {
		return 0, 0
	}
	from, to = minutes(a, -1), minutes(b, -1)
	if from == to || from < 0 || to < 0 {
		return -1, -1
	}
	return from, to
}

// number reads a field, 0 where it is empty and -1, which is refused, where it is none.
func number(r *http.Request, name string) float64 {
	text := strings.TrimSpace(r.PostFormValue(name))
	if text == "" {
		return 0
	}
	n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	if err != nil || !(n >= 0 && n < 1e6) {
		return -1
	}
	return n
}

// destinationFields names the field that a flaw belongs to.
func destinationFields(k deliver.Kind) map[string]string {
	fields := map[string]string{
		"name": "name", "at_once": "at_once", "rate": "per_second", "rate_domain": "per_domain", "quiet": "quiet_from",
		"host": email.Host, "port": email.Port, "tls": email.TLS, "tls_none": email.TLS, "from": email.From, "reply_to": email.ReplyTo, "bounces": email.Bounces,
		"password": secretField(email.Password), "dkim": email.DKIMDomain, "dkim_key": secretField(email.DKIMKey),
		"chat": webhook.ChatSetting, "token": secretField(webhook.TokenSecret), "url": webhook.URLSetting, "https": webhook.URLSetting, "own_network": webhook.URLSetting,
	}
	if k == deliver.Slack || k == deliver.Teams {
		for _, code := range []string{"url", "https", "own_network"} {
			fields[code] = secretField(webhook.URLSetting)
		}
	}
	return fields
}

// rotations are for how long a former secret can sign beside the new one.
var rotations = map[string]time.Duration{"0": 0, "1": 24 * time.Hour, "7": 7 * 24 * time.Hour}

func (c *Console) rotateSecret(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id := r.PathValue("destination")
	secret, err := c.Outbox.RotateSecret(r.Context(), v.Actor, id, rotations[r.PostFormValue("both")])
	if err != nil {
		return err
	}
	d, err := c.Outbox.Destination(r.Context(), v.Actor, id)
	if err != nil {
		return err
	}
	return c.showDestination(w, r, v, destinationView{Destination: d, secret: secret}, http.StatusOK)
}

func (c *Console) pauseDestination(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return toDestination(w, r, v, c.Outbox.Pause(r.Context(), v.Actor, r.PathValue("destination")))
}

func (c *Console) resumeDestination(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return toDestination(w, r, v, c.Outbox.Resume(r.Context(), v.Actor, r.PathValue("destination")))
}

func (c *Console) testDestination(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	_, err := c.Outbox.Test(r.Context(), v.Actor, r.PathValue("destination"))
	return toDestination(w, r, v, err)
}

// toDestination leads back to a destination's messages.
func toDestination(w http.ResponseWriter, r *http.Request, v *ui.Viewer, err error) error {
	if err == nil {
		leave(w, r, v, v.URL("settings", "outgoing", r.PathValue("destination")))
	}
	return err
}

// deleteDestination takes a destination away that no rule names: such a rule would tell
// nobody, and nobody would know.
func (c *Console) deleteDestination(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	d, err := c.Outbox.Destination(r.Context(), v.Actor, r.PathValue("destination"))
	if err != nil {
		return err
	}
	rules, err := c.Incidents.RulesTo(r.Context(), v.Actor, d.ID)
	if err != nil {
		return err
	}
	if len(rules) > 0 {
		v.Notice = v.T("outgoing.delete_used")
		return c.showDestination(w, r, v, destinationView{Destination: d}, http.StatusConflict)
	}
	if err := c.Outbox.Delete(r.Context(), v.Actor, d.ID); err != nil {
		return err
	}
	leave(w, r, v, v.URL("settings", "outgoing"))
	return nil
}

// limitText writes a limit as a field of type number takes it, "" for none.
func limitText(n float64) string {
	if n <= 0 {
		return ""
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// quietText writes an end of the quiet hours as a field of type time takes it.
func quietText(l deliver.Limits, at int) string {
	if l.QuietFrom == l.QuietTo {
		return ""
	}
	return clock(at)
}
