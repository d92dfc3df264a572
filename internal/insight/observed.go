package insight

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Slot is when the slot begins that a time falls into, both in microseconds.
func (g Grain) Slot(at int64) int64 { return g.slot(at) }

// OutcomesOf reads the outcomes of a kind in a span of time, the newest first and
// at most so many.
func (s *Store) OutcomesOf(ctx context.Context, tx *db.Tx, workspace int64, kind OutcomeKind, from, to int64, limit int) ([]Outcome, error) {
	out, err := readOutcomes(ctx, tx, "workspace = $1 AND kind = $2 AND at >= $3 AND at < $4 ORDER BY at DESC, position DESC, n LIMIT $5",
		workspace, string(kind), from, to, limit)
	if err != nil {
		return nil, fmt.Errorf("read outcomes of %s: %w", kind, err)
	}
	return out, nil
}

// LatestOutcome returns the position of a shard's last outcome, before all of the
// shard where there is none.
func (s *Store) LatestOutcome(ctx context.Context, tx *db.Tx, workspace int64, shard int) (event.Position, error) {
	first := event.NewPosition(shard, 0, 0)
	var at sql.NullInt64
	err := tx.QueryRow(ctx, "SELECT max(position) FROM outcome WHERE workspace = $1 AND position >= $2 AND position <= $3",
		workspace, int64(first), int64(event.NewPosition(shard, event.MaxSequence, event.MaxIndex))).Scan(&at)
	if err != nil {
		return 0, fmt.Errorf("read the last outcome: %w", err)
	}
	if !at.Valid {
		return first - 1, nil
	}
	return event.Position(at.Int64), nil
}

// Series reads what was counted of signals as a whole, by slots that have any, in
// the order of time.
func (s *Store) Series(ctx context.Context, tx *db.Tx, workspace int64, names []Name, from, to int64, grain Grain) (map[Name][]Slot, error) {
	model, err := tx.Model(ctx, workspace)
	if err != nil {
		return nil, err
	}
	out := map[Name][]Slot{}
	err = tx.Each(ctx, `SELECT name, at, sum(n) FROM signal WHERE model = $1 AND grain = $2 AND name IN (`+list(names)+`)
		AND at >= $3 AND at < $4 AND label = '' GROUP BY name, at ORDER BY name, at`, []any{model, int64(grain), from, to}, func(r *sql.Rows) error {
		var name Name
		var at, n int64
		err := r.Scan(&name, &at, &n)
		out[name] = append(out[name], Slot{At: at, N: n})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read signals: %w", err)
	}
	if slices.Contains(names, Waiting) {
		if out[Waiting], err = waitSeries(ctx, tx, workspace, from, to, grain); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Labels reads the labels of a signal that most of it had in a span of time, which
// is widened to whole slots of the grain.
func (s *Store) Labels(ctx context.Context, tx *db.Tx, workspace int64, name Name, from, to int64, grain Grain, limit int) ([]ValueCount, error) {
	model, err := tx.Model(ctx, workspace)
	if err != nil {
		return nil, err
	}
	list, err := parts(ctx, tx, model, name, []piece{{grain, grain.slot(from), to}}, limit)
	if err != nil {
		return nil, fmt.Errorf("read labels of %s: %w", name, err)
	}
	out := make([]ValueCount, len(list))
	for i, p := range list {
		out[i] = ValueCount{Value: p.Label, N: p.N}
	}
	return out, nil
}

// ProductName returns what a product is called, "" where nobody has said.
func (s *Store) ProductName(ctx context.Context, tx *db.Tx, workspace int64, id string) (name string, err error) {
	model, err := tx.Model(ctx, workspace)
	if err != nil {
		return "", err
	}
	err = tx.QueryRow(ctx, "SELECT name FROM product_name WHERE model = $1 AND product = $2", model, id).Scan(&name)
	if err != nil && !db.IsNone(err) {
		return "", fmt.Errorf("read a product's name: %w", err)
	}
	return name, nil
}
