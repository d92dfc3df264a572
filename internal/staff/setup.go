package staff

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

// StartSetup returns a token for the first person of a new place, "" where
// somebody has an account. Each start of a process makes one; all end when one
// is used.
func (s *Store) StartSetup(ctx context.Context) (token string, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		there, err := anybody(ctx, tx)
		if err != nil || there {
			return err
		}
		token, err = s.makeLink(ctx, tx, Link{Kind: SetupLink, CreatedBy: Operator}, setupLimit)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("start the set-up: %w", err)
	}
	return token, nil
}

// Fresh reports whether nobody has an account yet.
func (s *Store) Fresh(ctx context.Context) (bool, error) {
	there := false
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		there, err = anybody(ctx, tx)
		return err
	})
	return !there, err
}

func anybody(ctx context.Context, tx *db.Tx) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, "SELECT count(*) FROM (SELECT 1 FROM account LIMIT 1) a").Scan(&n)
	return n > 0, err
}

// FirstOwner is what the first person says at the set-up.
type FirstOwner struct {
	Email string
	Shop  string // name of the workspace to make; not asked where there are some
	Zone  string // of that workspace
	Newcomer
}

// Setup makes the first account, owner of a new workspace or, where there are
// some already, of all of those. The error is ErrNotFound where the token is not
// good, or somebody was faster.
func (s *Store) Setup(ctx context.Context, token string, f FirstOwner) (t Ticket, err error) {
	if _, err := s.Link(ctx, SetupLink, token); err != nil {
		return Ticket{}, err
	}
	email, err := checkEmail(f.Email)
	if err != nil {
		return Ticket{}, err
	}
	if err := workspace.CheckZone(f.Zone); err != nil {
		return Ticket{}, err
	}
	a, err := s.newAccount(ctx, email, f.Name, f.Password)
	if err != nil {
		return Ticket{}, err
	}
	if a.Language = f.Language; a.Name == "" {
		return Ticket{}, flaw("person_name", "a name is needed")
	}
	shops, err := s.workspaces.List(ctx)
	if err != nil {
		return Ticket{}, err
	}
	settle := func(ctx context.Context, tx *db.Tx, _ workspace.Created) (err error) {
		t, err = s.settle(ctx, tx, a, f)
		return err
	}
	if len(shops) == 0 {
		_, err = s.workspaces.Create(ctx, f.Shop, settle)
	} else {
		err = s.db.Update(ctx, func(tx *db.Tx) error { return settle(ctx, tx, workspace.Created{}) })
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("set up: %w", err)
	}
	return t, nil
}

func (s *Store) settle(ctx context.Context, tx *db.Tx, a *account, f FirstOwner) (Ticket, error) {
	// The tokens' rows keep a second one waiting, who then finds none.
	if err := one(tx.Exec(ctx, "DELETE FROM staff_link WHERE kind = $1", string(SetupLink))); err != nil {
		return Ticket{}, err
	}
	if there, err := anybody(ctx, tx); err != nil || there {
		return Ticket{}, ErrNotFound
	}
	if err := s.insert(ctx, tx, a); err != nil {
		return Ticket{}, err
	}
	if _, err := tx.Exec(ctx, "UPDATE workspace SET time_zone = $1 WHERE time_zone = ''", f.Zone); err != nil {
		return Ticket{}, err
	}
	var shops []int64
	err := tx.Each(ctx, "SELECT number FROM workspace ORDER BY number", nil, func(rows *sql.Rows) error {
		var n int64
		err := rows.Scan(&n)
		shops = append(shops, n)
		return err
	})
	for _, n := range shops {
		if err == nil {
			err = s.addRole(ctx, tx, Actor{Account: a.Account, Workspace: n, Role: workspace.Owner}, a.Account, workspace.Owner)
		}
	}
	if err != nil {
		return Ticket{}, err
	}
	return s.open(ctx, tx, a.Account, f.UserAgent)
}
