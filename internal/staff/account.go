package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Operator is the actor of commands: who can reach the data folder.
const Operator = "operator"

// NewUser describes whom to add to a workspace.
type NewUser struct {
	Email    string
	Name     string
	Role     workspace.Role
	Password string // at least 10 characters; for an account that exists, its own or none
}

// account is a row of the table.
type account struct {
	Person
	password string // its hash
	totp     []byte // sealed; nil: no second factor
	pending  []byte // sealed; waits for its first code
	step     int64  // of the last code taken
}

const accountColumns = "id, email, name, password_hash, language, theme, time_zone, totp, totp_pending, totp_step"

// find returns the account whose column has a value, with its roles.
func find(ctx context.Context, tx *db.Tx, column, value string) (*account, error) {
	a := &account{Person: Person{Roles: map[int64]workspace.Role{}}}
	err := tx.QueryRow(ctx, "SELECT "+accountColumns+" FROM account WHERE "+column+" = $1", value).
		Scan(&a.Account, &a.Email, &a.Name, &a.password, &a.Language, &a.Theme, &a.Zone, &a.totp, &a.pending, &a.step)
	if db.IsNone(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return a, tx.Each(ctx, "SELECT workspace, role FROM account_role WHERE account = $1", []any{a.Account}, func(rows *sql.Rows) error {
		var number int64
		var role workspace.Role
		err := rows.Scan(&number, &role)
		a.Roles[number] = role
		return err
	})
}

// account returns the account of an e-mail or an id, or ErrNotFound.
func (s *Store) account(ctx context.Context, column, value string) (a *account, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		a, err = find(ctx, tx, column, value)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	return a, nil
}

// AddUser gives a person a role in a workspace, with a new account where the
// e-mail has none; it is the operator's act. The error is a workspace.Invalid
// where that is not possible.
func (s *Store) AddUser(ctx context.Context, number int64, u NewUser) (Person, error) {
	email, err := checkEmail(u.Email)
	if err != nil {
		return Person{}, err
	}
	if !slices.Contains(workspace.Roles, u.Role) {
		return Person{}, flaw("role", fmt.Sprintf("%q is not a role: owner, admin, analyst or agent", u.Role))
	}
	a, err := s.account(ctx, "email", email)
	isNew := errors.Is(err, ErrNotFound)
	if isNew {
		a, err = s.newAccount(ctx, email, u.Name, u.Password)
	} else if err == nil {
		err = s.checkAgain(ctx, a.Roles[number], u.Password, a.password)
	}
	if err != nil {
		return Person{}, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if isNew {
			if err := s.insert(ctx, tx, a); err != nil {
				return err
			}
		}
		return s.addRole(ctx, tx, ByOperator(number), a.Account, u.Role)
	})
	if db.IsConflict(err) {
		return Person{}, flaw("person_added", "this person was added by somebody else just now")
	}
	if err != nil {
		return Person{}, fmt.Errorf("add a user to workspace %d: %w", number, err)
	}
	a.Roles[number] = u.Role
	return a.Person, nil
}

// newAccount is one that is not stored yet.
func (s *Store) newAccount(ctx context.Context, email, name, password string) (*account, error) {
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return nil, err
	}
	name = cleanText(name, 100)
	return &account{Person: Person{Account: random("acc_", 10), Email: email, Name: name, Roles: map[int64]workspace.Role{}}, password: hash}, nil
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, a *account) error {
	_, err := tx.Exec(ctx, `INSERT INTO account (id, email, name, password_hash, language, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		a.Account, a.Email, a.Name, a.password, a.Language, s.now().UnixMicro())
	return err
}

func (s *Store) addRole(ctx context.Context, tx *db.Tx, by Actor, id string, role workspace.Role) error {
	err := one(tx.Exec(ctx, `INSERT INTO account_role (workspace, account, role)
		SELECT number, $1, $2 FROM workspace WHERE number = $3`, id, string(role), by.Workspace))
	if err != nil {
		return err
	}
	return Record(ctx, tx, by, "person.added", id, string(role))
}

// checkAgain refuses to add a person who has an account, with a role or a
// password that cannot be meant.
func (s *Store) checkAgain(ctx context.Context, has workspace.Role, password, hash string) error {
	if has != "" {
		return flaw("person_there", "this person has a role in the workspace already: "+string(has))
	}
	if password == "" {
		return nil
	}
	ok, err := s.matches(ctx, password, hash)
	if err == nil && !ok {
		err = flaw("account_there", "an account with this e-mail exists already: leave the password out, or give that account's")
	}
	return err
}

// Preferences are what a person chooses for themselves.
type Preferences struct {
	Name     string
	Language string // a locale.Lang, checked by the page
	Theme    string // light, dark or system; "": system
	Zone     string // IANA name; "": the workspace's
}

// SetPreferences changes a person's own choices.
func (s *Store) SetPreferences(ctx context.Context, by Person, p Preferences) error {
	if !slices.Contains([]string{"", "light", "dark", "system"}, p.Theme) {
		return flaw("theme", "a theme is light, dark or system")
	}
	if err := workspace.CheckZone(p.Zone); err != nil {
		return err
	}
	if p.Name = cleanText(p.Name, 100); p.Name == "" {
		return flaw("person_name", "a name is needed")
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		return one(tx.Exec(ctx, "UPDATE account SET name = $1, language = $2, theme = $3, time_zone = $4 WHERE id = $5",
			p.Name, p.Language, p.Theme, p.Zone, by.Account))
	})
}

// SetPassword changes a person's own password, which ends all of their sessions
// and the devices they are known by. What is returned is a new session.
func (s *Store) SetPassword(ctx context.Context, by Person, a Attempt, password string) (Ticket, error) {
	if err := s.confirm(ctx, by, a.Password); err != nil {
		return Ticket{}, err
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return Ticket{}, err
	}
	var t Ticket
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if err := s.setPassword(ctx, tx, by, hash); err != nil {
			return err
		}
		t, err = s.open(ctx, tx, by.Account, a.UserAgent)
		return err
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("change a password: %w", err)
	}
	return t, nil
}

func (s *Store) setPassword(ctx context.Context, tx *db.Tx, by Person, hash string) error {
	if _, err := tx.Exec(ctx, "UPDATE account SET password_hash = $1 WHERE id = $2", hash, by.Account); err != nil {
		return err
	}
	if err := endAll(ctx, tx, by.Account); err != nil {
		return err
	}
	return recordOwn(ctx, tx, by, "account.password")
}

// confirm has a signed-in person say their password again. Who has the browser
// of somebody else may not guess it either.
func (s *Store) confirm(ctx context.Context, by Person, password string) error {
	subjects := [][]byte{throttled("confirm", by.Account)}
	if err := s.begin(ctx, subjects); err != nil {
		return err
	}
	a, err := s.account(ctx, "id", by.Account)
	if err != nil {
		return err
	}
	ok, err := s.matches(ctx, password, a.password)
	if err != nil {
		return err
	}
	if !ok {
		return flaw("password_wrong", "this is not your password")
	}
	return s.passed(ctx, subjects)
}

// checkEmail returns an address in the form it is kept: e-mails that differ in
// case are one account.
func checkEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return "", flaw("email", "this is not an e-mail address such as name@shop.example")
	}
	return s, nil
}
