package workspace

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

// A key file that is missing or another is noticed and never made anew in
// silence: what needs the right key is refused, the rest works.
func TestSealMark(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		dir := t.TempDir()
		path := filepath.Join(dir, SealKeyFile)
		first := store(t, d, path)
		c := create(t, first, "Apples")
		if _, err := first.Marker(); err != nil {
			t.Fatal(err)
		}

		aside := filepath.Join(dir, "aside")
		if err := os.Rename(path, aside); err != nil {
			t.Fatal(err)
		}
		missing := store(t, d, path)
		if _, err := missing.List(ctx); err != nil {
			t.Error(err)
		}
		_, err := missing.Marker()
		_, err2 := missing.Create(ctx, "Pears")
		_, err3 := missing.RotateIdentitySecret(ctx, c.Workspace.Number)
		for _, err := range []error{err, err2, err3} {
			if err != errSealMissing {
				t.Errorf("without the key: %v", err)
			}
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("a key was made anew")
		}
		var log bytes.Buffer
		if _, err := missing.Directory(ctx, slog.New(slog.NewTextHandler(&log, nil))); err != nil || !strings.Contains(log.String(), "put its seal.key back") {
			t.Errorf("nothing warns of the missing key: %v %s", err, log.String())
		}

		if _, err := openSeal(path); err != nil { // somebody's other key
			t.Fatal(err)
		}
		other := store(t, d, path)
		if _, err := other.Marker(); err != errSealOther {
			t.Errorf("with another key: %v", err)
		}
		if _, err := other.RotateIdentitySecret(ctx, c.Workspace.Number); err != nil {
			t.Errorf("signed identities cannot begin anew: %v", err)
		}
		if _, err := store(t, d, aside).Marker(); err != nil {
			t.Errorf("the right key is back: %v", err)
		}
	})
}

// The operator says when a lost key is given up.
func TestNewSeal(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		path := filepath.Join(t.TempDir(), SealKeyFile)
		store(t, d, path)
		if err := NewSeal(ctx, d, path); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("the key that is in use: %v", err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := NewSeal(ctx, d, path); err != nil {
			t.Fatal(err)
		}
		if _, err := store(t, d, path).Marker(); err != nil {
			t.Error(err)
		}
	})
}
