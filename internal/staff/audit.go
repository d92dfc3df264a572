package staff

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// Record adds a line to the audit log, in the transaction of what it tells of.
// action is a message key's last part ("key.created"), subject names what was
// acted on by its id, detail says more in few words; neither holds personal data.
func Record(ctx context.Context, tx *db.Tx, by Actor, action, subject, detail string) error {
	_, err := tx.Exec(ctx, `INSERT INTO audit (workspace, at, account, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
		by.Workspace, time.Now().UnixMicro(), by.Account, action, subject, detail)
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

// recordOwn adds a line about a person's own account to the log of each of
// their workspaces.
func recordOwn(ctx context.Context, tx *db.Tx, by Person, action string) error {
	return recordFor(ctx, tx, by.Account, by, action)
}

// recordFor is recordOwn where somebody else acts on the account.
func recordFor(ctx context.Context, tx *db.Tx, by string, on Person, action string) error {
	for _, number := range slices.Sorted(maps.Keys(on.Roles)) {
		if err := Record(ctx, tx, Actor{Account: by, Workspace: number}, action, on.Account, ""); err != nil {
			return err
		}
	}
	return nil
}

// Entry is a line of the audit log.
type Entry struct {
	At      time.Time
	Account string // id, or Operator
	Name    string // of the account; "" where there is none
	Action  string
	Subject string
	About   string // the name of the subject, where it is a person
	Detail  string
}

// AuditFilter says which lines to list; empty fields do not filter.
type AuditFilter struct {
	Account string
	Area    string // what an action begins with: key, person, workspace
	Before  string // the cursor of a page
	Limit   int
}

// Audit lists a workspace's audit log, the newest first, and the cursor of the
// page after, "" where there is none.
func (s *Store) Audit(ctx context.Context, by Actor, f AuditFilter) (out []Entry, next string, err error) {
	if err := by.Need(Audit); err != nil {
		return nil, "", err
	}
	before := int64(math.MaxInt64)
	if f.Before != "" {
		if before, err = strconv.ParseInt(f.Before, 36, 64); err != nil {
			return nil, "", ErrNotFound
		}
	}
	query := `SELECT l.id, l.at, l.account, coalesce(a.name, ''), l.action, l.subject, coalesce(b.name, ''), l.detail FROM audit l
		LEFT JOIN account a ON a.id = l.account LEFT JOIN account b ON b.id = l.subject WHERE l.workspace = $1 AND l.id < $2`
	args := []any{by.Workspace, before, f.Limit + 1}
	if f.Account != "" {
		args = append(args, f.Account)
		query += fmt.Sprintf(" AND l.account = $%d", len(args))
	}
	if f.Area != "" {
		args = append(args, strings.Trim(f.Area, "%_\\")+".%")
		query += fmt.Sprintf(" AND l.action LIKE $%d", len(args))
	}
	var last int64
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, query+" ORDER BY l.id DESC LIMIT $3", args, func(rows *sql.Rows) error {
			var e Entry
			var id, at int64
			err := rows.Scan(&id, &at, &e.Account, &e.Name, &e.Action, &e.Subject, &e.About, &e.Detail)
			e.At = time.UnixMicro(at)
			if len(out) < f.Limit {
				out, last = append(out, e), id
			} else {
				next = strconv.FormatInt(last, 36)
			}
			return err
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("audit log of workspace %d: %w", by.Workspace, err)
	}
	return out, next, nil
}

// AuditAreas lists what the audit log's actions begin with, as far as there are
// lines, to filter by.
func (s *Store) AuditAreas(ctx context.Context, by Actor) (out []string, err error) {
	if err := by.Need(Audit); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT DISTINCT action FROM audit WHERE workspace = $1", []any{by.Workspace}, func(rows *sql.Rows) error {
			var action string
			err := rows.Scan(&action)
			area, _, _ := strings.Cut(action, ".")
			out = append(out, area)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("audit log of workspace %d: %w", by.Workspace, err)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
