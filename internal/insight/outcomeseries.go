package insight

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Slot is how many outcomes there were in a slot of time.
type Slot struct {
	At  int64 // when it begins, microseconds UTC
	N   int64
	Bad float64 // how many of them ended badly; half bad ones count half
}

// ValueCount is how many outcomes had a value of a dimension.
type ValueCount struct {
	Value string // "*": all that were too many to be counted each
	N     int64
	Bad   float64
}

// OutcomeSeries reads how many outcomes of a kind there were from a time until
// before another, by slots of a grain; slots of nothing are not in it. The
// dimension "" is all of them. Minutes are kept for two days, quarters of an hour
// for sixty; what is not counted by a dimension reaches back 28 days, as the
// outcomes do. Each checkout counts once, by how it first ended.
func (s *Store) OutcomeSeries(ctx context.Context, tx *db.Tx, workspace int64, kind OutcomeKind, dim Dim, value string, from, to int64, grain Grain) ([]Slot, error) {
	if !isCounted(kind, dim, grain) {
		return countSlots(ctx, tx, workspace, kind, dim, value, grain.slot(from), to, grain)
	}
	var out []Slot
	err := tx.Each(ctx, `SELECT at, sum(n), sum(bad) FROM outcome_count WHERE workspace = $1 AND grain = $2 AND kind = $3 AND dim = $4
		AND at >= $5 AND at < $6 AND value = $7 GROUP BY at ORDER BY at`,
		[]any{workspace, int64(grain), string(kind), string(dim), grain.slot(from), to, value}, func(r *sql.Rows) error {
			var x Slot
			var bad int64
			err := r.Scan(&x.At, &x.N, &bad)
			x.Bad = float64(bad) / float64(event.One)
			out = append(out, x)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read a series of outcomes: %w", err)
	}
	return out, nil
}

// OutcomeValues reads the values of a dimension that most outcomes of a kind had
// from a time until before another, at most so many. Of a dimension that is counted
// the span is widened to whole quarters of an hour, or beyond a fortnight to days.
func (s *Store) OutcomeValues(ctx context.Context, tx *db.Tx, workspace int64, kind OutcomeKind, dim Dim, from, to int64, limit int) ([]ValueCount, error) {
	if !isCounted(kind, dim, Quarter) {
		return countValues(ctx, tx, workspace, kind, dim, from, to, limit)
	}
	edge := Quarter
	if to-from > 14*Day.micros() {
		edge = Day
	}
	args := []any{workspace, string(kind), string(dim)}
	var spans []string
	for _, p := range pieces(edge.slot(from), edge.slot(to+edge.micros()-1), edge) {
		if p.from < p.to {
			n := len(args)
			spans = append(spans, fmt.Sprintf("SELECT value, n, bad FROM outcome_count WHERE workspace = $1 AND kind = $2 AND dim = $3 AND grain = $%d AND at >= $%d AND at < $%d", n+1, n+2, n+3))
			args = append(args, int64(p.grain), p.from, p.to)
		}
	}
	if len(spans) == 0 {
		return nil, nil
	}
	var out []ValueCount
	err := tx.Each(ctx, "SELECT value, sum(n), sum(bad) FROM ("+strings.Join(spans, " UNION ALL ")+") x GROUP BY value ORDER BY sum(n) DESC, value"+fmt.Sprintf(" LIMIT %d", limit),
		args, func(r *sql.Rows) error {
			var x ValueCount
			var bad int64
			err := r.Scan(&x.Value, &x.N, &bad)
			x.Bad = float64(bad) / float64(event.One)
			out = append(out, x)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read values of outcomes: %w", err)
	}
	return out, nil
}
