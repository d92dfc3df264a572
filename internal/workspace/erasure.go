package workspace

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/dhvani/dhvani/internal/event"
)

// Marker names erased customers without saying who they are. A list of its marks
// is kept outside of backups, and a restore leaves out whom it names; without
// the seal key nobody can tell whether a customer is on the list.
type Marker struct{ key []byte }

// OpenMarker returns the Marker of a seal key's file, which must be there.
func OpenMarker(sealKey string) (*Marker, error) {
	s, err := readSeal(sealKey)
	if err != nil {
		return nil, err
	}
	return s.marker, nil
}

// newMarker derives a key of its own from the seal key.
func newMarker(sealKey []byte) (*Marker, error) {
	key, err := hkdf.Key(sha256.New, sealKey, nil, "dhvani erasures", sha256.Size)
	if err != nil {
		return nil, err
	}
	return &Marker{key}, nil
}

// Mark is the HMAC-SHA256 of a workspace's profile, as 64 hexadecimal digits.
func (m *Marker) Mark(workspaceID string, profile event.ID) string {
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte(workspaceID))
	h.Write(profile[:]) // always 16 bytes, so the two cannot run into each other
	return hex.EncodeToString(h.Sum(nil))
}

// KeyMark tells the seal keys of two Markers apart, without saying anything of
// them: 16 hexadecimal digits.
func (m *Marker) KeyMark() string {
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte("mark of the key"))
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Marker returns the Marker of the database's seal key. Without that key it
// returns an error: nobody would be found by another one's marks.
func (s *Store) Marker() (*Marker, error) {
	if s.sealFault != nil {
		return nil, s.sealFault
	}
	return s.seal.marker, nil
}
