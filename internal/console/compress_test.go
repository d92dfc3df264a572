package console

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

func TestAnswer(t *testing.T) {
	long := strings.Repeat("<p>what they say</p>", 400)
	for _, c := range []struct {
		name, accept, html string
		packed             bool
	}{
		{"a browser", "gzip, deflate, br, zstd", long, true},
		{"a short page", "gzip", "<p>short</p>", false},
		{"a client without gzip", "", long, false},
		{"a client that refuses", "gzip;q=0", long, false},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", c.accept)
		answer(w, r, 200, []byte(c.html))
		var body io.Reader = w.Body
		if packed := w.Header().Get("Content-Encoding") == "gzip"; packed != c.packed {
			t.Errorf("%s: compressed is %v, expected %v", c.name, packed, c.packed)
		} else if packed {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		if got, err := io.ReadAll(body); err != nil || string(got) != c.html {
			t.Errorf("%s: it reads %d bytes (%v), expected %d", c.name, len(got), err, len(c.html))
		}
	}
}
