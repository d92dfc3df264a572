package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dhvani/dhvani/internal/backup"
	"github.com/dhvani/dhvani/internal/workspace"
)

// RestoreOptions say what to restore beside where.
type RestoreOptions struct {
	File     string
	Erasures string // file with the list of erased customers, or empty
	Progress backup.Progress
}

// Restore makes an empty place from a backup. The file is checked as a whole
// before anything is made.
func Restore(ctx context.Context, o Options, ro RestoreOptions) (s backup.Summary, r backup.Restored, err error) {
	if err := o.check(); err != nil {
		return s, r, err
	}
	erasures, err := readErasures(o, ro.Erasures)
	if err != nil {
		return s, r, err
	}
	f, err := backup.Open(ctx, ro.File, ro.Progress)
	if err != nil {
		return s, r, err
	}
	_, err = os.Stat(o.Data)
	isNew := errors.Is(err, fs.ErrNotExist)
	lock, err := lockFolder(ctx, o.Data)
	if err != nil {
		return s, r, err
	}
	defer lock.Close()
	r, err = f.Restore(ctx, backup.Place{Data: o.Data, Database: o.Database, Log: o.logOptions(), Erasures: erasures, Stages: stages(baseModel, false)})
	if err != nil && isNew {
		_ = os.Remove(filepath.Join(o.Data, lockFile))
		_ = os.Remove(o.Data)
	}
	return f.Summary(), r, err
}

// readErasures reads the list with the seal key that its marks were made with.
func readErasures(o Options, path string) (*backup.Erasures, error) {
	if path == "" {
		return nil, nil
	}
	marker, err := workspace.OpenMarker(o.sealKey())
	if err != nil {
		return nil, fmt.Errorf("the list of erasures needs the seal key that it was made with, in the data folder or by --seal-key: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return backup.ReadErasures(f, marker)
}
