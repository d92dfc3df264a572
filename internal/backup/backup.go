// Package backup writes everything that Dhvani knows into one file and makes a
// new place from such a file. The file is the same for SQLite and PostgreSQL and
// for a log of any number of shards, so that a backup of one can be restored
// into the other: that is also how a shop moves from one node to many.
//
// A backup is one snapshot of the database and the log's messages after the
// snapshot's cursors. An event that was acknowledged before the backup began is
// in one of the two.
package backup

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Source is what a backup is made of.
type Source struct {
	DB  *db.DB
	Log *eventlog.Log // nil where there was never one
}

// Summary says what a backup holds.
type Summary struct {
	CreatedAt  int64  `json:"created_at_micros"`
	Bytes      int64  `json:"bytes"` // of the file
	Workspaces int    `json:"workspaces"`
	Events     int64  `json:"events"`   // stored
	Messages   int64  `json:"messages"` // of the log, not yet applied
	Damaged    int64  `json:"damaged"`  // stored events that are not what was written
	First      string `json:"first_damaged,omitempty"`
}

// Write writes a backup. It needs a few megabytes of memory, however much there
// is. What it wrote is no backup where it returns an error.
func Write(ctx context.Context, to io.Writer, s Source) (sum Summary, err error) {
	w, err := newWriter(to)
	if err != nil {
		return Summary{}, fmt.Errorf("back up: %w", err)
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		sum, err = writeAll(ctx, tx, w, s.Log)
		return err
	})
	if err == nil {
		sum.Bytes, err = w.finish()
	} else {
		w.abandon()
	}
	if err != nil {
		return Summary{}, fmt.Errorf("back up: %w", err)
	}
	return sum, nil
}

func writeAll(ctx context.Context, tx *db.Tx, w *writer, log *eventlog.Log) (Summary, error) {
	if err := tx.Patient(ctx); err != nil {
		return Summary{}, err
	}
	h, err := newHeader(ctx, tx) // the cursors first: what is acknowledged by now is before them or in the log
	if err != nil {
		return Summary{}, err
	}
	if err := w.json(headerBlock, h); err != nil {
		return Summary{}, err
	}
	sum := Summary{CreatedAt: h.CreatedAt, Workspaces: len(h.Workspaces)}
	end := trailer{Rows: make([]int64, len(h.Tables))}
	if end.Messages, err = writeTail(ctx, w, log, h.Shards); err != nil {
		return Summary{}, err
	}
	for i := range h.Tables {
		d := dump{tx: tx, w: w, table: i, columns: h.Tables[i].columns()}
		if h.Tables[i].Name == eventTable {
			d.events = newEventColumns(d.columns)
		}
		if err := d.run(ctx, h.Tables[i].query()); err != nil {
			return Summary{}, fmt.Errorf("table %s: %w", h.Tables[i].Name, err)
		}
		end.Rows[i] = d.rows
		if d.events != nil {
			sum.Events, sum.Damaged, sum.First = d.rows, d.damaged, d.first
		}
	}
	sum.Messages = end.Messages
	return sum, w.json(endBlock, end)
}

// newHeader describes the snapshot.
func newHeader(ctx context.Context, tx *db.Tx) (*header, error) {
	h := &header{Format: formatName, Version: formatVersion, Program: db.Version, CreatedAt: time.Now().UnixMicro()}
	err := tx.Each(ctx, "SELECT shard, stream, sequence, partial FROM shard_cursor ORDER BY shard", nil, func(rows *sql.Rows) error {
		var s shard
		err := rows.Scan(&s.Shard, &s.Stream, &s.Sequence, &s.Partial)
		h.Shards = append(h.Shards, s)
		return err
	})
	if err == nil {
		err = tx.Each(ctx, "SELECT number, id, name FROM workspace ORDER BY number", nil, func(rows *sql.Rows) error {
			var w workspaceName
			err := rows.Scan(&w.Number, &w.ID, &w.Name)
			h.Workspaces = append(h.Workspaces, w)
			return err
		})
	}
	if err == nil {
		err = tx.QueryRow(ctx, "SELECT value FROM meta WHERE name = 'minimum_version'").Scan(&h.Minimum)
	}
	if err == nil {
		h.SealMark, err = workspace.ReadSealMark(ctx, tx)
	}
	if err != nil {
		return nil, fmt.Errorf("describe the database: %w", err)
	}
	tables, err := tx.Tables(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range inOrder(tables) {
		h.Tables = append(h.Tables, newTable(t))
	}
	return h, nil
}

// leftOut are tables that a new place makes anew: message hashes from the
// events, owners when it starts, cursors from the header. Spare models have no
// rows in a backup. Sessions and links would let in again whom somebody shut out
// since.
var leftOut = []string{"seen_tail", "seen_run", "seen_chunk", "shard_lease", "node", "shard_cursor", "spare_model",
	"staff_session", "staff_link", "staff_device", "staff_throttle", "outbox_lane"}

// leading tables come before all others: others refer to the first three, and
// who restores must know which events are erased before the rest comes.
var leading = []string{"meta", "workspace", "account", eventTable}

// inOrder returns the tables of a backup in their order.
func inOrder(tables []db.Table) []db.Table {
	out := slices.DeleteFunc(slices.Clone(tables), func(t db.Table) bool { return slices.Contains(leftOut, t.Name) })
	place := func(t db.Table) int {
		if i := slices.Index(leading, t.Name); i >= 0 {
			return i
		}
		return len(leading)
	}
	slices.SortStableFunc(out, func(a, b db.Table) int { return place(a) - place(b) })
	return out
}

// errTrimmed says that a backup was slower than the log's trimming.
var errTrimmed = errors.New("the log was trimmed before it could be read: try again")

// writeTail writes the log's messages after the cursors, up to the newest that
// is acknowledged now. It comes before the tables, because what is applied
// meanwhile may be trimmed.
func writeTail(ctx context.Context, w *writer, log *eventlog.Log, shards []shard) (messages int64, err error) {
	if len(shards) == 0 {
		return 0, nil // nothing was ever applied, so there is no log of this database
	}
	if log == nil || log.Shards() != len(shards) {
		return 0, errors.New("the log that belongs to this database is not there")
	}
	if err := log.Refresh(ctx); err != nil {
		return 0, err
	}
	for i, s := range shards {
		if log.ID(i) != s.Stream {
			return 0, errors.New("the database belongs to another log")
		}
		for sequence, last := s.Sequence+1, log.Last(i); sequence <= last; sequence++ {
			m, err := log.Read(ctx, i, sequence)
			if errors.Is(err, eventlog.ErrGap) {
				err = errors.Join(errTrimmed, err)
			}
			if err == nil {
				err = w.block(messageBlock, func(b []byte) []byte { return appendMessage(b, m) })
			}
			if err != nil {
				return 0, err
			}
			messages++
		}
	}
	return messages, nil
}

// json writes a block that is JSON.
func (w *writer) json(kind byte, v any) error {
	var text bytes.Buffer
	if err := json.MarshalWrite(&text, v); err != nil {
		return err
	}
	return w.block(kind, func(b []byte) []byte { return append(b, text.Bytes()...) })
}
