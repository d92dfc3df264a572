package process

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/FastFilter/xorfilter"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// merged is a run whose chunks are written and which is to take others' place.
type merged struct {
	run run
	old []int64
	row runRow
	err error
}

// runRow is what seen_run stores of a run.
type runRow struct {
	entries        int
	filter, firsts []byte
}

// seal turns the newest hashes into a run when there are enough of them, and
// puts a finished merge in place. It runs between two batches.
func (r *Runner) seal(ctx context.Context, s *shard) error {
	seen := s.seen
	later := context.WithoutCancel(ctx) // for work that outlives the batch
	select {
	case m := <-s.merges:
		s.merging = false
		if m.err != nil {
			return m.err
		}
		if err := seen.replace(ctx, r.o.DB, s.fence, m); err != nil {
			return err
		}
		r.wg.Go(func() { r.dropChunks(later, s.number, m.old) })
	default:
	}
	if len(seen.recent) >= tailEntries {
		if err := seen.sealTail(ctx, r.o.DB, s.fence); err != nil {
			return err
		}
	}
	var small []run
	for _, run := range seen.runs {
		if run.level == 0 {
			small = append(small, run)
		}
	}
	if len(small) >= mergeRuns && !s.merging {
		s.merging = true
		id := seen.next
		seen.next++
		r.wg.Go(func() { s.merges <- mergeRunsOf(later, r.o.DB, s.number, id, small[:mergeRuns]) })
	}
	return nil
}

// fence fails within a transaction where the shard is another's by now.
type fence func(ctx context.Context, tx *db.Tx) error

// sealTail writes the newest hashes as a run of level 0.
func (s *seen) sealTail(ctx context.Context, d *db.DB, fence fence) error {
	entries := make([]entry, 0, len(s.recent))
	for h, p := range s.recent {
		entries = append(entries, entry{h, p})
	}
	n, w, row, err := newRun(s.shard, s.next, entries)
	if err == nil {
		err = d.Update(ctx, func(tx *db.Tx) error {
			if err := fence(ctx, tx); err != nil {
				return err
			}
			if err := w.store(ctx, tx, n, row); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "DELETE FROM seen_tail WHERE shard = $1 AND key <= $2", s.shard, int64(s.tail))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("seal message hashes: %w", err)
	}
	s.next++
	s.runs = append(s.runs, n)
	s.recent = make(map[event.ID]event.Position, tailEntries+tailEntries/8)
	return nil
}

// replace puts a merged run in the place of those it was made of.
func (s *seen) replace(ctx context.Context, d *db.DB, fence fence, m merged) error {
	err := d.Update(ctx, func(tx *db.Tx) error {
		if err := fence(ctx, tx); err != nil {
			return err
		}
		for _, id := range m.old {
			if _, err := tx.Exec(ctx, "DELETE FROM seen_run WHERE shard = $1 AND run = $2", s.shard, id); err != nil {
				return err
			}
		}
		return insertRun(ctx, tx, s.shard, m.run, m.row)
	})
	if err != nil {
		return fmt.Errorf("merge message hashes: %w", err)
	}
	s.runs = slices.DeleteFunc(s.runs, func(r run) bool { return slices.Contains(m.old, r.id) })
	s.runs = append(s.runs, m.run)
	return nil
}

func insertRun(ctx context.Context, tx *db.Tx, shard int, n run, row runRow) error {
	_, err := tx.Exec(ctx, "INSERT INTO seen_run (shard, run, level, entries, filter, firsts) VALUES ($1, $2, $3, $4, $5, $6)",
		shard, n.id, n.level, row.entries, row.filter, row.firsts)
	return err
}

// newRun makes a run of level 0 of entries, which it sorts. It is not stored yet.
func newRun(shard int, id int64, entries []entry) (n run, w *runWriter, row runRow, err error) {
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	n, w = run{id: id}, &runWriter{shard: shard, run: id}
	for _, e := range entries {
		w.add(e)
	}
	row, err = w.finish(&n)
	return n, w, row, err
}

// store writes a run that is finished, all at once.
func (w *runWriter) store(ctx context.Context, tx *db.Tx, n run, row runRow) error {
	if err := w.write(ctx, tx, 0, w.chunks); err != nil {
		return err
	}
	return insertRun(ctx, tx, w.shard, n, row)
}

// runWriter cuts sorted entries into chunks and collects what the run keeps.
type runWriter struct {
	shard  int
	run    int64
	chunks [][]byte
	firsts []event.ID
	keys   []uint64
	open   []byte
}

func (w *runWriter) add(e entry) {
	if len(w.open) == 0 {
		w.firsts = append(w.firsts, e.hash)
		w.open = make([]byte, 0, chunkEntries*entryBytes)
	}
	w.open = append(w.open, encodeEntries([]entry{e})...)
	w.keys = append(w.keys, e.key())
	if len(w.open) == chunkEntries*entryBytes {
		w.chunks, w.open = append(w.chunks, w.open), nil
	}
}

// finish builds the filter.
func (w *runWriter) finish(n *run) (runRow, error) {
	if len(w.open) > 0 {
		w.chunks, w.open = append(w.chunks, w.open), nil
	}
	row := runRow{entries: len(w.keys)}
	var err error
	if n.filter, err = xorfilter.PopulateBinaryFuse8(w.keys); err != nil {
		return row, err
	}
	n.firsts = w.firsts
	for _, f := range w.firsts {
		row.firsts = append(row.firsts, f[:]...)
	}
	var b bytes.Buffer
	err = n.filter.Save(&b)
	row.filter = b.Bytes()
	return row, err
}

var chunkColumns = db.Columns("shard int, run int, chunk int, entries bytes")

func (w *runWriter) write(ctx context.Context, tx *db.Tx, first int, chunks [][]byte) error {
	rows := db.NewRows(chunkColumns)
	for i, c := range chunks {
		rows.Add(w.shard, w.run, first+i, c)
	}
	return tx.Insert(ctx, "seen_chunk", rows, "")
}

// chunksAtOnce is how many chunks a merge writes or deletes in one
// transaction, so that batches do not wait long for it.
const chunksAtOnce = 64

// mergeRunsOf merges runs into one of level 1 and writes its chunks, which
// nothing refers to until the run is put in place.
func mergeRunsOf(ctx context.Context, d *db.DB, shard int, id int64, runs []run) merged {
	m := merged{run: run{id: id, level: 1}}
	w := runWriter{shard: shard, run: id}
	err := d.View(ctx, func(tx *db.Tx) error {
		var readers []*runReader
		for _, r := range runs {
			m.old = append(m.old, r.id)
			readers = append(readers, &runReader{shard: shard, run: r.id})
		}
		for {
			var least *runReader
			for _, r := range readers {
				if err := r.fill(ctx, tx); err != nil {
					return err
				}
				if r.more() && (least == nil || bytes.Compare(r.head(), least.head()) < 0) {
					least = r
				}
			}
			if least == nil {
				return nil
			}
			w.add(entryAt(least.blob, least.at))
			least.at++
		}
	})
	if err == nil {
		m.row, err = w.finish(&m.run)
	}
	for i := 0; err == nil && i < len(w.chunks); i += chunksAtOnce {
		err = d.Update(ctx, func(tx *db.Tx) error {
			return w.write(ctx, tx, i, w.chunks[i:min(i+chunksAtOnce, len(w.chunks))])
		})
	}
	if err != nil {
		m.err = fmt.Errorf("merge message hashes: %w", err)
	}
	return m
}

// runReader walks a run's entries in order, one chunk in memory.
type runReader struct {
	shard int
	run   int64
	chunk int
	blob  []byte
	at    int
	ended bool
}

func (r *runReader) more() bool   { return r.at*entryBytes < len(r.blob) }
func (r *runReader) head() []byte { return r.blob[r.at*entryBytes:][:16] }

func (r *runReader) fill(ctx context.Context, tx *db.Tx) error {
	if r.more() || r.ended {
		return nil
	}
	err := tx.QueryRow(ctx, "SELECT entries FROM seen_chunk WHERE shard = $1 AND run = $2 AND chunk = $3", r.shard, r.run, r.chunk).Scan(&r.blob)
	if db.IsNone(err) {
		r.ended, r.blob, r.at = true, nil, 0
		return nil
	}
	r.chunk, r.at = r.chunk+1, 0
	return err
}

// dropChunks deletes the chunks of runs that are merged, a few at a time. What
// a crash leaves behind goes at the next start.
func (r *Runner) dropChunks(ctx context.Context, shard int, runs []int64) {
	for _, id := range runs {
		for first, n := 0, int64(1); n > 0; first += chunksAtOnce {
			err := r.o.DB.Update(ctx, func(tx *db.Tx) (err error) {
				n, err = tx.Exec(ctx, "DELETE FROM seen_chunk WHERE shard = $1 AND run = $2 AND chunk >= $3 AND chunk < $4", shard, id, first, first+chunksAtOnce)
				return err
			})
			if err != nil {
				r.o.Logger.Warn("old message hashes could not be deleted; the next start does it", "shard", shard, "error", err)
				return
			}
		}
	}
}

// dropOrphans deletes chunks that no run refers to.
func dropOrphans(ctx context.Context, d *db.DB, shard int) error {
	return d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM seen_chunk WHERE shard = $1 AND run NOT IN (SELECT run FROM seen_run WHERE shard = $1)", shard)
		return err
	})
}
