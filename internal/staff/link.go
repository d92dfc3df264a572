package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

// How long links are good for.
const (
	InviteLimit = 7 * 24 * time.Hour
	ResetLimit  = 24 * time.Hour
	setupLimit  = 10 * 365 * 24 * time.Hour // until somebody has used one
)

// LinkKind tells what a link is for.
type LinkKind string

// The kinds of link.
const (
	InviteLink LinkKind = "invite"
	ResetLink  LinkKind = "reset"
	SetupLink  LinkKind = "setup"
)

// Link is what was handed out to somebody: who has it may use it once.
type Link struct {
	ID        string
	Kind      LinkKind
	Workspace int64 // of an invitation
	Email     string
	Role      workspace.Role
	CreatedBy string // account
	Created   time.Time
	Expires   time.Time
	Known     bool // the e-mail has an account already
}

const linkColumns = "id, kind, workspace, email, role, created_by, created_at, expires_at"

func scanLink(row interface{ Scan(...any) error }) (Link, error) {
	var l Link
	var created, expires int64
	err := row.Scan(&l.ID, &l.Kind, &l.Workspace, &l.Email, &l.Role, &l.CreatedBy, &created, &expires)
	l.Created, l.Expires = time.UnixMicro(created), time.UnixMicro(expires)
	return l, err
}

// makeLink stores a link and returns its token.
func (s *Store) makeLink(ctx context.Context, tx *db.Tx, l Link, limit time.Duration) (string, error) {
	token, now := random("", tokenBytes), s.now()
	if _, err := tx.Exec(ctx, "DELETE FROM staff_link WHERE expires_at < $1", now.UnixMicro()); err != nil {
		return "", err
	}
	_, err := tx.Exec(ctx, "INSERT INTO staff_link (hash, "+linkColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		hashOf(token), random("link_", 10), string(l.Kind), l.Workspace, l.Email, string(l.Role), l.CreatedBy, now.UnixMicro(), now.Add(limit).UnixMicro())
	return token, err
}

// Link returns what a link's token is good for, or ErrNotFound where it is
// unknown, used or over.
func (s *Store) Link(ctx context.Context, kind LinkKind, token string) (l Link, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		l, err = s.readLink(ctx, tx, kind, token)
		if err != nil || l.Email == "" {
			return err
		}
		_, err := find(ctx, tx, "email", l.Email)
		l.Known = err == nil
		if errors.Is(err, ErrNotFound) {
			err = nil
		}
		return err
	})
	if err != nil {
		return Link{}, fmt.Errorf("link: %w", err)
	}
	return l, nil
}

func (s *Store) readLink(ctx context.Context, tx *db.Tx, kind LinkKind, token string) (Link, error) {
	l, err := scanLink(tx.QueryRow(ctx, "SELECT "+linkColumns+" FROM staff_link WHERE hash = $1 AND kind = $2 AND expires_at > $3",
		hashOf(token), string(kind), s.now().UnixMicro()))
	if db.IsNone(err) {
		err = ErrNotFound
	}
	return l, err
}

// useLink takes a link away: of two who use it at once, one gets ErrNotFound.
func (s *Store) useLink(ctx context.Context, tx *db.Tx, kind LinkKind, token string) (Link, error) {
	l, err := s.readLink(ctx, tx, kind, token)
	if err != nil {
		return Link{}, err
	}
	return l, one(tx.Exec(ctx, "DELETE FROM staff_link WHERE hash = $1", hashOf(token)))
}

// Invite makes a link by which a person joins the workspace. Who is no owner
// cannot make one.
func (s *Store) Invite(ctx context.Context, by Actor, email string, role workspace.Role) (token string, err error) {
	if err := by.Need(People); err != nil {
		return "", err
	}
	if err := by.mayGive(role); err != nil {
		return "", err
	}
	if email, err = checkEmail(email); err != nil {
		return "", err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if a, err := find(ctx, tx, "email", email); err == nil && a.Roles[by.Workspace] != "" {
			return flaw("person_there", "this person has a role in the workspace already")
		} else if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		// A new invitation takes the place of the old one.
		if _, err := tx.Exec(ctx, "DELETE FROM staff_link WHERE kind = $1 AND workspace = $2 AND email = $3", string(InviteLink), by.Workspace, email); err != nil {
			return err
		}
		if token, err = s.makeLink(ctx, tx, Link{Kind: InviteLink, Workspace: by.Workspace, Email: email, Role: role, CreatedBy: by.Account}, InviteLimit); err != nil {
			return err
		}
		return Record(ctx, tx, by, "person.invited", "", string(role))
	})
	if err != nil {
		return "", fmt.Errorf("invite to workspace %d: %w", by.Workspace, err)
	}
	return token, nil
}

// mayGive refuses a role that does not exist or that only an owner may give.
func (a Actor) mayGive(role workspace.Role) error {
	if !slices.Contains(workspace.Roles, role) {
		return flaw("role", fmt.Sprintf("%q is not a role: owner, admin, analyst or agent", role))
	}
	if role == workspace.Owner && a.Role != workspace.Owner {
		return flaw("owner_only", "only an owner makes an owner")
	}
	return nil
}

// Invitations lists those that wait, the newest first.
func (s *Store) Invitations(ctx context.Context, by Actor) ([]Link, error) {
	if err := by.Need(People); err != nil {
		return nil, err
	}
	var out []Link
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT "+linkColumns+" FROM staff_link WHERE workspace = $1 AND kind = $2 AND expires_at > $3 ORDER BY created_at DESC, id",
			[]any{by.Workspace, string(InviteLink), s.now().UnixMicro()}, func(rows *sql.Rows) error {
				l, err := scanLink(rows)
				out = append(out, l)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("invitations to workspace %d: %w", by.Workspace, err)
	}
	return out, nil
}

// Withdraw ends an invitation.
func (s *Store) Withdraw(ctx context.Context, by Actor, id string) error {
	if err := by.Need(People); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if err := one(tx.Exec(ctx, "DELETE FROM staff_link WHERE workspace = $1 AND kind = $2 AND id = $3", by.Workspace, string(InviteLink), id)); err != nil {
			return err
		}
		return Record(ctx, tx, by, "person.withdrawn", id, "")
	})
}

// Newcomer is what a person gives who uses a link.
type Newcomer struct {
	Name      string
	Password  string // a new one; of an account that exists, its own
	Language  string // a locale.Lang
	Address   string
	UserAgent string
}

// Join uses an invitation: it makes the account where there is none, else checks
// its password, which counts as an attempt to sign in.
func (s *Store) Join(ctx context.Context, token string, n Newcomer) (Ticket, error) {
	l, err := s.Link(ctx, InviteLink, token)
	if err != nil {
		return Ticket{}, err
	}
	if l.Known {
		return s.joinAgain(ctx, token, l, n)
	}
	a, err := s.newAccount(ctx, l.Email, n.Name, n.Password)
	if err != nil {
		return Ticket{}, err
	}
	if a.Language = n.Language; a.Name == "" {
		return Ticket{}, flaw("person_name", "a name is needed")
	}
	return s.join(ctx, token, a, true, n.UserAgent)
}

func (s *Store) joinAgain(ctx context.Context, token string, l Link, n Newcomer) (Ticket, error) {
	subjects := [][]byte{throttled("email", l.Email), throttled("address", network(n.Address))}
	if err := s.begin(ctx, subjects); err != nil {
		return Ticket{}, err
	}
	a, err := s.authenticate(ctx, l.Email, n.Password)
	if err != nil {
		return Ticket{}, err
	}
	if err := s.passed(ctx, subjects); err != nil {
		return Ticket{}, err
	}
	return s.join(ctx, token, a, false, n.UserAgent)
}

func (s *Store) join(ctx context.Context, token string, a *account, isNew bool, userAgent string) (t Ticket, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		l, err := s.useLink(ctx, tx, InviteLink, token)
		if err != nil {
			return err
		}
		// Who invited may have lost the right meanwhile.
		inviter := Actor{Account: l.CreatedBy, Workspace: l.Workspace}
		if err := tx.QueryRow(ctx, "SELECT role FROM account_role WHERE workspace = $1 AND account = $2", l.Workspace, l.CreatedBy).Scan(&inviter.Role); err != nil && !db.IsNone(err) {
			return err
		}
		if !inviter.May(People) || inviter.mayGive(l.Role) != nil {
			return ErrNotFound
		}
		if isNew {
			if err := s.insert(ctx, tx, a); err != nil {
				return err
			}
		}
		if err := s.addRole(ctx, tx, Actor{Account: a.Account, Workspace: l.Workspace, Role: l.Role}, a.Account, l.Role); err != nil {
			return err
		}
		if a.totp != nil {
			t, err = s.begun(ctx, tx, a.Account, userAgent, stageSecond)
			return err
		}
		t, err = s.open(ctx, tx, a.Account, userAgent)
		return err
	})
	if db.IsConflict(err) {
		return Ticket{}, flaw("person_there", "this person has a role in the workspace already")
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("join: %w", err)
	}
	return t, nil
}

// StartReset makes a link by which a person chooses a new password; it is the
// operator's act, who says whether the second factor goes too. Older such links
// end.
func (s *Store) StartReset(ctx context.Context, email string, withoutSecond bool) (token string, err error) {
	if email, err = checkEmail(email); err != nil {
		return "", err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := find(ctx, tx, "email", email)
		if errors.Is(err, ErrNotFound) {
			return flaw("no_account", "no account has this e-mail")
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM staff_link WHERE kind = $1 AND email = $2", string(ResetLink), email); err != nil {
			return err
		}
		if withoutSecond {
			if err := clearSecond(ctx, tx, a.Account); err != nil {
				return err
			}
			if err := recordFor(ctx, tx, Operator, a.Person, "account.second_off"); err != nil {
				return err
			}
		}
		if err := forgive(ctx, tx, a.Person); err != nil {
			return err
		}
		if token, err = s.makeLink(ctx, tx, Link{Kind: ResetLink, Email: email, CreatedBy: Operator}, ResetLimit); err != nil {
			return err
		}
		return recordFor(ctx, tx, Operator, a.Person, "account.reset")
	})
	if err != nil {
		return "", fmt.Errorf("reset a password: %w", err)
	}
	return token, nil
}

// Reset uses such a link: it sets the password and ends all sessions. The person
// signs in next, with the second factor where it is on.
func (s *Store) Reset(ctx context.Context, token, password string) error {
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		l, err := s.useLink(ctx, tx, ResetLink, token)
		if err != nil {
			return err
		}
		a, err := find(ctx, tx, "email", l.Email)
		if err != nil {
			return err
		}
		if err := forgive(ctx, tx, a.Person); err != nil {
			return err
		}
		return s.setPassword(ctx, tx, a.Person, hash)
	})
	if err != nil {
		return fmt.Errorf("reset a password: %w", err)
	}
	return nil
}
