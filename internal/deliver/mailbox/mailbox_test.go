package mailbox

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/deliver/webhook"
)

// run starts a mailbox until the test ends.
func run(t *testing.T) *Mailbox {
	m := New(nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { m.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return m
}

func mailTo(m *Mailbox, workspace string) (*email.Sender, *deliver.Destination) {
	return email.New("", m), &deliver.Destination{Workspace: 7, ID: "dst_1", Kind: deliver.Email, Settings: map[string]string{
		email.Host: Host(workspace), email.Port: "25", email.TLS: "none", email.From: "shop@shop.example", email.FromName: "दुकान",
	}}
}

// What the senders send arrives, and is shown as it was written.
func TestMails(t *testing.T) {
	m := run(t)
	s, d := mailTo(m, "ws_a")
	if err := s.Check(d); err != nil {
		t.Fatal(err)
	}
	changed := m.Changed()
	for i := range 3 {
		body, err := email.Mail{Subject: "धन्यवाद ₹", Text: "Hello.\r\n\r\nনমস্কার", HTML: `<!DOCTYPE html><html><head><title>x</title></head><body><img src="cid:chart"><a href="https://x.example">y</a></body></html>`,
			Images: []email.Image{{CID: "chart", Name: "chart.png", Data: []byte("\x89PNG")}}}.Body(d)
		if err != nil {
			t.Fatal(err)
		}
		if out := s.Send(t.Context(), d, &deliver.Parcel{Workspace: 7, ID: fmt.Sprintf("msg_%d", i), Receiver: "asha@mail.example", Body: body, CreatedAt: time.Now()}); out.Failure != "" {
			t.Fatal(out)
		}
	}
	select {
	case <-changed:
	default:
		t.Error("nobody was told")
	}
	list := m.Letters("ws_a")
	if len(list) != 3 || len(m.Letters("ws_b")) != 0 || m.Letter("ws_b", list[0].ID) != nil {
		t.Fatalf("%d letters", len(list))
	}
	l := list[0]
	c := l.Open()
	if l.Title != "धन्यवाद ₹" || l.From != "shop@shop.example" || l.To != "asha@mail.example" || !l.Mail() || !strings.Contains(c.Text, "Hello.\n\nনমস্কার") {
		t.Errorf("%+v %+v", l, c)
	}
	if !strings.Contains(c.HTML, `<head><base target="_blank">`) || !strings.Contains(c.HTML, `<img src="data:image/png;base64,iVBORw==">`) || len(c.Pictures) != 1 || c.Pictures[0].Name != "chart.png" {
		t.Errorf("%+v", c)
	}
	found := false
	for _, h := range c.Headers {
		found = found || h[0] == "Message-Id" && strings.Contains(h[1], "msg_2@shop.example") || strings.EqualFold(h[0], "Message-ID") && strings.Contains(h[1], "msg_2@shop.example")
	}
	if !found {
		t.Errorf("%q", c.Headers)
	}
}

func TestWebhooks(t *testing.T) {
	m := run(t)
	senders := webhook.Senders(nil, m)
	for _, c := range []struct {
		d    deliver.Destination
		want string
	}{
		{deliver.Destination{Kind: deliver.Slack, Secrets: map[string]string{"url": "http://" + Host("ws_a") + "/chat"}}, "Dhvani"},
		{deliver.Destination{Kind: deliver.Teams, Secrets: map[string]string{"url": "http://" + Host("ws_a") + "/teams"}}, "Dhvani"},
		{deliver.Destination{Kind: deliver.Webhook, Settings: map[string]string{"url": "http://" + Host("ws_a") + "/webhook"},
			Secrets: map[string]string{deliver.SigningSecret: "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="}}, "dhvani.test"},
	} {
		s := senders[c.d.Kind]
		if err := s.Check(&c.d); err != nil {
			t.Fatal(c.d.Kind, err)
		}
		body, err := s.Trial(&c.d, "msg_1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if out := s.Send(t.Context(), &c.d, &deliver.Parcel{ID: "msg_1", Body: body}); out.Failure != "" {
			t.Fatal(c.d.Kind, out)
		}
		l := m.Letters("ws_a")[0]
		if l.Title != c.want || l.Mail() || !strings.Contains(l.Open().Text, "{\n") {
			t.Errorf("%s: %+v", c.d.Kind, l)
		}
		if c.d.Kind == deliver.Webhook && !strings.Contains(fmt.Sprint(l.Open().Headers), "Webhook-Signature v1,") {
			t.Error(l.Open().Headers)
		}
	}
}

// Names of mailboxes are reached without TLS, and nothing that looks like one.
func TestNames(t *testing.T) {
	m := run(t)
	senders := webhook.Senders(nil, m)
	for url, ok := range map[string]bool{
		"http://" + Host("ws_a") + "/x": true, "http://mailbox.invalid/x": false, "http://a.b.mailbox.invalid/x": false, "http://" + Host("ws_a") + ":81/x": false,
		"http://" + Host("ws_a") + ".example/x": false, "http://127.0.0.1/x": false, "http:///x": false, "http://.mailbox.invalid/x": false,
	} {
		if err := senders[deliver.Slack].Check(&deliver.Destination{Kind: deliver.Slack, Secrets: map[string]string{"url": url}}); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := m.Dial(t.Context(), "mailbox.invalid:25"); err == nil {
		t.Error("connected to nobody")
	}
}

// A mailbox does not grow: the oldest letters go, by number and by size.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(nil)
		for i := range 2 * maxLetters {
			m.add(&Letter{Workspace: "w", Title: fmt.Sprint(i), raw: []byte("x")})
		}
		if list := m.Letters("w"); len(list) != maxLetters || list[0].Title != fmt.Sprint(2*maxLetters-1) || m.bytes != maxLetters {
			t.Error(len(list), m.bytes)
		}
		for range 10 {
			m.add(&Letter{Workspace: "w", raw: make([]byte, maxLetter)})
		}
		if list := m.Letters("w"); len(list) != maxBytes/maxLetter || m.bytes > maxBytes {
			t.Error(len(list), m.bytes)
		}
	})
}

func TestRefusals(t *testing.T) {
	m := run(t)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) { return m.Dial(ctx, address) }}}
	for _, c := range []struct {
		method string
		size   int
		status int
	}{{"GET", 0, 400}, {"POST", maxLetter + 1, 400}, {"POST", 10, 204}} {
		r, err := http.NewRequest(c.method, "http://"+Host("w")+"/x", bytes.NewReader(make([]byte, c.size)))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("%s of %d bytes: %s", c.method, c.size, answer.Status)
		}
	}
	if got := len(m.Letters("w")); got != 1 {
		t.Errorf("%d letters", got)
	}
}

// Whatever comes, it can be shown.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("Subject: =?utf-8?q?a?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>\r\n--x--\r\n"))
	f.Add([]byte(`{"text":"*a*","attachments":[{"content":{"body":[{"inlines":[{"text":"x"}]}]}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, l := range []*Letter{{raw: raw}, {raw: raw, Path: "/x"}} {
			c := l.Open()
			subject(raw)
			titleOf(raw)
			if strings.ToValidUTF8(c.Text+c.HTML, "") != c.Text+c.HTML {
				t.Error("text that is none")
			}
		}
	})
}
