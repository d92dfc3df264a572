package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/app"
)

// place is a running Dhvani with a shop and an owner.
type place struct {
	t         *testing.T
	url       string
	options   app.Options
	workspace string
	writeKey  string
	secretKey string
	email     string
	password  string
}

// start starts a Dhvani in a folder of its own, with a shop.
func start(t *testing.T) *place {
	t.Helper()
	browser(t) // before anything is started for nothing
	p := &place{t: t, email: "mira@tantu.example", password: "a long enough password"}
	p.options = app.Options{Data: t.TempDir(), Listen: "127.0.0.1:0", Node: "test", Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))}
	a, err := app.Start(context.Background(), p.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Stop(context.Background()) })
	p.url = fmt.Sprintf("http://%s", a.Addr())
	return p
}

// withShop makes the shop and its owner.
func (p *place) withShop() *place {
	p.t.Helper()
	var w app.NewWorkspace
	p.admin("POST", "/admin/workspaces", app.CreateWorkspace{Name: "Tantu Handloom"}, &w)
	p.workspace, p.writeKey, p.secretKey = w.ID, w.WriteKey, w.SecretKey
	p.addUser(p.email, "Mira Sen", "owner")
	return p
}

func (p *place) addUser(email, name, role string) {
	p.t.Helper()
	var none struct{}
	p.admin("POST", "/admin/users", app.AddUser{Workspace: p.workspace, Email: email, Name: name, Role: role, Password: p.password}, &none)
}

// admin is a command of the operator.
func (p *place) admin(method, path string, in, out any) {
	p.t.Helper()
	c, err := app.Connect(context.Background(), p.options)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Call(context.Background(), method, path, in, out); err != nil {
		p.t.Fatal(err)
	}
}

// send sends events as the shop's server and returns when they are visible.
func (p *place) send(events ...string) {
	p.t.Helper()
	p.call("POST", "/v1/batch", p.secretKey, `{"batch":[`+strings.Join(events, ",")+`]}`)
	for {
		var s struct{ Events struct{ Lag int64 } }
		if err := json.Unmarshal(p.call("GET", "/api/v1/stats", p.secretKey, ""), &s); err != nil {
			p.t.Fatal(err)
		}
		if s.Events.Lag == 0 {
			return
		}
	}
}

func (p *place) call(method, path, key, body string) []byte {
	p.t.Helper()
	r, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+key)
	if strings.HasPrefix(path, "/v1/") {
		r.SetBasicAuth(key, "")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		p.t.Fatalf("%s %s: %d %s (%v)", method, path, answer.StatusCode, text, err)
	}
	return text
}

// path is the address of a page of the shop.
func (p *place) path(page string) string { return "/w/" + p.workspace + "/" + page }

// signIn opens a tab and signs in.
func (p *place) signIn(email string) *tab {
	p.t.Helper()
	b := open(p.t, p.url)
	b.goTo("/signin")
	b.fill("email", email)
	b.fill("password", p.password)
	b.click("main form button[type=submit], form button[type=submit]")
	b.at("/w/")
	return b
}
