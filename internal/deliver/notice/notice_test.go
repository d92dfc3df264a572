package notice

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/email"
)

var kinds = []deliver.Kind{deliver.Email, deliver.Webhook, deliver.Slack, deliver.Teams, deliver.Telegram}

func destination(kind deliver.Kind) *deliver.Destination {
	return &deliver.Destination{Workspace: 7, ID: "dst_" + string(kind), Kind: kind, Settings: map[string]string{email.From: "shop@shop.example", "chat": "12"}}
}

func sample() Notice {
	return Notice{
		Key: "insight 5 opened", Kind: "insight.opened", At: time.Unix(1_800_000_000, 0), Title: "UPI fails <on> Android",
		Text: "Since 10:02.\n\n94 of 100 failures\nare UPI.", Facts: []Fact{{Name: "Lost", Value: "₹12,000"}},
		Links:    []Link{{Text: "Open", URL: "https://shop.example/i/5?a=1&b=2"}, {Text: "bad", URL: "javascript:alert(1)"}},
		Language: "en", Why: "You asked for it.", Subject: "ins_5",
	}
}

func TestMessage(t *testing.T) {
	for kind, wants := range map[deliver.Kind][]string{
		deliver.Email:    {`"Subject":"UPI fails <on> Android"`, `"Domain":"shop.example"`, `94 of 100 failures\r\nare UPI.\r\n`, `https://shop.example/i/5?a=1&amp;b=2`, `94 of 100 failures<br>are UPI.`, `UPI fails &lt;on&gt; Android`},
		deliver.Webhook:  {`"type":"insight.opened"`, `"source":"/dhvani"`, `"subject":"ins_5"`, `"facts":[{"name":"Lost","value":"₹12,000"}]`},
		deliver.Slack:    {`UPI fails \u0026lt;on\u0026gt; Android`, `"type":"header"`},
		deliver.Teams:    {`"type":"AdaptiveCard"`, `UPI fails <on> Android`},
		deliver.Telegram: {`"chat_id":"12"`, `UPI fails <on> Android`},
	} {
		d := destination(kind)
		m, err := Message(d, sample(), "Asha@team.example")
		if err != nil {
			t.Fatal(kind, err)
		}
		body := string(m.Body)
		if kind == deliver.Slack {
			body = strings.ReplaceAll(body, "&", `\u0026`)
		}
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s in %s", kind, want, body)
			}
		}
		if strings.Contains(body, "javascript") || m.Workspace != 7 || m.Destination != d.ID || m.Kind != "insight.opened" || (m.Receiver != "") != (kind == deliver.Email) {
			t.Errorf("%+v %s", m, body)
		}
		if kind == deliver.Webhook && !strings.Contains(body, `"id":"`+deliver.ID(7, m.Key)+`"`) {
			t.Errorf("the event's id is not the message's: %s", body)
		}
	}
	if _, err := Message(destination(deliver.Email), sample(), ""); err == nil {
		t.Error("a mail to nobody")
	}
	for _, change := range []func(n *Notice){func(n *Notice) { n.Key = "" }, func(n *Notice) { n.Kind = "" }, func(n *Notice) { n.Title = " \n" }} {
		n := sample()
		change(&n)
		if _, err := Message(destination(deliver.Slack), n, ""); err == nil {
			t.Errorf("%+v is written", n)
		}
	}
}

// A notice is one message for each destination and receiver, whatever it says the
// second time.
func TestKeys(t *testing.T) {
	keys := map[string]bool{}
	other := destination(deliver.Email)
	other.ID = "dst_other"
	for _, c := range []struct {
		d        *deliver.Destination
		receiver string
		fresh    bool
	}{
		{destination(deliver.Email), "a@x.example", true}, {destination(deliver.Email), "A@x.example", false}, {destination(deliver.Email), "b@x.example", true},
		{other, "a@x.example", true}, {destination(deliver.Slack), "", true}, {destination(deliver.Slack), "ignored@x.example", false},
	} {
		n := sample()
		n.Title += c.receiver
		m, err := Message(c.d, n, c.receiver)
		if err != nil || keys[m.Key] == c.fresh {
			t.Errorf("%s %s: %q %v", c.d.ID, c.receiver, m.Key, err)
		}
		keys[m.Key] = true
	}
}

// Whatever people wrote, every kind of destination gets a body that can be sent,
// and a mail's HTML holds nothing but what the template has.
func TestAnyText(t *testing.T) {
	any := rapid.OneOf(rapid.String(), rapid.StringN(0, 3000, -1), rapid.SampledFrom([]string{"</p><script>alert(1)</script>", "\xff\x00\r\n.\r\n", "<img src=x onerror=y>", "{{.}}", `"><a href="`}))
	elements := []string{"html", "head", "meta", "title", "body", "div", "h1", "p", "br", "table", "tr", "td", "a"}
	rapid.Check(t, func(t *rapid.T) {
		n := Notice{Key: "k", Kind: "kind", At: time.Unix(0, 0), Title: "x" + any.Draw(t, "title"), Text: any.Draw(t, "text"), Why: any.Draw(t, "why"), Language: any.Draw(t, "language")}
		for range rapid.IntRange(0, 60).Draw(t, "facts") {
			n.Facts = append(n.Facts, Fact{Name: any.Draw(t, "name"), Value: any.Draw(t, "value")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "links") {
			n.Links = append(n.Links, Link{Text: any.Draw(t, "link"), URL: "https://x.example/" + strings.ToValidUTF8(any.Draw(t, "url"), "")})
		}
		for _, kind := range kinds {
			m, err := Message(destination(kind), n, "a@x.example")
			if err != nil {
				t.Fatal(kind, err)
			}
			if !jsontext.Value(m.Body).IsValid() || !utf8.Valid(m.Body) || kind == deliver.Webhook && len(m.Body) > 64<<10 {
				t.Fatalf("%s: %d bytes", kind, len(m.Body))
			}
			if kind != deliver.Email {
				continue
			}
			var mail email.Mail
			if err := json.Unmarshal(m.Body, &mail); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(mail.Subject, "\r\n") {
				t.Fatalf("%q", mail.Subject)
			}
			for z := html.NewTokenizer(strings.NewReader(mail.HTML)); z.Next() != html.ErrorToken; {
				tok := z.Token()
				if tok.Type == html.StartTagToken && !slices.Contains(elements, tok.Data) {
					t.Fatalf("a %s in the mail", tok.Data)
				}
				for _, a := range tok.Attr {
					if strings.HasPrefix(a.Key, "on") || a.Key == "href" && !strings.HasPrefix(a.Val, "https://x.example/") {
						t.Fatalf("%s", tok)
					}
				}
			}
		}
	})
}
