package outgoing_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"code.dny.dev/ssrf"

	"github.com/dhvani/dhvani/internal/outgoing"
)

func TestNewKeepsOutOfOwnNetwork(t *testing.T) {
	c := outgoing.New(outgoing.Options{})
	for _, address := range []string{
		"http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://10.0.0.1/", "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/",
		"http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "http://100.64.0.1/", "http://[fd00::1]/", "http://2130706433/",
	} {
		resp, err := c.Get(address)
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s is reached", address)
		} else if !errors.Is(err, ssrf.ErrProhibitedIP) && !strings.Contains(err.Error(), "lookup") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if resp, err := c.Get("http://192.0.43.8:22/"); err == nil || !errors.Is(err, ssrf.ErrProhibitedPort) {
		if err == nil {
			resp.Body.Close()
		}
		t.Errorf("port 22: %v", err)
	}
}

// An operator's address may be on the machine itself, and nothing else there.
func TestOperator(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	own := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer own.Close()
	u, err := url.Parse(own.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := outgoing.New(outgoing.Options{Operator: u})
	resp, err := c.Get(own.URL + "/v1")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("%s: a redirect was followed", resp.Status)
	}
	if resp, err := c.Get(other.URL); err == nil {
		resp.Body.Close()
		t.Error("another port of the machine is reached")
	}
}

func TestCheck(t *testing.T) {
	for address, good := range map[string]bool{
		"https://hooks.example.com/x": true, "http://8.8.8.8/x": true, "https://[2606:4700::1111]/": true,
		"https://127.0.0.1/": false, "https://169.254.169.254/": false, "https://[::1]/": false, "https://[::ffff:10.0.0.1]/": false, "https://localhost/": false,
		"https://a.localhost./": false, "https://10.0.0.1/": false, "https://hooks.example.com:99999/": false, "https://hooks.example.com:22/": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := outgoing.Check(u); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}
