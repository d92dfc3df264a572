package process

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/FastFilter/xorfilter"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Duplicates are decided on 128 bits of each message id's hash, exactly, for
// as long as the event is stored, at a cost that hardly grows with their
// number. The newest hashes are in a map (and, batch by batch, in seen_tail);
// when the map is full they become a sorted run in the database, and eight
// runs are merged into one. Of a run only a filter stays in memory, nine bits
// an event (Graf and Lemire, "Binary Fuse Filters", 2022), and the first hash
// of every chunk. A filter says "no" to all but 0.4 % of new messages; a "maybe" reads one chunk.
const (
	entryBytes   = 24      // 16 of hash, 8 of position
	chunkEntries = 512     // of a run's chunk: 12 KB
	tailEntries  = 1 << 17 // hashes in the map before they become a run
	mergeRuns    = 8       // runs of level 0 that become one of level 1
)

// entry is a message hash and where the event stands.
type entry struct {
	hash     event.ID
	position event.Position
}

// run is a sorted, immutable set of entries in seen_chunk.
type run struct {
	id     int64
	level  int
	filter *xorfilter.BinaryFuse8
	firsts []event.ID
}

// seen is the set of a shard's message hashes. Only the goroutine that applies
// the shard's batches uses it; sealing happens between two batches.
type seen struct {
	shard  int
	recent map[event.ID]event.Position
	runs   []run
	next   int64          // id of the next run
	tail   event.Position // of the newest in the map
	total  int64          // hashes in all
}

func (h entry) key() uint64 { return filterKey(h.hash) }

func filterKey(h event.ID) uint64 { return binary.LittleEndian.Uint64(h[:8]) }

// openSeen loads the filters and the newest hashes.
// Runs are numbered within the owner's epoch, so that what a former owner still
// writes is in nobody's way.
func openSeen(ctx context.Context, d *db.DB, shard int, epoch int64) (*seen, error) {
	s := &seen{shard: shard, recent: make(map[event.ID]event.Position), next: epoch<<32 | 1}
	err := d.View(ctx, func(tx *db.Tx) error {
		err := tx.Each(ctx, "SELECT run, level, entries, filter, firsts FROM seen_run WHERE shard = $1 ORDER BY run", []any{shard}, func(rows *sql.Rows) error {
			var r run
			var entries int64
			var filter, firsts []byte
			err := rows.Scan(&r.id, &r.level, &entries, &filter, &firsts)
			if err != nil {
				return err
			}
			if r.filter, err = xorfilter.LoadBinaryFuse8(bytes.NewReader(filter)); err != nil {
				return err
			}
			for c := range slices.Chunk(firsts, len(event.ID{})) {
				r.firsts = append(r.firsts, event.ID(c))
			}
			s.runs, s.total = append(s.runs, r), s.total+entries
			return nil
		})
		if err != nil {
			return err
		}
		return tx.Each(ctx, "SELECT entries FROM seen_tail WHERE shard = $1 ORDER BY key", []any{shard}, func(rows *sql.Rows) error {
			var blob []byte
			if err := rows.Scan(&blob); err != nil {
				return err
			}
			entries, err := decodeEntries(blob)
			s.committed(entries)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("load the message hashes of shard %d: %w", shard, err)
	}
	return s, nil
}

// filter returns the events that were not seen before, within the batch or
// ever, with their entries, and counts both kinds.
func (s *seen) filter(ctx context.Context, tx *db.Tx, events []event.Event, counts map[int64]*count) ([]event.Event, []entry, error) {
	known := make(map[event.ID]event.Position)
	fresh := make([]entry, len(events))
	for i := range events {
		fresh[i] = entry{events[i].MessageHash(), events[i].Position}
	}
	if err := s.lookup(ctx, tx, fresh, known); err != nil {
		return nil, nil, err
	}
	batch := make(map[event.ID]struct{}, len(events))
	kept := 0
	for i := range events {
		e, h := &events[i], fresh[i]
		c := counts[e.Workspace]
		if c == nil {
			c = &count{}
			counts[e.Workspace] = c
		}
		at, dup := s.recent[h.hash]
		if !dup {
			at, dup = known[h.hash]
		}
		if dup && at == h.position {
			continue // the same place of the log, read once more: neither new nor a duplicate
		}
		if _, again := batch[h.hash]; dup || again {
			c.duplicate++
			continue
		}
		batch[h.hash] = struct{}{}
		c.stored++
		events[kept], fresh[kept] = *e, h
		kept++
	}
	return events[:kept], fresh[:kept], nil
}

// lookup finds which hashes are in the runs.
func (s *seen) lookup(ctx context.Context, tx *db.Tx, entries []entry, known map[event.ID]event.Position) error {
	type place struct {
		run   int64
		chunk int
	}
	maybe := map[place][]event.ID{}
	for i := range entries {
		h, k := entries[i].hash, entries[i].key()
		for r := range s.runs {
			if s.runs[r].filter.Contains(k) {
				firsts := s.runs[r].firsts
				// The last chunk whose first hash is not above h.
				c := sort.Search(len(firsts), func(c int) bool { return bytes.Compare(firsts[c][:], h[:]) > 0 }) - 1
				if c >= 0 {
					p := place{s.runs[r].id, c}
					maybe[p] = append(maybe[p], h)
				}
			}
		}
	}
	keys := db.NewRows(db.Columns("shard int, run int, chunk int"))
	for p := range maybe {
		keys.Add(s.shard, p.run, p.chunk)
	}
	return tx.Lookup(ctx, keys, "SELECT c.run, c.chunk, c.entries FROM k CROSS JOIN seen_chunk c WHERE c.shard = k.shard AND c.run = k.run AND c.chunk = k.chunk", func(rows *sql.Rows) error {
		var p place
		var blob sql.RawBytes
		if err := rows.Scan(&p.run, &p.chunk, &blob); err != nil {
			return err
		}
		for _, h := range maybe[p] {
			if at, ok := findEntry(blob, h); ok {
				known[h] = at
			}
		}
		return nil
	})
}

// append keeps a batch's hashes with the batch.
func (s *seen) append(ctx context.Context, tx *db.Tx, fresh []entry) error {
	if len(fresh) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, "INSERT INTO seen_tail (shard, key, entries) VALUES ($1, $2, $3)", s.shard, int64(fresh[len(fresh)-1].position), encodeEntries(fresh))
	if err != nil {
		return fmt.Errorf("keep message hashes: %w", err)
	}
	return nil
}

// committed adds a batch's hashes once its transaction is durable.
func (s *seen) committed(fresh []entry) {
	for _, e := range fresh {
		s.recent[e.hash] = e.position
		s.tail = e.position
	}
	s.total += int64(len(fresh))
}

func encodeEntries(entries []entry) []byte {
	b := make([]byte, 0, len(entries)*entryBytes)
	for _, e := range entries {
		b = append(b, e.hash[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(e.position))
	}
	return b
}

func decodeEntries(b []byte) ([]entry, error) {
	if len(b)%entryBytes != 0 {
		return nil, errors.New("damaged message hashes")
	}
	out := make([]entry, len(b)/entryBytes)
	for i := range out {
		out[i] = entryAt(b, i)
	}
	return out, nil
}

func entryAt(b []byte, i int) entry {
	b = b[i*entryBytes:]
	return entry{event.ID(b[:16]), event.Position(binary.BigEndian.Uint64(b[16:24]))}
}

// findEntry looks for a hash in sorted entries.
func findEntry(b []byte, h event.ID) (event.Position, bool) {
	n := len(b) / entryBytes
	i := sort.Search(n, func(i int) bool { return bytes.Compare(b[i*entryBytes:i*entryBytes+16], h[:]) >= 0 })
	if i < n && bytes.Equal(b[i*entryBytes:i*entryBytes+16], h[:]) {
		return entryAt(b, i).position, true
	}
	return 0, false
}
