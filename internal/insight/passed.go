package insight

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
)

// mostPassed is how many promises a batch finds broken at most.
const mostPassed = 500

// timePassed makes outcomes of what did not happen in time: answers in chats, and
// parcels. No event tells of that, so it is looked for as of the batch's latest ones,
// and not where history is told of.
func (w *watched) timePassed(ctx context.Context, tx *db.Tx) error {
	clocks := db.NewRows(db.Columns("workspace int, at int, since int"))
	for _, ws := range slices.Sorted(maps.Keys(w.last)) {
		if at := w.last[ws].At; w.seen.sweep(ws, at) {
			clocks.Add(ws, at, at-7*Day.micros())
		}
	}
	if err := w.overlong(ctx, tx, clocks); err != nil {
		return err
	}
	return w.overdue(ctx, tx, clocks)
}

// skipLocked leaves on PostgreSQL rows to whoever has them: another shard looks for
// what passed as well, or is about to tell what happened.
func skipLocked(tx *db.Tx, table string) string {
	if tx.Postgres() {
		return " FOR UPDATE OF " + table + " SKIP LOCKED"
	}
	return ""
}

// passed keeps an outcome that is no event's, as of the workspace's latest one.
func (w *watched) passed(workspace int64, o Outcome, d values) {
	w.outcome(w.last[workspace], o, d)
	w.outcomes[len(w.outcomes)-1].History = false
}

// overdue makes outcomes of parcels whose promise has passed without them. Those
// of which history told are left out (bit 16, isHistory): their arrival may be told of next.
func (w *watched) overdue(ctx context.Context, tx *db.Tx, clocks *db.Rows) error {
	type late struct {
		workspace int64
		o         Outcome
		d         values
	}
	var list []late
	err := tx.Lookup(ctx, clocks, fmt.Sprintf(`UPDATE trail SET promise = -promise WHERE (workspace, id) IN
		(SELECT t.workspace, t.id FROM k CROSS JOIN trail t WHERE t.workspace = k.workspace AND t.promise > 0 AND t.state & 16 = 0 AND t.promise < k.at LIMIT %d%s)
		RETURNING workspace, id, profile, -promise, value, currency, dims`, mostPassed, skipLocked(tx, "t")), func(r *sql.Rows) error {
		var ws int64
		o, d, err := scanOverdue(r, &ws)
		list = append(list, late{ws, o, parseValues(d)})
		return err
	})
	if err != nil {
		return fmt.Errorf("find overdue parcels: %w", err)
	}
	slices.SortFunc(list, func(a, b late) int {
		return cmp.Or(cmp.Compare(a.workspace, b.workspace), cmp.Compare(a.o.At, b.o.At), bytes.Compare(a.o.Subject[:], b.o.Subject[:]))
	})
	for _, x := range list {
		w.passed(x.workspace, x.o, x.d)
	}
	return nil
}

func scanOverdue(r *sql.Rows, workspace *int64) (o Outcome, d string, err error) {
	o = Outcome{Kind: DeliveryEnded, Bad: 1}
	var id, profile []byte
	err = r.Scan(workspace, &id, &profile, &o.At, &o.Amount, &o.Currency, &d)
	copy(o.Subject[:], id)
	copy(o.Profile[:], profile)
	return o, d, err
}

// Overdue reads the parcels whose promise passed from a time until before another,
// that have not come, and that no outcome tells of yet, because nothing happened in
// the shop since then. Their Subject is that of the outcome to come.
func (s *Store) Overdue(ctx context.Context, tx *db.Tx, workspace, from, to int64) ([]Outcome, error) {
	var out []Outcome
	err := tx.Each(ctx, `SELECT workspace, id, profile, promise, value, currency, dims FROM trail
		WHERE workspace = $1 AND promise >= $2 AND promise < $3 AND promise > 0 AND state & 16 = 0 ORDER BY promise, id`, []any{workspace, from, to}, func(r *sql.Rows) error {
		var ws int64
		o, d, err := scanOverdue(r, &ws)
		o.Dims = parseDims(d)
		out = append(out, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read overdue parcels: %w", err)
	}
	return out, nil
}
