package browsertest

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/console"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// TestWalk asks every address of the console for every role, for nobody, for a
// workspace of others and with ids of others. It answers only whom the table of
// routes lets in, and no GET changes anything.
func TestWalk(t *testing.T) {
	p := start(t)
	own, foreign := p.shop("Tantu Handloom").fill(), p.shop("another shop").fill()
	people := map[workspace.Role]*walker{workspace.Owner: own.walker(own.owner)}
	for _, role := range []workspace.Role{workspace.Admin, workspace.Analyst, workspace.Agent} {
		email := own.email(role)
		if role != workspace.Agent { // fill adds one
			own.addUser(role)
		}
		people[role] = own.walker(email)
	}
	for _, rt := range console.Routes() {
		t.Run(rt.Method+strings.ReplaceAll(rt.Path, "/", " "), func(t *testing.T) {
			path, ids, err := own.things.at(rt.Path, own.id)
			if err != nil {
				t.Fatal(err)
			}
			a := (&walker{place: p}).ask(t, rt.Method, path)
			deadLink := strings.Contains(rt.Path, "{token}")
			switch {
			case deadLink && rt.Method == "GET" && a.status != http.StatusNotFound:
				t.Errorf("a link that leads nowhere: %d", a.status)
			case deadLink:
				return
			case rt.Public && a.status >= 400 && rt.Method == "GET" && rt.Path != "/signin/done": // which says that the browser kept no cookie
				t.Errorf("nobody in particular: %d", a.status)
			case !rt.Public && (a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "/signin")):
				t.Errorf("who has not signed in: %d to %q", a.status, a.to)
			}
			for role, who := range people {
				if strings.Contains(rt.Path, "{workspace}") {
					strange, _, _ := foreign.things.at(rt.Path, foreign.id)
					missing, _, _ := own.things.at(rt.Path, "ws_aaaaaaaaaaaaaaaa")
					if a, b := who.ask(t, rt.Method, strange), who.ask(t, rt.Method, missing); a.status != http.StatusNotFound || b.status != http.StatusNotFound {
						t.Errorf("%s in the workspace of others: %d, in one that does not exist: %d", role, a.status, b.status)
					}
				}
				may := rt.Right == "" || staff.Actor{Role: role}.May(rt.Right)
				if may && rt.Method != "GET" {
					continue // what it does has tests of its own
				}
				before := p.everything(t)
				a := who.ask(t, rt.Method, path)
				if after := p.everything(t); before != after {
					t.Errorf("%s: the database changed", role)
				}
				if may && a.status >= 400 || !may && a.status != http.StatusForbidden {
					t.Errorf("%s, who may: %v: %d", role, may, a.status)
				}
			}
			if len(ids) > 0 && strings.Contains(rt.Path, "{workspace}") {
				mixed, _, _ := foreign.things.at(rt.Path, own.id)
				a := people[workspace.Owner].ask(t, rt.Method, mixed)
				if a.status != http.StatusNotFound && (rt.Method == "GET" || a.status != http.StatusUnprocessableEntity) { // the empty form may be refused first
					t.Errorf("an id of another workspace: %d", a.status)
				}
			}
		})
	}
}

// TestLinks follows every link of every page, of a shop with nothing in it and of a
// full one: each leads somewhere for each role.
func TestLinks(t *testing.T) {
	p := start(t)
	for _, s := range []*shop{p.shop("empty"), p.shop("full").fill()} {
		for _, role := range []workspace.Role{workspace.Owner, workspace.Agent} {
			if email := s.email(role); role == workspace.Owner || s.things != nil || s.addUser(role) == email {
				s.follow(t, s.walker(email))
			}
		}
	}
}

var href = regexp.MustCompile(`href="([^"]+)"`)

// follow asks for the addresses to which the pages of the navigation lead.
func (s *shop) follow(t *testing.T, who *walker) {
	seen := map[string]bool{}
	for _, section := range []string{"live", "feedback", "topics", "topics/delivery", "customers", "sources", "incidents", "settings/account", "settings/outgoing", "settings/telling", "settings/playbooks", "demo", "demo/mailbox"} {
		for _, m := range href.FindAllStringSubmatch(string(who.ask(t, "GET", s.path(section)).text), -1) {
			to, _, _ := strings.Cut(html.UnescapeString(m[1]), "#")
			if !strings.HasPrefix(to, "/w/") || seen[to] {
				continue
			}
			seen[to] = true
			if a := who.ask(t, "GET", to); a.status >= 400 {
				t.Errorf("%s links to %s: %d", section, to, a.status)
			}
		}
	}
	if len(seen) < 5 {
		t.Errorf("only %d links", len(seen))
	}
}

// TestOddAddresses asks for lists as nobody's links do: mistyped, out of old
// bookmarks, or made to do harm. Each is answered with a list.
func TestOddAddresses(t *testing.T) {
	s := start(t).shop("Tantu Handloom").fill()
	who := s.walker(s.owner)
	odd := []string{"\x00", "x", "-1", "99999999999999999999", "1e309", "NaN", "2026-02-30", "0000-01-01", "2400-01-01", "' OR 1=1 --", "<script>", "%", "*", "\"a",
		"NEAR(", "\u202e", "\xff", strings.Repeat("long ", 1200), "MTIzNDU", "₹1,00,000", "देर"}
	customer, incident := "customers/"+s.things["customers"], "incidents/"+s.things["incidents"]
	for page, names := range map[string][]string{
		"live": {"range"}, "palette": {"q", "next"},
		"customers": {"q", "seen", "orders", "rating", "channel", "spend_min", "spend_max", "sort", "cursor"},
		"feedback": {"q", "mood", "channel", "kind", "product", "order", "survey", "state", "rating_min", "rating_max", "topic", "toward", "language",
			"sentiment", "care", "urgency", "disagrees", "days", "from", "to", "view", "chart", "cursor"},
		"topics": {"days", "from", "to", "channel"}, "topics/delivery": {"days", "from", "to", "chart"},
		"incidents": {"show", "kind", "severity", "owner", "cursor"}, incident: {"chart", "done", "undo", "ask"}, incident + "/customers": {"cursor"}, incident + "/report": {"done"},
		"settings/outgoing/new": {"kind"}, "settings/outgoing/failed": {"cursor"}, "settings/outgoing/" + s.things["destination"]: {"state", "cursor", "said"},
		customer: {"show", "day", "before", "orders", "done"},
	} {
		for _, name := range names {
			for _, value := range odd {
				a := who.ask(t, "GET", s.path(page)+"?"+url.Values{name: {value}}.Encode())
				if a.status == http.StatusSeeOther && name == "cursor" {
					a = who.ask(t, "GET", a.to)
				}
				if a.status != http.StatusOK || strings.Contains(string(a.text), "<script>\"") {
					t.Errorf("%s?%s=%.20q: %d", page, name, value, a.status)
				}
			}
		}
	}
}

// Who chooses a language before signing in still comes to where they wanted.
func TestLanguageKeepsTheWay(t *testing.T) {
	s := start(t).shop("Tantu Handloom")
	want := s.path("customers") + "?q=a+b&sort=spend"
	text := string((&walker{place: s.place}).ask(t, "GET", "/signin?next="+url.QueryEscape(want)).text)
	languages := 0
	for _, m := range href.FindAllStringSubmatch(text, -1) {
		if q, ok := strings.CutPrefix(html.UnescapeString(m[1]), "?"); ok {
			languages++
			v, err := url.ParseQuery(q)
			if err != nil || v.Get("lang") == "" || v.Get("next") != want {
				t.Errorf("a language leads to ?%s", q)
			}
		}
	}
	if languages != len(locale.Langs) {
		t.Errorf("%d languages", languages)
	}
}

// A part of a page that is asked for after the session ended leads to signing in, and
// from there back to the page.
func TestPartAfterTheSession(t *testing.T) {
	s := start(t).shop("Tantu Handloom")
	for referer, want := range map[string]string{
		s.url + s.path("feedback?mood=bad"): "/signin?next=" + url.QueryEscape(s.path("feedback?mood=bad")),
		"https://evil.example/w/x":          "/signin",
		"":                                  "/signin",
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+s.path("palette?q=a"), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("HX-Request", "true")
		r.Header.Set("Referer", referer)
		a, err := noRedirects.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if got := a.Header.Get("HX-Redirect"); got != want {
			t.Errorf("from %q it leads to %q, want %q", referer, got, want)
		}
	}
}

// walker is a person who asks without a browser; without cookies, nobody.
type walker struct {
	*place
	cookies []*http.Cookie
}

// answer is what came back.
type answer struct {
	status   int
	to, kind string
	text     []byte
}

var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// walker signs somebody in.
func (s *shop) walker(email string) *walker {
	s.t.Helper()
	form := url.Values{"email": {email}, "password": {password}}
	r, err := noRedirects.Post(s.url+"/signin", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusSeeOther || len(r.Cookies()) == 0 {
		s.t.Fatalf("%s could not sign in: %d", email, r.StatusCode)
	}
	return &walker{s.place, r.Cookies()}
}

// ask asks for an address, with an empty form where it is not a GET.
func (w *walker) ask(t *testing.T, method, path string) answer {
	t.Helper()
	kind := ""
	if method != "GET" {
		kind = "application/x-www-form-urlencoded"
	}
	return w.request(t, method, path, kind, "")
}

// post sends a form that must be taken.
func (w *walker) post(path string, form url.Values) {
	w.t.Helper()
	w.send("POST", path, "application/x-www-form-urlencoded", form.Encode())
}

func (w *walker) send(method, path, kind, body string) {
	w.t.Helper()
	if a := w.request(w.t, method, path, kind, body); a.status >= 400 {
		w.t.Fatalf("%s %s: %d", method, path, a.status)
	}
}

// request asks, and reads of a stream only that it begins.
func (w *walker) request(t *testing.T, method, path, kind, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range w.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	r.Header.Set("Accept", "text/html")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	a, err := noRedirects.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	out := answer{status: a.StatusCode, to: a.Header.Get("Location"), kind: a.Header.Get("Content-Type")}
	if !strings.HasPrefix(out.kind, "text/event-stream") {
		if out.text, err = io.ReadAll(a.Body); err != nil {
			t.Fatal(err)
		}
	}
	if a.StatusCode >= 500 {
		t.Errorf("%s %s answers %d", method, path, a.StatusCode)
	}
	return out
}

// bookkeeping is what the system writes by itself, and when somebody was last
// seen.
var bookkeeping = []string{"outbox_lane", "shard_lease", "node", "shard_cursor", "session", "spare_model", "watch_lease", "watch_shop", "watch_signal"}

// everything sums up all rows that somebody could change.
func (p *place) everything(t *testing.T) string {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{Data: p.options.Data})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	sum := sha256.New()
	err = d.View(t.Context(), func(tx *db.Tx) error {
		tables, err := tx.Tables(t.Context())
		if err != nil {
			return err
		}
		for _, table := range tables {
			if slices.Contains(bookkeeping, table.Name) {
				continue
			}
			err := tx.Each(t.Context(), "SELECT * FROM "+table.Name, nil, func(rows *sql.Rows) error {
				columns, err := rows.Columns()
				if err != nil {
					return err
				}
				row := make([]any, len(columns))
				for i := range row {
					row[i] = new(any)
				}
				if err := rows.Scan(row...); err != nil {
					return err
				}
				for i := range row {
					fmt.Fprintf(sum, "%s.%s=%v\n", table.Name, columns[i], *row[i].(*any))
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}
