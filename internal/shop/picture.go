package shop

import (
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"strings"
)

// picturePath is where the pictures of the products are served.
const picturePath = "/demo/products/"

// Pictures serves the drawn pictures of the products; its pattern is
// PicturePattern. They are drawn when asked for, and hold no script.
func Pictures(w http.ResponseWriter, r *http.Request) {
	id, found := strings.CutSuffix(r.PathValue("file"), ".svg")
	it := byID[id]
	if !found || it == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=86400")
	fmt.Fprint(w, it.picture())
}

// PicturePattern is the route of Pictures.
const PicturePattern = "GET " + picturePath + "{file}"

// dyes are the colours of words.tsv: of the cloth, and of the motif on it.
var dyes = map[string][2]string{
	"indigo": {"#2b3a78", "#e9e4d4"}, "maroon": {"#6d1f2f", "#d9a441"}, "sea": {"#5f9f94", "#f3ead2"}, "ivory": {"#efe6d0", "#a5824f"},
	"charcoal": {"#3b3d44", "#b9b2a4"}, "red": {"#b3282d", "#f0c75e"}, "madder": {"#9c3b2c", "#20264d"}, "turmeric": {"#e0a526", "#7c2f22"},
	"mustard": {"#c8962e", "#4b3a1d"}, "olive": {"#76783f", "#e8dfb8"}, "rust": {"#b1592c", "#f2dfb6"}, "rose": {"#d27b8c", "#f8e8dc"},
	"peacock": {"#0f6f80", "#e9c46a"}, "white": {"#f7f4ec", "#b9b6ad"}, "natural": {"#d8c7a2", "#7d6843"}, "plum": {"#5b2a55", "#e3b765"},
	"black": {"#26242a", "#d8563f"}, "leaf": {"#4f7d3e", "#efd98a"},
	"": {"#c79a45", "#7a5420"},
}

// materials are the colours of what is not dyed.
var materials = map[string][2]string{
	"brass": {"#d0a44a", "#8a6420"}, "engraved": {"#c2943d", "#6f4d17"}, "dhokra": {"#b0823b", "#5d4016"}, "terracotta": {"#bf6b45", "#7f3f26"},
	"handmade": {"#e8dcc0", "#9c8457"}, "madhubani": {"#efe3c4", "#b3282d"}, "warli": {"#8c3b2a", "#f6eee0"}, "channapatna": {"#d9462f", "#f0b52f"}, "weaver": {"#9c3b2c", "#e9c46a"},
}

// picture draws the product: what it is, filled with how it is made.
func (p *product) picture() string {
	h := fnv.New32a()
	h.Write([]byte(p.id))
	seed := h.Sum32()
	ground, motif := dyes[p.colour][0], dyes[p.colour][1]
	if m, ok := materials[p.craft]; ok && p.colour == "" {
		ground, motif = m[0], m[1]
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" role="img"><title>%s</title><defs>`, p.english)
	size := 22 + int(seed%9)
	fmt.Fprintf(&b, `<pattern id="w" width="%d" height="%d" patternUnits="userSpaceOnUse" patternTransform="rotate(%d)"><rect width="%d" height="%d" fill="%s"/>%s</pattern>`,
		size, size, turns[p.craft], size, size, ground, weave(p.craft, float64(size), motif))
	fmt.Fprintf(&b, `<linearGradient id="s" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#fff" stop-opacity=".28"/><stop offset=".55" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity=".22"/></linearGradient></defs>`)
	fmt.Fprintf(&b, `<rect width="240" height="240" fill="#f6f1e6"/><ellipse cx="120" cy="212" rx="78" ry="8" fill="#000" opacity=".08"/>`)
	shape := shapes[p.article]
	if shape == nil {
		shape = folded
	}
	b.WriteString(shape(motif))
	return b.String() + "</svg>"
}

// turns is how patterns lie, in degrees.
var turns = map[string]int{"bandhani": 12, "phulkari": 45, "linen": 0, "kullu": 0, "maheshwari": 0}

// weave is one tile of a craft's pattern.
func weave(craft string, n float64, ink string) string {
	c := n / 2
	dot := func(x, y, r float64) string {
		return fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/>`, x, y, r, ink)
	}
	line := func(d string, w float64) string {
		return fmt.Sprintf(`<path d="%s" fill="none" stroke="%s" stroke-width="%.1f"/>`, d, ink, w)
	}
	petals := func(x, y, r float64, count int) string {
		var b strings.Builder
		for i := range count {
			a := 2 * math.Pi * float64(i) / float64(count)
			b.WriteString(dot(x+r*math.Cos(a), y+r*math.Sin(a), r*.48))
		}
		return b.String() + dot(x, y, r*.4)
	}
	switch craft {
	case "ikat", "sambalpuri", "dhaka":
		return line(fmt.Sprintf("M0 %.1f L%.1f 2 L%.1f %.1f L%.1f %.1f Z M%.1f %.1f h0.1", c, c, n, c, c, n-2, c, c), 1.8) + dot(c, c, n*.12)
	case "dabu", "blockprint", "kalamkari":
		return petals(c, c, n*.2, 5) + line(fmt.Sprintf("M2 %.1f q%.1f -6 %.1f 0", n-3, c/2, c), 1.3) + dot(2, 2, 1.4)
	case "ajrakh", "patola":
		return petals(c, c, n*.24, 8) + line(fmt.Sprintf("M0 0 H%.1f M0 0 V%.1f", n, n), 1.6)
	case "bandhani":
		return fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="%.1f" fill="none" stroke="%s" stroke-width="1.6"/>`, c, c, n*.17, ink) + dot(c, c, 1) + dot(1, 1, 1.2)
	case "jamdani", "chanderi", "chikankari", "banarasi", "baluchari":
		return petals(c, c*.8, n*.15, 6) + line(fmt.Sprintf("M%.1f %.1f q4 5 0 %.1f", c, c, n*.32), 1.2)
	case "kantha", "mangalgiri":
		return fmt.Sprintf(`<path d="M0 4 H%.1f M4 %.1f H%.1f" stroke="%s" stroke-width="1.5" stroke-dasharray="5 4"/>`, n, 4+c, n, ink)
	case "maheshwari", "linen", "handwoven", "khadi", "tant":
		return line(fmt.Sprintf("M0 %.1f H%.1f M%.1f 0 V%.1f", c, n, c, n), .9)
	case "kanjivaram", "tussar", "eri", "pashmina":
		return line(fmt.Sprintf("M%.1f 3 q%.1f %.1f 0 %.1f q-%.1f -%.1f 0 -%.1f", c, n*.3, n*.35, n*.7, n*.3, n*.35, n*.7), 1.2)
	case "kullu", "jute":
		return line(fmt.Sprintf("M0 %.1f L%.1f %.1f L%.1f %.1f", c+4, c, c-4, n, c+4), 2.2) + line(fmt.Sprintf("M0 %.1f H%.1f", n-2, n), 1)
	case "phulkari":
		return fmt.Sprintf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, n*.22, n*.22, n*.56, n*.56, ink)
	case "madhubani":
		return line(fmt.Sprintf("M3 %.1f q%.1f -%.1f %.1f 0 q-%.1f %.1f -%.1f 0 M%.1f %.1f l4 -4 v8 z", c, n*.3, n*.3, n*.6, n*.3, n*.3, n*.6, n*.7, c), 1.3) + dot(n*.22, c-1, 1)
	case "warli":
		return fmt.Sprintf(`<path d="M%.1f %.1f l-4 -6 h8 z l-4 6 h8 z M%.1f %.1f v-3" fill="%s" stroke="%s" stroke-width="1"/>`, c, c, c, c-6, ink, ink) + dot(c, c-10, 2)
	case "engraved", "dhokra":
		return fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="%.1f" fill="none" stroke="%s" stroke-width="1.2" opacity=".7"/>`, c, c, n*.3, ink) + dot(c, c, 1.3)
	}
	return ""
}
