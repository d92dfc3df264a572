package backup

import (
	"io"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Erasures name the customers that were erased, by workspace.
type Erasures struct {
	marks  map[string]map[string]bool // by workspace id
	marker *workspace.Marker
}

// ReadErasures reads a list that was made with the marker's seal key. The error
// names the line that is none of a list, or says that the key is another:
// nobody is found by marks that another key made.
func ReadErasures(r io.Reader, marker *workspace.Marker) (*Erasures, error) {
	marks, err := readList(r, marker.KeyMark())
	if err != nil {
		return nil, err
	}
	return &Erasures{marks, marker}, nil
}

// eraser finds the events of erased customers in one backup.
type eraser struct {
	*Erasures
	ids map[int64]string // of the workspaces that the list names, by number
}

// newEraser returns nil where nothing is to be erased.
func newEraser(e *Erasures, h *header) *eraser {
	if e == nil {
		return nil
	}
	x := &eraser{e, map[int64]string{}}
	for _, w := range h.Workspaces {
		if e.marks[w.ID] != nil {
			x.ids[w.Number] = w.ID
		}
	}
	if len(x.ids) == 0 {
		return nil
	}
	return x
}

// named reports whether the list names anybody of a workspace.
func (x *eraser) named(workspace int64) bool { return x != nil && x.ids[workspace] != "" }

// gone reports whether an event speaks of an erased customer: its own profile,
// the visitor it names beside the user, or the previous id of an alias.
func (x *eraser) gone(e *event.Event) bool {
	if !x.named(e.Workspace) {
		return false
	}
	marked := func(kind, value string) bool {
		return value != "" && x.marked(e.Workspace, event.ProfileID(e.Workspace, kind, value))
	}
	return marked(event.UserProfile, e.UserID) || marked(event.AnonymousProfile, e.AnonymousID) ||
		marked(event.UserProfile, e.PreviousID) || marked(event.AnonymousProfile, e.PreviousID)
}

// marked reports whether a profile is an erased customer's.
func (x *eraser) marked(workspace int64, profile event.ID) bool {
	id, ok := x.ids[workspace]
	return ok && x.marks[id][x.marker.Mark(id, profile)]
}
