// Package ui is what the pages of the console are made of: the layout, and
// components such as panels, tables and charts. It knows how things look and
// nothing of what a page shows.
package ui

import (
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Viewer is who looks at a page, and how: every component gets it. Outside a
// workspace (sign-in) only L, Theme, Nonce, Path and Now are set.
type Viewer struct {
	L          *locale.Locale // language, time zone, formats
	Theme      string         // light, dark or system
	Nonce      string         // of scripts and styles in this answer
	Path       string         // of the page
	Query      url.Values     // of its address
	Now        time.Time
	Notice     string // shown for some seconds: what was just done
	NoticeUndo string // a POST that takes it back, "" for none
	Part       bool   // htmx asked: answer with a part of a page
	Demo       bool   // the shop is the demo's
	Person     staff.Person
	Actor      staff.Actor
	Workspace  workspace.Workspace
	Others     []workspace.Workspace // that the person may go to, this one included
	Alerts     Alerts                // what was noticed there
}

// May reports whether the viewer has a right; pages show only what they may do.
func (v *Viewer) May(r staff.Right) bool { return v.Actor.May(r) }

// T is a message in the viewer's language.
func (v *Viewer) T(key string, args ...any) string { return v.L.T(key, args...) }

// URL is the address of a page of this workspace; its parts are escaped.
func (v *Viewer) URL(parts ...string) string {
	var b strings.Builder
	b.WriteString("/w/" + v.Workspace.ID)
	for _, p := range parts {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(p))
	}
	return b.String()
}

// Here is the address of the page, as it was asked for.
func (v *Viewer) Here() string {
	if len(v.Query) == 0 {
		return v.Path
	}
	return v.Path + "?" + v.Query.Encode()
}

// in is the address of the page in another language, the rest of it as it is.
func (v *Viewer) in(lang locale.Lang) string {
	q := maps.Clone(v.Query)
	if q == nil {
		q = url.Values{}
	}
	q.Set("lang", string(lang))
	return "?" + q.Encode()
}

// Section is the page's first part below the workspace: live, customers.
func (v *Viewer) Section() string {
	parts := strings.SplitN(strings.TrimPrefix(v.Path, "/"), "/", 4)
	if len(parts) < 3 || parts[0] != "w" {
		return ""
	}
	return parts[2]
}
