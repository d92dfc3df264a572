package deliver

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/staff"
)

// Why an address gets no more mails.
const (
	StoppedBounced   = "bounced"   // there is nobody: it gets none at all
	StoppedComplaint = "complaint" // its owner called one junk: none that are written to a customer
)

// failedStopped is the failure of a mail to an address that is stopped.
const failedStopped = "stopped"

// addressHash is what is stored of an address.
func addressHash(workspace int64, address string) []byte {
	h := sha256.Sum256([]byte("mail_stop\x00" + strconv.FormatInt(workspace, 10) + "\x00" + strings.ToLower(strings.TrimSpace(address))))
	return h[:]
}

// Return notes that a mail came back, or was complained of, by what the report
// says in a word (email.Report.Failure). A message that is not known, or not sent,
// is left alone: strangers can write reports too. Where the address is no more, or
// its owner complained, it is stopped.
func (s *Store) Return(ctx context.Context, tx *db.Tx, workspace int64, id, failure string) error {
	now := s.now().UnixMicro()
	var receiver string
	err := tx.QueryRow(ctx, "UPDATE outbox SET state = 'returned', failure = $1, touched_at = $2 WHERE workspace = $3 AND id = $4 AND state = 'sent' RETURNING receiver",
		failure, now, workspace, id).Scan(&receiver)
	if db.IsNone(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("note that a mail came back: %w", err)
	}
	return s.stop(ctx, tx, workspace, receiver, failure, now)
}

// Stop stops mails to an address, where it is no more or its owner complained, as
// somebody who knows says by a word (email.Report.Failure).
func (s *Store) Stop(ctx context.Context, tx *db.Tx, workspace int64, address, failure string) error {
	return s.stop(ctx, tx, workspace, address, failure, s.now().UnixMicro())
}

func (s *Store) stop(ctx context.Context, tx *db.Tx, workspace int64, address, failure string, now int64) error {
	why := ""
	switch {
	case strings.HasPrefix(failure, "bounced_5.1."): // the address itself (RFC 3463)
		why = StoppedBounced
	case strings.HasPrefix(failure, "complaint"):
		why = StoppedComplaint
	}
	if why == "" || address == "" {
		return nil
	}
	_, err := tx.Exec(ctx, "INSERT INTO mail_stop (workspace, address, why, at) VALUES ($1, $2, $3, $4) ON CONFLICT (workspace, address) DO UPDATE SET why = excluded.why, at = excluded.at",
		workspace, addressHash(workspace, address), why, now)
	if err != nil {
		return fmt.Errorf("stop mails to an address: %w", err)
	}
	return nil
}

// stopped returns why an address gets no mails, "" where it does.
func stopped(ctx context.Context, tx *db.Tx, workspace int64, address string) (why string, at time.Time, err error) {
	var micros int64
	err = tx.QueryRow(ctx, "SELECT why, at FROM mail_stop WHERE workspace = $1 AND address = $2", workspace, addressHash(workspace, address)).Scan(&why, &micros)
	if db.IsNone(err) {
		return "", time.Time{}, nil
	}
	return why, time.UnixMicro(micros), err
}

// Stops tells which of some addresses get no more mails that are written to a
// customer, and why.
func (s *Store) Stops(ctx context.Context, workspace int64, addresses []string) (map[string]string, error) {
	out := map[string]string{}
	keys := db.NewRows(db.Columns("n int, workspace int, address bytes"))
	for n, a := range addresses {
		keys.Add(n, workspace, addressHash(workspace, a))
	}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Lookup(ctx, keys, "SELECT k.n, m.why FROM k CROSS JOIN mail_stop m WHERE m.workspace = k.workspace AND m.address = k.address", func(rows *sql.Rows) error {
			var n int
			var why string
			if err := rows.Scan(&n, &why); err != nil {
				return err
			}
			out[addresses[n]] = why
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look up which addresses get no mails: %w", err)
	}
	return out, nil
}

// Stopped tells whether an address gets no more mails: why and since when; "" where
// it does get them.
func (s *Store) Stopped(ctx context.Context, by staff.Actor, address string) (why string, at time.Time, err error) {
	if err := by.Need(staff.See); err != nil {
		return "", time.Time{}, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		why, at, err = stopped(ctx, tx, by.Workspace, address)
		return err
	})
	return why, at, err
}

// Lift lets an address get mails again.
func (s *Store) Lift(ctx context.Context, by staff.Actor, address string) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "DELETE FROM mail_stop WHERE workspace = $1 AND address = $2", by.Workspace, addressHash(by.Workspace, address))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "message.lifted", "", "")
	})
	if err != nil {
		return fmt.Errorf("let an address get mails again: %w", err)
	}
	return nil
}
