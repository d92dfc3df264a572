package incident

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

var toldColumns = db.Columns("workspace int, insight text, rule text, destination text, receiver text, language text, at int")

// writeTold keeps who was told of an Insight by a rule.
func writeTold(ctx context.Context, tx *db.Tx, in *Insight, rule string, to []Receiver, at time.Time) error {
	rows := db.NewRows(toldColumns)
	for _, r := range to {
		rows.Add(in.Workspace, in.ID, rule, r.Destination, r.Address, string(r.Language), at.UnixMicro())
	}
	if err := tx.Insert(ctx, "insight_told", rows, "ON CONFLICT (workspace, insight, rule, destination, receiver) DO NOTHING"); err != nil {
		return fmt.Errorf("keep who was told: %w", err)
	}
	return nil
}

// toldOf lists who was told of an Insight, each once.
func toldOf(ctx context.Context, tx *db.Tx, in *Insight) (out []Receiver, err error) {
	err = tx.Each(ctx, `SELECT destination, receiver, max(language) FROM insight_told WHERE workspace = $1 AND insight = $2
		GROUP BY destination, receiver ORDER BY destination, receiver`, []any{in.Workspace, in.ID}, func(rows *sql.Rows) error {
		var r Receiver
		err := rows.Scan(&r.Destination, &r.Address, &r.Language)
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who was told: %w", err)
	}
	return out, nil
}

// toldBy reports whether a rule told of an Insight.
func toldBy(ctx context.Context, tx *db.Tx, in *Insight, rule string) (bool, error) {
	var one int
	err := tx.QueryRow(ctx, "SELECT 1 FROM insight_told WHERE workspace = $1 AND insight = $2 AND rule = $3 LIMIT 1", in.Workspace, in.ID, rule).Scan(&one)
	if db.IsNone(err) {
		return false, nil
	}
	return err == nil, err
}

// lastTold returns when a rule told of an Insight for the last time.
func lastTold(ctx context.Context, tx *db.Tx, workspace int64, rule string) (time.Time, error) {
	var at int64
	if err := tx.QueryRow(ctx, "SELECT coalesce(max(at), 0) FROM insight_told WHERE workspace = $1 AND rule = $2", workspace, rule).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read when was told: %w", err)
	}
	return timeOf(at), nil
}

// moveTold lets those who were told of one Insight hear of the end of another.
func moveTold(ctx context.Context, tx *db.Tx, from, into *Insight) error {
	_, err := tx.Exec(ctx, `INSERT INTO insight_told (workspace, insight, rule, destination, receiver, language, at)
		SELECT workspace, $3, rule, destination, receiver, language, at FROM insight_told WHERE workspace = $1 AND insight = $2
		ON CONFLICT (workspace, insight, rule, destination, receiver) DO NOTHING`, from.Workspace, from.ID, into.ID)
	if err != nil {
		return fmt.Errorf("move who was told: %w", err)
	}
	return nil
}
