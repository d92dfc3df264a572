package eventlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/dhvani/dhvani/internal/event"
)

// A frame is one message of the log:
//
//	4 bytes   "DHV" and the version, 1
//	4 bytes   CRC-32C of all that follows, little endian
//	uvarint   number of counts, then that many pairs of
//	          uvarint workspace, uvarint events in this frame
//	...       records, as event.AppendRecord writes them
//
// The counts stand in front so that what is not yet applied can be counted
// without reading the records.
const (
	frameMagic  = "DHV\x01"
	frameHeader = 8
)

// ErrDamaged says that a message of the log is not what was written.
var ErrDamaged = errors.New("the log message is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Count is how many events of a workspace a frame holds.
type Count struct {
	Workspace int64
	Events    int64
}

// appendFrame packs chunks, which are all of one shard, and counts their events.
func appendFrame(b []byte, chunks []Chunk) ([]byte, []Count) {
	counts := make([]Count, 0, 4)
next:
	for _, c := range chunks {
		for i := range counts {
			if counts[i].Workspace == c.Workspace {
				counts[i].Events += int64(c.Count)
				continue next
			}
		}
		counts = append(counts, Count{c.Workspace, int64(c.Count)})
	}
	start := len(b)
	b = append(b, frameMagic...)
	b = append(b, 0, 0, 0, 0)
	b = binary.AppendUvarint(b, uint64(len(counts)))
	for _, c := range counts {
		b = binary.AppendUvarint(b, uint64(c.Workspace))
		b = binary.AppendUvarint(b, uint64(c.Events))
	}
	for _, c := range chunks {
		b = append(b, c.Records...)
	}
	sum := crc32.Checksum(b[start+frameHeader:], castagnoli)
	binary.LittleEndian.PutUint32(b[start+4:], sum)
	return b, counts
}

// openFrame checks a frame and returns its counts and its records.
func openFrame(b []byte) ([]Count, []byte, error) {
	if len(b) < frameHeader || string(b[:4]) != frameMagic {
		return nil, nil, ErrDamaged
	}
	body := b[frameHeader:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, nil, ErrDamaged
	}
	next := func() (uint64, bool) {
		v, n := binary.Uvarint(body)
		if n <= 0 {
			return 0, false
		}
		body = body[n:]
		return v, true
	}
	n, ok := next()
	if !ok || n > uint64(len(body)) {
		return nil, nil, ErrDamaged
	}
	counts := make([]Count, n)
	for i := range counts {
		w, ok1 := next()
		e, ok2 := next()
		if !ok1 || !ok2 {
			return nil, nil, ErrDamaged
		}
		counts[i] = Count{int64(w), int64(e)}
	}
	return counts, body, nil
}

// Message is one message of the log, read back and checked.
type Message struct {
	Shard    int
	Sequence uint64
	Counts   []Count
	Records  []byte
}

// Events decodes a message's events and sets their positions. Their texts share
// one copy of the message's memory.
func (m *Message) Events(into []event.Event) ([]event.Event, error) {
	rest := string(m.Records)
	for i := 0; rest != ""; i++ {
		var e event.Event
		var err error
		if e, rest, err = event.DecodeRecord(rest); err != nil {
			return into, fmt.Errorf("message %d, event %d: %w", m.Sequence, i, err)
		}
		e.Position = event.NewPosition(m.Shard, m.Sequence, i)
		into = append(into, e)
	}
	return into, nil
}

// Size returns the bytes of the message's records.
func (m *Message) Size() int { return len(m.Records) }
