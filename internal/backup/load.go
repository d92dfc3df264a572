package backup

import (
	"context"
	"fmt"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/process"
)

// loader puts a backup's rows into an empty database. On PostgreSQL all of it is
// in one transaction; on SQLite, whose database is thrown away where it fails,
// in many, which is quicker.
type loader struct {
	d       *db.DB
	tx      *db.Tx // the one transaction, or nil
	h       *header
	shardOf func(key string) int
	erase   *eraser
	seen    *process.SeenBuilder

	tables  []loadTable
	waiting []waitingRows
	bytes   int

	models map[int64]int64    // of the workspaces, by number
	lost   map[int64]bool     // workspaces that lost an event
	counts map[[2]int64]int64 // events left out, by workspace and shard
	events int64
	erased int64
}

// loadTable is how a table's rows are put in.
type loadTable struct {
	name    string
	columns []db.Column
	suffix  string
	keep    func(ctx context.Context, tx *db.Tx, row []any) (bool, error) // may change the row; nil keeps all
}

type waitingRows struct {
	table int
	rows  []byte
}

// loadAtOnce is how many bytes go into one of SQLite's transactions.
const loadAtOnce = 8 << 20

// update runs f in the one transaction, or in one of its own.
func (l *loader) update(ctx context.Context, f func(tx *db.Tx) error) error {
	if l.tx != nil {
		return f(l.tx)
	}
	return l.d.Update(ctx, f)
}

// newLoader prepares for a header, whose tables the database must all have.
func newLoader(h *header, tables []db.Table, shards int) (*loader, error) {
	l := &loader{h: h, seen: process.NewSeenBuilder(shards), models: map[int64]int64{}, lost: map[int64]bool{}, counts: map[[2]int64]int64{}}
	known := inOrder(tables)
	for i := range h.Tables {
		t := loadTable{name: h.Tables[i].Name, columns: h.Tables[i].columns()}
		at := slices.IndexFunc(known, func(k db.Table) bool { return k.Name == t.name })
		if at < 0 {
			return nil, unknown(h, "the table "+t.name)
		}
		for _, c := range t.columns {
			if !slices.Contains(known[at].Columns, c) {
				return nil, unknown(h, "the column "+t.name+"."+c.Name)
			}
		}
		if err := l.rules(&t, &known[at]); err != nil {
			return nil, err
		}
		l.tables = append(l.tables, t)
	}
	return l, nil
}

func unknown(h *header, what string) error {
	return fmt.Errorf("the backup was made by Dhvani %s and holds %s, which this one (%s) does not know: use the program that made it or a newer one", h.Program, what, db.Version)
}

// rows takes a block's rows.
func (l *loader) rows(ctx context.Context, table int, rows []byte) error {
	l.waiting = append(l.waiting, waitingRows{table, slices.Clone(rows)})
	if l.bytes += len(rows); l.bytes < loadAtOnce {
		return nil
	}
	return l.flush(ctx)
}

// flush inserts what waits.
func (l *loader) flush(ctx context.Context) error {
	err := l.update(ctx, func(tx *db.Tx) error {
		for _, w := range l.waiting {
			if err := l.insert(ctx, tx, &l.tables[w.table], w.rows); err != nil {
				return err
			}
		}
		return nil
	})
	l.waiting, l.bytes = l.waiting[:0], 0
	return err
}

func (l *loader) insert(ctx context.Context, tx *db.Tx, t *loadTable, rows []byte) error {
	batch := db.NewRows(t.columns)
	row := make([]any, len(t.columns))
	for len(rows) > 0 {
		var err error
		if rows, err = decodeRow(rows, t.columns, row); err != nil {
			return damaged(err)
		}
		keep := true
		if t.keep != nil {
			if keep, err = t.keep(ctx, tx, row); err != nil {
				return err
			}
		}
		if keep {
			batch.Add(row...)
		}
	}
	return tx.Insert(ctx, t.name, batch, t.suffix)
}

// finish writes what is left, and the cursors of the new log.
func (l *loader) finish(ctx context.Context, cursors []shard) error {
	if err := l.flush(ctx); err != nil {
		return err
	}
	return l.update(ctx, func(tx *db.Tx) error {
		if err := l.seen.Finish(ctx, tx); err != nil {
			return err
		}
		for _, c := range cursors {
			_, err := tx.Exec(ctx, "INSERT INTO shard_cursor (shard, stream, sequence, partial) VALUES ($1, $2, $3, $4)", c.Shard, c.Stream, int64(c.Sequence), c.Partial)
			if err != nil {
				return fmt.Errorf("set the cursor of shard %d: %w", c.Shard, err)
			}
		}
		return tx.SetIdentities(ctx)
	})
}

// store notes an event that comes into the archive, or leaves it out.
func (l *loader) store(ctx context.Context, tx *db.Tx, e *event.Event) (keep bool, err error) {
	if l.erase.gone(e) {
		l.erased++
		l.counts[[2]int64{e.Workspace, int64(e.Position.Shard())}]++
		return false, nil
	}
	return true, l.seen.Add(ctx, tx, l.shardOf(e.ShardKey()), e)
}
