package email

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/workspace"
)

// server is a mail server of a test.
type server struct {
	addr  string
	roots *x509.CertPool

	mu          sync.Mutex
	connections map[*smtp.Conn]bool
	mails       []got
	refuse      map[string]error // by step: mail, rcpt, data
	hang        chan struct{}    // DATA waits for it
}

type got struct {
	from, to, user string
	tls, utf8      bool
	text           []byte
}

// start starts a server with a certificate for localhost; implicit: TLS from the
// first byte.
func start(t *testing.T, implicit bool) *server {
	t.Helper()
	s := &server{refuse: map[string]error{}, connections: map[*smtp.Conn]bool{}, roots: x509.NewCertPool()}
	certificate := selfSigned(t, s.roots)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.connections[c] = true
		return &session{s: s, c: c}, nil
	}))
	srv.TLSConfig, srv.Domain, srv.EnableSMTPUTF8 = config, "localhost", true
	srv.ErrorLog = log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if implicit {
		l = tls.NewListener(l, config)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s.addr = "localhost:" + port
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return s
}

func selfSigned(t *testing.T, roots *x509.CertPool) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

type session struct {
	s *server
	c *smtp.Conn
	g got
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "secret" {
			return smtp.ErrAuthFailed
		}
		s.g.user = user
		return nil
	}), nil
}

func (s *session) step(name string) error {
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	return s.s.refuse[name]
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.g.from = from
	return s.step("mail")
}
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.g.to = to; return s.step("rcpt") }
func (s *session) Reset()                                    {}
func (s *session) Logout() error                             { return nil }

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.s.mu.Lock()
	hang := s.s.hang
	s.s.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if err := s.step("data"); err != nil {
		return err
	}
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	_, s.g.tls = s.c.TLSConnectionState()
	s.g.text = text
	s.s.mails = append(s.s.mails, s.g)
	return nil
}

func (s *server) set(step string, err error) {
	s.mu.Lock()
	s.refuse[step] = err
	s.mu.Unlock()
}

// sender returns a sender that trusts the server, and a destination there.
func (s *server) sender() (*Sender, *deliver.Destination) {
	host, port, _ := net.SplitHostPort(s.addr)
	out := New(s.addr, nil)
	out.roots = &tls.Config{RootCAs: s.roots}
	return out, &deliver.Destination{Workspace: 1, ID: "d", Kind: deliver.Email,
		Settings: map[string]string{Host: host, Port: port, From: "shop@shop.example", FromName: "Asha's Shop"}, Secrets: map[string]string{}}
}

func body(t testing.TB, d *deliver.Destination, m Mail) []byte {
	t.Helper()
	b, err := m.Body(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var letter = Mail{
	Name: "Bo Ñ", Subject: "Ihre Lieferung – ধ্বনি", Text: "Hello\n.\nA line that begins with a dot, and one that is long: " + strings.Repeat("x", 2000),
	HTML: `<p>Hello <img src="cid:chart"></p>`, Images: []Image{{CID: "chart", Name: "chart.png", Data: []byte("\x89PNG\r\n\x1a\nxx")}},
	Language: "de", Unsubscribe: "https://dhvani.shop.example/u/1", InReplyTo: "<before@shop.example>",
}

func parcel(body []byte) *deliver.Parcel {
	return &deliver.Parcel{Workspace: 1, ID: ourID, Receiver: "bo@receiver.example", Body: body, CreatedAt: time.Unix(1_790_000_000, 0), Attempt: 1}
}

// A mail arrives as it was written, over TLS, with its Message-ID, and again with
// the same one.
func TestSend(t *testing.T) {
	for _, how := range []string{startTLS, implicit} {
		s := start(t, how == implicit)
		sender, d := s.sender()
		d.Settings[TLS], d.Settings[User], d.Secrets[Password] = how, "shop", "secret"
		d.Settings[Bounces] = "bounces@shop.example"
		if err := sender.Check(d); err != nil || d.Address != "shop@shop.example" {
			t.Fatal(err)
		}
		p := parcel(body(t, d, letter))
		d.Settings[From] = "other@elsewhere.example" // changed between the attempts
		for range 2 {
			if out := sender.Send(t.Context(), d, p); out.Failure != "" {
				t.Fatalf("%s: %+v", how, out)
			}
		}
		if len(s.mails) != 2 || len(s.connections) != 1 {
			t.Fatalf("%d mails over %d connections", len(s.mails), len(s.connections))
		}
		g := s.mails[0]
		if g.from != "bounces@shop.example" || g.to != "bo@receiver.example" || g.user != "shop" || !g.tls || g.utf8 {
			t.Errorf("%s: %+v", how, g)
		}
		m, err := message.Read(bytes.NewReader(g.text))
		if err != nil {
			t.Fatal(err)
		}
		subject, _ := m.Header.Text("Subject")
		to, err := mail.ParseAddress(m.Header.Get("To"))
		if err != nil || to.Name != "Bo Ñ" || to.Address != "bo@receiver.example" || subject != letter.Subject {
			t.Error(to, err, subject)
		}
		for name, want := range map[string]string{
			"Message-ID": "<" + ourID + "@shop.example>", "Date": "Mon, 21 Sep 2026 14:13:20 +0000", "Auto-Submitted": "auto-generated",
			"List-Unsubscribe": "<https://dhvani.shop.example/u/1>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Content-Language": "de",
			"In-Reply-To": "<before@shop.example>",
		} {
			if got := m.Header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		found := map[string]string{}
		m.Walk(func(_ []int, e *message.Entity, err error) error {
			kind, _, _ := e.Header.ContentType()
			if err == nil && !strings.HasPrefix(kind, "multipart/") {
				b, _ := io.ReadAll(e.Body)
				found[kind] = string(b)
			}
			return err
		})
		if strings.ReplaceAll(found["text/plain"], "\r\n", "\n") != letter.Text || found["text/html"] != letter.HTML || found["image/png"] != string(letter.Images[0].Data) {
			t.Errorf("%q", found)
		}
	}
}

// One click ends mails where it comes by https (RFC 8058); by http a page is named, no click.
func TestUnsubscribe(t *testing.T) {
	for url, click := range map[string]string{"https://dhvani.shop.example/u/1": "List-Unsubscribe=One-Click", "http://10.0.0.5:8080/u/1": "", "": ""} {
		s := start(t, false)
		sender, d := s.sender()
		m := letter
		m.Unsubscribe = url
		if out := sender.Send(t.Context(), d, parcel(body(t, d, m))); out.Failure != "" {
			t.Fatalf("%+v", out)
		}
		got, err := message.Read(bytes.NewReader(s.mails[0].text))
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if url != "" {
			want = "<" + url + ">"
		}
		if leave, post := got.Header.Get("List-Unsubscribe"), got.Header.Get("List-Unsubscribe-Post"); leave != want || post != click {
			t.Errorf("%q: %q %q", url, leave, post)
		}
	}
}

// Another program finds the DKIM signature right, and wrong once the mail changed.
func TestDKIM(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, false)
	sender, d := s.sender()
	d.Settings[DKIMDomain], d.Settings[DKIMSelector] = "shop.example", "dhvani"
	d.Secrets[DKIMKey] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err := sender.Check(d); err != nil {
		t.Fatal(err)
	}
	if out := sender.Send(t.Context(), d, parcel(body(t, d, letter))); out.Failure != "" {
		t.Fatalf("%+v", out)
	}
	look := &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if name != "dhvani._domainkey.shop.example" {
			return nil, errors.New("no such record")
		}
		return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}, nil
	}}
	for i, c := range []struct {
		text  []byte
		right bool
	}{
		{s.mails[0].text, true},
		{bytes.Replace(s.mails[0].text, []byte("Hello"), []byte("Hallo"), 1), false},
		{bytes.Replace(s.mails[0].text, []byte("u/1"), []byte("u/2"), 1), false}, // List-Unsubscribe
		{append([]byte("From: <boss@shop.example>\r\n"), s.mails[0].text...), false},
	} {
		v, err := dkim.VerifyWithOptions(bytes.NewReader(c.text), look)
		if err != nil || len(v) != 1 || (v[0].Err == nil) != c.right {
			t.Errorf("%d: %+v %v", i, v[0], err)
		}
	}
}

func TestOutcomes(t *testing.T) {
	s := start(t, false)
	sender, d := s.sender()
	p := parcel(body(t, d, letter))
	status := func(code int, enhanced ...int) error {
		e := &smtp.SMTPError{Code: code, Message: "no asha@shop.example here"}
		copy(e.EnhancedCode[:], enhanced)
		return e
	}
	for _, c := range []struct {
		step string
		err  error
		want deliver.Outcome
	}{
		{"rcpt", status(550, 5, 1, 1), deliver.Outcome{Failure: "smtp_550_5.1.1", Status: 550, Permanent: true}},
		{"rcpt", status(451, 4, 7, 1), deliver.Outcome{Failure: "smtp_451_4.7.1", Status: 451}},
		{"data", status(554, 5, 7, 1), deliver.Outcome{Failure: "smtp_554_5.7.1", Status: 554, Permanent: true}},
		{"data", status(452, 4, 3, 1), deliver.Outcome{Failure: "smtp_452_4.3.1", Status: 452}},
		{"mail", status(550, 5, 7, 1), deliver.Outcome{Failure: "smtp_550_5.7.1", Status: 550, Gone: true}},
		{"rcpt", status(421, 4, 3, 2), deliver.Outcome{Failure: "smtp_421_4.3.2", Status: 421, Busy: true}},
	} {
		s.set(c.step, c.err)
		if got := sender.Send(t.Context(), d, p); got != c.want {
			t.Errorf("%s: %+v", c.step, got)
		}
		s.set(c.step, nil)
		if got := sender.Send(t.Context(), d, p); got.Failure != "" {
			t.Errorf("after %s: %+v", c.step, got)
		}
	}
	d.Settings[User], d.Secrets[Password] = "shop", "wrong"
	d.ChangedAt = time.Now()
	if got := sender.Send(t.Context(), d, p); !got.Gone || got.Status != 535 {
		t.Errorf("a wrong password: %+v", got)
	}
}

// A server that closed the connection meanwhile is asked once more, at once; one
// that hangs is left when the time is over.
func TestBrokenConnections(t *testing.T) {
	s := start(t, false)
	sender, d := s.sender()
	p := parcel(body(t, d, letter))
	if got := sender.Send(t.Context(), d, p); got.Failure != "" {
		t.Fatalf("%+v", got)
	}
	s.mu.Lock()
	for c := range s.connections {
		c.Close()
	}
	s.mu.Unlock()
	if got := sender.Send(t.Context(), d, p); got.Failure != "" || len(s.connections) != 2 {
		t.Errorf("%+v, %d connections", got, len(s.connections))
	}
	hang := make(chan struct{})
	defer close(hang)
	s.mu.Lock()
	s.hang = hang
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if got := sender.Send(ctx, d, p); got.Failure != "timeout" {
		t.Errorf("%+v", got)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	other := New(silent.Addr().String(), nil)
	d.Settings[Host], d.Settings[Port], _ = net.SplitHostPort(silent.Addr().String())
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if got := other.Send(ctx, d, p); got.Failure != "timeout" {
		t.Errorf("no greeting: %+v", got)
	}
}

// Neither the machine's own network nor a server that is not who it says it is gets
// a mail.
func TestGuarded(t *testing.T) {
	s := start(t, false)
	sender, d := s.sender()
	p := parcel(body(t, d, letter))
	sender.roots = nil
	if got := sender.Send(t.Context(), d, p); got.Failure != "tls" {
		t.Errorf("an unknown authority: %+v", got)
	}
	d.Settings[Port] = "25"
	if got := New("", nil).Send(t.Context(), d, p); got.Failure != "forbidden_address" {
		t.Errorf("the machine itself: %+v", got)
	}
	if len(s.mails) != 0 {
		t.Error("a mail arrived")
	}
}

func TestCheck(t *testing.T) {
	good := func() *deliver.Destination {
		return &deliver.Destination{Settings: map[string]string{Host: "smtp.shop.example", From: "shop@shop.example"}, Secrets: map[string]string{}}
	}
	if err := New("", nil).Check(good()); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		Host: "", Port: "22", TLS: noTLS, From: "Shop <shop@shop.example>", User: "shop", ReplyTo: "x", Bounces: "x", DKIMDomain: "shop.example",
	} {
		d := good()
		d.Settings[name] = value
		var invalid workspace.Invalid
		if err := New("relay.example:26", nil).Check(d); !errors.As(err, &invalid) {
			t.Errorf("%s = %q: %v", name, value, err)
		}
	}
	d := good()
	d.Settings[Host], d.Settings[Port], d.Settings[TLS] = "relay.example", "26", noTLS
	if err := New("relay.example:26", nil).Check(d); err != nil {
		t.Errorf("the operator's relay: %v", err)
	}
	if _, err := (Mail{Subject: "x"}).Body(good()); err == nil {
		t.Error("a mail without a text")
	}
}

// Whatever people are called and whatever they write, the headers are ours alone.
func TestComposeIsSafe(t *testing.T) {
	d := &deliver.Destination{Settings: map[string]string{Host: "smtp.shop.example", From: "shop@shop.example"}}
	o, err := New("", nil).read(d)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a\r\n: <>@\"\\,;=?ধ\x00"))), rapid.Just("x\r\nBcc: victim@example.com\r\n\r\nbody"))
		m := Mail{Name: text.Draw(t, "name"), Subject: "s" + text.Draw(t, "subject"), Text: "t" + text.Draw(t, "text"), Language: text.Draw(t, "language"),
			InReplyTo: text.Draw(t, "reply"), References: []string{text.Draw(t, "reference")}, ReplyTo: text.Draw(t, "to")}
		b, err := m.Body(d)
		if err != nil {
			t.Skip(err)
		}
		written, err := write(o, parcel(b))
		if err != nil {
			return // refused is safe
		}
		read, err := message.Read(bytes.NewReader(written))
		if err != nil {
			t.Fatal(err)
		}
		for f := read.Header.Fields(); f.Next(); {
			switch f.Key() {
			case "Date", "Mime-Version", "Message-Id", "Subject", "From", "To", "Reply-To", "Auto-Submitted", "Content-Language", "In-Reply-To", "References", "Content-Type", "Content-Transfer-Encoding":
			default:
				t.Fatalf("a header %s", f.Key())
			}
		}
		to, err := mail.ParseAddressList(read.Header.Get("To"))
		if err != nil || len(to) != 1 || to[0].Address != "bo@receiver.example" {
			t.Fatalf("%v %v", to, err)
		}
		if _, err := io.ReadAll(read.Body); err != nil {
			t.Fatal(err)
		}
	})
}
