package staff

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Member is a person of a workspace in a list.
type Member struct {
	Account string
	Email   string
	Name    string
	Role    workspace.Role
	Second  bool      // has a second factor
	Used    time.Time // when they were last there; zero: not in this month
}

// Members lists the people of a workspace by name. Everybody may see their
// names, for opinions are assigned to them; e-mails are for those who manage
// people.
func (s *Store) Members(ctx context.Context, by Actor) ([]Member, error) {
	if err := by.Need(See); err != nil {
		return nil, err
	}
	var out []Member
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, `SELECT a.id, a.email, a.name, r.role, CASE WHEN a.totp IS NULL THEN 0 ELSE 1 END,
			coalesce((SELECT max(used_at) FROM staff_session s WHERE s.account = a.id), 0)
			FROM account_role r JOIN account a ON a.id = r.account WHERE r.workspace = $1 ORDER BY a.name, a.email`, []any{by.Workspace}, func(rows *sql.Rows) error {
			var m Member
			var used, second int64
			err := rows.Scan(&m.Account, &m.Email, &m.Name, &m.Role, &second, &used)
			if m.Second = second == 1; used > 0 {
				m.Used = time.UnixMicro(used)
			}
			if !by.May(People) {
				m.Email, m.Second, m.Used = "", false, time.Time{}
			}
			out = append(out, m)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("people of workspace %d: %w", by.Workspace, err)
	}
	return out, nil
}

// SetRole changes what a person may do. Only an owner makes or changes an owner,
// and the last owner stays one.
func (s *Store) SetRole(ctx context.Context, by Actor, id string, role workspace.Role) error {
	if err := by.Need(People); err != nil {
		return err
	}
	if err := by.mayGive(role); err != nil {
		return err
	}
	return s.member(ctx, by, id, func(tx *db.Tx, has workspace.Role) error {
		if has == role {
			return nil
		}
		if role != workspace.Owner {
			if err := keepOwner(ctx, tx, by.Workspace, has); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, "UPDATE account_role SET role = $1 WHERE workspace = $2 AND account = $3", string(role), by.Workspace, id); err != nil {
			return err
		}
		return Record(ctx, tx, by, "person.role", id, string(has)+" → "+string(role))
	})
}

// Remove takes a person out of the workspace; who they are elsewhere stays.
func (s *Store) Remove(ctx context.Context, by Actor, id string) error {
	if err := by.Need(People); err != nil {
		return err
	}
	return s.member(ctx, by, id, func(tx *db.Tx, has workspace.Role) error {
		if err := keepOwner(ctx, tx, by.Workspace, has); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM account_role WHERE workspace = $1 AND account = $2", by.Workspace, id); err != nil {
			return err
		}
		// What they handed out ends with them.
		if _, err := tx.Exec(ctx, "DELETE FROM staff_link WHERE workspace = $1 AND created_by = $2", by.Workspace, id); err != nil {
			return err
		}
		return Record(ctx, tx, by, "person.removed", id, string(has))
	})
}

// member calls f with the role of a person whom the actor may change.
func (s *Store) member(ctx context.Context, by Actor, id string, f func(tx *db.Tx, has workspace.Role) error) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if err := lock(ctx, tx, by.Workspace); err != nil {
			return err
		}
		var has workspace.Role
		err := tx.QueryRow(ctx, "SELECT role FROM account_role WHERE workspace = $1 AND account = $2", by.Workspace, id).Scan(&has)
		if db.IsNone(err) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		if has == workspace.Owner && by.Role != workspace.Owner {
			return flaw("owner_only_change", "only an owner changes an owner")
		}
		return f(tx, has)
	})
	if err != nil {
		return fmt.Errorf("change a person of workspace %d: %w", by.Workspace, err)
	}
	return nil
}

// keepOwner refuses to let the last owner go.
func keepOwner(ctx context.Context, tx *db.Tx, number int64, has workspace.Role) error {
	if has != workspace.Owner {
		return nil
	}
	var owners int
	err := tx.QueryRow(ctx, "SELECT count(*) FROM account_role WHERE workspace = $1 AND role = $2", number, string(workspace.Owner)).Scan(&owners)
	if err == nil && owners < 2 {
		err = flaw("last_owner", "a workspace needs an owner: make somebody else one first")
	}
	return err
}
