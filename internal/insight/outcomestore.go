package insight

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// How long outcomes and trails are kept, and how many outcomes of a shard and
// workspace.
const (
	outcomesKept = 28 // days
	trailsKept   = 90
	mostOutcomes = 1_000_000
	tidyStep     = 2_000 // rows that a batch deletes at most
)

// The bits of an outcome's flags.
const (
	ofHistory = 1 << iota
	isAgain
)

const outcomeColumns = "position, n, kind, at, profile, subject, flags, bad, amount, currency, dims, words, sender"

// Outcomes reads a shard's outcomes after a position, in the order of the log: at
// least all of one event, and beyond that at most so many.
func (s *Store) Outcomes(ctx context.Context, tx *db.Tx, workspace int64, shard int, after event.Position, limit int) ([]Outcome, error) {
	from, to := max(after, event.NewPosition(shard, 0, 0)-1), event.NewPosition(shard, event.MaxSequence, event.MaxIndex)
	out, err := readOutcomes(ctx, tx, "workspace = $1 AND position > $2 AND position <= $3 ORDER BY position, n LIMIT $4",
		workspace, int64(from), int64(to), max(limit, 1))
	if err == nil && len(out) >= limit { // the last event's may not all be there
		last := out[len(out)-1]
		var more []Outcome
		more, err = readOutcomes(ctx, tx, "workspace = $1 AND position = $2 AND n > $3 ORDER BY n", workspace, int64(last.Position), last.N)
		out = append(out, more...)
	}
	if err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	return out, nil
}

func readOutcomes(ctx context.Context, tx *db.Tx, where string, args ...any) (out []Outcome, err error) {
	err = tx.Each(ctx, "SELECT "+outcomeColumns+" FROM outcome WHERE "+where, args, func(r *sql.Rows) error {
		var o Outcome
		var profile, subject, words []byte
		var flags, bad int64
		var dims string
		if err := r.Scan(&o.Position, &o.N, &o.Kind, &o.At, &profile, &subject, &flags, &bad, &o.Amount, &o.Currency, &dims, &words, &o.Key); err != nil {
			return err
		}
		copy(o.Profile[:], profile)
		copy(o.Subject[:], subject)
		copy(o.Words[:], words)
		o.History, o.Again, o.Bad = flags&ofHistory != 0, flags&isAgain != 0, float64(bad)/float64(event.One)
		o.Dims = parseDims(dims)
		out = append(out, o)
		return nil
	})
	return out, err
}

var outcomeRows = db.Columns("workspace int, position int, n int, kind text, at int, profile bytes, subject bytes, flags int, bad int, amount int, currency text, dims text, words bytes, sender text")

// write stores the batch's outcomes and deletes old ones.
func (w *watched) write(ctx context.Context, tx *db.Tx) error {
	type at struct {
		workspace int64
		position  event.Position
	}
	order := make([]int, len(w.outcomes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(w.owners[a], w.owners[b]), cmp.Compare(w.outcomes[a].Position, w.outcomes[b].Position))
	})
	rows, n := db.NewRows(outcomeRows), 0
	var last at
	added, first := map[int64]int64{}, map[int64]event.Position{}
	counts := outcomeCounts{}
	for i, k := range order {
		o, ws := &w.outcomes[k], w.owners[k]
		if n++; i == 0 || last != (at{ws, o.Position}) {
			n, last = 0, at{ws, o.Position}
		}
		o.N = n
		if added[ws]++; added[ws] == 1 {
			first[ws] = o.Position
		}
		counts.add(ws, o, &w.places[k])
		rows.Add(ws, int64(o.Position), o.N, string(o.Kind), o.At, o.Profile[:], idOrNull(o.Subject), o.flags(), int64(math.Round(o.Bad*float64(event.One))),
			o.Amount, o.Currency, w.places[k].json(), idOrNull(o.Words), o.Key)
	}
	if err := tx.Insert(ctx, "outcome", rows, ""); err != nil {
		return err
	}
	w.waitCounts(counts)
	if err := counts.grains(w.news).write(ctx, tx, w.shard); err != nil {
		return err
	}
	return w.tidy(ctx, tx, added, first)
}

func (o *Outcome) flags() int64 { return ofHistory*bit(o.History) | isAgain*bit(o.Again) }

func idOrNull(id event.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// outcomeClock says how many outcomes a workspace has in a shard.
type outcomeClock struct {
	stored int64
	days   [][2]int64 // a day, and the position at which it began
	tidied int64
}

// tidy counts what was added and deletes what is too old or too much, a step a batch.
func (w *watched) tidy(ctx context.Context, tx *db.Tx, added map[int64]int64, first map[int64]event.Position) error {
	keys := db.NewRows(db.Columns("workspace int, shard int"))
	for _, ws := range slices.Sorted(maps.Keys(added)) {
		keys.Add(ws, w.shard)
	}
	clocks := map[int64]*outcomeClock{}
	err := tx.Lookup(ctx, keys, `SELECT c.workspace, c.stored, c.days, c.tidied FROM k CROSS JOIN outcome_clock c
		WHERE c.workspace = k.workspace AND c.shard = k.shard`, func(r *sql.Rows) error {
		var ws int64
		var days string
		c := &outcomeClock{}
		if err := r.Scan(&ws, &c.stored, &days, &c.tidied); err != nil {
			return err
		}
		clocks[ws] = c
		return json.Unmarshal([]byte(days), &c.days)
	})
	if err != nil {
		return fmt.Errorf("read the clock of outcomes: %w", err)
	}
	rows := db.NewRows(db.Columns("workspace int, shard int, stored int, days text, tidied int"))
	for _, ws := range slices.Sorted(maps.Keys(added)) {
		c, day := clocks[ws], w.news[ws]
		if c == nil {
			c = &outcomeClock{tidied: day}
		}
		c.stored += added[ws]
		if n := len(c.days); n == 0 || c.days[n-1][0] < day {
			c.days = append(c.days, [2]int64{day, int64(first[ws])})
		}
		if err := c.tidy(ctx, tx, ws, w.shard, day, added[ws]); err != nil {
			return fmt.Errorf("delete old outcomes: %w", err)
		}
		text, err := json.Marshal(c.days)
		if err != nil {
			return fmt.Errorf("keep the days of outcomes: %w", err)
		}
		rows.Add(ws, w.shard, c.stored, string(text), c.tidied)
	}
	return tx.Insert(ctx, "outcome_clock", rows, "ON CONFLICT (workspace, shard) DO UPDATE SET stored = excluded.stored, days = excluded.days, tidied = excluded.tidied")
}

// tidy deletes a step of a workspace's old outcomes and, once a day, trails and
// counts.
func (c *outcomeClock) tidy(ctx context.Context, tx *db.Tx, workspace int64, shard int, day, added int64) error {
	step := max(tidyStep, 2*added)
	if len(c.days) > 0 && c.days[0][0] <= day-outcomesKept {
		kept := slices.IndexFunc(c.days, func(d [2]int64) bool { return d[0] > day-outcomesKept }) // today is
		deleted, err := deleteOutcomes(ctx, tx, workspace, shard, c.days[kept][1], step)
		if err != nil {
			return err
		}
		if c.stored -= deleted; deleted < step {
			c.days = c.days[kept:]
		}
	}
	if much := c.stored - mostOutcomes; much > 0 {
		deleted, err := deleteOutcomes(ctx, tx, workspace, shard, math.MaxInt64, min(much, step))
		if err != nil {
			return err
		}
		c.stored -= deleted
	}
	if c.tidied < day {
		deleted, err := tx.Exec(ctx, `DELETE FROM trail WHERE workspace = $1 AND id IN
			(SELECT id FROM trail WHERE workspace = $1 AND day < $2 ORDER BY day LIMIT $3)`, workspace, day-trailsKept, tidyStep)
		if err != nil {
			return err
		}
		done, err := tidyCounts(ctx, tx, workspace, shard, day)
		if err != nil {
			return err
		}
		if !done || deleted == tidyStep {
			return nil
		}
		c.tidied = day
		return tidyChanges(ctx, tx, workspace, day)
	}
	return nil
}

// deleteOutcomes deletes a shard's first outcomes before a position.
func deleteOutcomes(ctx context.Context, tx *db.Tx, workspace int64, shard int, before, limit int64) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM outcome WHERE workspace = $1 AND (position, n) IN (SELECT position, n FROM outcome
		WHERE workspace = $1 AND position >= $2 AND position < $3 AND position <= $4 ORDER BY position, n LIMIT $5)`,
		workspace, int64(event.NewPosition(shard, 0, 0)), before, int64(event.NewPosition(shard, event.MaxSequence, event.MaxIndex)), limit)
}
