package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

func isRetryable(err error) bool {
	var p *pgconn.PgError
	return errors.As(err, &p) && (p.Code == "40001" || p.Code == "40P01")
}

// IsConflict reports whether err says that a unique value exists already.
func IsConflict(err error) bool {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return p.Code == "23505"
	}
	var s *sqlite.Error
	return errors.As(err, &s) && (s.Code() == 2067 || s.Code() == 1555) // UNIQUE, PRIMARYKEY
}

// IsNone reports whether err says that no row was found.
func IsNone(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// SQLite's primary result codes, https://sqlite.org/rescode.html
const (
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteIOError    = 10
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteTooBig     = 18
	sqliteConstraint = 19
	sqliteMismatch   = 20
	sqliteNotADB     = 26
)

// IsData reports whether err lies in the values that were given: a data
// exception or a violated constraint (SQLSTATE classes 22 and 23). Trying again
// does not help; a database that is away, full, locked or broken is no such error.
func IsData(err error) bool {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return len(p.Code) == 5 && (p.Code[:2] == "22" || p.Code[:2] == "23")
	}
	var s *sqlite.Error
	if !errors.As(err, &s) {
		return false
	}
	switch s.Code() & 0xff {
	case sqliteTooBig, sqliteConstraint, sqliteMismatch:
		return true
	}
	return false
}

// IsAway reports whether err says that the database does not answer or cannot
// take work now, so that the same may go well a little later: no connection, one
// that broke, PostgreSQL that starts, stops or is out of connections, memory or
// disk (SQLSTATE classes 08 and 53, and 57P0x), a time that ran out, and an SQLite
// file that is locked or whose disk is full.
func IsAway(err error) bool {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return strings.HasPrefix(p.Code, "08") || strings.HasPrefix(p.Code, "53") || strings.HasPrefix(p.Code, "57P0")
	}
	var s *sqlite.Error
	if errors.As(err, &s) {
		switch s.Code() & 0xff {
		case sqliteBusy, sqliteLocked, sqliteFull:
			return true
		}
		return false
	}
	for _, gone := range [...]error{driver.ErrBadConn, sql.ErrConnDone, net.ErrClosed, io.ErrUnexpectedEOF, context.DeadlineExceeded,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, gone) {
			return true
		}
	}
	var dial *pgconn.ConnectError
	var network *net.OpError
	return errors.As(err, &dial) || errors.As(err, &network) || pgconn.SafeToRetry(err) // the last knows a connection that is closed already
}

// explain says in plain words what keeps an SQLite database from being opened.
func explain(err error) error {
	var s *sqlite.Error
	if !errors.As(err, &s) {
		return err
	}
	switch s.Code() & 0xff {
	case sqliteCorrupt, sqliteNotADB:
		return fmt.Errorf("the database file %s is damaged, so a backup must be restored: %w", FileName, err)
	case sqliteFull:
		return fmt.Errorf("there is no room on the disk for the database: %w", err)
	case sqliteIOError:
		return fmt.Errorf("the disk with the database cannot be read or written, or is full: %w", err)
	}
	return err
}

// IsBroken reports whether err says that SQLite could not read or write its
// file. After a failed fsync nobody knows what is on the disk, so the process
// must end and open the file anew. A full disk is no such error.
func IsBroken(err error) bool {
	var s *sqlite.Error
	return errors.As(err, &s) && s.Code()&0xff == sqliteIOError
}

// Safe describes an error for a log: without the values that PostgreSQL repeats
// where they are what is wrong.
func Safe(err error) string {
	var p *pgconn.PgError
	if !errors.As(err, &p) || !IsData(err) {
		return err.Error()
	}
	text := fmt.Sprintf("PostgreSQL refuses a value: SQLSTATE %s", p.Code)
	for _, part := range [][2]string{{"table", p.TableName}, {"column", p.ColumnName}, {"constraint", p.ConstraintName}} {
		if part[1] != "" {
			text += ", " + part[0] + " " + part[1]
		}
	}
	return text
}
