package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/cases"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/roster"
	"github.com/dhvani/dhvani/internal/staff"
)

func (c *Console) paletteRoutes() []route {
	return []route{{pattern: "GET /w/{workspace}/palette", right: staff.See, handle: c.palette}}
}

// paletteCustomers is how many customers the palette shows.
const paletteCustomers = 8

// palette answers what the command palette found: pages that the viewer may see,
// by their names, and customers by whatever finds them.
func (c *Console) palette(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q := strings.TrimSpace(r.FormValue("q"))
	found, err := c.Roster.Search(r.Context(), v.Actor.Workspace, q, paletteCustomers)
	if err != nil {
		return err
	}
	groups := []ui.PaletteGroup{
		{Title: v.T("ui.palette_pages"), Items: pagesNamed(v, q)},
		{Title: v.T("ui.palette_customers"), Items: customersFound(v, found)},
	}
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

// customersFound names customers by their name, or by the beginning of their id.
func customersFound(v *ui.Viewer, rows []roster.Row) []ui.PaletteItem {
	out := make([]ui.PaletteItem, len(rows))
	for i, r := range rows {
		hints := []string{r.Other, r.City}
		if r.Orders > 0 {
			hints = append(hints, v.T("common.count_orders", "N", r.Orders))
		}
		hints = slices.DeleteFunc(hints, func(s string) bool { return s == "" })
		name := cmp.Or(r.Name, v.T("ui.visitor", "ID", r.ID.String()[:4]))
		out[i] = ui.PaletteItem{Label: name, Hint: strings.Join(hints, " · "), Icon: "user-round", URL: v.URL("customers", r.ID.String())}
	}
	return out
}
