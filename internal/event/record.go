package event

import (
	"encoding/binary"
	"errors"
)

// ErrRecord says that bytes are not a record that AppendRecord wrote.
var ErrRecord = errors.New("event: damaged record")

// recordFields lists the texts of a record in their stored order.
func (e *Event) recordFields() [11]*string {
	return [...]*string{
		&e.Source, &e.MessageID, &e.UserID, &e.AnonymousID, &e.PreviousID, &e.GroupID, &e.Name,
		&e.Properties, &e.Traits, &e.Context, &e.Integrations,
	}
}

// AppendRecord packs an event for the log: workspace, type, flags, the two
// times as varints, then every text with its length before it. Position and
// Model are not part of it.
func AppendRecord(b []byte, e *Event) []byte {
	b = binary.AppendUvarint(b, uint64(e.Workspace))
	b = append(b, byte(e.Type), byte(e.Flags))
	b = binary.AppendVarint(b, e.At)
	b = binary.AppendVarint(b, e.ReceivedAt)
	for _, f := range e.recordFields() {
		b = appendText(b, *f)
	}
	return b
}

// DecodeRecord reads one record from the front of s and returns what follows.
// The event's texts share s's memory.
func DecodeRecord(s string) (e Event, rest string, err error) {
	workspace, s, ok := cutUvarint(s)
	if !ok || len(s) < 2 {
		return e, "", ErrRecord
	}
	e.Workspace = int64(workspace)
	e.Type, e.Flags = Type(s[0]), Flags(s[1])
	s = s[2:]
	for _, t := range []*int64{&e.At, &e.ReceivedAt} {
		var u uint64
		if u, s, ok = cutUvarint(s); !ok {
			return e, "", ErrRecord
		}
		*t = int64(u>>1) ^ -int64(u&1) // zig-zag, as binary.AppendVarint writes
	}
	for _, f := range e.recordFields() {
		var n uint64
		if n, s, ok = cutUvarint(s); !ok || n > uint64(len(s)) {
			return e, "", ErrRecord
		}
		*f, s = s[:n], s[n:]
	}
	if e.Type < Identify || e.Type > Staff {
		return e, "", ErrRecord
	}
	return e, s, nil
}

// cutUvarint is binary.Uvarint for a string.
func cutUvarint(s string) (uint64, string, bool) {
	var x uint64
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		c := s[i]
		if c < 0x80 {
			if i == binary.MaxVarintLen64-1 && c > 1 {
				return 0, "", false
			}
			return x | uint64(c)<<(7*i), s[i+1:], true
		}
		x |= uint64(c&0x7f) << (7 * i)
	}
	return 0, "", false
}
