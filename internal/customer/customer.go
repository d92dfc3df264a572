// Package customer knows who is behind an event. It keeps one customer behind
// all of a person's identifiers, their traits and consent, and their timeline.
//
// # Profiles and customers
//
// An event belongs for ever to the profile of its own identifier: its user id,
// else its anonymous id. A customer is a set of profiles, named by the smallest
// profile id in the set (users' come before visitors'); any member's id finds
// it. Traits, consent and identifiers are kept per profile and put together
// when read, so that a merge and its undoing move no data.
//
// Everything is a function of the set of events, whatever their order and their
// batches. The facts that events leave behind are made so that order cannot
// matter: earliest and latest times, last writers by event time and then
// message hash, flags that only rise.
//
// # Who belongs together
//
// An anonymous profile follows its owner: the user that staff last merged it
// with, else the user of its first link that staff did not take away: what a
// verified event vouched for comes before what was only claimed, and then the
// earliest by event time and message hash. Links come from events that carry both
// ids and from alias calls.
//
// Users, and anonymous profiles without an owner, are the nodes of a graph.
// Edges are staff's merges and verified identifiers held by two nodes; what is
// verified on an owned profile counts as its owner's. A verified alias is such
// an identifier as well: the previous id, held by both of its users. An
// identifier that more than 25 profiles hold verified is a till's placeholder
// and joins nobody. Staff's word that two profiles are apart forbids every join
// that would bring them together. Edges are taken in order, staff's before the
// others and then by time, so that what is forbidden is always the same edge;
// the connected sets are the customers.
//
// The Stage never looks at the whole graph. From the facts of a batch that
// could change it, it loads the region that can be reached over any edge,
// forbidden ones too, and decides that region anew by the same definition. An
// anonymous profile without verified identifiers or decisions, as nearly all
// are, has no edges: it gets its owner's customer and no region is loaded.
//
// Two users that share an identifier which did not join them are a suggestion
// for staff to merge or refuse.
package customer

import (
	"encoding/json"
	"errors"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Kinds of error.
var (
	ErrNotFound = errors.New("customer: not found")
	ErrInvalid  = errors.New("customer: invalid")    // an identifier, a cursor or a choice that makes no sense
	ErrNoMerge  = errors.New("customer: not merged") // nothing to undo
)

// Store reads customers. All methods are of one workspace, given by number.
type Store struct{ DB *db.DB }

// Customer is a person as far as the shop knows them. Times are RFC 3339.
type Customer struct {
	ID           string                     `json:"id"`
	Identifiers  []Identifier               `json:"identifiers"`
	Traits       map[string]json.RawMessage `json:"traits"`
	TraitSources []TraitSource              `json:"trait_sources"`
	Consent      map[string]bool            `json:"consent" doc:"as last stated, by purpose; a purpose never stated is absent"`
	ConsentAt    map[string]string          `json:"consent_at" doc:"when each of these was stated"`
	OptOuts      []OptOut                   `json:"opt_outs"`
	FirstSeen    string                     `json:"first_seen"`
	LastSeen     string                     `json:"last_seen"`
	Events       int64                      `json:"events"`
	Merges       []Merge                    `json:"merges" doc:"how the profiles came together, newest first"`
	Profiles     []Profile                  `json:"profiles" doc:"users first, then the last seen, at most 1,000"`
	ProfilesCut  bool                       `json:"profiles_cut,omitempty" doc:"there are more profiles; identifiers, traits and merges are of those shown"`

	// ProfileIDs are those of all profiles, by which other rooms keep what is theirs.
	ProfileIDs []event.ID `json:"-"`
}

// Identifier is one name of a customer.
type Identifier struct {
	Kind     string `json:"kind" doc:"user_id, anonymous_id, email, phone, or a network such as instagram"`
	Value    string `json:"value"`
	Verified bool   `json:"verified" doc:"vouched for by the shop's server, a signed identity or a channel's delivery"`
	FirstAt  string `json:"first_at"`
	LastAt   string `json:"last_at"`
}

// TraitSource says where a trait's value comes from.
type TraitSource struct {
	Name   string          `json:"name"`
	Value  json.RawMessage `json:"value"`
	At     string          `json:"at"`
	Source string          `json:"source" doc:"the format it came in and who sent it, such as segment/server"`
}

// OptOut is a channel the customer does not want to hear on. Marketing consent
// given later does not lift it.
type OptOut struct {
	Channel string `json:"channel"`
	At      string `json:"at"`
}

// Merge is one reason why two profiles are the same customer.
type Merge struct {
	ID   string `json:"id"`
	At   string `json:"at"`
	Kind string `json:"kind" doc:"link for an anonymous id that follows a user, staff, alias, or the kind of the verified identifier"`
	A    string `json:"a"`
	B    string `json:"b"`
	By   string `json:"by,omitempty" doc:"account, where staff merged"`
}

// Profile is one identifier of the shop's own or of a browser's, with the
// events that belong to it.
type Profile struct {
	ID        string `json:"id"`
	Kind      string `json:"kind"`
	Value     string `json:"value"`
	FirstSeen string `json:"first_seen"`
	LastSeen  string `json:"last_seen"`
	Events    int64  `json:"events"`
}
