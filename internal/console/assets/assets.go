// Package assets serves the console's styles, islands, icons and fonts. They are
// built from web/ by "make web" into dist, which is committed and embedded, so that
// building the program needs Go alone. An address holds a hash of the content and
// may be kept by browsers for ever.
package assets

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Prefix is where Handler must be reachable.
const Prefix = "/assets/"

//go:embed dist
var embedded embed.FS

var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
}

// variant is a file's bytes in one encoding ("" for as they are).
type variant struct {
	encoding string
	data     []byte
}

type file struct {
	hash, mime string
	variants   []variant // best first; the last one is not encoded
}

// manifest is what the build says of its output.
type manifest struct {
	Sources string            `json:"sources"` // hash of all that the output depends on
	Icons   []string          `json:"icons"`
	Files   map[string]string `json:"files"` // name to hash
}

var (
	built   = mustManifest()
	catalog = mustLoad(built)
)

func mustManifest() manifest {
	var m manifest
	data, err := embedded.ReadFile("dist/manifest.json")
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		panic(fmt.Sprintf("assets: read the manifest: %v", err)) // embedded: cannot fail in a program whose tests passed
	}
	return m
}

func mustLoad(m manifest) map[string]*file {
	out := map[string]*file{}
	for name, hash := range m.Files {
		f := &file{hash: hash, mime: types[path.Ext(name)]}
		if f.mime == "" {
			f.mime = mime.TypeByExtension(path.Ext(name))
		}
		for _, v := range []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}, {"", ""}} {
			data, err := fs.ReadFile(embedded, "dist/"+name+v.suffix)
			if err != nil && v.suffix == "" {
				panic(fmt.Sprintf("assets: %v", err))
			}
			if err == nil {
				f.variants = append(f.variants, variant{v.encoding, data})
			}
		}
		out[name] = f
	}
	return out
}

// URL returns the address of a built file, such as "app.css". It panics for a name
// that was not built, which the first test of a page shows.
func URL(name string) string {
	f := catalog[name]
	if f == nil {
		panic("assets: no file " + name)
	}
	ext := path.Ext(name)
	return Prefix + strings.TrimSuffix(name, ext) + "." + f.hash + ext
}

// HasIcon reports whether the sprite holds an icon.
func HasIcon(name string) bool {
	_, ok := slices.BinarySearch(built.Icons, name)
	return ok
}

// Size returns how many bytes a file takes on its way to a browser.
func Size(name string) int { return len(catalog[name].variants[0].data) }

// Handler serves the files under Prefix. An address with another hash is not found:
// serving today's bytes under yesterday's name would be kept for a year.
func Handler() http.Handler {
	byAddress := map[string]*file{}
	for name, f := range catalog {
		byAddress[URL(name)] = f
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := byAddress[r.URL.Path]
		if f == nil {
			http.NotFound(w, r)
			return
		}
		chosen := f.pick(r.Header.Get("Accept-Encoding"))
		h := w.Header()
		h.Set("Content-Type", f.mime)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("ETag", `"`+f.hash+chosen.encoding+`"`)
		if len(f.variants) > 1 {
			h.Set("Vary", "Accept-Encoding")
		}
		if r.Header.Get("If-None-Match") == h.Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if chosen.encoding != "" {
			h.Set("Content-Encoding", chosen.encoding)
		}
		h.Set("Content-Length", strconv.Itoa(len(chosen.data)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(chosen.data) // the reader went away: nobody to tell
		}
	})
}

// pick returns the smallest variant that the client accepts.
func (f *file) pick(accept string) variant {
	for _, v := range f.variants {
		if v.encoding == "" || Accepts(accept, v.encoding) {
			return v
		}
	}
	return f.variants[len(f.variants)-1]
}

// Accepts reads an Accept-Encoding header (RFC 9110, section 12.5.3) for one encoding.
func Accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q, isQ := strings.CutPrefix(strings.TrimSpace(params), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !isQ || err == nil && weight > 0
	}
	return false
}
