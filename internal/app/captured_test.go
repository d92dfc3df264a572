package app_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/app"
)

// captured is a request that a client was seen to send. Recordings hold their
// headers in one of two ways.
type captured struct {
	URL        string
	RawHeaders []string
	Headers    http.Header
	Gzipped    bool
	Body       json.RawMessage
}

// What unmodified clients were seen to send, twice over, where the recordings
// are at hand.
func TestCapturedRequests(t *testing.T) {
	files := recordings(t)
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s := startShop(t, app.Options{Data: t.TempDir()})
			var requests []captured
			if err := json.Unmarshal(s.withKey(text), &requests); err != nil {
				t.Fatal(err)
			}
			var events int64
			for round := range int64(2) {
				events = 0
				for _, r := range requests {
					events += s.repeat(r)
				}
				want := counts{Accepted: events * (round + 1), Stored: events, Duplicate: events * round}
				if got := s.settle(); got != want || events == 0 {
					t.Fatalf("round %d: %+v, want %+v", round, got, want)
				}
			}
			c := s.customer("user_id:u1")
			if ordered := bytes.Contains(text, []byte(`"Order Completed"`)); ordered != (c.Orders == 1) {
				t.Errorf("%d orders", c.Orders)
			}
		})
	}
}

// withKey puts the shop's write key in the place of those recorded.
func (s *shop) withKey(text []byte) []byte {
	basic := func(key string) string { return base64.StdEncoding.EncodeToString([]byte(key + ":")) }
	key := s.keys.WriteKey
	return []byte(strings.NewReplacer(basic("WK_test"), basic(key), "WK_test", key, "phc_test", key, "kid:secret", "kid:"+key).Replace(string(text)))
}

// repeat sends a request as it was recorded, and returns how many events it holds.
func (s *shop) repeat(c captured) (events int64) {
	s.t.Helper()
	body := []byte(c.Body)
	if c.Gzipped {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(body)
		z.Close()
		body = b.Bytes()
	}
	r, err := http.NewRequest(http.MethodPost, s.url+c.URL, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if c.Headers != nil {
		r.Header = c.Headers
	}
	for i := 0; i < len(c.RawHeaders); i += 2 {
		r.Header.Set(c.RawHeaders[i], c.RawHeaders[i+1])
	}
	for _, own := range []string{"Content-Length", "Connection", "Host", "Accept-Encoding"} {
		r.Header.Del(own)
	}
	status, answer := do(s.t, r)
	if strings.HasPrefix(c.URL, "/flags/") { // PostHog asks for flags, which are not collected
		if status != http.StatusNotFound {
			s.t.Errorf("%s: %d %s", c.URL, status, answer)
		}
		return 0
	}
	if status != http.StatusOK || strings.Contains(answer, "rejected") {
		s.t.Errorf("%s: %d %s", c.URL, status, answer)
	}
	var many struct{ Batch []json.RawMessage }
	if err := json.Unmarshal(c.Body, &many); err != nil {
		s.t.Fatal(err)
	}
	return max(1, int64(len(many.Batch)))
}

// recordings looks for them in the folders around this one.
func recordings(t *testing.T) []string {
	t.Helper()
	const below = "shared/data/clients/*.json"
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if files, _ := filepath.Glob(filepath.Join(dir, below)); len(files) > 0 {
			return files
		}
	}
	t.Skip("no recordings of clients in " + below)
	return nil
}
