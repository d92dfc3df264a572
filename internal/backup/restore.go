package backup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/process"
)

// Place is where a backup is restored to. It must be empty.
type Place struct {
	Data     string           // the data folder, which is there and locked
	Database string           // postgres://..., or empty for SQLite in the data folder
	Log      eventlog.Options // of the log; its folder is in the data folder
	Erasures *Erasures        // customers to leave out; may be nil
	Stages   []process.Stage  // derive rows anew where events were left out
}

// Restored says what came out of a backup.
type Restored struct {
	Events   int64 // stored
	Messages int64 // of the log, to be applied
	Erased   int64 // events that were left out
	Rebuilt  int   // workspaces whose rows were derived anew
}

// Restore makes an empty place what the backup holds. Where it fails it takes
// back what it made.
func (f *File) Restore(ctx context.Context, p Place) (r Restored, err error) {
	if e := p.Erasures; e != nil && f.header.SealMark != "" && f.header.SealMark != e.marker.KeyMark() {
		return Restored{}, errors.New("restore: the backup belongs to another seal key than the list of erasures: put back the seal.key that belongs to the backup, and give the list that was made with it")
	}
	b, err := newBuilding(p)
	if err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, b.clear()) }()
	if err := b.open(ctx, f.header, p); err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	erase := newEraser(p.Erasures, f.header)
	log, err := f.restoreLog(ctx, b, erase)
	if err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	if b.db.Postgres {
		err = b.db.Update(ctx, func(tx *db.Tx) (err error) {
			if err := tx.Patient(ctx); err != nil {
				return err
			}
			if r, err = f.restoreTables(ctx, b, tx, log, erase, p.Stages); err != nil {
				return err
			}
			return b.place() // before the commit: rows without their log would be worse than a log without rows
		})
	} else if r, err = f.restoreTables(ctx, b, nil, log, erase, p.Stages); err == nil {
		err = b.place()
	}
	if err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	b.done = true
	return r, nil
}

// restoreLog writes the log's tail.
func (f *File) restoreLog(ctx context.Context, b *building, erase *eraser) (*relog, error) {
	if b.log == nil {
		return &relog{}, nil
	}
	same := sameShards(f.header, b.log.Shards(), erase)
	first := firstSequences(f.header.Shards, b.log.Shards(), same)
	r := newRelog(b.log, f.header.Shards, first, same, erase)
	err := f.walk(ctx, "log", visitor{
		message: func(m eventlog.Message) error { return r.add(ctx, m) },
		rows:    func(int, []byte) error { return errEnough },
	})
	if err == nil {
		err = r.finish(ctx)
	}
	return r, err
}

// sameShards reports whether the log can be as it was, message by message.
func sameShards(h *header, shards int, erase *eraser) bool {
	return len(h.Shards) == shards && erase == nil
}

// restoreTables loads the database, in one transaction if there is one.
func (f *File) restoreTables(ctx context.Context, b *building, tx *db.Tx, log *relog, erase *eraser, stages []process.Stage) (Restored, error) {
	var l *loader
	view := func(tx *db.Tx) (err error) {
		tables, err := tx.Tables(ctx)
		if err != nil {
			return err
		}
		if err := isEmpty(ctx, tx, tables); err != nil {
			return err
		}
		l, err = newLoader(f.header, tables, len(log.cursors))
		return err
	}
	var err error
	if tx != nil {
		err = view(tx)
	} else {
		err = b.db.View(ctx, view)
	}
	if err != nil {
		return Restored{}, err
	}
	l.d, l.tx, l.erase = b.db, tx, erase
	if b.log != nil {
		l.shardOf = b.log.ShardOf
	}
	err = f.walk(ctx, "load", visitor{rows: func(table int, rows []byte) error { return l.rows(ctx, table, rows) }})
	if err == nil {
		err = l.finish(ctx, log.cursors)
	}
	for _, workspace := range slices.Sorted(maps.Keys(l.lost)) {
		if err == nil {
			err = l.rebuild(ctx, workspace, stages)
		}
	}
	return Restored{Events: l.events, Messages: log.messages, Erased: l.erased + log.erased, Rebuilt: len(l.lost)}, err
}

// isEmpty refuses a database that somebody uses.
func isEmpty(ctx context.Context, tx *db.Tx, tables []db.Table) error {
	for _, t := range tables {
		if t.Name == "meta" {
			continue
		}
		var n int
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+t.Name+" LIMIT 1) x").Scan(&n); err != nil {
			return fmt.Errorf("look into table %s: %w", t.Name, err)
		}
		if n > 0 {
			return fmt.Errorf("the database is not empty: its table %s has rows. A backup is restored into an empty database only", t.Name)
		}
	}
	return nil
}
