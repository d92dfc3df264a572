package backup

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Erasures name the customers that were erased, by workspace. The list is text,
// one line for each identifier:
//
//	<workspace id> <64 hexadecimal digits>
//
// where the digits are a workspace.Marker's mark of the identifier's profile.
// Empty lines and lines that begin with # mean nothing.
type Erasures struct {
	marks  map[string]map[string]bool // by workspace id
	marker *workspace.Marker
}

// ReadErasures reads a list. The error names the line that is not one.
func ReadErasures(r io.Reader, marker *workspace.Marker) (*Erasures, error) {
	e := &Erasures{marks: map[string]map[string]bool{}, marker: marker}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, mark, ok := strings.Cut(line, " ")
		mark = strings.ToLower(strings.TrimSpace(mark))
		if b, err := hex.DecodeString(mark); !ok || err != nil || len(b) != 32 {
			return nil, fmt.Errorf("line %d of the list of erasures is not a workspace's id and 64 hexadecimal digits", n)
		}
		if e.marks[id] == nil {
			e.marks[id] = map[string]bool{}
		}
		e.marks[id][mark] = true
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the list of erasures: %w", err)
	}
	return e, nil
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
	if x == nil {
		return false
	}
	id, ok := x.ids[e.Workspace]
	if !ok {
		return false
	}
	marked := func(kind, value string) bool {
		return value != "" && x.marks[id][x.marker.Mark(id, event.ProfileID(e.Workspace, kind, value))]
	}
	return marked(event.UserProfile, e.UserID) || marked(event.AnonymousProfile, e.AnonymousID) ||
		marked(event.UserProfile, e.PreviousID) || marked(event.AnonymousProfile, e.PreviousID)
}
