package event

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Summer computes the checksums of events one after another, in one buffer.
type Summer struct{ buffer []byte }

// Sum returns the CRC-32C (Castagnoli) of an event's position, as 8 bytes in
// big-endian order, and its record.
func (s *Summer) Sum(e *Event) uint32 {
	s.buffer = binary.BigEndian.AppendUint64(s.buffer[:0], uint64(e.Position))
	s.buffer = AppendRecord(s.buffer, e)
	return crc32.Checksum(s.buffer, castagnoli)
}
