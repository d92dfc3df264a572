package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// ErrCredentials says that e-mail and password do not belong together; it does
// not say which is wrong.
var ErrCredentials = errors.New("the e-mail or the password is wrong")

// Role is what a member of staff may do in a workspace.
type Role string

// The roles, each with less to do than the one before.
const (
	Owner   Role = "owner"   // everything, also who else is an owner
	Admin   Role = "admin"   // settings, keys and staff
	Analyst Role = "analyst" // reads everything
	Agent   Role = "agent"   // talks with customers
)

// Roles lists them all.
var Roles = []Role{Owner, Admin, Analyst, Agent}

// Account is a member of staff, of one or more workspaces.
type Account struct {
	ID    string
	Email string
	Name  string
	Roles map[int64]Role // by workspace number
}

// NewUser describes whom to add to a workspace.
type NewUser struct {
	Email    string
	Name     string
	Role     Role
	Password string // at least 10 characters; for an account that exists, its own or none
}

// AddUser gives a person a role in a workspace, with a new account where the
// e-mail has none. The error is an Invalid where that is not possible.
func (s *Store) AddUser(ctx context.Context, workspace int64, u NewUser) (Account, error) {
	email, err := checkEmail(u.Email)
	if err != nil {
		return Account{}, err
	}
	if !slices.Contains(Roles, u.Role) {
		return Account{}, Invalid(fmt.Sprintf("%q is not a role: owner, admin, analyst or agent", u.Role))
	}
	a, hash, err := s.account(ctx, email)
	isNew := errors.Is(err, ErrNotFound)
	if isNew {
		a = Account{ID: token("acc_", 10), Email: email, Name: strings.TrimSpace(u.Name), Roles: map[int64]Role{}}
		hash, err = s.hashPassword(ctx, u.Password)
	} else if err == nil {
		err = s.checkAgain(ctx, a.Roles[workspace], u.Password, hash)
	}
	if err != nil {
		return Account{}, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if isNew {
			if _, err := tx.Exec(ctx, `INSERT INTO account (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)`,
				a.ID, a.Email, a.Name, hash, time.Now().UnixMicro()); err != nil {
				return err
			}
		}
		return one(tx.Exec(ctx, `INSERT INTO account_role (workspace, account, role)
			SELECT number, $1, $2 FROM workspace WHERE number = $3`, a.ID, string(u.Role), workspace))
	})
	if db.IsConflict(err) {
		return Account{}, Invalid("this person was added by somebody else just now")
	}
	if err != nil {
		return Account{}, fmt.Errorf("add a user to workspace %d: %w", workspace, err)
	}
	a.Roles[workspace] = u.Role
	return a, nil
}

// checkAgain refuses to add a person who has an account, with a role or a
// password that cannot be meant.
func (s *Store) checkAgain(ctx context.Context, has Role, password, hash string) error {
	if has != "" {
		return Invalid("this person has a role in the workspace already: " + string(has))
	}
	if password == "" {
		return nil
	}
	ok, err := s.matches(ctx, password, hash)
	if err == nil && !ok {
		err = Invalid("an account with this e-mail exists already: leave the password out, or give that account's")
	}
	return err
}

// Authenticate returns the account that an e-mail and a password open, or
// ErrCredentials, which takes as long for an e-mail without an account.
func (s *Store) Authenticate(ctx context.Context, email, password string) (Account, error) {
	email, err := checkEmail(email)
	if err != nil {
		return Account{}, ErrCredentials
	}
	a, hash, err := s.account(ctx, email)
	if errors.Is(err, ErrNotFound) {
		hash = nobody
	} else if err != nil {
		return Account{}, err
	}
	ok, err := s.matches(ctx, password, hash)
	if err != nil {
		return Account{}, err
	}
	if !ok {
		return Account{}, ErrCredentials
	}
	return a, nil
}

// account returns the account of an e-mail and its password's hash, or
// ErrNotFound.
func (s *Store) account(ctx context.Context, email string) (a Account, hash string, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		a = Account{Email: email, Roles: map[int64]Role{}}
		err := tx.QueryRow(ctx, "SELECT id, name, password_hash FROM account WHERE email = $1", email).Scan(&a.ID, &a.Name, &hash)
		if err != nil {
			return err
		}
		return tx.Each(ctx, "SELECT workspace, role FROM account_role WHERE account = $1", []any{a.ID}, func(rows *sql.Rows) error {
			var workspace int64
			var role Role
			err := rows.Scan(&workspace, &role)
			a.Roles[workspace] = role
			return err
		})
	})
	if db.IsNone(err) {
		return Account{}, "", ErrNotFound
	}
	if err != nil {
		return Account{}, "", fmt.Errorf("account: %w", err)
	}
	return a, hash, nil
}

// checkEmail returns an address in the form it is kept: e-mails that differ in
// case are one account.
func checkEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return "", Invalid("this is not an e-mail address such as name@shop.example")
	}
	return s, nil
}
