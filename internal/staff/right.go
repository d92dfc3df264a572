// Package staff holds the people who work in a shop: what each role may do, and
// the audit log of what they did.
package staff

import (
	"errors"
	"slices"

	"github.com/dhvani/dhvani/internal/workspace"
)

// Right is one thing that a person may or may not do in a workspace.
type Right string

// The rights. Who has which says holders.
const (
	See        Right = "see"        // read every page; e-mails and phones are masked
	Reveal     Right = "reveal"     // read a whole e-mail address or phone number
	Answer     Right = "answer"     // assign, note and handle opinions, write to customers
	Decide     Right = "decide"     // merge customers, refuse a merge, undo one
	Export     Right = "export"     // take lists away as a file
	Configure  Right = "configure"  // settings, keys, allowed origins, dead letters
	Import     Right = "import"     // bring in files of events
	People     Right = "people"     // invite, change and remove staff; an owner only by an owner
	Audit      Right = "audit"      // read the audit log
	PlayScenes Right = "playscenes" // the demo's scenes
)

// Rights lists them all, in the order of the table that people see.
var Rights = []Right{See, Reveal, Answer, Decide, Export, Import, Configure, People, Audit, PlayScenes}

var holders = map[Right][]workspace.Role{
	See:        {workspace.Owner, workspace.Admin, workspace.Analyst, workspace.Agent},
	Reveal:     {workspace.Owner, workspace.Admin, workspace.Agent},
	Answer:     {workspace.Owner, workspace.Admin, workspace.Agent},
	Decide:     {workspace.Owner, workspace.Admin, workspace.Agent},
	Export:     {workspace.Owner, workspace.Admin, workspace.Analyst},
	Configure:  {workspace.Owner, workspace.Admin},
	Import:     {workspace.Owner, workspace.Admin},
	People:     {workspace.Owner, workspace.Admin},
	Audit:      {workspace.Owner, workspace.Admin},
	PlayScenes: {workspace.Owner, workspace.Admin, workspace.Agent},
}

// ErrForbidden says that the person's role does not allow what was asked.
var ErrForbidden = errors.New("your role does not allow this")

// Actor is who does something: a person in the workspace they do it in.
type Actor struct {
	Account   string // id of the account
	Workspace int64  // its number
	Role      workspace.Role
}

// ByKey is the actor of what is done with a secret key, whose scopes were looked
// at before.
func ByKey(number int64, key string) Actor {
	return Actor{Account: key, Workspace: number, Role: workspace.Owner}
}

// ByOperator is the actor of commands, who can reach the data folder anyway.
func ByOperator(number int64) Actor {
	return Actor{Account: Operator, Workspace: number, Role: workspace.Owner}
}

// May reports whether the actor has a right.
func (a Actor) May(r Right) bool { return slices.Contains(holders[r], a.Role) }

// Need returns ErrForbidden where the actor does not have a right. Services
// begin with it.
func (a Actor) Need(r Right) error {
	if !a.May(r) {
		return ErrForbidden
	}
	return nil
}
