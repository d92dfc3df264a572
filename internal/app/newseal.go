package app

import (
	"context"
	"errors"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

// NewSeal makes the key in the seal key's file, new where there is none, the one
// that the database belongs to. Nothing may run on the data folder.
func NewSeal(ctx context.Context, o Options) error {
	return withDatabase(ctx, o, func(d *db.DB) error { return workspace.NewSeal(ctx, d, o.sealKey()) })
}

// withDatabase calls f with the database of a data folder on which nothing runs.
func withDatabase(ctx context.Context, o Options, f func(d *db.DB) error) error {
	lock, err := lockFolder(ctx, o.Data)
	if errors.Is(err, ErrInUse) {
		return errors.New("a process works with the data folder: stop it first")
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	d, err := db.Open(ctx, db.Options{URL: o.Database, Data: o.Data})
	if err != nil {
		return err
	}
	defer d.Close()
	return f(d)
}
