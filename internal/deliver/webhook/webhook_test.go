package webhook

import (
	"encoding/base64"
	"errors"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/workspace"
)

var update = flag.Bool("update", false, "write the golden files")

// The vector that the specification publishes.
func TestSign(t *testing.T) {
	got, err := Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("%s %v", got, err)
	}
	for _, bad := range []string{"", "whsec_", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		if _, err := Sign(bad, "a", time.Now(), nil); err == nil {
			t.Errorf("%q is a secret", bad)
		}
	}
}

var secretA, secretB = "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// A receiver that checks with either secret takes a message while both count.
func TestTwoSecrets(t *testing.T) {
	now, body := time.Unix(1_700_000_000, 0), []byte("{}")
	secrets := map[string]string{deliver.SigningSecret: secretA, deliver.FormerSecret: secretB, deliver.FormerUntil: "1700000001"}
	a, _ := Sign(secretA, "msg", now, body)
	b, _ := Sign(secretB, "msg", now, body)
	if got, err := signatures(secrets, "msg", now, body); err != nil || got != a+" "+b {
		t.Error(got, err)
	}
	now = now.Add(time.Second)
	a, _ = Sign(secretA, "msg", now, body)
	if got, err := signatures(secrets, "msg", now, body); err != nil || got != a {
		t.Error(got, err)
	}
}

// place is a receiver that the operator allows.
func place(t *testing.T, h http.HandlerFunc) (map[deliver.Kind]deliver.Sender, string) {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	senders := Senders(u, nil)
	senders[deliver.Telegram].(*Sender).telegram = s.URL
	return senders, s.URL
}

func TestSend(t *testing.T) {
	var header http.Header
	var body, path string
	senders, at := place(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		header, body, path = r.Header, string(b), r.Method+" "+r.URL.Path
	})
	d := &deliver.Destination{Kind: deliver.Webhook, Settings: map[string]string{"url": at + "/in"}, Secrets: map[string]string{deliver.SigningSecret: secretA}}
	if err := senders[deliver.Webhook].Check(d); err != nil || d.Address != at+"/in" {
		t.Fatal(err, d.Address)
	}
	event, err := Event{ID: "msg_1", Source: "/workspaces/w", Type: "insight.opened", Time: time.Unix(1.7e9, 0), Data: map[string]any{"n": 1, "text": "ধ্বনি"}}.Body()
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"specversion":"1.0","id":"msg_1","source":"/workspaces/w","type":"insight.opened","time":"2023-11-14T22:13:20Z","data":{"n":1,"text":"ধ্বনি"},"datacontenttype":"application/json"}`; string(event) != want {
		t.Errorf("%s", event)
	}
	p := &deliver.Parcel{ID: "msg_1", Body: event}
	if out := senders[deliver.Webhook].Send(t.Context(), d, p); out != (deliver.Outcome{Status: 200}) {
		t.Errorf("%+v", out)
	}
	seconds := header.Get("webhook-timestamp")
	var unix int64
	if err := json.Unmarshal([]byte(seconds), &unix); err != nil || time.Since(time.Unix(unix, 0)) > time.Minute {
		t.Error(seconds, err)
	}
	want, _ := Sign(secretA, "msg_1", time.Unix(unix, 0), event)
	if header.Get("webhook-id") != "msg_1" || header.Get("webhook-signature") != want || body != string(event) || path != "POST /in" ||
		header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" {
		t.Error(header, body, path)
	}
	bot := &deliver.Destination{Kind: deliver.Telegram, Settings: map[string]string{"chat": "-100"}, Secrets: map[string]string{"token": "12:ab"}}
	if out := senders[deliver.Telegram].Send(t.Context(), bot, p); out.Failure != "" || path != "POST /bot12:ab/sendMessage" || header.Get("webhook-signature") != "" {
		t.Error(out, path)
	}
}

func TestOutcomes(t *testing.T) {
	var status int
	var answer string
	var retry string
	senders, at := place(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		if retry != "" {
			w.Header().Set("Retry-After", retry)
		}
		w.WriteHeader(status)
		io.WriteString(w, answer)
	})
	d := &deliver.Destination{Settings: map[string]string{"url": at, "chat": "1"}, Secrets: map[string]string{deliver.SigningSecret: secretA, "url": at, "token": "12:ab"}}
	for _, c := range []struct {
		kind                  deliver.Kind
		status                int
		retry, answer         string
		permanent, gone, busy bool
		wait                  time.Duration
	}{
		{kind: deliver.Webhook, status: 500},
		{kind: deliver.Webhook, status: 307},
		{kind: deliver.Webhook, status: 400},
		{kind: deliver.Webhook, status: 404},
		{kind: deliver.Webhook, status: 410, gone: true},
		{kind: deliver.Webhook, status: 429, retry: "120", busy: true, wait: 2 * time.Minute},
		{kind: deliver.Webhook, status: 503},
		{kind: deliver.Webhook, status: 503, retry: "7", busy: true, wait: 7 * time.Second},
		{kind: deliver.Webhook, status: 502, retry: "x", busy: true},
		{kind: deliver.Slack, status: 400, answer: "invalid_blocks", permanent: true},
		{kind: deliver.Slack, status: 404, answer: "no_service", gone: true},
		{kind: deliver.Teams, status: 500},
		{kind: deliver.Telegram, status: 429, answer: `{"ok":false,"parameters":{"retry_after":33}}`, busy: true, wait: 33 * time.Second},
		{kind: deliver.Telegram, status: 429, answer: `{"ok":false,"parameters":{"retry_after":1e300}}`, busy: true, wait: 24 * time.Hour},
		{kind: deliver.Telegram, status: 403, gone: true},
		{kind: deliver.Telegram, status: 408},
	} {
		status, retry, answer = c.status, c.retry, c.answer
		got := senders[c.kind].Send(t.Context(), d, &deliver.Parcel{ID: "m", Body: []byte("{}")})
		if got.Status != c.status || got.Permanent != c.permanent || got.Gone != c.gone || got.Busy != c.busy || got.Wait != c.wait || got.Failure == "" {
			t.Errorf("%s %d: %+v", c.kind, c.status, got)
		}
	}
	if got := retryAfter("Wed, 21 Oct 2026 07:28:00 GMT", time.Date(2026, 10, 21, 7, 0, 0, 0, time.UTC)); got != 28*time.Minute {
		t.Error(got)
	}
}

// Nothing on the machine's own network is reached, nor is an answer read whole.
func TestGuarded(t *testing.T) {
	own := httptest.NewServer(http.NotFoundHandler())
	defer own.Close()
	senders := Senders(nil, nil)
	d := &deliver.Destination{Kind: deliver.Webhook, Settings: map[string]string{"url": own.URL}, Secrets: map[string]string{deliver.SigningSecret: secretA}}
	if got := senders[deliver.Webhook].Send(t.Context(), d, &deliver.Parcel{ID: "m"}); got.Failure != "forbidden_address" {
		t.Errorf("%+v", got)
	}
	endless, at := place(t, func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	d.Settings["url"] = at
	if got := endless[deliver.Webhook].Send(t.Context(), d, &deliver.Parcel{ID: "m"}); got.Failure != "" {
		t.Errorf("%+v", got)
	}
}

func TestCheck(t *testing.T) {
	senders := Senders(nil, nil)
	signing := map[string]string{deliver.SigningSecret: secretA}
	for _, c := range []struct {
		kind              deliver.Kind
		settings, secrets map[string]string
		address           string // "" where it is refused
	}{
		{deliver.Webhook, map[string]string{"url": "https://a.example/x"}, signing, "https://a.example/x"},
		{deliver.Webhook, map[string]string{"url": "http://a.example/x"}, signing, ""},
		{deliver.Webhook, map[string]string{"url": "https://user:pw@a.example/x"}, signing, ""},
		{deliver.Webhook, map[string]string{"url": "https://a.example/x"}, nil, ""},
		{deliver.Slack, nil, map[string]string{"url": "https://hooks.slack.com/services/T0/B0/secret"}, "https://hooks.slack.com/…"},
		{deliver.Slack, map[string]string{"url": "https://a.example"}, nil, ""},
		{deliver.Teams, nil, map[string]string{"url": "https://prod.logic.azure.com/x?sig=secret"}, "https://prod.logic.azure.com/…"},
		{deliver.Telegram, map[string]string{"chat": "-100123"}, map[string]string{"token": "12:aB-_"}, "-100123"},
		{deliver.Telegram, map[string]string{"chat": "@shop"}, map[string]string{"token": "12:a/../b"}, ""},
		{deliver.Telegram, map[string]string{"chat": "shop"}, map[string]string{"token": "12:ab"}, ""},
	} {
		d := &deliver.Destination{Kind: c.kind, Settings: c.settings, Secrets: c.secrets}
		err := senders[c.kind].Check(d)
		var invalid workspace.Invalid
		if d.Address != c.address || (err == nil) != (c.address != "") || err != nil && !errors.As(err, &invalid) {
			t.Errorf("%s %v %v: %q, %v", c.kind, c.settings, c.secrets, d.Address, err)
		}
	}
}

var sample = Notice{
	Title: "Payments by UPI fail", Text: "37 of 41 since 12:05. One wrote: \"<https://evil.example|click> *bold* @channel & more\"",
	Facts: []Fact{{"Lost so far", "₹ 41,000"}, {"Cause", "UPI on Android"}},
	Links: []Link{{"Open", "https://dhvani.shop.example/incidents/1"}, {"Acknowledge", "http://localhost:8080/ack"}},
}

func TestRender(t *testing.T) {
	for _, kind := range []deliver.Kind{deliver.Slack, deliver.Teams, deliver.Telegram} {
		got, err := Render(&deliver.Destination{Kind: kind, Settings: map[string]string{"chat": "-1"}}, sample)
		if err != nil {
			t.Fatal(err)
		}
		v := jsontext.Value(got)
		if err := v.Indent(); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join("testdata", string(kind)+".json")
		if *update {
			if err := os.WriteFile(name, append(v, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil || string(want) != string(v)+"\n" {
			t.Errorf("%s: %v %s", kind, err, v)
		}
	}
	if _, err := Render(&deliver.Destination{Kind: deliver.Webhook}, sample); err == nil {
		t.Error("a webhook takes a notice")
	}
}

// Whatever people write, what is sent keeps to the networks' limits.
func TestRenderLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.IntRange(0, 9000), func(n int) string { return strings.Repeat("𐍈<", n) }), rapid.Just("\xff\xfe"))
		n := Notice{Title: text.Draw(t, "title"), Text: text.Draw(t, "text")}
		for range rapid.IntRange(0, 15).Draw(t, "facts") {
			n.Facts = append(n.Facts, Fact{text.Draw(t, "name"), text.Draw(t, "value")})
		}
		before := n.Facts
		kept := slices.Clone(before)
		for _, kind := range []deliver.Kind{deliver.Slack, deliver.Teams, deliver.Telegram} {
			b, err := Render(&deliver.Destination{Kind: kind}, n)
			if err != nil {
				t.Fatal(err)
			}
			if kind == deliver.Teams && len(b) > 28<<10 {
				t.Fatalf("%d bytes for Teams", len(b))
			}
			var m map[string]any
			if err := json.Unmarshal(b, &m); err != nil {
				t.Fatal(err)
			}
			if text, ok := m["text"].(string); kind == deliver.Telegram && (!ok || len(utf16.Encode([]rune(text))) > 4096) {
				t.Fatalf("%d units for Telegram", len(text))
			}
		}
		if !slices.Equal(before, kept) {
			t.Fatal("the caller's notice was changed")
		}
	})
}

func TestEventIsBounded(t *testing.T) {
	if _, err := (Event{ID: "a", Type: "t", Source: "/", Data: strings.Repeat("x", maxEvent)}).Body(); err == nil {
		t.Error("an event may be as long as it likes")
	}
	if kinds := slices.Sorted(maps.Keys(Senders(nil, nil))); len(kinds) != 4 {
		t.Error(kinds)
	}
}
