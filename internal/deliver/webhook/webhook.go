// Package webhook sends messages over HTTPS: to webhooks, signed as Standard
// Webhooks says and with CloudEvents bodies, and to the incoming webhooks of Slack
// and Teams and the bots of Telegram, in the form that each of them reads. It does
// not reach into the machine's own network, follows no redirects, and reads little
// of an answer.
//
// Sources: the Standard Webhooks specification 1.0.0, CloudEvents 1.0 with its
// JSON format, Slack's Block Kit, Microsoft's Adaptive Cards 1.4, Telegram's Bot
// API.
package webhook

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/outgoing"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Sender sends to one kind of destination. Its settings and secrets are these:
//
//	webhook   setting url; secret signing, made by deliver
//	slack     secret url
//	teams     secret url
//	telegram  setting chat; secret token
type Sender struct {
	kind     deliver.Kind
	client   *http.Client
	operator *url.URL
	inside   outgoing.Inside
	telegram string // where its API is
	now      func() time.Time
}

const (
	answerWithin = 20 * time.Second
	maxAnswer    = 16 << 10 // bytes that are read of an answer

	// URLSetting and the others name settings and secrets.
	URLSetting  = "url"
	ChatSetting = "chat"
	TokenSecret = "token"
)

// Senders makes those of all kinds. operator is the address of a receiver that the
// operator of the machine wrote, which may be anywhere, without TLS too; nil: none.
// So may receivers inside the process.
func Senders(operator *url.URL, inside outgoing.Inside) map[deliver.Kind]deliver.Sender {
	out := map[deliver.Kind]deliver.Sender{}
	client := outgoing.New(outgoing.Options{Timeout: answerWithin, Operator: operator, Inside: inside})
	for _, kind := range []deliver.Kind{deliver.Webhook, deliver.Slack, deliver.Teams, deliver.Telegram} {
		out[kind] = &Sender{kind: kind, client: client, operator: operator, inside: inside, telegram: "https://api.telegram.org", now: time.Now}
	}
	return out
}

func flaw(code, english string) error {
	return workspace.Flaw{Code: code, Invalid: workspace.Invalid(english)}
}

// Check refuses addresses that cannot be reached, and says what of them may be
// shown: who knows the addresses of Slack and Teams can write there.
func (s *Sender) Check(d *deliver.Destination) error {
	switch s.kind {
	case deliver.Webhook:
		u, err := s.address(d.Settings[URLSetting])
		if err != nil {
			return err
		}
		if _, err := keyOf(d.Secrets[deliver.SigningSecret]); err != nil {
			return flaw("signing", "the webhook has no signing secret: make a new one")
		}
		d.Address = u.Redacted()
	case deliver.Telegram:
		chat := d.Settings[ChatSetting]
		if _, err := strconv.ParseInt(chat, 10, 64); err != nil && !strings.HasPrefix(chat, "@") || chat == "@" {
			return flaw("chat", "a Telegram chat is a number, or the @name of a channel")
		}
		if id, secret, ok := strings.Cut(d.Secrets[TokenSecret], ":"); !ok || !plain(id) || !plain(secret) {
			return flaw("token", "a bot's token looks like 123456:ABC-DEF")
		}
		d.Address = chat
	default:
		u, err := s.address(d.Secrets[URLSetting])
		if err != nil {
			return err
		}
		d.Address = u.Scheme + "://" + u.Host + "/…"
	}
	return nil
}

// plain reports whether a text can stand in a path as it is.
func plain(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

func (s *Sender) address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, flaw("url", "the address must be one like https://hooks.shop.example/dhvani")
	}
	if s.operator != nil && u.Host == s.operator.Host && u.Scheme == s.operator.Scheme {
		return u, nil
	}
	if s.inside != nil && u.Scheme == "http" && s.inside.Has(net.JoinHostPort(u.Hostname(), "80")) && u.Port() == "" {
		return u, nil
	}
	if u.Scheme != "https" {
		return nil, flaw("https", "the address must begin with https://")
	}
	if outgoing.Check(u) != nil {
		return nil, flaw("own_network", "the address must be a public one, at port 443 or 80")
	}
	return u, nil
}

// Trial writes the body of a message that shows that a destination works.
func (s *Sender) Trial(d *deliver.Destination, id string, at time.Time) ([]byte, error) {
	if s.kind == deliver.Webhook {
		return Event{ID: id, Source: "/dhvani", Type: "dhvani.test", Time: at, Data: map[string]string{"destination": d.ID}}.Body()
	}
	return Render(d, Notice{Title: "Dhvani", Text: "This is a test. Messages arrive here."})
}

// Send makes one attempt.
func (s *Sender) Send(ctx context.Context, d *deliver.Destination, p *deliver.Parcel) deliver.Outcome {
	r, err := s.request(ctx, d, p)
	if err != nil {
		return deliver.Outcome{Failure: "address", Permanent: true}
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return deliver.Outcome{Failure: outgoing.Reason(err)}
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // of use only where it is short
	return s.outcome(answer, text)
}

func (s *Sender) request(ctx context.Context, d *deliver.Destination, p *deliver.Parcel) (*http.Request, error) {
	to := d.Secrets[URLSetting]
	switch s.kind {
	case deliver.Webhook:
		to = d.Settings[URLSetting]
	case deliver.Telegram:
		to = s.telegram + "/bot" + d.Secrets[TokenSecret] + "/sendMessage"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(p.Body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "Dhvani")
	r.Header.Set("Content-Type", "application/json")
	if s.kind != deliver.Webhook {
		return r, nil
	}
	now := s.now()
	r.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	r.Header.Set("webhook-id", p.ID)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	signature, err := signatures(d.Secrets, p.ID, now, p.Body)
	r.Header.Set("webhook-signature", signature)
	return r, err
}

// outcome reads an answer. A webhook is tried again whatever it says, but for 410;
// the chat networks' refusals are final, and an address or token that is not valid
// any more pauses the destination, so that nothing is lost.
func (s *Sender) outcome(answer *http.Response, text []byte) deliver.Outcome {
	code := answer.StatusCode
	if code/100 == 2 {
		return deliver.Outcome{Status: code}
	}
	out := deliver.Outcome{Failure: "status_" + strconv.Itoa(code), Status: code, Wait: retryAfter(answer.Header.Get("Retry-After"), s.now())}
	if s.kind == deliver.Telegram && out.Wait == 0 {
		out.Wait = telegramWait(text)
	}
	switch code {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		out.Busy = true
	case http.StatusServiceUnavailable:
		out.Busy = out.Wait > 0
	case http.StatusGone:
		out.Gone = true
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		out.Gone = s.kind != deliver.Webhook
	case http.StatusRequestTimeout, http.StatusTooEarly:
	default:
		out.Permanent = code/100 == 4 && s.kind != deliver.Webhook
	}
	return out
}

// retryAfter reads a header: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// telegramWait reads how long Telegram asks to wait.
func telegramWait(text []byte) time.Duration {
	var answer struct {
		Parameters struct {
			RetryAfter float64 `json:"retry_after"`
		} `json:"parameters"`
	}
	if json.Unmarshal(text, &answer) != nil || !(answer.Parameters.RetryAfter > 0) {
		return 0
	}
	return time.Duration(min(answer.Parameters.RetryAfter, 86_400) * float64(time.Second))
}
