package eventlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Salvaged is what could be read of a damaged log.
type Salvaged struct {
	Messages int // after the sequence that was asked for
	Lost     int // that are missing between them
	Damaged  int // places where files are not what was written
	Newest   uint64
}

// Salvage reads the files of an embedded log that nobody has open, and calls f
// with every message after a sequence that is whole, in order. It changes
// nothing. What was lost behind the newest of them cannot be known.
func Salvage(dir string, after uint64, f func(Message) error) (s Salvaged, err error) {
	list, err := blocks(dir, 0)
	if err != nil {
		return s, fmt.Errorf("salvage the log: %w", err)
	}
	s.Newest = after
	for _, b := range list {
		if b.buf, err = os.ReadFile(b.path); err != nil {
			return s, fmt.Errorf("salvage the log: %w", err)
		}
		for at := 0; at < len(b.buf); {
			var failed error
			at = b.walk(at, func(r record) {
				if failed == nil && r.sequence > s.Newest {
					failed = s.take(r, f)
				}
			})
			if failed != nil {
				return s, fmt.Errorf("salvage the log: %w", failed)
			}
			if at < len(b.buf) {
				s.Damaged++
				at = b.next(at + 1)
			}
		}
		b.buf = nil
	}
	return s, nil
}

// take hands over a message, unless its frame is damaged.
func (s *Salvaged) take(r record, f func(Message) error) error {
	counts, records, err := openFrame(r.data)
	if errors.Is(err, ErrDamaged) {
		s.Damaged++
		return nil
	}
	s.Lost += int(r.sequence - s.Newest - 1)
	s.Messages++
	s.Newest = r.sequence
	return f(Message{Sequence: r.sequence, Counts: counts, Records: records})
}

// SalvageID returns the identity of a log that nobody has open, or "" where it
// cannot be read any more.
func SalvageID(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", shardStream(0), "meta.inf"))
	var meta struct {
		Metadata map[string]string `json:"metadata"`
	}
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil && json.Unmarshal(b, &meta) == nil {
			return meta.Metadata[identity]
		}
	}
	return ""
}
