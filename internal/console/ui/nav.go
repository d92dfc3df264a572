package ui

import "github.com/dhvani/dhvani/internal/staff"

// place is an entry of the navigation.
type place struct {
	Section string // first part of the address below the workspace, and of the message key
	Icon    string
	Right   staff.Right
	Group   int
	Key     string // g and this letter go there
	Phone   bool   // stands in the phone's bar
	Demo    bool   // only where the shop is the demo's
}

// places lists where one can go. It shows only what works.
var places = []place{
	{Section: "live", Icon: "audio-lines", Right: staff.See, Group: 0, Key: "l", Phone: true},
	{Section: "incidents", Icon: "siren", Right: staff.See, Group: 0, Key: "i", Phone: true},
	{Section: "feedback", Icon: "quote", Right: staff.See, Group: 1, Key: "f", Phone: true},
	{Section: "topics", Icon: "hash", Right: staff.See, Group: 1, Key: "t"},
	{Section: "letter", Icon: "scroll-text", Right: staff.See, Group: 1, Key: "w"},
	{Section: "customers", Icon: "users", Right: staff.See, Group: 1, Key: "c", Phone: true},
	{Section: "sources", Icon: "plug", Right: staff.See, Group: 2, Key: "s"},
	{Section: "settings", Icon: "settings-2", Right: staff.See, Group: 2, Key: "e"},
	{Section: "demo", Icon: "flask-conical", Right: staff.PlayScenes, Group: 3, Key: "d", Demo: true},
}

// label is the name of a place.
func (p place) label(v *Viewer) string {
	switch p.Section {
	case "live":
		return v.T("ui.nav_live")
	case "incidents":
		return v.T("ui.nav_incidents")
	case "feedback":
		return v.T("ui.nav_feedback")
	case "topics":
		return v.T("ui.nav_topics")
	case "letter":
		return v.T("ui.nav_letter")
	case "customers":
		return v.T("ui.nav_customers")
	case "sources":
		return v.T("ui.nav_sources")
	case "settings":
		return v.T("ui.nav_settings")
	}
	return v.T("ui.nav_demo")
}

// groups returns the places that the viewer may go to, in groups.
func groups(v *Viewer) [][]place {
	var out [][]place
	last := -1
	for _, p := range places {
		if !v.May(p.Right) || p.Demo && !v.Demo {
			continue
		}
		if p.Group != last {
			out, last = append(out, nil), p.Group
		}
		out[len(out)-1] = append(out[len(out)-1], p)
	}
	return out
}

// Place is where a viewer may go, as the command palette lists it.
type Place struct{ Label, Icon, URL, Keys string }

// Places lists where the viewer may go.
func Places(v *Viewer) []Place {
	var out []Place
	for _, g := range groups(v) {
		for _, p := range g {
			out = append(out, Place{p.label(v), p.Icon, v.URL(p.Section), "g " + p.Key})
		}
	}
	return out
}
