package process

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/archive"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Flaw is the first thing found that is not as it must be.
type Flaw string

func (f Flaw) Error() string { return string(f) }

func flaw(format string, args ...any) error { return Flaw(fmt.Sprintf(format, args...)) }

// CheckStored lets SQLite look through its file, the indexes and the search index
// included; then it reads every stored event, of all workspaces on one snapshot, and
// verifies its checksum and its profile; that the counts of each workspace are
// those of its events; and that the message hashes by which duplicates are
// decided are exactly those of the events. It returns how many events it read.
// The error is a Flaw where something is wrong.
func (r *Runner) CheckStored(ctx context.Context, progress func(done, total int64)) (n int64, err error) {
	if wrong, err := r.o.DB.CheckFile(ctx); err != nil || wrong != "" {
		return 0, cmp.Or(err, flaw("the database file is damaged: %s", wrong))
	}
	err = r.o.DB.View(ctx, func(tx *db.Tx) error {
		if err := tx.Patient(ctx); err != nil {
			return err
		}
		counted, total, err := countedEvents(ctx, tx)
		if err != nil {
			return err
		}
		found := map[int64]int64{}
		var sum digest
		spans := archive.Spans{}
		n, err = archive.All(ctx, tx, func(e *event.Event, segment int64) error {
			found[e.Workspace]++
			spans.Add(e.Workspace, segment, e.At)
			sum.add(e.MessageHash(), e.Position)
			if n := sum.entries; n%10_000 == 0 {
				progress(n, total)
			}
			return nil
		})
		if errors.Is(err, archive.ErrDamaged) {
			return flaw("%v", err)
		}
		if err == nil {
			err = unstoredDead(ctx, tx, func(e *event.Event) {
				found[e.Workspace]++
				sum.add(e.MessageHash(), e.Position)
			})
		}
		if err != nil {
			return err
		}
		for _, w := range slices.Sorted(maps.Keys(counted)) {
			if counted[w] != found[w] {
				return flaw("workspace %d counts %d stored events and has %d", w, counted[w], found[w])
			}
		}
		for _, w := range slices.Sorted(maps.Keys(found)) {
			if counted[w] != found[w] {
				return flaw("workspace %d has %d stored events that are not counted", w, found[w])
			}
		}
		if err := onlyKnown(ctx, tx, found); err != nil {
			return err
		}
		if ok, err := spans.Check(ctx, tx); err != nil || !ok {
			return cmp.Or(err, flaw("the times of the segments are not those of their events: timelines lack events"))
		}
		hashes, err := digestHashes(ctx, tx)
		if err != nil {
			return err
		}
		if hashes != sum {
			return flaw("%d message hashes are kept for %d stored events, or they are not theirs (digests %016x and %016x): duplicates may be taken for new events",
				hashes.entries, sum.entries, hashes.sum, sum.sum)
		}
		return nil
	})
	return n, err
}

// onlyKnown fails where events are of a workspace that is not there.
func onlyKnown(ctx context.Context, tx *db.Tx, found map[int64]int64) error {
	known := map[int64]bool{}
	err := tx.Each(ctx, "SELECT number FROM workspace", nil, func(rows *sql.Rows) error {
		var w int64
		err := rows.Scan(&w)
		known[w] = true
		return err
	})
	if err != nil {
		return err
	}
	for _, w := range slices.Sorted(maps.Keys(found)) {
		if !known[w] {
			return flaw("%d stored events are of workspace %d, which is not there", found[w], w)
		}
	}
	return nil
}

// countedEvents returns how many events each workspace counts as stored.
func countedEvents(ctx context.Context, tx *db.Tx) (counted map[int64]int64, total int64, err error) {
	counted = map[int64]int64{}
	err = tx.Each(ctx, "SELECT workspace, stored FROM event_count", nil, func(rows *sql.Rows) error {
		var w, stored int64
		err := rows.Scan(&w, &stored)
		counted[w] += stored
		total += stored
		return err
	})
	return counted, total, err
}

// unstoredDead calls f with the dead events that could not be stored.
func unstoredDead(ctx context.Context, tx *db.Tx, f func(*event.Event)) error {
	return tx.Each(ctx, `SELECT d.key, d.record FROM dead_event d JOIN workspace w ON w.model = d.model
		WHERE d.record IS NOT NULL`, nil, func(rows *sql.Rows) error {
		var key int64
		var record []byte
		if err := rows.Scan(&key, &record); err != nil {
			return err
		}
		e, _, err := event.DecodeRecord(string(record))
		if err != nil {
			return flaw("the record of dead event %d is damaged", key)
		}
		e.Position = event.Position(key)
		f(&e)
		return nil
	})
}

// digest is of a set of message hashes with their positions: equal sets have
// equal digests in whatever order, others hardly ever.
type digest struct {
	entries int64
	sum     uint64
}

func (d *digest) add(hash event.ID, position event.Position) {
	d.entries++
	x := filterKey(hash) ^ uint64(position)*0x9e3779b97f4a7c15
	x ^= x >> 31 // the finish of MurmurHash3, so that sums do not cancel out
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	d.sum += x
}

// digestHashes returns the digest of all kept message hashes.
func digestHashes(ctx context.Context, tx *db.Tx) (d digest, err error) {
	add := func(rows *sql.Rows) error {
		var blob sql.RawBytes
		if err := rows.Scan(&blob); err != nil {
			return err
		}
		if len(blob)%entryBytes != 0 {
			return flaw("message hashes are damaged: a block has %d bytes", len(blob))
		}
		for i := range len(blob) / entryBytes {
			e := entryAt(blob, i)
			d.add(e.hash, e.position)
		}
		return nil
	}
	err = tx.Each(ctx, "SELECT c.entries FROM seen_run r JOIN seen_chunk c ON c.shard = r.shard AND c.run = r.run", nil, add)
	if err == nil {
		err = tx.Each(ctx, "SELECT entries FROM seen_tail", nil, add)
	}
	return d, err
}

// CheckLog reads every message that the log still has, verifies its checksum,
// and that each of its events that is applied is stored as the log has it, or
// was a duplicate. It returns how many messages it read. The error is a Flaw
// where something is wrong.
func (r *Runner) CheckLog(ctx context.Context, progress func(done, total int64)) (n int64, err error) {
	l := r.o.Log
	var applied map[int]uint64
	err = r.o.DB.View(ctx, func(tx *db.Tx) error {
		_, applied, err = loadCursors(ctx, tx)
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := l.Refresh(ctx); err != nil {
		return 0, err
	}
	first, last := map[int]uint64{}, map[int]uint64{}
	var total int64
	for shard := range l.Shards() {
		if first[shard], err = l.FirstSequence(ctx, shard); err != nil {
			return 0, err
		}
		last[shard] = l.Last(shard)
		if last[shard] < applied[shard] {
			return 0, flaw("shard %d of the log ends at message %d and %d is applied", shard, last[shard], applied[shard])
		}
		if first[shard] > applied[shard]+1 {
			return 0, flaw("shard %d of the log begins with message %d and %d is applied: what is between is lost", shard, first[shard], applied[shard])
		}
		total += int64(last[shard] + 1 - first[shard])
	}
	for shard := range l.Shards() {
		known, err := openSeen(ctx, r.o.DB, shard, 0)
		if err != nil {
			return n, err
		}
		for sequence := first[shard]; sequence <= last[shard]; sequence++ {
			m, err := l.Read(ctx, shard, sequence)
			if err == nil {
				var events []event.Event
				if events, err = m.Events(nil); err == nil && sequence <= applied[shard] {
					err = r.checkMessage(ctx, known, events)
				}
			}
			if err != nil {
				if begin, again := l.FirstSequence(ctx, shard); again == nil && begin > sequence {
					continue // trimmed meanwhile
				}
				return n, flaw("message %d of shard %d of the log: %v", sequence, shard, err)
			}
			if n++; n%100 == 0 {
				progress(n, total)
			}
		}
	}
	return n, nil
}

// checkMessage compares a message's events with what is stored of them.
func (r *Runner) checkMessage(ctx context.Context, known *seen, events []event.Event) error {
	byWorkspace := map[int64][]event.Position{}
	for i := range events {
		byWorkspace[events[i].Workspace] = append(byWorkspace[events[i].Workspace], events[i].Position)
	}
	return r.o.DB.View(ctx, func(tx *db.Tx) error {
		stored := map[event.Position]*event.Event{}
		exist := map[int64]bool{}
		for w, positions := range byWorkspace {
			var n int
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM workspace WHERE number = $1", w).Scan(&n); err != nil {
				return err
			}
			exist[w] = n > 0
			found, damaged, err := archive.Get(ctx, tx, w, positions)
			if err != nil {
				return err
			}
			if len(damaged) > 0 {
				return fmt.Errorf("%w: position %d", archive.ErrDamaged, damaged[0])
			}
			maps.Copy(stored, found)
		}
		var absent []entry
		var sum event.Summer
		for i := range events {
			e := &events[i]
			s := stored[e.Position]
			if s == nil && exist[e.Workspace] {
				absent = append(absent, entry{e.MessageHash(), e.Position})
			} else if s != nil && sum.Sum(s) != sum.Sum(e) {
				return fmt.Errorf("the event at position %d is stored otherwise than the log has it", e.Position)
			}
		}
		return known.mustHave(ctx, tx, absent)
	})
}

// mustHave fails where an event that is not stored was not a duplicate either.
func (s *seen) mustHave(ctx context.Context, tx *db.Tx, absent []entry) error {
	earlier := map[event.ID]event.Position{}
	if err := s.lookup(ctx, tx, absent, earlier); err != nil {
		return err
	}
	for _, e := range absent {
		at, ok := earlier[e.hash]
		if !ok {
			at, ok = s.recent[e.hash]
		}
		if ok && at != e.position {
			continue
		}
		var n int
		err := tx.QueryRow(ctx, "SELECT count(*) FROM dead_event WHERE key = $1 AND record IS NOT NULL", int64(e.position)).Scan(&n)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("the event at position %d was applied and is not stored", e.position)
		}
	}
	return nil
}
