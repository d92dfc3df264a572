// Package event holds the one kind of fact that Dhvani keeps: an event in the
// Segment format. It decodes and validates what clients send, names the
// commerce events the other rooms understand, parses times and money exactly,
// and packs events into the bytes that the log stores. It knows nothing of
// HTTP, of the log or of a database.
package event

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Type is the kind of call an event came from.
type Type uint8

// The six calls of the Segment format, and Staff for actions of the shop's own
// people on customer data. No key can send Staff: ParseType does not know it.
const (
	Identify Type = iota + 1
	Track
	Page
	Screen
	Group
	Alias
	Staff
)

var typeNames = [...]string{"", "identify", "track", "page", "screen", "group", "alias", "staff"}

func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// ParseType returns the type a client named, or 0.
func ParseType(s string) Type {
	for t := Identify; t <= Alias; t++ {
		if typeNames[t] == s {
			return t
		}
	}
	return 0
}

// Flags say what is known about an event besides its content.
type Flags uint8

const (
	// Verified: all of the event's identifiers are vouched for, because it came
	// with a secret key or from a channel's own delivery.
	Verified Flags = 1 << iota
	// History: imported; it raises no alarm and sends no message.
	History
	// Clamped: the client's clock was ahead, the time was set to the arrival.
	Clamped
	// SignedUser: a browser's event came with a valid context.identity_token,
	// which the shop's server signs. It vouches for the user id only, not for an
	// e-mail or phone in the traits: a signed-in shopper could otherwise claim a
	// stranger's e-mail and be merged with them.
	SignedUser
)

// Position is an event's place in the log and its key in the store: 7 bits of
// shard, 40 bits of log sequence, 16 bits of index within the log message.
// Positions of one shard grow in log order.
type Position int64

// The largest values that fit a Position.
const (
	MaxShards   = 1 << 7
	MaxSequence = 1<<40 - 1
	MaxIndex    = 1<<16 - 1
)

// NewPosition packs shard, sequence and index.
func NewPosition(shard int, sequence uint64, index int) Position {
	return Position(int64(shard)<<56 | int64(sequence&MaxSequence)<<16 | int64(index&MaxIndex))
}

// Shard returns the shard part.
func (p Position) Shard() int { return int(p >> 56) }

// Sequence returns the log sequence part.
func (p Position) Sequence() uint64 { return uint64(p>>16) & MaxSequence }

// Index returns the index within the log message.
func (p Position) Index() int { return int(p & MaxIndex) }

// Event is one immutable fact. Times are microseconds since 1970 in UTC. The
// raw parts (Properties, Traits, Context, Integrations) are valid JSON objects
// or empty.
type Event struct {
	Workspace    int64 // internal number of the workspace
	Type         Type
	Flags        Flags
	Source       string // how it came in: "segment", "posthog", "jitsu", "import", "staff"
	MessageID    string
	UserID       string
	AnonymousID  string
	PreviousID   string // alias only
	GroupID      string // group only
	Name         string // event name of a track, page or screen name, action of a staff event
	At           int64  // event time, skew-corrected
	ReceivedAt   int64
	Properties   string
	Traits       string
	Context      string
	Integrations string

	// Position and Model are set when the event is read from the log: where it
	// stands, and the workspace's current model, which keys all derived rows.
	Position Position
	Model    int64

	// Prepared is what a Stage made of the event before the transaction, for itself
	// to pick up in Apply. It goes with the batch and is stored nowhere.
	Prepared any
}

// Has reports whether all of the given flags are set.
func (e *Event) Has(f Flags) bool { return e.Flags&f == f }

// ID is the 128-bit identifier of a derived row: a UUIDv8 (RFC 9562) made by
// hashing what caused the row, so that a replay makes the same ids.
type ID [16]byte

// String returns the usual hyphenated form.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[:8], id[:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:], id[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// IsZero reports whether the id is unset.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID reads the form that String writes.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, fmt.Errorf("%q is not an id", s)
	}
	h := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(id[:], []byte(h)); err != nil {
		return ID{}, fmt.Errorf("%q is not an id", s)
	}
	return id, nil
}

// NewID hashes a workspace, a kind of row and the parts that cause it to an ID.
func NewID(workspace int64, kind string, parts ...string) ID {
	var buf [256]byte
	b := binary.LittleEndian.AppendUint64(buf[:0], uint64(workspace))
	b = appendText(b, kind)
	for _, p := range parts {
		b = appendText(b, p)
	}
	sum := sha256.Sum256(b)
	var id ID
	copy(id[:], sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// MessageHash is what duplicates are decided on: 128 bits of SHA-256 over
// workspace and message id.
func (e *Event) MessageHash() ID { return NewID(e.Workspace, "message", e.MessageID) }

// Kinds of profile.
const (
	UserProfile      = "user_id"
	AnonymousProfile = "anonymous_id"
)

// Profile returns the id of the profile the event belongs to for ever: its
// user id's, else its anonymous id's.
func (e *Event) Profile() ID {
	if e.UserID != "" {
		return ProfileID(e.Workspace, UserProfile, e.UserID)
	}
	return ProfileID(e.Workspace, AnonymousProfile, e.AnonymousID)
}

// ProfileID returns the id of a user's or an anonymous visitor's profile. The
// first bit is 0 for users and 1 for visitors, so that the smallest id among a
// customer's profiles is a user's where there is one.
func ProfileID(workspace int64, kind, value string) ID {
	id := NewID(workspace, kind, value)
	if kind == UserProfile {
		id[0] &= 0x7f
	} else {
		id[0] |= 0x80
	}
	return id
}

// IsUser reports whether a profile id is a user's.
func (id ID) IsUser() bool { return id[0]&0x80 == 0 }

// ShardKey is what places an event on a shard: user id, else anonymous id.
func (e *Event) ShardKey() string {
	if e.UserID != "" {
		return e.UserID
	}
	return e.AnonymousID
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// Batch is a run of events of one shard, in log order, without duplicates. The
// Stages apply it inside one transaction.
type Batch struct {
	Shard  int
	Events []Event

	// Regrouped are the customers that gained or lost profiles in this batch, as
	// they were and as they are; Touched are profiles that it changed although none
	// of its events is theirs. Stages tell those that follow.
	Regrouped, Touched []Key
}

// Key names a customer or profile of a model.
type Key struct {
	Model int64
	ID    ID
}
