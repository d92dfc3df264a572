// Package email sends mails through a mail server (SMTP): with TLS, signed by DKIM
// where there is a key, in plain text and HTML, each with the Message-ID that its
// decision has. It reads what comes back: reports of delivery and of complaints.
package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/outgoing"
)

// Sender sends mails. Connections to a server are used again.
type Sender struct {
	relay  string
	inside outgoing.Inside
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	roots  *tls.Config // of tests; nil: the machine's

	mu   sync.Mutex
	idle map[key][]*conn
}

// key tells connections apart that must not stand for one another.
type key struct {
	workspace int64
	id        string
	changed   int64
}

// New makes the sender. relay (host:port) is a mail server that the operator of
// the machine named, which may stand in its own network and be spoken to without
// TLS; "" for none. So may mail servers inside the process; nil for none.
func New(relay string, inside outgoing.Inside) *Sender {
	return &Sender{relay: relay, inside: inside, dial: outgoing.Dialer(relay, inside, outgoing.MailPorts...), idle: map[key][]*conn{}}
}

// near reports whether a mail server may be spoken to without TLS.
func (s *Sender) near(address string) bool {
	return address == s.relay || s.inside != nil && s.inside.Has(address)
}

const (
	stepFor   = 30 * time.Second // bounds a step of the conversation
	idleFor   = 15 * time.Second // a connection waits for the next mail
	maxIdle   = 32               // connections that wait, to a destination
	perServer = 200              // mails over one connection: servers dislike endless ones
)

// Check refuses settings that cannot work.
func (s *Sender) Check(d *deliver.Destination) error {
	o, err := s.read(d)
	if err != nil {
		return err
	}
	d.Address = o.from
	return nil
}

const trialHTML = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Dhvani</title></head>
<body style="margin:0;padding:24px 16px;font-family:system-ui,sans-serif;font-size:16px;line-height:1.5">
<p>This is a test. Mails from Dhvani arrive here.</p>
</body>
</html>
`

// Trial writes a mail that shows that a destination works; it goes to the sender.
func (s *Sender) Trial(d *deliver.Destination, _ string, _ time.Time) ([]byte, error) {
	return Mail{Subject: "Dhvani", Text: "This is a test. Mails from Dhvani arrive here.\r\n", HTML: trialHTML, Language: "en"}.Body(d)
}

// conn is a connection to a mail server, after its greeting.
type conn struct {
	client *gomail.Client
	smtp   *smtp.Client
	raw    net.Conn
	mails  int
	expire *time.Timer // while it waits
}

func (c *conn) close() { c.raw.Close() }

// quit says goodbye, in the background: nobody waits for the answer.
func (c *conn) quit() {
	go func() {
		c.raw.SetDeadline(time.Now().Add(2 * time.Second))
		c.smtp.Quit()
		c.raw.Close()
	}()
}

// Send makes one attempt.
func (s *Sender) Send(ctx context.Context, d *deliver.Destination, p *deliver.Parcel) deliver.Outcome {
	o, err := s.read(d)
	if err != nil {
		return deliver.Outcome{Failure: "settings", Gone: true}
	}
	text, err := write(o, p)
	if err != nil {
		return deliver.Outcome{Failure: "mail", Permanent: true}
	}
	k := key{d.Workspace, d.ID, d.ChangedAt.UnixMicro()}
	for {
		c, used := s.take(k), true
		if c == nil {
			used = false
			if c, err = s.connect(ctx, o); err != nil {
				return refusal(ctx, err)
			}
		}
		stop := context.AfterFunc(ctx, c.close)
		step, err := c.say(o, p.Receiver, text)
		stopped := stop()
		if err == nil {
			if c.mails++; !stopped || c.mails >= perServer || !s.keep(k, c) {
				c.quit()
			}
			return deliver.Outcome{Status: 250}
		}
		out, alive := answer(ctx, step, err)
		if !alive || !stopped || c.smtp.Reset() != nil || !s.keep(k, c) {
			c.close()
		}
		if used && ctx.Err() == nil && step == stepMail && (out.Status == 0 || out.Status == 421) {
			continue // the server had closed it meanwhile: nothing was begun
		}
		return out
	}
}

// step is a step of the conversation about one mail.
type step int

const (
	stepMail step = iota // the sender
	stepRcpt             // the receiver
	stepData             // the text
)

// say hands a mail over, and returns at which step it failed.
func (c *conn) say(o *settings, to string, text []byte) (step, error) {
	if err := c.smtp.UpdateDeadline(stepFor); err != nil {
		return stepMail, err
	}
	from := o.from
	if o.bounces != "" {
		from = o.bounces
	}
	c.smtp.SkipSMTPUTF8(isASCII(from + to)) // servers behind this one may not know it
	if err := c.smtp.Mail("<" + from + ">"); err != nil {
		return stepMail, err
	}
	if err := c.smtp.Rcpt("<" + to + ">"); err != nil {
		return stepRcpt, err
	}
	w, err := c.smtp.Data()
	if err != nil {
		return stepData, err
	}
	_, err = w.Write(text)
	if err != nil {
		c.close() // a text that was cut off must not look whole
		return stepData, err
	}
	return stepData, w.Close()
}

// connect opens a connection and says who we are.
func (s *Sender) connect(ctx context.Context, o *settings) (*conn, error) {
	config := &tls.Config{ServerName: o.host, MinVersion: tls.VersionTLS12}
	if s.roots != nil {
		config.RootCAs = s.roots.RootCAs
	}
	port, err := strconv.Atoi(o.port)
	if err != nil {
		return nil, err
	}
	c := &conn{}
	ended := func() bool { return true }
	options := []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(stepFor), gomail.WithTLSConfig(config), gomail.WithHELO(domainOf(o.from)), gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(func(dialing context.Context, network, address string) (net.Conn, error) {
			raw, err := s.dial(dialing, network, address)
			if err != nil {
				return nil, err
			}
			c.raw = raw
			ended = context.AfterFunc(ctx, func() { raw.Close() }) // the greeting, too, ends when ctx does
			if o.tls == implicit {
				return tls.Client(raw, config), nil
			}
			return raw, nil
		}),
	}
	switch o.tls {
	case startTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case implicit: // there already: this only asks whether it is
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if o.user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(o.user), gomail.WithPassword(o.password))
	}
	if c.client, err = gomail.NewClient(o.host, options...); err != nil {
		return nil, err
	}
	c.smtp, err = c.client.DialToSMTPClientWithContext(ctx)
	if !ended() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		if c.raw != nil {
			c.raw.Close()
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	return c, nil
}

func (s *Sender) take(k key) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for list := s.idle[k]; len(list) > 0; list = s.idle[k] {
		c := list[len(list)-1]
		if s.idle[k] = list[:len(list)-1]; len(list) == 1 {
			delete(s.idle, k)
		}
		if c.expire.Stop() {
			return c
		}
	}
	return nil
}

// keep lets a connection wait for the next mail, and reports false where enough do.
func (s *Sender) keep(k key, c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.idle[k]) >= maxIdle {
		return false
	}
	c.expire = time.AfterFunc(idleFor, func() {
		s.forget(k, c)
		c.quit()
	})
	s.idle[k] = append(s.idle[k], c)
	return true
}

func (s *Sender) forget(k key, c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.idle[k] {
		if other == c {
			s.idle[k] = append(s.idle[k][:i], s.idle[k][i+1:]...)
			break
		}
	}
	if len(s.idle[k]) == 0 {
		delete(s.idle, k)
	}
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// refusal is the outcome where no connection came about. A server that does not
// know us any more pauses the destination: all mails would fail.
func refusal(ctx context.Context, err error) deliver.Outcome {
	out, _ := answer(ctx, stepData, err)
	out.Gone = out.Status == 530 || out.Status == 534 || out.Status == 535
	out.Permanent = false
	return out
}

// answer reads why a mail was not taken, and whether the connection is still good.
// Codes from 500 on are final; where the server does not take the sender they are
// not the mail's fault, and pause the destination.
func answer(ctx context.Context, at step, err error) (out deliver.Outcome, alive bool) {
	var said *textproto.Error
	switch {
	case errors.As(err, &said):
	case ctx.Err() != nil:
		return deliver.Outcome{Failure: "timeout"}, false
	default:
		return deliver.Outcome{Failure: outgoing.Reason(err)}, false
	}
	out = deliver.Outcome{Failure: "smtp_" + strconv.Itoa(said.Code), Status: said.Code, Busy: said.Code == 421}
	word, _, _ := strings.Cut(said.Msg, " ")
	if more := code(word); more != "" {
		out.Failure += "_" + more
	}
	if said.Code >= 500 {
		out.Gone = at == stepMail
		out.Permanent = !out.Gone
	}
	return out, said.Code != 421
}
