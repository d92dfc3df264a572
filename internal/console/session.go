package console

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/staff"
)

// Cookies. Their prefix has browsers accept them only from this host, over HTTPS
// or from the machine itself, for all paths.
const (
	cookieName   = "__Host-dhvani"
	secondCookie = "__Host-dhvani-second" // between the password and the second factor
	deviceCookie = "__Host-dhvani-device" // a browser in which somebody signed in before
)

const (
	secondAge = 10 * time.Minute
	deviceAge = 180 * 24 * time.Hour
)

// signedIn returns who sent a request, or staff.ErrNoSession.
func (c *Console) signedIn(r *http.Request) (staff.Person, error) {
	token := cookie(r, cookieName)
	if token == "" {
		return staff.Person{}, staff.ErrNoSession
	}
	return c.Staff.Session(r.Context(), token)
}

// cookie returns a cookie's value, "" where there is none.
func cookie(r *http.Request, name string) string {
	k, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return k.Value
}

func setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	k := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(age.Seconds())}
	if value == "" {
		k.MaxAge = -1
	}
	http.SetCookie(w, k)
}

// hand gives the browser what a sign-in gave, and ends the session that it had.
func (c *Console) hand(w http.ResponseWriter, r *http.Request, t staff.Ticket) error {
	if old := cookie(r, cookieName); old != "" && old != t.Token {
		if err := c.Staff.SignOut(r.Context(), old); err != nil {
			return err
		}
	}
	if t.Second {
		setCookie(w, secondCookie, t.Token, secondAge)
		return nil
	}
	if cookie(r, secondCookie) != "" {
		setCookie(w, secondCookie, "", 0)
	}
	setCookie(w, cookieName, t.Token, staff.AbsoluteLimit)
	if t.Device != "" {
		setCookie(w, deviceCookie, t.Device, deviceAge)
	}
	return nil
}

// attempt is what a request brings to sign in with.
func (c *Console) attempt(r *http.Request) staff.Attempt {
	return staff.Attempt{
		Email: r.PostFormValue("email"), Password: r.PostFormValue("password"),
		Address: c.address(r), UserAgent: r.UserAgent(), Device: cookie(r, deviceCookie),
	}
}

// address is where a request came from: of X-Forwarded-For the last entry, which
// is the one that our proxy wrote.
func (c *Console) address(r *http.Request) string {
	if c.TrustProxy {
		if all := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ","); all[len(all)-1] != "" {
			return strings.TrimSpace(all[len(all)-1])
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// origin is the console's address as the viewer's browser has it.
func (c *Console) origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || c.TrustProxy && r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	} else if o := r.Header.Get("Origin"); strings.HasPrefix(o, "https://") { // a proxy that does not say so
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
