package app_test

import (
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/app"
)

// Names and ids that nothing has are told as such.
func TestUnknownNames(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir()})
	c, err := app.Connect(t.Context(), s.o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = c.Call(t.Context(), "POST", "/admin/keys/list", app.NamedKey{Workspace: "nope"}, nil)
	if err == nil || !strings.Contains(err.Error(), `there is no workspace "nope": dhvani workspace list`) {
		t.Errorf("a workspace that is not there: %v", err)
	}
	for _, id := range []string{"1", "99999999999999999999", "x"} {
		var p struct{ Detail string }
		s.call("POST", "/api/v1/dead-events/"+id+"/retry", "", 404, &p)
		if p.Detail != "there is no dead event with this id" {
			t.Errorf("dead event %s: %q", id, p.Detail)
		}
	}
}

// What may be reached in the machine's own network is named in full.
func TestOwnNetworkIsNamed(t *testing.T) {
	for _, o := range []app.Options{{MailRelay: "mail.internal"}, {MailRelay: ":25"}, {LocalWebhook: "chat.internal"}, {LocalWebhook: "ftp://chat.internal"}} {
		o.Data = t.TempDir()
		a, err := app.Start(t.Context(), o)
		if err == nil {
			a.Stop(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), "such as") {
			t.Errorf("%q %q: %v", o.MailRelay, o.LocalWebhook, err)
		}
	}
}
