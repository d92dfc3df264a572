// Package mailbox is where the demo's messages go: a mail server and a receiver of
// webhooks inside the process, reached by names that no network has. Nothing listens
// on a port. The latest messages are kept in memory, for the console to show.
package mailbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// domain is where the names of mailboxes are: .invalid is nobody's (RFC 6761).
	domain   = ".mailbox.invalid"
	mailPort = "25"
	webPort  = "80"

	maxLetters = 500
	maxBytes   = 32 << 20 // of all letters
	maxLetter  = 8 << 20
	stepFor    = 30 * time.Second
)

// Host is the name of a workspace's mailbox: of its mail server, and of http
// addresses for webhooks.
func Host(workspace string) string { return workspace + domain }

// Letter is a message that came.
type Letter struct {
	ID        int64
	Workspace string
	At        time.Time
	Path      string // of a webhook's address, "" for mails
	From, To  string // of mails
	Title     string
	header    http.Header // of webhooks
	raw       []byte
}

// IDText is the id as addresses have it.
func (l *Letter) IDText() string { return strconv.FormatInt(l.ID, 10) }

// Mail reports whether the letter is a mail.
func (l *Letter) Mail() bool { return l.Path == "" }

// Mailbox keeps the latest letters of all workspaces.
type Mailbox struct {
	now  func() time.Time
	mail *pipes
	web  *pipes

	mu      sync.Mutex
	last    int64
	bytes   int
	letters []*Letter // the oldest first
	changed chan struct{}
}

// New makes an empty mailbox; now may be nil. Run lets it answer.
func New(now func() time.Time) *Mailbox {
	if now == nil {
		now = time.Now
	}
	return &Mailbox{now: now, mail: newPipes(), web: newPipes(), changed: make(chan struct{})}
}

// Run answers those who connect, until ctx ends.
func (m *Mailbox) Run(ctx context.Context) {
	mails := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{m: m, workspace: c.Conn().RemoteAddr().String()}, nil
	}))
	mails.Domain, mails.MaxMessageBytes, mails.MaxRecipients = strings.TrimPrefix(domain, "."), maxLetter, 100
	mails.ReadTimeout, mails.WriteTimeout, mails.EnableSMTPUTF8 = stepFor, stepFor, true
	mails.ErrorLog = log.New(io.Discard, "", 0)
	web := &http.Server{Handler: http.HandlerFunc(m.receive), ReadTimeout: stepFor, WriteTimeout: stepFor, ErrorLog: log.New(io.Discard, "", 0)}
	var servers sync.WaitGroup
	servers.Go(func() { mails.Serve(m.mail) })
	servers.Go(func() { web.Serve(m.web) })
	<-ctx.Done()
	m.mail.Close() // a server that is just beginning does not know its listener yet
	m.web.Close()
	mails.Close()
	web.Close()
	servers.Wait()
}

// Has reports whether an address (host:port) is a mailbox's.
func (m *Mailbox) Has(address string) bool {
	workspace, port := split(address)
	return workspace != "" && (port == mailPort || port == webPort)
}

// Dial connects to a mailbox.
func (m *Mailbox) Dial(ctx context.Context, address string) (net.Conn, error) {
	workspace, port := split(address)
	switch {
	case workspace == "":
	case port == mailPort:
		return m.mail.dial(ctx, workspace)
	case port == webPort:
		return m.web.dial(ctx, workspace)
	}
	return nil, errors.New("there is no such mailbox")
}

// split takes a workspace and a port out of an address, "" where it is no mailbox's.
func split(address string) (workspace, port string) {
	host, port, err := net.SplitHostPort(address)
	workspace, ok := strings.CutSuffix(host, domain)
	if err != nil || !ok || strings.Contains(workspace, ".") {
		return "", ""
	}
	return workspace, port
}

// session is a connection to the mail server.
type session struct {
	m         *Mailbox
	workspace string
	from, to  string
}

func (s *session) Reset()        { s.from, s.to = "", "" }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.to != "" {
		to = s.to + ", " + to
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.m.add(&Letter{Workspace: s.workspace, From: s.from, To: s.to, Title: subject(raw), raw: raw})
	return nil
}

// receive takes what is sent to a webhook.
func (m *Mailbox) receive(w http.ResponseWriter, r *http.Request) {
	workspace, _ := split(net.JoinHostPort(r.Host, webPort))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLetter))
	if workspace == "" || err != nil || r.Method != http.MethodPost {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	m.add(&Letter{Workspace: workspace, Path: r.URL.Path, Title: titleOf(body), header: r.Header.Clone(), raw: body})
	w.WriteHeader(http.StatusNoContent)
}

// add keeps a letter, and lets the oldest go where there are too many.
func (m *Mailbox) add(l *Letter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last++
	l.ID, l.At = m.last, m.now()
	m.letters = append(m.letters, l)
	m.bytes += len(l.raw)
	gone := 0
	for len(m.letters)-gone > maxLetters || m.bytes > maxBytes {
		m.bytes -= len(m.letters[gone].raw)
		gone++
	}
	m.letters = slices.Delete(m.letters, 0, gone)
	close(m.changed)
	m.changed = make(chan struct{})
}

// Letters lists a workspace's letters, the latest first.
func (m *Mailbox) Letters(workspace string) []*Letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*Letter
	for _, l := range slices.Backward(m.letters) {
		if l.Workspace == workspace {
			out = append(out, l)
		}
	}
	return out
}

// Letter returns one of a workspace's letters, nil where there is none.
func (m *Mailbox) Letter(workspace string, id int64) *Letter {
	for _, l := range m.Letters(workspace) {
		if l.ID == id {
			return l
		}
	}
	return nil
}

// Changed is closed when the next letter comes.
func (m *Mailbox) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

// JSON is a webhook's body, indented where it is JSON.
func (l *Letter) JSON() string {
	v := jsontext.Value(bytes.Clone(l.raw))
	if v.Indent(jsontext.WithIndent("  ")) != nil {
		v = l.raw
	}
	return strings.ToValidUTF8(string(v), "\uFFFD")
}
