package browsertest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The first person opens the address that the terminal shows and is the owner of
// a shop; the address is good once.
func TestSetup(t *testing.T) {
	p := start(t)
	to, err := p.app.SetupURL(t.Context())
	if err != nil || to == "" {
		t.Fatalf("no address to set up: %q %v", to, err)
	}
	b := open(t, p.url)
	b.goTo(strings.TrimPrefix(to, p.url))
	b.fill("shop", "Tantu Handloom")
	b.fill("name", "Mira Sen")
	b.fill("email", "mira@tantu.example")
	b.fill("password", password)
	b.click("main form button[type=submit]")
	b.at("/w/")
	b.sees("Tantu Handloom")

	late := open(t, p.url)
	late.allow("answered 404")
	late.goTo(strings.TrimPrefix(to, p.url))
	if there := ask[bool](late, "!!document.querySelector('input[name=password]')"); there {
		t.Error("the address opens a second time")
	}
}

// totp is the code of RFC 6238 for a secret in base32, at a time.
func totp(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(strings.ReplaceAll(secret, " ", "")))
	if err != nil {
		t.Fatalf("the secret %q: %v", secret, err)
	}
	mac := hmac.New(sha1.New, key)
	binary.Write(mac, binary.BigEndian, uint64(at.Unix()/30))
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}
