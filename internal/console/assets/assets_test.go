package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

const root = "../../.."

// TestOutputBelongsToSources does the sum that web/build.mjs does: whoever changes a
// source or a template without "make web" is told here.
func TestOutputBelongsToSources(t *testing.T) {
	names := []string{"web/build.mjs", "web/package.json", "web/package-lock.json"}
	add := func(folder string, accept func(string) bool) {
		err := filepath.WalkDir(filepath.Join(root, folder), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !accept(p) {
				return err
			}
			name, err := filepath.Rel(root, p)
			names = append(names, filepath.ToSlash(name))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	add("web/src", func(string) bool { return true })
	add("internal/console", func(p string) bool { return strings.HasSuffix(p, ".templ") })
	slices.Sort(names)
	sum := sha256.New()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(sum, "%s %x\n", name, sha256.Sum256(data))
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != built.Sources {
		t.Errorf("internal/console/assets/dist was built from other sources: run make web")
	}
}

func TestOutputIsWhole(t *testing.T) {
	entries, err := fs.ReadDir(embedded, "dist")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := strings.TrimSuffix(strings.TrimSuffix(e.Name(), ".br"), ".gz")
		if name != "manifest.json" && built.Files[name] == "" {
			t.Errorf("dist holds %s, of which the manifest does not know", e.Name())
		}
	}
	for name, f := range catalog {
		plain := f.variants[len(f.variants)-1].data
		if got := fmt.Sprintf("%x", sha256.Sum256(plain))[:12]; got != f.hash {
			t.Errorf("%s: the content's hash is %s, the manifest says %s", name, got, f.hash)
		}
		for _, v := range f.variants {
			if got := decode(t, v); !bytes.Equal(got, plain) {
				t.Errorf("%s as %s holds something else", name, v.encoding)
			}
		}
	}
}

func decode(t *testing.T, v variant) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(v.data)
	switch v.encoding {
	case "br":
		r = brotli.NewReader(r)
	case "gzip":
		zipped, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = zipped
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestHandler(t *testing.T) {
	h := Handler()
	for _, c := range []struct {
		path, accept, match string
		code                int
		encoding            string
	}{
		{URL("app.css"), "gzip, deflate, br, zstd", "", 200, "br"},
		{URL("app.css"), "gzip", "", 200, "gzip"},
		{URL("app.css"), "br;q=0, gzip;q=0.5", "", 200, "gzip"},
		{URL("app.css"), "", "", 200, ""},
		{URL("app.css"), "br", `"` + built.Files["app.css"] + `br"`, 304, ""},
		{URL("inter-latin.woff2"), "br", "", 200, ""},
		{"/assets/app.css", "br", "", 404, ""},
		{"/assets/app.000000000000.css", "br", "", 404, ""},
		{"/assets/manifest.json", "br", "", 404, ""},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		if c.match != "" {
			r.Header.Set("If-None-Match", c.match)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.code || w.Header().Get("Content-Encoding") != c.encoding {
			t.Errorf("%s, accepting %q: %d as %q, want %d as %q", c.path, c.accept, w.Code, w.Header().Get("Content-Encoding"), c.code, c.encoding)
		}
		if c.code == 200 && !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s may not be kept", c.path)
		}
	}
}

// TestWeight holds the promise about a page's first load, fonts apart: its own text
// may take 40 KB of what is left.
func TestWeight(t *testing.T) {
	page := Size("app.css") + Size("app.js") + Size("icons.svg")
	if page > 110_000 {
		t.Errorf("a page without a chart loads %d bytes before its own text", page)
	}
	if chart := page + Size("charts.js"); chart > 410_000 {
		t.Errorf("a page with a chart loads %d bytes before its own text", chart)
	}
}
