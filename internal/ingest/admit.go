package ingest

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// findKey returns the first known key among those of a request: the header's
// win over the body's, which counts where the headers hold none that is known,
// such as a token of OAuth beside the write key.
func (s *Server) findKey(h http.Header, inBody string) (Key, bool) {
	if scheme, value, _ := strings.Cut(h.Get("Authorization"), " "); value != "" {
		value = strings.TrimSpace(value)
		if strings.EqualFold(scheme, "Basic") {
			// Old clients leave out the colon after the user name.
			pair, _ := base64.StdEncoding.DecodeString(value)
			user, password, _ := strings.Cut(string(pair), ":")
			value = cmp.Or(user, password)
		}
		if k, ok := s.o.Keys(value); ok && value != "" {
			return k, true
		}
	}
	if value := h.Get("X-Write-Key"); value != "" {
		// Jitsu's form is id:secret; either may have been set to our key.
		id, secret, _ := strings.Cut(value, ":")
		for _, v := range [...]string{value, secret, id} {
			if k, ok := s.o.Keys(v); ok && v != "" {
				return k, true
			}
		}
	}
	if inBody == "" {
		return Key{}, false
	}
	return s.o.Keys(inBody)
}

// admit decides whether a key's holder may send this request.
func (s *Server) admit(r *http.Request, f *Format, inBody string) (Key, error) {
	k, ok := s.findKey(r.Header, inBody)
	origin := r.Header.Get("Origin")
	switch {
	case !ok:
		return k, &failure{status: http.StatusUnauthorized, text: "the key is missing or unknown"}
	case !k.Write && !k.Ingest:
		return k, &failure{status: http.StatusForbidden, text: "the key has no scope ingest"}
	case f.History && !k.Ingest:
		return k, &failure{status: http.StatusForbidden, text: "history is taken only with a secret key of scope ingest"}
	case origin != "" && len(k.Origins) > 0 && !slices.ContainsFunc(k.Origins, func(o string) bool { return strings.EqualFold(o, origin) }):
		return k, &failure{status: http.StatusForbidden, text: "this web site may not use the key"}
	}
	return k, nil
}

// defaults is what a request says about all of its events.
func (s *Server) defaults(r *http.Request, f *Format, k *Key, receivedAt int64) event.Defaults {
	d := event.Defaults{ReceivedAt: receivedAt, Source: f.Name}
	if f.History {
		d.Flags |= event.History
	}
	if k.Ingest {
		d.Flags |= event.Verified
		return d
	}
	// A browser's events carry where they came from and what it asks for; a
	// shop's server would only name itself.
	ip, gpc := s.clientIP(r), r.Header.Get("Sec-Gpc") == "1"
	switch {
	case ip != "" && gpc:
		d.Context = `{"ip":"` + ip + `","gpc":true}`
	case ip != "":
		d.Context = `{"ip":"` + ip + `"}`
	case gpc:
		d.Context = `{"gpc":true}`
	}
	return d
}

// clientIP returns the address a request came from, or "".
func (s *Server) clientIP(r *http.Request) string {
	if s.o.TrustProxy {
		if hops := r.Header.Values("X-Forwarded-For"); len(hops) > 0 {
			last := hops[len(hops)-1]
			last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
			if a, err := netip.ParseAddr(last); err == nil {
				return plain(a)
			}
		}
	}
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return plain(a.Addr())
}

// plain writes an address without a zone, which is free text.
func plain(a netip.Addr) string { return a.Unmap().WithZone("").String() }

// vouch flags the events whose context.identity_token is the HMAC-SHA256 of
// their user id in lowercase hex. Others stay as they are, unverified. The token
// is as good as a password for its user, so it is not stored.
func vouch(events []event.Event, secret []byte) {
	for i := range events {
		e := &events[i]
		if !strings.Contains(e.Context, `"identity_token"`) {
			continue
		}
		token := event.ParseObject(e.Context).Text("identity_token")
		e.Context = event.Merge(e.Context, `{"identity_token":null}`)
		if e.UserID == "" || len(secret) == 0 {
			continue
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(e.UserID))
		if hmac.Equal([]byte(token), hex.AppendEncode(nil, mac.Sum(nil))) {
			e.Flags |= event.SignedUser
		}
	}
}
