package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/locale"
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
		{Title: v.T("ui.palette_actions"), Items: actionsNamed(v, q, next(r))},
		{Title: v.T("ui.palette_customers"), Items: customersFound(v, found)},
	}
	return render(w, r, http.StatusOK, ui.PaletteList(v, groups))
}

// begins reports whether each word that was typed begins a word of some names.
func begins(q string, names ...string) bool {
	fold := cases.Fold()
	words := strings.FieldsFunc(fold.String(strings.Join(names, " ")), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("/:,", r) })
	for _, typed := range strings.Fields(fold.String(q)) {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, typed) }) {
			return false
		}
	}
	return true
}

// pagesNamed returns the places that are named by what was typed, in the viewer's
// language or in the address; all of them for nothing typed. Topics and the sections
// of the settings are among them once something is.
func pagesNamed(v *ui.Viewer, q string) []ui.PaletteItem {
	var out []ui.PaletteItem
	for _, p := range ui.Places(v) {
		if begins(q, p.Label, strings.TrimPrefix(p.URL, v.URL())) {
			out = append(out, ui.PaletteItem{Label: p.Label, Icon: p.Icon, URL: p.URL, Keys: p.Keys})
		}
	}
	if q == "" || !v.May(staff.See) {
		return out
	}
	for _, t := range language.Topics {
		if begins(q, topicName(v, t), t) {
			out = append(out, ui.PaletteItem{Label: topicName(v, t), Icon: "hash", URL: v.URL("topics", t), Hint: v.T("ui.nav_topics")})
		}
	}
	for _, s := range sections(v) {
		if begins(q, s.label, s.name) {
			out = append(out, ui.PaletteItem{Label: s.label, Icon: s.icon, URL: v.URL("settings", s.name), Hint: v.T("ui.nav_settings")})
		}
	}
	return out
}

// action is one thing to do from the palette.
type action struct {
	ui.PaletteItem
	right staff.Right
	words string // by which it is found too
	asked bool   // only by its name: one of many
}

// actions lists what can be done from the palette. What changes how pages look
// leads back to one.
func actions(v *ui.Viewer, back string) []action {
	item := func(label, icon, url string) ui.PaletteItem {
		return ui.PaletteItem{Label: label, Icon: icon, URL: url}
	}
	post := func(label, icon, url string, fields ...[2]string) ui.PaletteItem {
		return ui.PaletteItem{Label: label, Icon: icon, URL: url, Post: true, Fields: fields}
	}
	out := []action{
		{item(v.T("sources.import_do"), "upload", v.URL("sources", "imports")), staff.Import, v.T("ui.act_import_words"), false},
		{item(v.T("settings.invite"), "user-plus", v.URL("settings", "people")), staff.People, v.T("ui.act_invite_words"), false},
		{item(v.T("settings.key_make"), "key-round", v.URL("settings", "keys")), staff.Configure, v.T("ui.act_key_words"), false},
		{post(v.T("ui.act_export_customers"), "download", v.URL("customers", "export")), staff.Export, v.T("ui.act_export_words"), false},
		{post(v.T("ui.act_export_feedback"), "download", v.URL("feedback", "export")), staff.Export, v.T("ui.act_export_words"), false},
	}
	out[4].Hint = v.T("common.last_days", "N", 30)
	for _, theme := range []string{"system", "light", "dark"} {
		if theme != v.Theme {
			out = append(out, action{post(v.T("ui.act_theme", "Name", ui.ThemeName(v, theme)), ui.ThemeIcon(theme), "/preferences", [2]string{"theme", theme}, [2]string{"next", back}), staff.See, theme, true})
		}
	}
	for _, lang := range locale.Langs {
		if lang != v.L.Lang {
			out = append(out, action{post(v.T("ui.act_language", "Name", lang.Name()), "languages", "/preferences", [2]string{"language", string(lang)}, [2]string{"next", back}), staff.See, string(lang), true})
		}
	}
	return append(out, action{post(v.T("ui.sign_out"), "log-out", "/signout"), staff.See, v.T("ui.act_sign_out_words"), false})
}

// actionsNamed returns what the viewer may do that is named by what was typed, in
// their language or in English; for nothing typed, what is done most.
func actionsNamed(v *ui.Viewer, q, back string) []ui.PaletteItem {
	english := *v
	english.L = locale.For(locale.English, v.L.Zone)
	also := map[string]string{}
	for _, a := range actions(&english, back) {
		also[a.URL+a.field()] = a.Label + " " + a.words
	}
	var out []ui.PaletteItem
	for _, a := range actions(v, back) {
		if v.May(a.right) && (q != "" || !a.asked) && begins(q, a.Label, a.words, also[a.URL+a.field()]) {
			out = append(out, a.PaletteItem)
		}
	}
	return out
}

// field is what tells actions of one address apart.
func (a action) field() string {
	if len(a.Fields) == 0 {
		return ""
	}
	return "?" + a.Fields[0][1]
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
