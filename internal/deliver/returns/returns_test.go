package returns

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/deliver/webhook"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// box seals by writing down for whom.
type box struct{}

func (box) Seal(owner, secret string) ([]byte, error) { return []byte(owner + "\x00" + secret), nil }

func (box) Open(owner string, sealed []byte) (string, error) {
	secret, ok := strings.CutPrefix(string(sealed), owner+"\x00")
	if !ok {
		return "", errors.New("sealed for somebody else")
	}
	return secret, nil
}

const mailgunKey = "key-0123456789abcdef"

// house is a workspace with a destination for mails, and a server that hears of those
// that came back.
type house struct {
	*Store
	t      *testing.T
	by     staff.Actor
	mails  *deliver.Destination
	url    string
	amazon *rsa.PrivateKey
	asked  []string // of Amazon

	sendgrid *ecdsa.PrivateKey
	clock    time.Time
}

func newHouse(t *testing.T, d *db.DB) *house {
	t.Helper()
	h := &house{t: t, by: staff.ByOperator(7), clock: time.Now()}
	senders := webhook.Senders(nil, nil)
	senders[deliver.Email] = email.New("", nil)
	h.Store = &Store{DB: d, Sealer: box{}, Outbox: &deliver.Store{DB: d, Sealer: box{}, Senders: senders}, Now: func() time.Time { return h.clock }, Client: &http.Client{Transport: h}}
	h.mails = &deliver.Destination{Kind: deliver.Email, Name: "Mails", Settings: map[string]string{email.Host: "smtp.shop.example", email.From: "hello@shop.example"}}
	if err := h.Outbox.Create(t.Context(), h.by, h.mails); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.amazon, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if h.sendgrid, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	h.Route(mux, slog.New(slog.DiscardHandler), func(next http.Handler) http.Handler { return next })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

// RoundTrip is Amazon.
func (h *house) RoundTrip(r *http.Request) (*http.Response, error) {
	h.asked = append(h.asked, r.URL.String())
	w := httptest.NewRecorder()
	if strings.HasSuffix(r.URL.Path, ".pem") {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: h.clock.Add(-time.Hour), NotAfter: h.clock.Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &h.amazon.PublicKey, h.amazon)
		if err != nil {
			return nil, err
		}
		pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	return w.Result(), nil
}

// sent puts a mail as if it had been sent, and returns its id.
func (h *house) sent(key, receiver string) string {
	h.t.Helper()
	err := h.DB.Update(h.t.Context(), func(tx *db.Tx) error {
		if err := h.Outbox.Put(h.t.Context(), tx, deliver.Message{Workspace: 7, Destination: h.mails.ID, Key: key, Kind: "k", Receiver: receiver}); err != nil {
			return err
		}
		_, err := tx.Exec(h.t.Context(), "UPDATE outbox SET state = 'sent' WHERE workspace = 7 AND id = $1", deliver.ID(7, key))
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return deliver.ID(7, key)
}

// hook makes the destination's hook.
func (h *house) hook(source Source) string {
	h.t.Helper()
	key := map[Source]string{Mailgun: mailgunKey, SendGrid: h.sendgridKey()}[source]
	id, err := h.Make(h.t.Context(), h.by, h.mails.ID, source, key)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func (h *house) sendgridKey() string {
	der, err := x509.MarshalPKIXPublicKey(&h.sendgrid.PublicKey)
	if err != nil {
		h.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// call posts to a hook and returns the status.
func (h *house) call(source Source, id, body string, header http.Header) int {
	h.t.Helper()
	r, err := http.NewRequest("POST", h.url+"/hooks/"+string(source)+"/"+id, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header = header
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// is checks what became of a message, and of an address.
func (h *house) is(message string, state deliver.State, failure, address, stopped string) {
	h.t.Helper()
	d, err := h.Outbox.Delivery(h.t.Context(), h.by, message)
	if err != nil || d.State != state || d.Failure != failure {
		h.t.Errorf("%s %q: %v", d.State, d.Failure, err)
	}
	why, _, err := h.Outbox.Stopped(h.t.Context(), h.by, address)
	if err != nil || why != stopped {
		h.t.Errorf("%s is stopped by %q: %v", address, why, err)
	}
}

// notification is what SNS sends, signed.
func (h *house) notification(version, kind, message string) string {
	h.t.Helper()
	e := &envelope{Type: kind, MessageID: "m1", TopicARN: "arn:aws:sns:eu-west-1:1:bounces", Message: message, Timestamp: h.clock.UTC().Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion: version, SigningCertURL: "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"}
	if kind != "Notification" {
		e.Token, e.SubscribeURL = "t", "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
	}
	var signature []byte
	var err error
	if version == "1" {
		sum := sha1.Sum([]byte(e.signed()))
		signature, err = rsa.SignPKCS1v15(rand.Reader, h.amazon, crypto.SHA1, sum[:])
	} else {
		sum := sha256.Sum256([]byte(e.signed()))
		signature, err = rsa.SignPKCS1v15(rand.Reader, h.amazon, crypto.SHA256, sum[:])
	}
	if err != nil {
		h.t.Fatal(err)
	}
	e.Signature = base64.StdEncoding.EncodeToString(signature)
	b, err := json.Marshal(e)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

func (h *house) signSendGrid(body string, at time.Time) http.Header {
	h.t.Helper()
	seconds := strconv.FormatInt(at.Unix(), 10)
	sum := sha256.Sum256([]byte(seconds + body))
	signature, err := ecdsa.SignASN1(rand.Reader, h.sendgrid, sum[:])
	if err != nil {
		h.t.Fatal(err)
	}
	return http.Header{"X-Twilio-Email-Event-Webhook-Timestamp": {seconds}, "X-Twilio-Email-Event-Webhook-Signature": {base64.StdEncoding.EncodeToString(signature)}}
}

func mailgunBody(at time.Time, data string) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	sum := hmac.New(sha256.New, []byte(mailgunKey))
	sum.Write([]byte(seconds + "token"))
	return fmt.Sprintf(`{"signature":{"timestamp":%q,"token":"token","signature":%q},"event-data":%s}`, seconds, hex.EncodeToString(sum.Sum(nil)), data)
}

const sesBounce = `{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"asha@mail.example","status":"5.1.1","action":"failed","diagnosticCode":"smtp; 550"}],"feedbackId":"f"},
	"mail":{"messageId":"010-000","destination":["asha@mail.example"],"headers":[{"name":"From","value":"x"},{"name":"Message-ID","value":"<%s@shop.example>"}],"commonHeaders":{"messageId":"<%[1]s@shop.example>"}}}`

// Each source tells of a mail that came back, of a complaint and of what does not
// matter; the message and the address are what they should be afterwards.
func TestSources(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		postfix, err := os.ReadFile("../email/testdata/postfix.eml")
		if err != nil {
			t.Fatal(err)
		}
		type told struct {
			name             string
			source           Source
			body             func(id, address string) (string, http.Header)
			state            deliver.State
			failure, stopped string
		}
		plain := func(format string) func(id, address string) (string, http.Header) {
			return func(id, address string) (string, http.Header) {
				return strings.NewReplacer("ID", id, "asha@mail.example", address).Replace(format), nil
			}
		}
		ses := func(version, kind, message string) func(id, address string) (string, http.Header) {
			return func(id, address string) (string, http.Header) {
				return h.notification(version, kind, strings.NewReplacer("%[1]s", id, "%s", id, "asha@mail.example", address).Replace(message)), nil
			}
		}
		sendgrid := func(format string) func(id, address string) (string, http.Header) {
			return func(id, address string) (string, http.Header) {
				body, _ := plain(format)(id, address)
				return body, h.signSendGrid(body, h.clock)
			}
		}
		mailgun := func(format string) func(id, address string) (string, http.Header) {
			return func(id, address string) (string, http.Header) {
				body, _ := plain(format)(id, address)
				return mailgunBody(h.clock, body), nil
			}
		}
		for _, c := range []told{
			{"a report", Mail, func(id, _ string) (string, http.Header) {
				return strings.ReplaceAll(string(postfix), "msg_hry3jzbpzmmhad4buvepnh6cgy", id), nil
			}, deliver.Returned, "bounced_5.1.1", deliver.StoppedBounced},
			{"a stranger's report", Mail, func(_, address string) (string, http.Header) { // of a mail that was never sent
				return strings.NewReplacer("msg_hry3jzbpzmmhad4buvepnh6cgy", "msg_aaaa", "asha@shop.example", address).Replace(string(postfix)), nil
			}, deliver.Sent, "", ""},
			{"somebody's answer", Mail, plain("Subject: Re\r\n\r\nI am away.\r\n"), deliver.Sent, "", ""},
			{"SES, SHA-256", SES, ses("2", "Notification", sesBounce), deliver.Returned, "bounced_5.1.1", deliver.StoppedBounced},
			{"SES, SHA-1", SES, ses("1", "Notification", sesBounce), deliver.Returned, "bounced_5.1.1", deliver.StoppedBounced},
			{"SES, event", SES, ses("2", "Notification", strings.Replace(sesBounce, "notificationType", "eventType", 1)), deliver.Returned, "bounced_5.1.1", deliver.StoppedBounced},
			{"SES, not for ever", SES, ses("2", "Notification", strings.Replace(sesBounce, "Permanent", "Transient", 1)), deliver.Sent, "", ""},
			{"SES, complaint", SES, ses("2", "Notification", `{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"asha@mail.example"}],"complaintFeedbackType":"abuse"},"mail":{"commonHeaders":{"messageId":"<%s@shop.example>"}}}`),
				deliver.Returned, "complaint", deliver.StoppedComplaint},
			{"SES, without headers", SES, ses("2", "Notification", `{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"NoEmail","bouncedRecipients":[{"emailAddress":"asha@mail.example"}]},"mail":{}}`),
				deliver.Sent, "", deliver.StoppedBounced},
			{"SES, greeting", SES, ses("2", "Notification", "Successfully validated SNS topic"), deliver.Sent, "", ""},
			{"SendGrid, bounce", SendGrid, sendgrid(`[{"email":"asha@mail.example","event":"bounce","type":"bounce","status":"5.1.1","smtp-id":"<ID@shop.example>","reason":"550 no"}]`),
				deliver.Returned, "bounced_5.1.1", deliver.StoppedBounced},
			{"SendGrid, blocked", SendGrid, sendgrid(`[{"email":"asha@mail.example","event":"bounce","type":"blocked","status":"5.1.1","smtp-id":"<ID@shop.example>"}]`), deliver.Returned, "bounced_5.7.1", ""},
			{"SendGrid, junk", SendGrid, sendgrid(`[{"event":"delivered"},{"email":"asha@mail.example","event":"spamreport","smtp-id":"<ID@shop.example>"}]`), deliver.Returned, "complaint", deliver.StoppedComplaint},
			{"SendGrid, dropped", SendGrid, sendgrid(`[{"email":"asha@mail.example","event":"dropped","reason":"Bounced Address","smtp-id":"<ID@shop.example>"}]`), deliver.Returned, "bounced_5.1.1", deliver.StoppedBounced},
			{"Mailgun, bounce", Mailgun, mailgun(`{"event":"failed","severity":"permanent","reason":"bounce","recipient":"asha@mail.example","message":{"headers":{"message-id":"ID@shop.example"}},"delivery-status":{"code":550,"enhanced-code":"5.1.1"}}`),
				deliver.Returned, "bounced_5.1.1", deliver.StoppedBounced},
			{"Mailgun, full", Mailgun, mailgun(`{"event":"failed","severity":"permanent","recipient":"asha@mail.example","message":{"headers":{"message-id":"ID@shop.example"}},"delivery-status":{"code":552,"enhanced-code":"5.2.2"}}`), deliver.Returned, "bounced_5.2.2", ""},
			{"Mailgun, later", Mailgun, mailgun(`{"event":"failed","severity":"temporary","recipient":"asha@mail.example","message":{"headers":{"message-id":"ID@shop.example"}}}`), deliver.Sent, "", ""},
			{"Mailgun, junk", Mailgun, mailgun(`{"event":"complained","recipient":"asha@mail.example","message":{"headers":{"message-id":"ID@shop.example"}}}`), deliver.Returned, "complaint", deliver.StoppedComplaint},
			{"Postmark, bounce", Postmark, plain(`{"RecordType":"Bounce","Type":"HardBounce","TypeCode":1,"Email":"asha@mail.example","MessageID":"00000000-0000-0000-0000-000000000000","Metadata":{"dhvani":"ID"}}`), deliver.Returned, "bounced_5.1.1", deliver.StoppedBounced},
			{"Postmark, soft", Postmark, plain(`{"RecordType":"Bounce","Type":"SoftBounce","Email":"asha@mail.example","Metadata":{"dhvani":"ID"}}`), deliver.Sent, "", ""},
			{"Postmark, junk", Postmark, plain(`{"RecordType":"SpamComplaint","Type":"SpamComplaint","Email":"asha@mail.example","Metadata":{}}`), deliver.Sent, "", deliver.StoppedComplaint},
		} {
			t.Run(c.name, func(t *testing.T) {
				h.t = t
				hook := h.hook(c.source)
				address := strings.NewReplacer(" ", "", ",", "", "'", "").Replace(c.name) + "@mail.example"
				id := h.sent(c.name, address)
				body, header := c.body(id, address)
				if status := h.call(c.source, hook, body, header); status != 200 {
					t.Fatalf("%d for %s", status, body)
				}
				h.is(id, c.state, c.failure, address, c.stopped)
			})
		}
		hook, err := h.Hook(t.Context(), h.by, h.mails.ID)
		if err != nil || hook.Source != Postmark || hook.Heard.IsZero() {
			t.Errorf("%+v %v", hook, err)
		}
	})
}

// What is not from its source changes nothing, however well it is written.
func TestForged(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		id := h.sent("a", "asha@mail.example")
		sendgrid := `[{"email":"asha@mail.example","event":"bounce","type":"bounce","status":"5.1.1","smtp-id":"<` + id + `@x>"}]`
		mailgun := `{"event":"complained","recipient":"asha@mail.example","message":{"headers":{"message-id":"` + id + `@x"}}}`
		bounce := strings.NewReplacer("%[1]s", id, "%s", id).Replace(sesBounce)
		ses := h.notification("2", "Notification", bounce)
		for name, c := range map[string]struct {
			source Source
			body   string
			header http.Header
			status int
		}{
			"no signature":        {SendGrid, sendgrid, nil, 401},
			"another body":        {SendGrid, sendgrid + " ", h.signSendGrid(sendgrid, h.clock), 401},
			"an old one":          {SendGrid, sendgrid, h.signSendGrid(sendgrid, h.clock.Add(-25*time.Hour)), 401},
			"another token":       {Mailgun, strings.Replace(mailgunBody(h.clock, mailgun), `"token":"token"`, `"token":"other"`, 1), nil, 401},
			"an old token":        {Mailgun, mailgunBody(h.clock.Add(-25*time.Hour), mailgun), nil, 401},
			"garbage":             {Mailgun, "{", nil, 400},
			"another message":     {SES, strings.Replace(ses, "Permanent", "Permanen", 1), nil, 401},
			"another certificate": {SES, strings.Replace(ses, "sns.eu-west-1.amazonaws.com", "sns.eu-west-1.amazonaws.com.evil.example", 1), nil, 401},
			"no https":            {SES, strings.Replace(ses, "https://sns", "http://sns", 1), nil, 401},
			"another version":     {SES, strings.Replace(ses, `"SignatureVersion":"2"`, `"SignatureVersion":"1"`, 1), nil, 401},
			"no time":             {SES, strings.Replace(ses, `"Timestamp":"20`, `"Timestamp":"19`, 1), nil, 401},
			"too long":            {Postmark, strings.Repeat(" ", maxBody+1), nil, 413},
		} {
			t.Run(name, func(t *testing.T) {
				h.t = t
				hook := h.hook(c.source)
				if status := h.call(c.source, hook, c.body, c.header); status != c.status {
					t.Errorf("%d", status)
				}
				h.is(id, deliver.Sent, "", "asha@mail.example", "")
			})
		}
		h.t = t
		for _, asked := range h.asked {
			if !strings.HasPrefix(asked, "https://sns.eu-west-1.amazonaws.com/") {
				t.Errorf("asked %s", asked)
			}
		}
		hook := h.hook(Postmark)
		for _, other := range []string{"", "x", strings.ToUpper(hook), hook[1:]} {
			if status := h.call(Postmark, other, "{}", nil); status != 404 {
				t.Errorf("%q: %d", other, status)
			}
		}
		if status := h.call(Mail, hook, "{}", nil); status != 404 {
			t.Errorf("another source: %d", status)
		}
	})
}

// SNS asks once whether its messages are wanted; the answer goes to Amazon alone.
func TestSubscription(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		hook := h.hook(SES)
		for range 2 {
			if status := h.call(SES, hook, h.notification("2", "SubscriptionConfirmation", "You have chosen"), nil); status != 200 {
				t.Errorf("%d", status)
			}
		}
		if len(h.asked) != 3 || !strings.Contains(h.asked[1], "ConfirmSubscription") { // the certificate once
			t.Errorf("%q", h.asked)
		}
	})
}

func TestHooks(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		h := newHouse(t, d)
		first := h.hook(Postmark)
		second := h.hook(Postmark)
		if status := h.call(Postmark, first, "{}", nil); status != 404 {
			t.Errorf("the former hook: %d", status)
		}
		if status := h.call(Postmark, second, "{}", nil); status != 200 {
			t.Errorf("%d", status)
		}
		chat := &deliver.Destination{Kind: deliver.Slack, Name: "Chat", Secrets: map[string]string{"url": "https://chat.example/x"}}
		if err := h.Outbox.Create(ctx, h.by, chat); err != nil {
			t.Fatal(err)
		}
		agent := staff.Actor{Account: "a", Workspace: 7, Role: workspace.Agent}
		for name, f := range map[string]func() error{
			"a chat":             func() error { _, err := h.Make(ctx, h.by, chat.ID, Postmark, ""); return err },
			"no key":             func() error { _, err := h.Make(ctx, h.by, h.mails.ID, Mailgun, " "); return err },
			"another key":        func() error { _, err := h.Make(ctx, h.by, h.mails.ID, SendGrid, mailgunKey); return err },
			"no source":          func() error { _, err := h.Make(ctx, h.by, h.mails.ID, "x", ""); return err },
			"nothing there":      func() error { _, err := h.Make(ctx, h.by, "dst_x", Postmark, ""); return err },
			"another workspace":  func() error { _, err := h.Make(ctx, staff.ByOperator(8), h.mails.ID, Postmark, ""); return err },
			"no right":           func() error { _, err := h.Make(ctx, agent, h.mails.ID, Postmark, ""); return err },
			"no right to look":   func() error { _, err := h.Hook(ctx, agent, h.mails.ID); return err },
			"no right to remove": func() error { return h.Remove(ctx, agent, h.mails.ID) },
			"another's hook":     func() error { return h.Remove(ctx, staff.ByOperator(8), h.mails.ID) },
		} {
			err := f()
			if err == nil || strings.Contains(name, "right") != errors.Is(err, staff.ErrForbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := h.Remove(ctx, h.by, h.mails.ID); err != nil {
			t.Fatal(err)
		}
		if hook, err := h.Hook(ctx, h.by, h.mails.ID); err != nil || hook != nil || h.call(Postmark, second, "{}", nil) != 404 {
			t.Errorf("%+v %v", hook, err)
		}
		third := h.hook(Mail)
		if err := h.Outbox.Delete(ctx, h.by, h.mails.ID); err != nil {
			t.Fatal(err)
		}
		if status := h.call(Mail, third, "Subject: x\r\n\r\n", nil); status != 404 {
			t.Errorf("a destination that is gone: %d", status)
		}
	})
}

// The vector of SendGrid's own libraries.
func TestSendGridVector(t *testing.T) {
	const key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=="
	header := http.Header{"X-Twilio-Email-Event-Webhook-Timestamp": {"1588788367"},
		"X-Twilio-Email-Event-Webhook-Signature": {"MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH2j/0="}}
	body := []byte(`{"category":"example_payload","event":"test_event","message_id":"message_id"}`)
	if _, err := readSendGrid(key, header, body, time.Unix(1588788367, 0)); !errors.Is(err, errGarbage) { // signed well, and no list
		t.Error(err)
	}
	if _, err := readSendGrid(key, header, append(body, '\n'), time.Unix(1588788367, 0)); !errors.Is(err, errForged) {
		t.Error(err)
	}
}

// Whatever comes, it is read or refused, and what is made of it is plain.
func FuzzRead(f *testing.F) {
	f.Add([]byte(sesBounce))
	f.Add([]byte(`{"RecordType":"Bounce","Type":"HardBounce","Email":"a@b.example","Metadata":{"dhvani":"msg_a"}}`))
	f.Add([]byte(mailgunBody(time.Unix(1_800_000_000, 0), `{"event":"complained","recipient":"a@b.example"}`)))
	f.Add([]byte("Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n--x--\r\n"))
	f.Add([]byte(`{"Type":"Notification","Timestamp":"2027-01-15T08:00:00Z","SignatureVersion":"1","SigningCertURL":"https://sns.x.amazonaws.com/x.pem"}`))
	s := &Store{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }, Client: &http.Client{Transport: nobody{}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, source := range Sources {
			list, _ := s.read(context.Background(), source, mailgunKey, http.Header{}, body)
			direct, _ := readSES(body)
			for _, r := range append(list, direct...) {
				if strings.ContainsAny(r.Failure()+r.ID+r.Recipient, "\r\n\x00") || len(r.Failure()) > 32 || r.ID == "" && r.Recipient == "" && !r.known {
					t.Errorf("%+v", r)
				}
			}
		}
	})
}

type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("nobody") }
