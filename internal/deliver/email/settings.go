package email

import (
	"crypto"
	"net"
	"net/mail"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/outgoing"
	"github.com/dhvani/dhvani/internal/workspace"
)

// The names of an e-mail destination's settings and secrets.
const (
	Host         = "host"          // of the mail server
	Port         = "port"          // 587 where nothing is said
	TLS          = "tls"           // starttls (usual), tls from the first byte, or none, which only the operator's relay may
	User         = "user"          // "" where the server asks for none
	From         = "from"          // the sender's address
	FromName     = "from_name"     // and name
	ReplyTo      = "reply_to"      // "" for the sender
	Bounces      = "bounces"       // where mails come back to; "" for the sender
	DKIMDomain   = "dkim_domain"   // "" for mails that are signed by the server, if at all
	DKIMSelector = "dkim_selector" //

	Password = "password"
	DKIMKey  = "dkim_key" // PEM
)

// How a connection is kept secret.
const (
	startTLS = "starttls"
	implicit = "tls"
	noTLS    = "none"
)

// settings are what a destination says, in the form that is worked with.
type settings struct {
	host, port, tls  string
	user, password   string
	from, name       string
	replyTo, bounces string
	dkimDomain       string
	dkimSelector     string
	dkimKey          crypto.Signer
}

func flaw(code, english string) error {
	return workspace.Flaw{Code: code, Invalid: workspace.Invalid(english)}
}

// read reads a destination's settings, and refuses those that cannot work.
func (s *Sender) read(d *deliver.Destination) (*settings, error) {
	get := func(name, otherwise string) string {
		if v := strings.TrimSpace(d.Settings[name]); v != "" {
			return v
		}
		return otherwise
	}
	o := &settings{
		host: get(Host, ""), port: get(Port, "587"), tls: get(TLS, startTLS), user: get(User, ""), password: d.Secrets[Password],
		from: get(From, ""), name: clean(get(FromName, "")), replyTo: get(ReplyTo, ""), bounces: get(Bounces, ""),
		dkimDomain: get(DKIMDomain, ""), dkimSelector: get(DKIMSelector, ""),
	}
	address := net.JoinHostPort(o.host, o.port)
	port, err := strconv.ParseUint(o.port, 10, 16)
	switch {
	case o.host == "" || strings.ContainsAny(o.host, " /@\r\n"):
		return nil, flaw("host", "the mail server must be a name like smtp.shop.example")
	case err != nil || !s.near(address) && !isMailPort(uint16(port)):
		return nil, flaw("port", "mail servers listen on port 587, 465, 25 or 2525")
	case o.tls != startTLS && o.tls != implicit && o.tls != noTLS:
		return nil, flaw("tls", "a connection is kept secret by starttls or by tls")
	case o.tls == noTLS && !s.near(address):
		return nil, flaw("tls_none", "only the mail relay that the operator of this machine named may be spoken to without TLS")
	case !isAddress(o.from):
		return nil, flaw("from", "the sender must be an e-mail address")
	case o.replyTo != "" && !isAddress(o.replyTo):
		return nil, flaw("reply_to", "the address for answers must be an e-mail address")
	case o.bounces != "" && !isAddress(o.bounces):
		return nil, flaw("bounces", "the address for returned mails must be an e-mail address")
	case o.user == "" && o.password != "", o.user != "" && o.password == "":
		return nil, flaw("password", "a user needs a password, and a password a user")
	}
	return o, o.readDKIM(d.Secrets[DKIMKey])
}

func (o *settings) readDKIM(key string) error {
	if o.dkimDomain == "" && o.dkimSelector == "" && key == "" {
		return nil
	}
	if !isDomain(o.dkimDomain) || !isDomain(o.dkimSelector) || key == "" {
		return flaw("dkim", "DKIM needs a domain, a selector and a private key")
	}
	var err error
	if o.dkimKey, err = gomail.PrivKeyFromPEM([]byte(key)); err != nil {
		return flaw("dkim_key", "the DKIM key must be an RSA or Ed25519 private key in PEM")
	}
	return nil
}

func isMailPort(port uint16) bool {
	for _, p := range outgoing.MailPorts {
		if p == port {
			return true
		}
	}
	return false
}

// isAddress reports whether a text is one plain address.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsAny(s, "\r\n\x00 ") && len(s) <= 254
}

func isDomain(s string) bool {
	return s != "" && len(s) <= 253 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-._") == ""
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
