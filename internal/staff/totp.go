package staff

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/dhvani/dhvani/internal/db"
)

// The second factor is a code of six digits that changes every 30 seconds
// (RFC 6238 with SHA-1, what every authenticator app can do). A code of the step
// before or after is taken too, and none twice.
const (
	totpPeriod    = 30
	totpIssuer    = "Dhvani"
	recoveryCodes = 10
)

var totpOptions = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// ErrCode says that a code for the second factor is wrong or used.
var ErrCode = flaw("code", "this code is wrong or was used already")

func sealOwner(account string) string { return "account:" + account }

// SecondFactorState says how a person's second factor stands.
type SecondFactorState struct {
	On       bool
	Recovery int    // codes left
	Secret   string // waits for its first code; "" where none does
	URL      string // the same for an authenticator app: otpauth://
}

// SecondFactorState returns it.
func (s *Store) SecondFactorState(ctx context.Context, by Person) (out SecondFactorState, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		a, err := find(ctx, tx, "id", by.Account)
		if err != nil {
			return err
		}
		out.On = a.totp != nil
		if a.pending != nil {
			if out.Secret, err = s.workspaces.Open(sealOwner(a.Account), a.pending); err != nil {
				out.Secret = "" // sealed with a key that is lost: begin anew
			} else {
				out.URL = fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s", totpIssuer, by.Email, out.Secret, totpIssuer)
			}
		}
		return tx.QueryRow(ctx, "SELECT count(*) FROM staff_recovery WHERE account = $1", by.Account).Scan(&out.Recovery)
	})
	if err != nil {
		return SecondFactorState{}, fmt.Errorf("second factor: %w", err)
	}
	return out, nil
}

// BeginSecondFactor makes a secret, which counts once ConfirmSecondFactor got a
// code of it. It wants the password again.
func (s *Store) BeginSecondFactor(ctx context.Context, by Person, password string) error {
	if err := s.confirm(ctx, by, password); err != nil {
		return err
	}
	sealed, err := s.workspaces.Seal(sealOwner(by.Account), strings.ToUpper(random("", tokenBytes)))
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		return one(tx.Exec(ctx, "UPDATE account SET totp_pending = $1 WHERE id = $2", sealed, by.Account))
	})
}

// ConfirmSecondFactor turns the second factor on and returns the recovery codes,
// which are not shown again. Other sessions end.
func (s *Store) ConfirmSecondFactor(ctx context.Context, by Person, token, code string) ([]string, error) {
	subjects := [][]byte{throttled("code", by.Account)}
	if err := s.begin(ctx, subjects); err != nil {
		return nil, err
	}
	var codes []string
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := find(ctx, tx, "id", by.Account)
		if err != nil {
			return err
		}
		if a.pending == nil {
			return ErrNotFound
		}
		step, err := s.check(a.Account, a.pending, 0, code)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE account SET totp = totp_pending, totp_pending = NULL, totp_step = $1 WHERE id = $2", step, a.Account); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM staff_session WHERE account = $1 AND hash <> $2", a.Account, hashOf(token)); err != nil {
			return err
		}
		if codes, err = s.newRecovery(ctx, tx, a.Account); err != nil {
			return err
		}
		return recordOwn(ctx, tx, by, "account.second_on")
	})
	if err != nil {
		return nil, fmt.Errorf("confirm the second factor: %w", err)
	}
	return codes, s.passed(ctx, subjects)
}

// NewRecoveryCodes replaces the recovery codes. It wants the password again.
func (s *Store) NewRecoveryCodes(ctx context.Context, by Person, password string) (codes []string, err error) {
	if err := s.confirm(ctx, by, password); err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := find(ctx, tx, "id", by.Account)
		if err == nil && a.totp == nil {
			err = ErrNotFound
		}
		if err == nil {
			codes, err = s.newRecovery(ctx, tx, by.Account)
		}
		if err != nil {
			return err
		}
		return recordOwn(ctx, tx, by, "account.recovery")
	})
	return codes, err
}

func (s *Store) newRecovery(ctx context.Context, tx *db.Tx, id string) ([]string, error) {
	if _, err := tx.Exec(ctx, "DELETE FROM staff_recovery WHERE account = $1", id); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		c := random("", 10) // 80 bits in 16 letters
		codes[i] = c[:4] + "-" + c[4:8] + "-" + c[8:12] + "-" + c[12:]
		if _, err := tx.Exec(ctx, "INSERT INTO staff_recovery (account, hash) VALUES ($1, $2)", id, hashOf(c)); err != nil {
			return nil, err
		}
	}
	return codes, nil
}

// EndSecondFactor turns the second factor off. It wants the password again.
func (s *Store) EndSecondFactor(ctx context.Context, by Person, password string) error {
	if err := s.confirm(ctx, by, password); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if err := clearSecond(ctx, tx, by.Account); err != nil {
			return err
		}
		return recordOwn(ctx, tx, by, "account.second_off")
	})
}

func clearSecond(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := tx.Exec(ctx, "UPDATE account SET totp = NULL, totp_pending = NULL, totp_step = 0 WHERE id = $1", id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM staff_recovery WHERE account = $1", id)
	return err
}

// SecondFactor takes the way that SignIn opened to its end, by a code or a
// recovery code: the session that it returns is a new one. The error is ErrCode,
// a *Throttled, or ErrNoSession where the way is closed.
func (s *Store) SecondFactor(ctx context.Context, token, code, userAgent string) (Ticket, error) {
	p, _, err := s.session(ctx, token, stageSecond)
	if err != nil {
		return Ticket{}, err
	}
	subjects := [][]byte{throttled("code", p.Account)}
	if err := s.begin(ctx, subjects); err != nil {
		return Ticket{}, err
	}
	var t Ticket
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		// Whoever deletes the session is the one who goes on.
		rows, err := tx.Exec(ctx, "DELETE FROM staff_session WHERE hash = $1", hashOf(token))
		if err == nil && rows == 0 {
			err = ErrNoSession
		}
		if err != nil {
			return err
		}
		if err := s.take(ctx, tx, p, code); err != nil {
			return err
		}
		t, err = s.open(ctx, tx, p.Account, userAgent)
		return err
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("second factor: %w", err)
	}
	return t, s.passed(ctx, subjects)
}

// take uses a code up.
func (s *Store) take(ctx context.Context, tx *db.Tx, p Person, code string) error {
	code = strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code))
	if len(code) != totpOptions.Digits.Length() {
		rows, err := tx.Exec(ctx, "DELETE FROM staff_recovery WHERE account = $1 AND hash = $2", p.Account, hashOf(code))
		if err == nil && rows == 0 {
			err = ErrCode
		}
		if err != nil {
			return err
		}
		return recordOwn(ctx, tx, p, "account.recovery_used")
	}
	a, err := find(ctx, tx, "id", p.Account)
	if err != nil {
		return err
	}
	step, err := s.check(a.Account, a.totp, a.step, code)
	if err != nil {
		return err
	}
	rows, err := tx.Exec(ctx, "UPDATE account SET totp_step = $1 WHERE id = $2 AND totp_step < $1", step, a.Account)
	if err == nil && rows == 0 {
		err = ErrCode // somebody used it just now
	}
	return err
}

// check returns the step that a code belongs to: now, the one before or the one
// after, and later than the last one used.
func (s *Store) check(id string, sealed []byte, last int64, code string) (int64, error) {
	secret, err := s.workspaces.Open(sealOwner(id), sealed)
	if err != nil {
		return 0, ErrCode // recovery codes work still
	}
	code = strings.ReplaceAll(code, " ", "")
	now := s.now().Unix() / totpPeriod
	found := int64(0)
	for _, step := range []int64{now - 1, now, now + 1} {
		ok, err := hotp.ValidateCustom(code, uint64(step), secret, totpOptions)
		if err != nil && !errors.Is(err, otp.ErrValidateInputInvalidLength) {
			return 0, fmt.Errorf("check a code: %w", err)
		}
		if ok && step > last {
			found = step
		}
	}
	if found == 0 {
		return 0, ErrCode
	}
	return found, nil
}

// Code returns the code of a secret at a moment, as an authenticator app shows it.
func Code(secret string, at time.Time) (string, error) {
	return hotp.GenerateCodeCustom(secret, uint64(at.Unix()/totpPeriod), totpOptions)
}
