package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// How long sessions last: a weekend without use, or thirty days in all. Who gave
// a password has ten minutes for the second factor.
const (
	IdleLimit     = 72 * time.Hour
	AbsoluteLimit = 30 * 24 * time.Hour
	secondLimit   = 10 * time.Minute

	deviceLimit = 180 * 24 * time.Hour
	maxDevices  = 10 // of an account; the oldest go
	noteUse     = 5 * time.Minute
)

const (
	stageOpen   = "open"
	stageSecond = "second"
)

// ErrCredentials says that e-mail and password do not belong together; it does
// not say which is wrong.
var ErrCredentials = flaw("credentials", "the e-mail or the password is wrong")

// Attempt is what somebody gives to sign in.
type Attempt struct {
	Email, Password string
	Address         string // where the request came from
	UserAgent       string
	Device          string // the token of a browser in which somebody signed in before, or ""
}

// Ticket is what a sign-in gives.
type Ticket struct {
	Token  string // of the session
	Second bool   // the token is only good for SecondFactor
	Device string // a new token of the browser, or ""
}

// Authenticate returns the person that an e-mail and a password open, or
// ErrCredentials, which takes as long for an e-mail without an account.
func (s *Store) Authenticate(ctx context.Context, email, password string) (Person, error) {
	a, err := s.authenticate(ctx, email, password)
	if err != nil {
		return Person{}, err
	}
	return a.Person, nil
}

func (s *Store) authenticate(ctx context.Context, email, password string) (*account, error) {
	email, err := checkEmail(email)
	if err != nil {
		return nil, ErrCredentials
	}
	hash := nobody
	a, err := s.account(ctx, "email", email)
	if err == nil {
		hash = a.password
	} else if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	ok, err := s.matches(ctx, password, hash)
	if err != nil {
		return nil, err
	}
	if !ok || a == nil {
		return nil, ErrCredentials
	}
	return a, nil
}

// SignIn opens a session by e-mail and password, or the way to the second
// factor. The error is ErrCredentials or a *Throttled.
func (s *Store) SignIn(ctx context.Context, at Attempt) (Ticket, error) {
	subjects, err := s.subjects(ctx, at)
	if err != nil {
		return Ticket{}, err
	}
	if err := s.begin(ctx, subjects); err != nil {
		return Ticket{}, err
	}
	a, err := s.authenticate(ctx, at.Email, at.Password)
	if err != nil {
		return Ticket{}, err
	}
	if err := s.passed(ctx, subjects); err != nil {
		return Ticket{}, err
	}
	var t Ticket
	err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
		if a.totp != nil {
			t, err = s.begun(ctx, tx, a.Account, at.UserAgent, stageSecond)
			return err
		}
		t, err = s.open(ctx, tx, a.Account, at.UserAgent)
		return err
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("sign in: %w", err)
	}
	return t, nil
}

// subjects names what an attempt's failures are counted by: the device where it
// is known for this account, else the e-mail and the address.
func (s *Store) subjects(ctx context.Context, at Attempt) ([][]byte, error) {
	email, err := checkEmail(at.Email)
	if err != nil {
		return nil, ErrCredentials
	}
	known := false
	err = s.db.View(ctx, func(tx *db.Tx) error {
		a, err := find(ctx, tx, "email", email)
		if err == nil {
			known, err = knownDevice(ctx, tx, a.Account, at.Device)
		}
		if errors.Is(err, ErrNotFound) {
			err = nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	if known {
		return [][]byte{throttled("device", at.Device)}, nil
	}
	return [][]byte{throttled("email", email), throttled("address", network(at.Address))}, nil
}

// begun adds a session at a stage.
func (s *Store) begun(ctx context.Context, tx *db.Tx, id, userAgent, stage string) (Ticket, error) {
	t := Ticket{Token: random("", tokenBytes), Second: stage == stageSecond}
	now := s.now().UnixMicro()
	_, err := tx.Exec(ctx, "DELETE FROM staff_session WHERE used_at < $1 OR created_at < $2 OR stage = $3 AND created_at < $4",
		now-IdleLimit.Microseconds(), now-AbsoluteLimit.Microseconds(), stageSecond, now-secondLimit.Microseconds())
	if err != nil {
		return Ticket{}, err
	}
	_, err = tx.Exec(ctx, "INSERT INTO staff_session (hash, id, account, stage, created_at, used_at, user_agent) VALUES ($1, $2, $3, $4, $5, $5, $6)",
		hashOf(t.Token), random("ses_", 10), id, stage, now, cleanText(userAgent, 300))
	return t, err
}

// open adds a session that is open, and makes the browser known.
func (s *Store) open(ctx context.Context, tx *db.Tx, id, userAgent string) (Ticket, error) {
	t, err := s.begun(ctx, tx, id, userAgent, stageOpen)
	if err != nil {
		return Ticket{}, err
	}
	t.Device = random("", tokenBytes)
	now := s.now().UnixMicro()
	if _, err := tx.Exec(ctx, "INSERT INTO staff_device (hash, account, used_at) VALUES ($1, $2, $3)", hashOf(t.Device), id, now); err != nil {
		return Ticket{}, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM staff_device WHERE account = $1 AND (used_at < $2 OR hash NOT IN
		(SELECT hash FROM staff_device WHERE account = $1 ORDER BY used_at DESC, hash LIMIT $3))`, id, now-deviceLimit.Microseconds(), maxDevices)
	return t, err
}

// Session returns whom a session's token stands for, ErrNoSession where it is
// unknown, over, or waits for the second factor.
func (s *Store) Session(ctx context.Context, token string) (Person, error) {
	p, used, err := s.session(ctx, token, stageOpen)
	if err != nil {
		return Person{}, err
	}
	if now := s.now(); now.UnixMicro()-used > noteUse.Microseconds() {
		err = s.db.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE staff_session SET used_at = $1 WHERE hash = $2", now.UnixMicro(), hashOf(token))
			return err
		})
	}
	return p, err
}

func (s *Store) session(ctx context.Context, token, stage string) (p Person, used int64, err error) {
	if len(token) != tokenBytes*8/5 {
		return Person{}, 0, ErrNoSession
	}
	now := s.now().UnixMicro()
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var id, at string
		var created int64
		err := tx.QueryRow(ctx, "SELECT account, stage, created_at, used_at FROM staff_session WHERE hash = $1", hashOf(token)).Scan(&id, &at, &created, &used)
		if db.IsNone(err) {
			return ErrNoSession
		}
		if err != nil {
			return err
		}
		over := now-created > AbsoluteLimit.Microseconds() || now-used > IdleLimit.Microseconds()
		if at != stage || over || stage == stageSecond && now-created > secondLimit.Microseconds() {
			return ErrNoSession
		}
		a, err := find(ctx, tx, "id", id)
		if err == nil {
			p = a.Person
		}
		return err
	})
	if err != nil && !errors.Is(err, ErrNoSession) {
		err = fmt.Errorf("session: %w", err)
	}
	return p, used, err
}

// SignOut ends a session.
func (s *Store) SignOut(ctx context.Context, token string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM staff_session WHERE hash = $1", hashOf(token))
		return err
	})
}

// SessionInfo is an open session in a list.
type SessionInfo struct {
	ID        string
	UserAgent string
	Created   time.Time
	Used      time.Time
	Current   bool // it is the one that asks
}

// Sessions lists a person's open sessions, the last used first.
func (s *Store) Sessions(ctx context.Context, by Person, token string) ([]SessionInfo, error) {
	var out []SessionInfo
	now := s.now().UnixMicro()
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, `SELECT hash, id, user_agent, created_at, used_at FROM staff_session
			WHERE account = $1 AND stage = $2 AND created_at >= $3 AND used_at >= $4 ORDER BY used_at DESC, id`,
			[]any{by.Account, stageOpen, now - AbsoluteLimit.Microseconds(), now - IdleLimit.Microseconds()}, func(rows *sql.Rows) error {
				var i SessionInfo
				var hash []byte
				var created, used int64
				err := rows.Scan(&hash, &i.ID, &i.UserAgent, &created, &used)
				i.Created, i.Used, i.Current = time.UnixMicro(created), time.UnixMicro(used), string(hash) == string(hashOf(token))
				out = append(out, i)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return out, nil
}

// EndSession ends one of a person's sessions by its id.
func (s *Store) EndSession(ctx context.Context, by Person, id string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		return one(tx.Exec(ctx, "DELETE FROM staff_session WHERE account = $1 AND id = $2", by.Account, id))
	})
}

// EndOthers ends all of a person's sessions but the one that asks.
func (s *Store) EndOthers(ctx context.Context, by Person, token string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM staff_session WHERE account = $1 AND hash <> $2", by.Account, hashOf(token))
		return err
	})
}

// endAll ends an account's sessions and makes its browsers unknown.
func endAll(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := tx.Exec(ctx, "DELETE FROM staff_session WHERE account = $1", id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM staff_device WHERE account = $1", id)
	return err
}
