package incident

import (
	"context"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
)

// firstRule is the id of the rule that a workspace begins with.
const firstRule = "first"

// firstOf is the rule that holds while a workspace has none of its own, nil where it
// has, or has nowhere to tell. It has no row, so that to read it writes nothing.
func firstOf(ctx context.Context, tx *db.Tx, number int64) (*Rule, error) {
	var one int
	err := tx.QueryRow(ctx, "SELECT 1 FROM tell_rule WHERE workspace = $1 LIMIT 1", number).Scan(&one)
	if !db.IsNone(err) {
		return nil, err
	}
	var to Receiver
	var kind deliver.Kind
	err = tx.QueryRow(ctx, "SELECT id, kind FROM destination WHERE workspace = $1 ORDER BY created_at, id LIMIT 1", number).Scan(&to.Destination, &kind)
	if db.IsNone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the first rule: %w", err)
	}
	var address string
	err = tx.QueryRow(ctx, `SELECT a.email, a.language FROM account_role r JOIN account a ON a.id = r.account
		WHERE r.workspace = $1 AND r.role = 'owner' ORDER BY a.created_at, a.id LIMIT 1`, number).Scan(&address, &to.Language)
	if err != nil && !db.IsNone(err) {
		return nil, fmt.Errorf("find the first rule: %w", err)
	}
	if kind == deliver.Email {
		if to.Address = address; address == "" {
			return nil, nil // nobody to write to yet
		}
	}
	if !to.Language.Valid() {
		to.Language = ""
	}
	return &Rule{ID: firstRule, Active: true, Least: Medium, To: []Receiver{to}}, nil
}

// ownRules reads a workspace's rules before one of them is changed: from then on the
// first is one like the others. Where it is deleted its row stays, so that it does not
// come back.
func (s *Store) ownRules(ctx context.Context, tx *db.Tx, number int64) ([]Rule, error) {
	r, err := firstOf(ctx, tx, number)
	if err == nil && r != nil {
		err = s.putRule(ctx, tx, number, r)
	}
	if err != nil {
		return nil, err
	}
	return readRules(ctx, tx, number)
}
