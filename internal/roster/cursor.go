package roster

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/dhvani/dhvani/internal/event"
)

// place is where a page begins: after, or before, the card with this value in the
// column of the sort, and this id. A nil key is the beginning.
type place struct {
	before bool
	key    any // int64, or string of names
	id     event.ID
}

// String writes a cursor, which is good for this sort alone.
func (p place) String(s Sort, ascending bool) string {
	b := []byte{byte(indexOf(s)), 0}
	if ascending {
		b[1] |= 1
	}
	if p.before {
		b[1] |= 2
	}
	b = append(b, p.id[:]...)
	switch k := p.key.(type) {
	case int64:
		b = binary.BigEndian.AppendUint64(b, uint64(k))
	case string:
		b = append(b, k...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func indexOf(s Sort) int {
	for i := range Sorts {
		if Sorts[i] == s {
			return i
		}
	}
	return -1
}

// parseCursor reads a cursor of a list with this sort.
func parseCursor(text string, s Sort, ascending bool) (p place, err error) {
	if text == "" {
		return p, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 18 || int(b[0]) != indexOf(s) || (b[1]&1 == 1) != ascending || b[1] > 3 {
		return p, ErrInvalid
	}
	p.before = b[1]&2 == 2
	copy(p.id[:], b[2:18])
	switch b = b[18:]; {
	case s == Name:
		p.key = string(b)
	case len(b) == 8:
		p.key = int64(binary.BigEndian.Uint64(b))
	default:
		return p, ErrInvalid
	}
	return p, nil
}
