// Package outgoing makes the HTTP clients with which Dhvani calls others. They do
// not reach into the machine's own network: an address that a customer or a
// workspace wrote must not become a way to what stands behind the wall. Only an
// address that the operator of the machine wrote may be there.
package outgoing

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Options say what a client may do.
type Options struct {
	Timeout time.Duration // for a whole call with its answer; 0: half a minute

	// Operator is an address that the operator of the machine wrote. Its host and
	// port may be reached wherever they are.
	Operator *url.URL

	// Inside are servers within the process; nil: there are none.
	Inside Inside
}

// Inside are servers within the process, by addresses (host:port) that no network
// has.
type Inside interface {
	Has(address string) bool
	Dial(ctx context.Context, address string) (net.Conn, error)
}

// New makes a client. It reaches public addresses, at ports 80 and 443; it looks
// at the address that it connects to, not at its name. It follows no redirects, and
// heeds no proxy of the environment.
func New(o Options) *http.Client {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	operator := ""
	if o.Operator != nil {
		operator = hostPort(o.Operator)
	}
	return &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			DialContext:         Dialer(operator, o.Inside, webPorts...),
			ForceAttemptHTTP2:   true,
			TLSHandshakeTimeout: 10 * time.Second,
			IdleConnTimeout:     time.Minute,
			MaxIdleConnsPerHost: 2,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
		if port == "" {
			port = "80"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// MailPorts are those at which mail servers take mail.
var MailPorts = []uint16{25, 465, 587, 2525}

// Dialer returns how to connect to public addresses at some ports, to one that the
// operator of the machine wrote (host:port, or "" for none), and to servers within
// the process (nil for none).
func Dialer(operator string, inside Inside, ports ...uint16) func(ctx context.Context, network, address string) (net.Conn, error) {
	open := net.Dialer{Timeout: 10 * time.Second}
	guarded := open
	guarded.Control = ssrf.New(ssrf.WithPorts(ports...)).Safe
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if inside != nil && inside.Has(address) {
			return inside.Dial(ctx, address)
		}
		if address == operator {
			return open.DialContext(ctx, network, address)
		}
		return guarded.DialContext(ctx, network, address)
	}
}

// Check refuses an address that a client without an Operator never reaches, as far as
// it can be seen without asking for its name's address.
func Check(u *url.URL) error {
	_, text, err := net.SplitHostPort(hostPort(u))
	if err != nil {
		return err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return ssrf.ErrProhibitedPort
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return ssrf.ErrProhibitedIP
	}
	ip, err := netip.ParseAddr(host)
	if err != nil { // a name, which is looked at when it is called
		ip = somewhere
	}
	return ssrf.New(ssrf.WithPorts(webPorts...)).SafeAddrPort(netip.AddrPortFrom(ip.Unmap(), uint16(port)))
}

// webPorts are those at which web servers are called.
var webPorts = []uint16{80, 443}

// somewhere is a public address.
var somewhere = netip.MustParseAddr("1.1.1.1")

// Reason says in a word, without names and addresses, why a call failed.
func Reason(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return "forbidden_address"
	case errors.As(err, &dns):
		return "no_such_host"
	case errors.As(err, &certificate), errors.As(err, &record):
		return "tls"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	}
	return "network"
}
