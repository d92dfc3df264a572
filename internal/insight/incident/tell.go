package incident

import (
	"context"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

func flaw(code, english string) error {
	return workspace.Flaw{Code: code, Invalid: workspace.Invalid(english)}
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

// dropDue forgets what was to be told later of an Insight.
func dropDue(ctx context.Context, tx *db.Tx, in *Insight) error {
	if _, err := tx.Exec(ctx, "DELETE FROM insight_due WHERE workspace = $1 AND insight = $2", in.Workspace, in.ID); err != nil {
		return fmt.Errorf("forget what is due: %w", err)
	}
	return nil
}

// tell tells people what happened to an Insight, as far as a rule says so.
func (s *Store) tell(ctx context.Context, tx *db.Tx, in *Insight, what What) error { return nil }

func dropOneDue(ctx context.Context, tx *db.Tx, in *Insight, rule string, what What) error {
	_, err := tx.Exec(ctx, "DELETE FROM insight_due WHERE workspace = $1 AND insight = $2 AND rule = $3 AND what = $4", in.Workspace, in.ID, rule, string(what))
	return err
}

// putDue notes what is to be told of an Insight at a time.
func (s *Store) putDue(ctx context.Context, tx *db.Tx, in *Insight, rule string, what What, at time.Time, step int) error {
	_, err := tx.Exec(ctx, `INSERT INTO insight_due (workspace, insight, rule, what, at, step) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (workspace, insight, rule, what) DO UPDATE SET at = excluded.at, step = excluded.step`,
		in.Workspace, in.ID, rule, string(what), at.UnixMicro(), step)
	if err != nil {
		return fmt.Errorf("note what is due: %w", err)
	}
	return nil
}
