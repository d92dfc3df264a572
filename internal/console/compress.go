package console

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/dhvani/dhvani/internal/console/assets"
)

// shortest is the length from which compressing is worth it: what is shorter goes
// in one packet anyway.
const shortest = 1200

var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.DefaultCompression) // the level is one that exists
	return z
}}

// answer writes a page, compressed where the browser takes that. No page mixes a
// secret with what another site can choose: cookies are SameSite, and there are no
// tokens in forms, so its length tells nothing.
func answer(w http.ResponseWriter, r *http.Request, status int, html []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Encoding")
	if len(html) >= shortest && assets.Accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		var small bytes.Buffer
		z := packers.Get().(*gzip.Writer)
		z.Reset(&small)
		_, _ = z.Write(html) // to memory
		_ = z.Close()
		packers.Put(z)
		html = small.Bytes()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(html)))
	w.WriteHeader(status)
	_, _ = w.Write(html) // who has gone does not need it
}
