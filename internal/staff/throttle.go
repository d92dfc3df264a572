package staff

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"net/netip"
	"slices"

	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// Throttled says that there were too many failures, and how long to wait.
type Throttled struct{ Wait time.Duration }

func (t *Throttled) Error() string {
	return fmt.Sprintf("too many attempts: try again in %s", t.Wait.Round(time.Second))
}

// After this many failures in a row the next attempt waits: a second, and twice
// as long each time, up to maxWait. It is short enough that nobody shuts a shop's
// owner out for long, and leaves 288 guesses a day. From a browser in which the
// person signed in before, failures elsewhere do not count at all.
const (
	freeFailures        = 5
	freeAddressFailures = 20 // many may sit behind one address
	maxWait             = 5 * time.Minute
	forgetAfter         = 24 * time.Hour
)

// throttled names what attempts have in common, as it is stored.
func throttled(kind, value string) []byte {
	h := sha256.Sum256([]byte(kind + "\x00" + value))
	free := byte(freeFailures)
	if kind == "address" {
		free = freeAddressFailures
	}
	return append([]byte{free}, h[:16]...)
}

// network returns what stands for an address: of IPv6 the part that one customer
// of a provider has to themselves.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		p, _ := a.Prefix(64)
		return p.String()
	}
	return a.String()
}

// begin counts an attempt as failed before it is made, so that many at once
// cannot get past the limit, or returns a *Throttled.
func (s *Store) begin(ctx context.Context, subjects [][]byte) error {
	now := s.now().UnixMicro()
	slices.SortFunc(subjects, bytes.Compare) // rows are locked in one order
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM staff_throttle WHERE at < $1", now-forgetAfter.Microseconds()); err != nil {
			return err
		}
		for _, subject := range subjects {
			var failures, until int64
			query := "SELECT failures, until FROM staff_throttle WHERE subject = $1"
			if tx.Postgres() {
				query += " FOR UPDATE"
			}
			if _, err := tx.Exec(ctx, "INSERT INTO staff_throttle (subject, failures, at, until) VALUES ($1, 0, $2, 0) ON CONFLICT (subject) DO NOTHING", subject, now); err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, query, subject).Scan(&failures, &until); err != nil {
				return err
			}
			if until > now {
				return &Throttled{time.Duration(until-now) * time.Microsecond}
			}
			failures++
			if _, err := tx.Exec(ctx, "UPDATE staff_throttle SET failures = $1, at = $2, until = $3 WHERE subject = $4",
				failures, now, now+waitAfter(failures, int64(subject[0])).Microseconds(), subject); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count an attempt: %w", err)
	}
	return nil
}

// waitAfter is how long the next attempt waits after so many failures.
func waitAfter(failures, free int64) time.Duration {
	over := failures - free
	switch {
	case over < 0:
		return 0
	case over >= 9:
		return maxWait
	}
	return min(maxWait, time.Second<<over)
}

// passed takes back what begin counted: the account's failures are over, and the
// address has one fewer.
func (s *Store) passed(ctx context.Context, subjects [][]byte) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		for _, subject := range subjects {
			query := "DELETE FROM staff_throttle WHERE subject = $1"
			if subject[0] == freeAddressFailures {
				query = "UPDATE staff_throttle SET failures = failures - 1, until = 0 WHERE subject = $1 AND failures > 0"
			}
			if _, err := tx.Exec(ctx, query, subject); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgive ends the waiting for an account, after a reset of its password.
func forgive(ctx context.Context, tx *db.Tx, p Person) error {
	for _, subject := range [][]byte{throttled("email", p.Email), throttled("code", p.Account), throttled("confirm", p.Account)} {
		if _, err := tx.Exec(ctx, "DELETE FROM staff_throttle WHERE subject = $1", subject); err != nil {
			return err
		}
	}
	return nil
}

// knownDevice reports whether a device's token belongs to the account.
func knownDevice(ctx context.Context, tx *db.Tx, account, token string) (bool, error) {
	if token == "" {
		return false, nil
	}
	var owner string
	err := tx.QueryRow(ctx, "SELECT account FROM staff_device WHERE hash = $1", hashOf(token)).Scan(&owner)
	if err == sql.ErrNoRows {
		return false, nil
	}
	return owner == account, err
}
