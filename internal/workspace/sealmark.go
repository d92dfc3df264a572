package workspace

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"

	"github.com/dhvani/dhvani/internal/db"
)

// sealMark is the name in meta of the mark of the database's seal key. It comes
// with the first key and is part of backups, so that a key file that was lost or
// mixed up is noticed instead of being made anew in silence.
const sealMark = "seal_mark"

// What is wrong with a key file.
const (
	errSealMissing = Invalid("the seal key that belongs to this database is missing: put its seal.key back, or name it by --seal-key, and start Dhvani again. Where it is lost for good, dhvani key new-seal begins with a new one")
	errSealOther   = Invalid("the seal key is not the one that belongs to this database: put its seal.key back, or name it by --seal-key, and start Dhvani again. Where it is lost for good, dhvani key new-seal makes this one the database's")
)

// ReadSealMark returns the mark (Marker.KeyMark) of the seal key that a database
// belongs to, or nothing where nobody has worked on it yet.
func ReadSealMark(ctx context.Context, tx *db.Tx) (string, error) {
	var mark string
	err := tx.QueryRow(ctx, "SELECT value FROM meta WHERE name = $1", sealMark).Scan(&mark)
	if err != nil && !db.IsNone(err) {
		return "", fmt.Errorf("read the seal key's mark: %w", err)
	}
	return mark, nil
}

// sealOf returns the seal to work with on a database. A fault says that it is not
// the database's own; a key that is in no file stands for one that is missing.
func sealOf(ctx context.Context, d *db.DB, path string) (s *seal, fault error, err error) {
	var mark string
	read := func(tx *db.Tx) (err error) {
		mark, err = ReadSealMark(ctx, tx)
		return err
	}
	if err := d.View(ctx, read); err != nil {
		return nil, nil, err
	}
	if mark == "" {
		if s, err = openSeal(path); err != nil {
			return nil, nil, err
		}
		err = d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", sealMark, s.marker.KeyMark())
			return errors.Join(err, read(tx)) // another process may have been faster
		})
	} else if s, err = readSeal(path); errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, 32)
		rand.Read(key)
		s, err = newSeal(key)
		return s, errSealMissing, err
	}
	if err == nil && s.marker.KeyMark() != mark {
		fault = errSealOther
	}
	return s, fault, err
}

// NewSeal makes the key in a file the database's seal key, where the old one is
// lost; the file is made where it is missing. What the old key sealed no longer
// opens. Stores that are open keep their key.
func NewSeal(ctx context.Context, d *db.DB, path string) error {
	s, err := openSeal(path)
	if err != nil {
		return err
	}
	return d.Update(ctx, func(tx *db.Tx) error {
		mark, err := ReadSealMark(ctx, tx)
		if err != nil {
			return err
		}
		if mark == s.marker.KeyMark() {
			return Invalid(fmt.Sprintf("the key in %s belongs to this database already: move it away first, if there shall be a new one", path))
		}
		_, err = tx.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", sealMark, s.marker.KeyMark())
		return err
	})
}
