package db_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

func TestIsAway(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{driver.ErrBadConn, true},
		{fmt.Errorf("begin: %w", io.ErrUnexpectedEOF), true},
		{context.DeadlineExceeded, true},
		{&pgconn.PgError{Code: "08006"}, true},
		{&pgconn.PgError{Code: "53300"}, true}, // too many connections
		{&pgconn.PgError{Code: "57P03"}, true}, // it is starting up
		{&pgconn.PgError{Code: "57014"}, false},
		{&pgconn.PgError{Code: "23505"}, false},
		{context.Canceled, false},
		{errors.New("a defect"), false},
		{nil, false},
	} {
		if got := db.IsAway(c.err); got != c.want {
			t.Errorf("%v: %t", c.err, got)
		}
	}
}

// What PostgreSQL's driver really says: nobody listens, and the connection ended
// in the middle of the work.
func TestPostgresAway(t *testing.T) {
	_, err := db.Open(t.Context(), db.Options{URL: "postgres://nobody:x@127.0.0.1:1/none"})
	if err == nil || !db.IsAway(err) {
		t.Errorf("nobody listens: %v", err)
	}
	d, err := db.Open(t.Context(), db.Options{URL: dbtest.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.View(t.Context(), func(tx *db.Tx) error {
		var ended bool
		if err := tx.QueryRow(t.Context(), "SELECT pg_terminate_backend(pg_backend_pid())").Scan(&ended); err != nil {
			if !db.IsAway(err) {
				t.Errorf("the connection was ended: %v", err)
			}
		}
		_, err := tx.Exec(t.Context(), "SELECT 1")
		return err
	})
	if err == nil || !db.IsAway(err) {
		t.Errorf("the connection is gone: %v", err)
	}
}

// A statement that SQLite's disk has no room for.
func TestSQLiteFull(t *testing.T) {
	dir := t.TempDir()
	d, err := db.Open(t.Context(), db.Options{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.Update(t.Context(), func(tx *db.Tx) error {
		var pages int
		if err := tx.QueryRow(t.Context(), "PRAGMA max_page_count = 1").Scan(&pages); err != nil { // becomes what it has
			return err
		}
		_, err := tx.Exec(t.Context(), "INSERT INTO meta (name, value) VALUES ('large', hex(zeroblob(1000000)))")
		return err
	})
	if err == nil || !db.IsAway(err) {
		t.Errorf("%s is full: %v", filepath.Base(dir), err)
	}
}

// A damaged file is called one, also where the list of migrations is what is damaged.
func TestSQLiteDamaged(t *testing.T) {
	for page := range 2 {
		dir := t.TempDir()
		d, err := db.Open(t.Context(), db.Options{Data: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(filepath.Join(dir, db.FileName), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteAt(bytes.Repeat([]byte{0xA5}, 4096), int64(page)*4096)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Open(t.Context(), db.Options{Data: dir}); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("page %d: %v", page+1, err)
		}
	}
}
