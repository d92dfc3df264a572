package workspace

import (
	"fmt"
	"strings"
)

// Scopes is a set of what a secret key may do.
type Scopes uint8

// The scopes. Admin does not include the others.
const (
	ScopeIngest Scopes = 1 << iota // send events whose identifiers are believed
	ScopeRead                      // read customers, opinions, scores and events
	ScopeWrite                     // act on customers: merge, undo a merge
	ScopeAdmin                     // settings, keys and the identity secret

	AllScopes = ScopeIngest | ScopeRead | ScopeWrite | ScopeAdmin
)

var scopeNames = [...]string{"ingest", "read", "write", "admin"}

// ParseScopes reads names of scopes separated by spaces or commas. The error is
// an Invalid.
func ParseScopes(s string) (Scopes, error) {
	var out Scopes
next:
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' }) {
		for i, name := range scopeNames {
			if word == name {
				out |= 1 << i
				continue next
			}
		}
		return 0, Invalid(fmt.Sprintf("%q is not a scope: %s", word, AllScopes))
	}
	return out, nil
}

// String returns the names, separated by spaces.
func (s Scopes) String() string { return strings.Join(s.Names(), " ") }

// Names returns the names in a fixed order.
func (s Scopes) Names() []string {
	out := []string{}
	for i, name := range scopeNames {
		if s&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// Has reports whether all of the given scopes are in the set.
func (s Scopes) Has(want Scopes) bool { return s&want == want }
