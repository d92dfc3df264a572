package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// shop is a running Dhvani with one workspace, as a shop's programs see it.
type shop struct {
	t    *testing.T
	o    app.Options
	url  string
	app  *app.App
	keys app.NewWorkspace
}

// eachStore runs a test against the whole system on SQLite and on PostgreSQL.
func eachStore(t *testing.T, f func(t *testing.T, s *shop)) {
	bothStores(t, func(t *testing.T, o app.Options) { f(t, startShop(t, o)) })
}

func bothStores(t *testing.T, f func(t *testing.T, o app.Options)) {
	t.Run("sqlite", func(t *testing.T) { f(t, app.Options{Data: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { f(t, app.Options{Data: t.TempDir(), Database: dbtest.Postgres(t)}) })
}

func startShop(t *testing.T, o app.Options) *shop {
	t.Helper()
	o.Listen = "127.0.0.1:0"
	a, err := app.Start(t.Context(), o)
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
	s := &shop{t: t, o: o, app: a, url: "http://" + a.Addr().String()}
	s.keys = s.createWorkspace("bar")
	return s
}

func (s *shop) createWorkspace(name string) (w app.NewWorkspace) {
	s.t.Helper()
	s.command("POST", "/admin/workspaces", app.CreateWorkspace{Name: name}, &w)
	return w
}

// command does what the operator's commands do while the system runs.
func (s *shop) command(method, path string, in, out any) {
	s.t.Helper()
	c, err := app.Connect(s.t.Context(), s.o)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Call(s.t.Context(), method, path, in, out); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// send posts a JSON text to an address of the collection.
func (s *shop) send(path, key, body string, headers ...string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth(key, "")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return do(s.t, r)
}

func (s *shop) accept(path, key, body string) {
	s.t.Helper()
	if status, answer := s.send(path, key, body); status != http.StatusOK || strings.Contains(answer, "rejected") {
		s.t.Fatalf("POST %s: %d %s", path, status, answer)
	}
}

func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// call asks the API with the secret key and reads the answer into out.
func (s *shop) call(method, path string, in string, want int, out any) {
	s.t.Helper()
	s.callWith(s.keys.SecretKey, method, path, in, want, out)
}

func (s *shop) callWith(key, method, path, in string, want int, out any) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(in))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if in != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	status, text := do(s.t, r)
	if status != want {
		s.t.Fatalf("%s %s: %d, want %d: %s", method, path, status, want, text)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			s.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
}

// counts are what the system says it counted.
type counts struct{ Accepted, Stored, Duplicate, Rejected, Lag int64 }

// pause waits for another process, of which no channel tells.
func pause(d time.Duration) { <-time.After(d) }

// settle waits until everything acknowledged is visible.
func (s *shop) settle() (events counts) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		var st struct{ Events counts }
		s.call("GET", "/api/v1/stats", "", 200, &st)
		if st.Events.Lag == 0 {
			return st.Events
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("not settled: %+v", st.Events)
		}
		pause(5 * time.Millisecond)
	}
}

type customerJSON struct {
	ID          string
	Identifiers []struct {
		Kind, Value string
		Verified    bool
	}
	Traits  map[string]any
	Consent map[string]bool
	Orders  int
	Spend   []struct{ Currency, Amount string }
	Merges  []struct{ ID, Kind string }
}

func (s *shop) customers(identifier string) []customerJSON {
	s.t.Helper()
	var list struct{ Customers []customerJSON }
	s.call("GET", "/api/v1/customers?identifier="+identifier, "", 200, &list)
	return list.Customers
}

func (s *shop) customer(identifier string) customerJSON {
	s.t.Helper()
	list := s.customers(identifier)
	if len(list) != 1 {
		s.t.Fatalf("%s: %d customers", identifier, len(list))
	}
	return list[0]
}

// From a browser's first page to a customer, an opinion and a score.
func TestAShoppersStory(t *testing.T) {
	eachStore(t, func(t *testing.T, s *shop) {
		s.accept("/v1/p", s.keys.WriteKey, `{"type":"page","anonymousId":"a1","name":"Home","messageId":"m1","context":{"consent":{"categoryPreferences":{"Analytics":true,"Advertising":false}}}}`)
		s.accept("/v1/t", s.keys.WriteKey, `{"type":"track","event":"Product Viewed","anonymousId":"a1","messageId":"m2","properties":{"product_id":"p1"}}`)
		s.accept("/v1/i", s.keys.WriteKey, `{"type":"identify","anonymousId":"a1","userId":"u1","messageId":"m3","traits":{"email":"Ana@Example.com","name":"Ana"}}`)
		s.accept("/v1/batch", s.keys.SecretKey, `{"batch":[
			{"type":"track","event":"Order Completed","userId":"u1","messageId":"m4","properties":{"order_id":"o1","total":12.5,"currency":"EUR","products":[{"product_id":"p1","price":12.5,"quantity":1}]}},
			{"type":"track","event":"Survey Answered","userId":"u1","messageId":"m5","properties":{"survey_id":"s","question_id":"q","kind":"nps","score":9,"text":"ótimo atendimento"}},
			{"type":"track","event":"Product Reviewed","userId":"u1","messageId":"m6","properties":{"product_id":"p1","review_id":"r1","rating":"2","review_body":"डिलीवरी बहुत लेट थी, सामान टूट गया"}},
			{"type":"identify","userId":"u1","messageId":"m7","traits":{"phone":"+91 98123 45678"}}]}`)
		s.accept("/v1/batch", s.keys.SecretKey, `{"batch":[{"type":"track","event":"Order Completed","userId":"u1","messageId":"m4","properties":{"order_id":"o1","total":12.5,"currency":"EUR"}}]}`)
		if st := s.settle(); st.Stored != 7 || st.Duplicate != 1 || st.Accepted != 8 {
			t.Fatalf("%+v", st)
		}
		c := s.customer("user_id:u1")
		for _, same := range []string{"anonymous_id:a1", "email:ana@example.com", "phone:%2B919812345678"} {
			if s.customer(same).ID != c.ID {
				t.Errorf("%s is another customer", same)
			}
		}
		verified := map[string]bool{}
		for _, i := range c.Identifiers {
			verified[i.Kind] = i.Verified
		}
		if !verified["user_id"] || verified["email"] || !verified["phone"] || verified["anonymous_id"] {
			t.Errorf("verified: %v", verified)
		}
		if c.Orders != 1 || len(c.Spend) != 1 || c.Spend[0].Amount != "12.5" || c.Spend[0].Currency != "EUR" || c.Traits["name"] != "Ana" {
			t.Errorf("%+v", c)
		}
		if c.Consent["analytics"] != true || c.Consent["marketing"] != false {
			t.Errorf("consent %v", c.Consent)
		}
		var line struct {
			Items []struct{ Kind, Channel, Summary, At string }
			Next  string
		}
		s.call("GET", "/api/v1/customers/"+c.ID+"/timeline?limit=5", "", 200, &line)
		if len(line.Items) != 5 || line.Next == "" {
			t.Fatalf("%+v", line)
		}
		s.call("GET", "/api/v1/customers/"+c.ID+"/timeline?limit=5&cursor="+line.Next, "", 200, &line)
		if len(line.Items) != 2 || line.Items[1].Summary != "Viewed Home" {
			t.Fatalf("%+v", line)
		}
		var feedback struct {
			Items []struct {
				ID, Text, Channel, Kind, Language string
				CustomerID                        string `json:"customer_id"`
				Rating                            *float64
			}
		}
		s.call("GET", "/api/v1/feedback?q=टूट", "", 200, &feedback)
		if len(feedback.Items) != 1 || feedback.Items[0].CustomerID != c.ID || feedback.Items[0].Rating == nil || *feedback.Items[0].Rating != 2 || feedback.Items[0].Language != "hi" {
			t.Fatalf("%+v", feedback)
		}
		s.call("GET", "/api/v1/feedback?language=hi&sentiment=negative&topic=delivery", "", 200, &feedback)
		if len(feedback.Items) != 1 {
			t.Fatalf("%+v", feedback)
		}
		var table struct {
			Topics []struct {
				Topic         string
				N, Negative   int64
				NegativeShare struct{ Value, Low, High float64 } `json:"negative_share"`
			}
		}
		s.call("GET", "/api/v1/topics?topic=delivery&bucket=month", "", 200, &table)
		if len(table.Topics) != 1 || table.Topics[0].N != 1 || table.Topics[0].Negative != 1 || table.Topics[0].NegativeShare.Value != 1 || table.Topics[0].NegativeShare.Low >= .9 {
			t.Fatalf("%+v", table)
		}
		s.call("GET", "/api/v1/feedback?customer="+c.ID, "", 200, &feedback)
		if len(feedback.Items) != 2 {
			t.Fatalf("%+v", feedback)
		}
		var score struct {
			N          int
			Value      *float64
			Low, High  *float64
			Promoters  int
			Series     []struct{ N int }
			Detractors int
		}
		s.call("GET", "/api/v1/scores/nps", "", 200, &score)
		if score.N != 1 || score.Value == nil || *score.Value != 100 || score.Low == nil || *score.Low >= 100 || *score.High > 100 {
			t.Fatalf("%+v", score)
		}
	})
}

func TestMergeAndUnmerge(t *testing.T) {
	eachStore(t, func(t *testing.T, s *shop) {
		for _, u := range []string{"u1", "u2"} {
			s.accept("/v1/identify", s.keys.SecretKey, `{"userId":"`+u+`","traits":{"email":"same@example.com","nick":"`+u+`"}}`)
		}
		s.accept("/v1/identify", s.keys.WriteKey, `{"userId":"u3","traits":{"email":"same@example.com"}}`)
		s.settle()
		c := s.customer("user_id:u1")
		if s.customer("user_id:u2").ID != c.ID || s.customer("user_id:u3").ID == c.ID || len(c.Merges) != 1 {
			t.Fatalf("a verified e-mail must join, a claimed one must not: %+v", c)
		}
		var suggestions struct{ Items []struct{ A, B string } }
		s.call("GET", "/api/v1/merge-suggestions", "", 200, &suggestions)
		if len(suggestions.Items) != 1 {
			t.Fatalf("%+v", suggestions)
		}
		var apart customerJSON
		s.call("POST", "/api/v1/customers/"+c.ID+"/unmerge", "", 200, &apart)
		if s.customer("user_id:u1").ID == s.customer("user_id:u2").ID || s.customer("user_id:u1").Traits["nick"] != "u1" || s.customer("user_id:u2").Traits["nick"] != "u2" {
			t.Fatal("the merge was not undone")
		}
		s.call("POST", "/api/v1/customers/"+s.customer("user_id:u1").ID+"/unmerge", "{}", 409, nil)
		s.call("POST", "/api/v1/customers/"+s.customer("user_id:u1").ID+"/merge", `{"customer":"`+s.customer("user_id:u3").ID+`"}`, 200, &apart)
		if s.customer("user_id:u3").ID != s.customer("user_id:u1").ID {
			t.Fatal("staff's merge had no effect")
		}
		s.call("GET", "/api/v1/customers/00000000-0000-8000-8000-000000000000", "", 404, nil)
	})
}

func TestWorkspacesAreApart(t *testing.T) {
	eachStore(t, func(t *testing.T, s *shop) {
		other := s.createWorkspace("other")
		s.accept("/v1/track", s.keys.WriteKey, `{"event":"Survey Answered","userId":"u1","messageId":"same","properties":{"kind":"nps","score":1}}`)
		s.accept("/v1/track", other.WriteKey, `{"event":"Survey Answered","userId":"u1","messageId":"same","properties":{"kind":"nps","score":9}}`)
		s.settle()
		c := s.customer("user_id:u1")
		var score struct {
			N     int
			Value float64
		}
		s.call("GET", "/api/v1/scores/nps", "", 200, &score)
		if score.N != 1 || score.Value != -100 {
			t.Fatalf("%+v", score)
		}
		for _, path := range []string{"", "/timeline", "/orders"} {
			s.callWith(other.SecretKey, "GET", "/api/v1/customers/"+c.ID+path, "", 404, nil)
		}
		s.callWith(other.SecretKey, "POST", "/api/v1/customers/"+c.ID+"/unmerge", "", 404, nil)
		var keys struct{ Items []struct{ ID string } }
		s.call("GET", "/api/v1/keys", "", 200, &keys)
		s.callWith(other.SecretKey, "DELETE", "/api/v1/keys/"+keys.Items[0].ID, "", 404, nil)
	})
}

func TestKeysEndAtOnce(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir()})
	var k struct{ ID, Key string }
	s.call("POST", "/api/v1/keys", `{"kind":"secret","scopes":["read"]}`, 201, &k)
	s.callWith(k.Key, "GET", "/api/v1/stats", "", 200, nil)
	s.callWith(k.Key, "GET", "/api/v1/keys", "", 403, nil)
	if status, answer := s.send("/v1/track", k.Key, `{"event":"E","userId":"u"}`); status != 403 {
		t.Errorf("a key without the scope ingest sent an event: %d %s", status, answer)
	}
	s.call("DELETE", "/api/v1/keys/"+k.ID, "", 204, nil)
	s.callWith(k.Key, "GET", "/api/v1/stats", "", 401, nil)
	s.callWith(s.keys.WriteKey, "GET", "/api/v1/stats", "", 403, nil)
	var info app.KeyInfo
	s.command("POST", "/admin/keys", app.CreateKey{Workspace: "bar", Kind: "write"}, &info)
	s.accept("/v1/track", info.Key, `{"event":"E","userId":"u"}`)
	s.command("POST", "/admin/keys/revoke", app.NamedKey{ID: info.ID}, &struct{}{})
	if status, _ := s.send("/v1/track", info.Key, `{"event":"E","userId":"u"}`); status != 401 {
		t.Errorf("a revoked key answered %d", status)
	}
}

func TestOriginsAndRejections(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir()})
	s.call("PATCH", "/api/v1/workspace", `{"allowed_origins":["https://shop.example"]}`, 200, nil)
	for origin, want := range map[string]int{"https://shop.example": 200, "https://evil.example": 403} {
		if status, answer := s.send("/v1/t", s.keys.WriteKey, `{"event":"E","userId":"u"}`, "Origin", origin); status != want {
			t.Errorf("%s: %d %s", origin, status, answer)
		}
	}
	status, answer := s.send("/v1/batch", s.keys.WriteKey, `{"batch":[{"type":"track","event":"E","userId":"u"},{"type":"zzz"}]}`)
	if status != 200 || !strings.Contains(answer, `"rejected"`) || !strings.Contains(answer, `"index":1`) {
		t.Fatalf("%d %s", status, answer)
	}
	if st := s.settle(); st.Stored != 2 || st.Rejected != 1 {
		t.Fatalf("%+v", st)
	}
	var list struct {
		Items []struct {
			Reason, Raw string
			Index       int
		}
	}
	s.call("GET", "/api/v1/rejections", "", 200, &list)
	if len(list.Items) != 1 || list.Items[0].Index != 1 || list.Items[0].Raw != `{"type":"zzz"}` {
		t.Fatalf("%+v", list)
	}
}

func TestTailShowsEventsAsTheyCome(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir()})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/events/tail", nil)
	r.Header.Set("Authorization", "Bearer "+s.keys.SecretKey)
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != 200 || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatal(err, answer)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for sent := false; lines.Scan(); {
		switch line := lines.Text(); {
		case strings.Contains(line, `"at":`) && !sent: // the first sign of life
			sent = true
			s.accept("/v1/track", s.keys.WriteKey, `{"event":"Cart Viewed","userId":"u","properties":{"cart_id":"c1"}}`)
		case strings.Contains(line, "Cart Viewed"):
			if !strings.Contains(line, `"cart_id":"c1"`) {
				t.Fatal(line)
			}
			return
		}
	}
	t.Fatal("the stream ended", lines.Err())
}

func TestTailEndsWithItsKey(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir()})
	var k struct{ ID, Key string }
	s.call("POST", "/api/v1/keys", `{"kind":"secret","scopes":["read"]}`, 201, &k)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/events/tail", nil)
	r.Header.Set("Authorization", "Bearer "+k.Key)
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != 200 {
		t.Fatal(err, answer)
	}
	defer answer.Body.Close()
	s.call("DELETE", "/api/v1/keys/"+k.ID, "", 204, nil)
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal("the stream of a revoked key does not end:", err)
	}
}

func TestAddressesThatMeanNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, s *shop) {
		for _, path := range []string{
			"/feedback?q=a%00b", "/feedback?product=%ff", "/feedback?chanel=review", "/customers?identifier=user_id:%00", "/customers?cursor=%00",
			"/rejections?cursor=%00", "/merge-suggestions?cursor=%ff", "/scores/nps?from=2026-01-02", "/scores/nps?nonsense=1",
		} {
			s.call("GET", "/api/v1"+path, "", 422, nil)
		}
		s.call("GET", "/api/v1/rejections?cursor=1y2p0ij32e8e7", "", 200, nil)
		s.call("POST", "/api/v1/keys", `{"kind":"write","label":"a\u0000b"}`, 422, nil)
	})
}

// The document names every route, and every route that it names answers.
func TestOpenAPIDocument(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir()})
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct{ Security []map[string][]string }
	}
	s.call("GET", "/api/openapi.json", "", 200, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Paths) < 15 {
		t.Fatalf("%s with %d paths", doc.OpenAPI, len(doc.Paths))
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if len(op.Security) == 0 {
				t.Errorf("%s %s needs no key", method, path)
			}
			r, _ := http.NewRequest(strings.ToUpper(method), s.url+strings.NewReplacer("{id}", "x", "{kind}", "nps").Replace(path), nil)
			status, text := do(t, r)
			var problem struct {
				Status           int
				Title, Detail    string
				Instance, Type   string
				UnexpectedFields any
			}
			if err := json.Unmarshal([]byte(text), &problem); status != 401 || err != nil || problem.Status != 401 || problem.Instance == "" {
				t.Errorf("%s %s without a key: %d %s", method, path, status, text)
			}
		}
	}
	s.call("GET", "/api/v1/nothing", "", 404, nil)
	for _, query := range []string{"limit=0", "sentiment=glad", "urgency=4", "care=some", "topic_sentiment=negative"} {
		s.call("GET", "/api/v1/feedback?"+query, "", 422, nil)
	}
	s.call("GET", "/api/v1/feedback?cursor=zzz", "", 422, nil)
}

func TestHealthAndMetrics(t *testing.T) {
	s := startShop(t, app.Options{Data: t.TempDir()})
	s.accept("/v1/track", s.keys.WriteKey, `{"event":"E","userId":"secret-person@example.com"}`)
	s.send("/v1/track", s.keys.WriteKey, `{"event":"E"}`)
	s.settle()
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready"} {
		r, _ := http.NewRequest("GET", s.url+path, nil)
		if status, text := do(t, r); status != 200 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	metrics := func() string {
		r, _ := http.NewRequest("GET", s.url+"/metrics", nil)
		_, text := do(t, r)
		return text
	}
	for range 200 { // counted after it is stored
		if strings.Contains(metrics(), "dhvani_events_stored_total 1") {
			break
		}
		pause(10 * time.Millisecond)
	}
	text := metrics()
	for _, name := range []string{"dhvani_events_stored_total 1", "dhvani_log_commit_events_count", "dhvani_process_lag_messages", "dhvani_process_visible_seconds_count"} {
		if !strings.Contains(text, name) {
			t.Errorf("no %s in the metrics", name)
		}
	}
	if strings.Contains(text, "secret-person") {
		t.Error("personal data in the metrics")
	}
}

func TestOneProcessAFolder(t *testing.T) {
	s := startShop(t, app.Options{Data: filepath.Join(t.TempDir(), strings.Repeat("long", 25))})
	if _, err := app.Start(t.Context(), s.o); !errors.Is(err, app.ErrInUse) {
		t.Fatalf("a second process started: %v", err)
	}
	if s.createWorkspace("through the socket of a long path").WriteKey == "" {
		t.Fatal("no key")
	}
	info, err := os.Stat(filepath.Join(s.o.Data, "dhvani.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the socket's mode is %v (%v)", info.Mode(), err)
	}
	// A command by itself, without a running process.
	alone := app.Options{Data: t.TempDir(), Create: true}
	c, err := app.Connect(t.Context(), alone)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var w app.NewWorkspace
	if err := c.Call(t.Context(), "POST", "/admin/workspaces", app.CreateWorkspace{Name: "alone"}, &w); err != nil || w.ID == "" {
		t.Fatal(err)
	}
	err = c.Call(t.Context(), "POST", "/admin/workspaces", app.CreateWorkspace{Name: "alone"}, &w)
	if err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Fatalf("the same name twice: %v", err)
	}
}

// What the log accepted and nothing has applied yet is applied after a restart.
func TestRestartGoesOn(t *testing.T) {
	o := app.Options{Data: t.TempDir()}
	var keys app.NewWorkspace
	for round := range 3 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			o.Listen = "127.0.0.1:0"
			a, err := app.Start(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			s := &shop{t: t, o: o, url: "http://" + a.Addr().String(), keys: keys}
			if round == 0 {
				keys = s.createWorkspace("bar")
				s.keys = keys
			}
			var b bytes.Buffer
			for i := range 500 {
				fmt.Fprintf(&b, `,{"type":"track","event":"E","userId":"u%d"}`, i)
			}
			s.accept("/v1/batch", keys.WriteKey, `{"batch":[`+b.String()[1:]+`]}`)
			if round == 2 {
				if st := s.settle(); st.Stored != 1500 {
					t.Errorf("%+v", st)
				}
			}
			if err := a.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
