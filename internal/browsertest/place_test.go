package browsertest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/console"
	demo "github.com/dhvani/dhvani/internal/shop"
	"github.com/dhvani/dhvani/internal/workspace"
)

const password = "a long enough password"

// place is a running Dhvani.
type place struct {
	t       *testing.T
	url     string
	options app.Options
	app     *app.App
}

// start starts a Dhvani in a folder of its own, with no shop and nobody in it.
func start(t *testing.T, change ...func(o *app.Options)) *place {
	t.Helper()
	p := &place{t: t}
	folder := t.TempDir()
	director, err := demo.Open(folder, 1, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p.options = app.Options{Data: folder, Demo: director, Listen: "127.0.0.1:0", Node: "test", Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))}
	for _, f := range change {
		f(&p.options)
	}
	a, err := app.Start(context.Background(), p.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	p.app, p.url = a, "http://"+a.Addr().String()
	return p
}

// command is a command of the operator.
func (p *place) command(method, path string, in, out any) {
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

// shop is a workspace of a place.
type shop struct {
	*place
	id, writeKey, secretKey string
	owner                   string // e-mail
	things                  belongings
}

// shop makes a workspace and its owner.
func (p *place) shop(name string) *shop {
	p.t.Helper()
	var w app.NewWorkspace
	p.command("POST", "/admin/workspaces", app.CreateWorkspace{Name: name}, &w)
	s := &shop{place: p, id: w.ID, writeKey: w.WriteKey, secretKey: w.SecretKey}
	s.owner = s.addUser(workspace.Owner)
	return s
}

// addUser adds somebody with a role and returns the e-mail address.
func (s *shop) addUser(role workspace.Role) string {
	s.t.Helper()
	email := s.email(role)
	var none struct{}
	s.command("POST", "/admin/users", app.AddUser{Workspace: s.id, Email: email, Name: "Mira " + string(role), Role: string(role), Password: password}, &none)
	return email
}

// email is the address of somebody with a role.
func (s *shop) email(role workspace.Role) string {
	return fmt.Sprintf("%s@%s.example", role, strings.ReplaceAll(s.id, "_", "-"))
}

// path is the address of a page of the shop.
func (s *shop) path(page string) string { return "/w/" + s.id + "/" + page }

// send sends events as the shop's server and returns when they are visible.
func (s *shop) send(events ...string) {
	s.t.Helper()
	s.call("POST", "/v1/batch", `{"batch":[`+strings.Join(events, ",")+`]}`, nil)
	s.settle()
}

// claim sends events as a page of the shop, which can vouch for nothing, and
// returns when they are visible.
func (s *shop) claim(events ...string) {
	s.t.Helper()
	page := *s
	page.secretKey = s.writeKey
	page.call("POST", "/v1/batch", `{"batch":[`+strings.Join(events, ",")+`]}`, nil)
	s.settle()
}

// settle waits until all that was sent is visible.
func (s *shop) settle() {
	s.t.Helper()
	for {
		var stats struct{ Events struct{ Lag int64 } }
		if s.call("GET", "/api/v1/stats", "", &stats); stats.Events.Lag == 0 {
			return
		}
	}
}

// call asks the API or the collection with the secret key.
func (s *shop) call(method, path, body string, out any) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.secretKey)
	if strings.HasPrefix(path, "/v1/") {
		r.SetBasicAuth(s.secretKey, "")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || bytes.Contains(text, []byte(`"rejected"`)) && strings.HasPrefix(path, "/v1/") {
		s.t.Fatalf("%s %s: %d %s (%v)", method, path, answer.StatusCode, text, err)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(text, out); err != nil {
		s.t.Fatal(err)
	}
}

// fill gives the shop something of each kind, today and in the last days.
func (s *shop) fill() *shop {
	s.t.Helper()
	var events []string
	n := 0
	add := func(ago time.Duration, user, call, name, data string) {
		n++
		member := "properties"
		if call == "identify" {
			member = "traits"
		}
		events = append(events, fmt.Sprintf(`{"type":%q,"event":%q,"name":%[2]q,"userId":%q,"messageId":"fill-%d","timestamp":%q,%q:{%s}}`,
			call, name, user, n, time.Now().Add(-ago).UTC().Format(time.RFC3339), member, data))
	}
	for i, c := range []struct{ name, said string }{
		{"রুমা সেনগুপ্ত", "শাড়িটার রং একদম ছবির মতোই, কাপড়ও খুব নরম। ধন্যবাদ!"}, {"Rekha Sharma", "पेमेंट तीन बार फेल हुआ, पैसे कट गए लेकिन ऑर्डर नहीं दिख रहा।"},
		{"सबिना गुरुङ", "सामान समयमै आइपुग्यो, प्याकिङ पनि राम्रो थियो।"}, {"Beatriz Moura", "A túnica veio menor do que o esperado, quero trocar."},
		{"Lucía Ferrer", "¿Hacen envíos a Canarias? No encuentro el precio."}, {"Daniel Okafor", "The block-print tablecloth is gorgeous, and it came two days early."},
	} {
		user, product := fmt.Sprintf("u%d", 20410+i), fmt.Sprintf(`"product_id":"p%d","name":"Indigo dabu saree %d","category":"sarees","price":2150,"currency":"INR","quantity":1`, i, i)
		ago := time.Duration(i) * 7 * time.Minute
		add(ago+30*time.Minute, user, "identify", "", fmt.Sprintf(`"name":%q,"email":"person%d@mail.example","phone":"+9198300000%02d","address":{"city":"Siliguri"}`, c.name, i, i))
		add(ago+20*time.Minute, user, "track", "Product Viewed", product)
		add(ago+19*time.Minute, user, "track", "Products Searched", `"query":"silk tie","results":0`)
		add(ago+18*time.Minute, user, "track", "Product Added", product)
		add(ago+15*time.Minute, user, "track", "Checkout Started", fmt.Sprintf(`"order_id":"TH-%d","value":2150,"currency":"INR","products":[{%s}]`, i, product))
		if i%3 == 1 {
			add(ago+14*time.Minute, user, "track", "Checkout Failed", fmt.Sprintf(`"order_id":"TH-%d","step":"payment","reason":"timeout","payment_method":"upi"`, i))
		} else {
			add(ago+14*time.Minute, user, "track", "Order Completed", fmt.Sprintf(`"order_id":"TH-%d","total":2240,"revenue":2150,"shipping":90,"currency":"INR","payment_method":"card","products":[{%s}]`, i, product))
			add(ago+10*time.Minute, user, "track", "Order Shipped", fmt.Sprintf(`"order_id":"TH-%d","carrier":"India Post","tracking_number":"EX%d"`, i, i))
		}
		add(ago+2*time.Minute, user, "track", "Product Reviewed", fmt.Sprintf(`"review_id":"r%d","product_id":"p%d","order_id":"TH-%d","rating":%d,"review_body":%q`, i, i, i, 1+i%5, c.said))
		add(ago+time.Minute, user, "track", "Survey Answered", fmt.Sprintf(`"survey_id":"relationship","question_id":"nps","kind":"nps","score":%d,"order_id":"TH-%d"`, 4+i, i))
	}
	s.send(events...)
	s.things = belongings{
		"token":    strings.Repeat("a", 32), // of no link
		"date":     "2026-12-25",
		"topic":    "delivery",
		"playbook": "payment",
		"rule":     "first",
		"file":     demo.Goods(demo.Groups[0], "en")[0].ID + ".svg",
	}
	var found struct{ Customers []struct{ ID string } }
	s.call("GET", "/api/v1/customers?identifier=user_id:u20410", "", &found)
	s.things["customers"] = found.Customers[0].ID
	var said struct{ Items []struct{ ID string } }
	s.call("GET", "/api/v1/feedback?channel=review", "", &said)
	s.things["feedback"] = said.Items[0].ID
	var keys []app.KeyInfo
	s.command("POST", "/admin/keys/list", app.NamedKey{Workspace: s.id}, &keys)
	s.things["keys"] = keys[0].ID
	s.things["incidents"] = s.watch().open(upi(4*time.Minute), true, 6).ID
	s.arrange()
	return s
}

// arrange has the owner make what is made on pages, and notes the ids of what
// pages show.
func (s *shop) arrange() {
	s.t.Helper()
	s.walker(s.owner) // another session, to be ended
	w := s.walker(s.owner)
	w.post(s.path("settings/people/invite"), url.Values{"email": {"new@" + strings.ReplaceAll(s.id, "_", "-") + ".example"}, "role": {"agent"}})
	s.addUser(workspace.Agent)
	var form bytes.Buffer
	upload := multipart.NewWriter(&form)
	file, _ := upload.CreateFormFile("file", "history.ndjson")
	file.Write([]byte(`{"type":"track","event":"Product Viewed","userId":"u20410","messageId":"file-1","properties":{"product_id":"p1"}}` + "\n"))
	upload.Close()
	w.send("POST", s.path("sources/imports"), upload.FormDataContentType(), form.String())
	w.post(s.path("feedback/"+s.things["feedback"]+"/correct"), url.Values{"sentiment": {"positive"}, "topic_product": {"positive"}, "topic_delivery": {"positive"}})
	w.post(s.path("feedback/"+s.things["feedback"]+"/note"), url.Values{"text": {"Call her on Monday"}})
	// A destination that is paused: what is sent to it waits, and nothing moves by itself.
	w.post(s.path("settings/outgoing"), url.Values{"kind": {"slack"}, "name": {"Support"}, "password-url": {"https://hooks.slack.example/services/T1"}})
	list := w.ask(s.t, "GET", s.path("settings/outgoing"))
	if m := regexp.MustCompile(`/settings/outgoing/(dst_[a-z0-9]+)"`).FindSubmatch(list.text); m != nil {
		s.things["destination"] = string(m[1])
		w.post(s.path("settings/outgoing/"+s.things["destination"]+"/pause"), nil)
		w.post(s.path("settings/outgoing/"+s.things["destination"]+"/test"), nil)
	}
	w.ask(s.t, "GET", s.path("settings/telling")) // which makes the first rule
	s.command("POST", "/admin/demo/outgoing", app.NamedKey{Workspace: s.id}, &struct{}{})
	list = w.ask(s.t, "GET", s.path("settings/outgoing"))
	if m := regexp.MustCompile(`/settings/outgoing/(dst_[a-z0-9]+)">Demo mailbox<`).FindSubmatch(list.text); m != nil {
		w.post(s.path("settings/outgoing/"+string(m[1])+"/test"), nil)
		for n := 0; n < 100 && !bytes.Contains(w.ask(s.t, "GET", s.path("demo/mailbox")).text, []byte("letter-")); n++ {
			time.Sleep(50 * time.Millisecond)
		}
	}
	for kind, where := range map[string][2]string{
		"letter":      {"demo/mailbox", `/demo/mailbox/([0-9]+)"`},
		"message":     {"settings/outgoing/" + s.things["destination"], `<tr id="(msg_[a-z0-9]+)"`},
		"note":        {"feedback/" + s.things["feedback"], `/note/([^/"]+)/remove"`},
		"ref":         {"customers/" + s.things["customers"], `/reveal/([^/"]+)"`},
		"account":     {"settings/people", `/settings/people/([^/"]+)/role"`},
		"invitations": {"settings/people", `/settings/invitations/([^/"]+)/withdraw"`},
		"sessions":    {"settings/account", `/account/sessions/([^/"]+)/end"`},
		"event":       {"sources/events", `/sources/events/([^/"?]*[0-9][^/"?]*)"`},
		"import":      {"sources/imports", `/sources/imports/(imp_[^/"?]+)"`},
	} {
		page := w.ask(s.t, "GET", s.path(where[0]))
		if m := regexp.MustCompile(where[1]).FindSubmatch(page.text); m != nil {
			s.things[kind] = string(m[1])
		} else {
			s.t.Errorf("%s shows no %s (%d)", where[0], kind, page.status)
		}
	}
}

// belongings are ids of things of a shop, by what they are.
type belongings map[string]string

var wildcard = regexp.MustCompile(`\{([a-z_]+)(\.\.\.)?\}`)

// at fills the wildcards of an address, and tells which of them are ids of a
// shop's things. What an {id} is says the part of the address before it.
func (b belongings) at(pattern, shop string) (path string, ids []string, err error) {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		m := wildcard.FindStringSubmatch(part)
		if m == nil {
			continue
		}
		kind := m[1]
		if kind == "id" {
			kind = parts[i-1]
		}
		value := b[kind]
		switch kind {
		case "workspace":
			value = shop
		case "token", "date", "file", "topic", "playbook", "rule": // the same in every shop
		default:
			ids = append(ids, kind)
		}
		if value == "" {
			err = cmp.Or(err, fmt.Errorf("there is no %s to fill in for %s of %s: have fill make one", kind, part, pattern))
		}
		parts[i] = url.PathEscape(value)
	}
	return strings.Join(parts, "/"), ids, err
}

// pages lists the addresses of all pages of the shop for somebody who is signed in.
func (s *shop) pages(w *walker) []string {
	s.t.Helper()
	var out []string
	for _, rt := range console.Routes() {
		path, _, err := s.things.at(rt.Path, s.id)
		if rt.Method != "GET" || !strings.Contains(rt.Path, "{workspace}") {
			continue
		}
		if err != nil {
			s.t.Error(err)
			continue
		}
		a := w.ask(s.t, "GET", path)
		switch {
		case strings.HasSuffix(rt.Path, "/{letter}/html"), strings.HasSuffix(rt.Path, "/letter/preview"): // a mail, which is no page of ours
		case a.status == http.StatusSeeOther, strings.HasPrefix(a.kind, "text/event-stream"), strings.HasSuffix(path, "/palette"):
		case a.status == http.StatusOK && strings.HasPrefix(a.kind, "text/html"):
			out = append(out, path)
		default:
			s.t.Errorf("%s is no page: %d %s", path, a.status, a.kind)
		}
	}
	if len(out) == 0 {
		s.t.Fatal("no page was found")
	}
	return out
}

// signIn opens a tab and signs in.
func (s *shop) signIn(email string) *tab {
	s.t.Helper()
	b := open(s.t, s.url)
	b.goTo("/signin")
	b.fill("email", email)
	b.fill("password", password)
	b.click("main form button[type=submit], form button[type=submit]")
	b.at("/w/")
	return b
}
