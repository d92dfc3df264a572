package console

import (
	"net/http"
	"strings"

	"golang.org/x/text/cases"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/staff"
)

func (c *Console) paletteRoutes() []route {
	return []route{{pattern: "GET /w/{workspace}/palette", right: staff.See, handle: c.palette}}
}

// palette answers what the command palette found: pages that the viewer may see,
// by their names.
func (c *Console) palette(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q := strings.TrimSpace(r.FormValue("q"))
	groups := []ui.PaletteGroup{{Title: v.T("ui.palette_pages"), Items: pagesNamed(v, q)}}
	return render(w, r, http.StatusOK, ui.PaletteList(v, groups))
}

// pagesNamed returns the places of which a word begins with what was typed, in the
// viewer's language or in the address; all of them for nothing typed.
func pagesNamed(v *ui.Viewer, q string) []ui.PaletteItem {
	fold := cases.Fold()
	q = fold.String(q)
	var out []ui.PaletteItem
	for _, p := range ui.Places(v) {
		names := strings.Fields(fold.String(p.Label + " " + strings.ReplaceAll(strings.TrimPrefix(p.URL, v.URL()), "/", " ")))
		for _, name := range append(names, fold.String(p.Label)) {
			if strings.HasPrefix(name, q) {
				out = append(out, ui.PaletteItem{Label: p.Label, Icon: p.Icon, URL: p.URL, Keys: p.Keys})
				break
			}
		}
	}
	return out
}
