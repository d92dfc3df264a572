package staff

import (
	"errors"

	"github.com/dhvani/dhvani/internal/workspace"
)

// Person is a member of staff who has signed in.
type Person struct {
	Account string // id
	Email   string
	Name    string
	Roles   map[int64]workspace.Role // by workspace number

	// What the person chose; "" where they did not.
	Language string // a locale.Lang
	Theme    string // light, dark or system
	Zone     string // IANA name, such as Asia/Kolkata
}

// In returns the person as one who acts in a workspace.
func (p Person) In(workspace int64) Actor {
	return Actor{Account: p.Account, Workspace: workspace, Role: p.Roles[workspace]}
}

// ErrNoSession says that nobody is signed in by what was given.
var ErrNoSession = errors.New("not signed in")
