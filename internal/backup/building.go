package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// Folders within the data folder.
const (
	buildFolder = "restore.tmp" // what is made, until it is whole
	logFolder   = "log"
)

// Unfinished reports whether a restore into a data folder was killed. It begins
// anew where it is called again.
func Unfinished(data string) bool {
	_, err := os.Lstat(filepath.Join(data, buildFolder))
	return err == nil
}

// building is a place being made: in a folder of its own within the data folder,
// from which it is moved at the end. PostgreSQL and a cluster's log are where
// they are to be.
type building struct {
	data   string
	folder string
	db     *db.DB
	log    *eventlog.Log // nil where the backup has none
	closed bool          // the log is
	moved  bool          // the embedded log is in its place
	done   bool
}

// newBuilding refuses a data folder that is not empty.
func newBuilding(p Place) (*building, error) {
	var mine []string
	if p.Database == "" {
		mine = append(mine, db.FileName, db.FileName+"-wal", db.FileName+"-shm")
	}
	if p.Log.Cluster == nil {
		mine = append(mine, logFolder)
	}
	for _, name := range mine {
		if _, err := os.Lstat(filepath.Join(p.Data, name)); err == nil {
			return nil, fmt.Errorf("the folder %s is not empty: it holds %s. A backup is restored into an empty place only", p.Data, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	b := &building{data: p.Data, folder: filepath.Join(p.Data, buildFolder)}
	if err := os.RemoveAll(b.folder); err != nil { // of a restore that was killed
		return nil, err
	}
	return b, os.Mkdir(b.folder, 0o700)
}

// open makes the database and the log.
func (b *building) open(ctx context.Context, h *header, p Place) (err error) {
	if b.db, err = db.Open(ctx, db.Options{URL: p.Database, Data: b.folder}); err != nil {
		return err
	}
	err = b.db.View(ctx, func(tx *db.Tx) error {
		tables, err := tx.Tables(ctx)
		if err != nil {
			return err
		}
		return isEmpty(ctx, tx, tables)
	})
	if err != nil || len(h.Shards) == 0 {
		return err
	}
	shards := 1
	if p.Log.Cluster != nil {
		shards = p.Log.Cluster.Shards
	}
	o := p.Log
	o.Dir = filepath.Join(b.folder, logFolder)
	o.First = firstSequences(h.Shards, shards, sameShards(h, shards, newEraser(p.Erasures, h)))
	b.log, err = eventlog.Open(ctx, o)
	return err
}

// place moves what was made to where it is to be, the database last: a place
// without one is not taken for a whole one. It may be called again.
func (b *building) place() error {
	if b.log != nil && !b.log.Shared() && !b.moved {
		if err := b.closeLog(); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(b.folder, logFolder), filepath.Join(b.data, logFolder)); err != nil {
			return err
		}
		b.moved = true
	}
	if !b.db.Postgres {
		err := b.db.Close()
		b.db = nil
		if err != nil {
			return err
		}
		if info, err := os.Stat(filepath.Join(b.folder, db.FileName+"-wal")); err == nil && info.Size() > 0 {
			return errors.New("the database could not be written as a whole: is the disk full?") // SQLite says nothing of it when it closes
		}
		if err := os.Rename(filepath.Join(b.folder, db.FileName), filepath.Join(b.data, db.FileName)); err != nil {
			return err
		}
	}
	return syncFolder(b.data)
}

// clear closes everything, and deletes it unless it is done.
func (b *building) clear() error {
	var errs []error
	if b.log != nil && b.log.Shared() && !b.done {
		errs = append(errs, b.log.Discard(context.Background()))
	}
	errs = append(errs, b.closeLog())
	if b.db != nil {
		errs = append(errs, b.db.Close())
	}
	if b.moved && !b.done {
		errs = append(errs, os.RemoveAll(filepath.Join(b.data, logFolder)))
	}
	return errors.Join(append(errs, os.RemoveAll(b.folder))...)
}

func (b *building) closeLog() error {
	if b.log == nil || b.closed {
		return nil
	}
	b.closed = true
	return b.log.Close()
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
