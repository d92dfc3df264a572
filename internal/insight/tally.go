package insight

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
)

// slotKey is a slot of a signal in a shard.
type slotKey struct {
	model int64
	shard int
	grain Grain
	name  Name
	at    int64
}

type rowKey struct {
	slotKey
	label string
}

type figures struct{ n, amount int64 }

// tally gathers what a batch changes of the signals.
type tally struct {
	rows  map[rowKey]*figures
	order []rowKey // labelled, as they first came

	labels map[rowKey]int64 // how many labels slots gain, by the row of the whole
	locked []rowKey         // wholes of slots whose labels change, on PostgreSQL
}

func newTally() *tally { return &tally{rows: map[rowKey]*figures{}} }

// add counts something so many times, or takes it back with -1.
func (t *tally) add(model int64, shard int, c count, times int64) {
	s := specOf[c.Name]
	for _, k := range s.grains {
		slot := slotKey{model, shard, k.grain, c.Name, k.grain.slot(c.At)}
		whole := t.row(rowKey{slot, ""})
		whole.n += times * c.N
		if s.labels > 0 {
			row := t.row(rowKey{slot, cmp.Or(c.Label, unknown)})
			row.n += times * c.N
			row.amount = saturate(row.amount + times*c.Amount)
		}
	}
}

// unknown is the label of what has none.
const unknown = "?"

// most bounds sums of money, so that no sender makes one wrap around.
const most = 4_000_000_000_000_000_000

func saturate(n int64) int64 { return min(max(n, -most), most) }

func (t *tally) row(k rowKey) *figures {
	f := t.rows[k]
	if f == nil {
		f = &figures{}
		t.rows[k] = f
		if k.label != "" {
			t.order = append(t.order, k)
		}
	}
	return f
}

// write adds the changes to what is stored, and deletes what is older than is
// kept. latest holds the time of each shard's latest event in the batch.
func (t *tally) write(ctx context.Context, tx *db.Tx, shard int, latest map[int64]int64) error {
	c, err := readClocks(ctx, tx, shard, latest)
	if err != nil {
		return fmt.Errorf("read the clocks of signals: %w", err)
	}
	for k, f := range t.rows {
		if f.n == 0 && f.amount == 0 || k.at < c.horizon(k.slotKey) {
			delete(t.rows, k)
		}
	}
	if err := t.lock(ctx, tx); err != nil {
		return fmt.Errorf("lock signals: %w", err)
	}
	if err := t.divide(ctx, tx); err != nil {
		return fmt.Errorf("read signals: %w", err)
	}
	if err := t.store(ctx, tx); err != nil {
		return err
	}
	return c.prune(ctx, tx, shard)
}

var signalKey = db.Columns("model int, grain int, name text, at int, label text, shard int")

func (k rowKey) columns() []any {
	return []any{k.model, int64(k.grain), string(k.name), k.at, k.label, k.shard}
}

// lock locks on PostgreSQL the slots whose labels change, so that of two batches
// that count the labels of a slot the second sees what the first wrote.
func (t *tally) lock(ctx context.Context, tx *db.Tx) error {
	if !tx.Postgres() {
		return nil
	}
	wholes := map[rowKey]bool{}
	for _, k := range t.order {
		if t.rows[k] != nil {
			wholes[rowKey{k.slotKey, ""}] = true
		}
	}
	t.locked = slices.SortedFunc(maps.Keys(wholes), compareRows)
	keys, empty := db.NewRows(signalKey), db.NewRows(db.Columns("model int, grain int, name text, at int, label text, shard int, n int"))
	for _, k := range t.locked {
		keys.Add(k.columns()...)
		empty.Add(append(k.columns(), int64(0))...)
	}
	if err := tx.Insert(ctx, "signal", empty, "ON CONFLICT DO NOTHING"); err != nil {
		return err
	}
	return tx.Lookup(ctx, keys, `SELECT 1 FROM k CROSS JOIN signal s WHERE s.model = k.model AND s.grain = k.grain AND s.name = k.name AND s.at = k.at
		AND s.label = k.label AND s.shard = k.shard ORDER BY s.model, s.grain, s.name, s.at, s.label, s.shard FOR UPDATE OF s`,
		func(*sql.Rows) error { return nil })
}

// divide decides which labels are kept, and puts the others together.
func (t *tally) divide(ctx context.Context, tx *db.Tx) error {
	had, labels, err := t.stored(ctx, tx)
	if err != nil {
		return err
	}
	t.labels = map[rowKey]int64{}
	for _, k := range t.order {
		f := t.rows[k]
		if f == nil {
			continue
		}
		before, known := had[k]
		whole := rowKey{k.slotKey, ""}
		switch {
		case known && before.n+f.n == 0:
			t.labels[whole]--
		case known:
		case labels[k.slotKey]+t.labels[whole] < specOf[k.name].labels:
			t.labels[whole]++
		default:
			delete(t.rows, k)
			r := t.row(rowKey{k.slotKey, rest})
			r.n, r.amount = r.n+f.n, saturate(r.amount+f.amount)
		}
	}
	for k, n := range t.labels {
		if n != 0 && t.rows[k] == nil {
			t.rows[k] = &figures{}
		}
	}
	return nil
}

// stored reads the labelled rows that change, and how many labels their slots have.
func (t *tally) stored(ctx context.Context, tx *db.Tx) (had map[rowKey]figures, labels map[slotKey]int64, err error) {
	keys := db.NewRows(signalKey)
	slots := map[slotKey]bool{}
	for _, k := range t.order {
		if t.rows[k] == nil {
			continue
		}
		keys.Add(k.columns()...)
		if !slots[k.slotKey] {
			slots[k.slotKey] = true
			keys.Add(rowKey{k.slotKey, ""}.columns()...)
		}
	}
	had, labels = map[rowKey]figures{}, map[slotKey]int64{}
	err = tx.Lookup(ctx, keys, `SELECT s.model, s.grain, s.name, s.at, s.label, s.shard, s.n, s.amount, s.labels
		FROM k CROSS JOIN signal s WHERE s.model = k.model AND s.grain = k.grain AND s.name = k.name AND s.at = k.at
			AND s.label = k.label AND s.shard = k.shard`,
		func(r *sql.Rows) error {
			var k rowKey
			var f figures
			var n int64
			err := r.Scan(&k.model, &k.grain, &k.name, &k.at, &k.label, &k.shard, &f.n, &f.amount, &n)
			if k.label == "" {
				labels[k.slotKey] = n
			} else {
				had[k] = f
			}
			return err
		})
	return had, labels, err
}

// store adds the changes up in the table, in the order of its key.
func (t *tally) store(ctx context.Context, tx *db.Tx) error {
	order := slices.SortedFunc(maps.Keys(t.rows), compareRows)
	rows, emptied := db.NewRows(db.Columns("model int, grain int, name text, at int, label text, shard int, n int, amount int, labels int")), db.NewRows(signalKey)
	for _, k := range order {
		f := t.rows[k]
		rows.Add(append(k.columns(), f.n, f.amount, t.labels[k])...)
		if f.n <= 0 {
			emptied.Add(k.columns()...)
		}
	}
	for _, k := range t.locked {
		if t.rows[k] == nil { // perhaps made by lock alone
			emptied.Add(k.columns()...)
		}
	}
	err := tx.Insert(ctx, "signal", rows, `ON CONFLICT (model, grain, name, at, label, shard) DO UPDATE SET n = signal.n + excluded.n,
		amount = CASE WHEN abs(signal.amount) > 4000000000000000000 THEN signal.amount ELSE signal.amount + excluded.amount END,
		labels = signal.labels + excluded.labels`)
	if err != nil {
		return err
	}
	const drop = `DELETE FROM signal WHERE n = 0 AND (model, grain, name, at, label, shard) IN (SELECT model, grain, name, at, label, shard FROM k) RETURNING n`
	if err := tx.Lookup(ctx, emptied, drop, func(*sql.Rows) error { return nil }); err != nil {
		return fmt.Errorf("delete signals of nothing: %w", err)
	}
	return nil
}

func compareRows(a, b rowKey) int {
	return cmp.Or(cmp.Compare(a.model, b.model), cmp.Compare(a.grain, b.grain), strings.Compare(string(a.name), string(b.name)),
		cmp.Compare(a.at, b.at), strings.Compare(a.label, b.label), cmp.Compare(a.shard, b.shard))
}

// clocks are the times of shards' latest events.
type clocks map[clockKey]*clock

type clockKey struct {
	model int64
	shard int
}

type clock struct{ before, latest int64 }

// readClocks reads the clocks of the models in the batch, and moves this shard's on.
func readClocks(ctx context.Context, tx *db.Tx, shard int, latest map[int64]int64) (clocks, error) {
	keys := db.NewRows(db.Columns("model int"))
	for _, m := range slices.Sorted(maps.Keys(latest)) {
		keys.Add(m)
	}
	c := clocks{}
	err := tx.Lookup(ctx, keys, "SELECT s.model, s.shard, s.latest FROM k CROSS JOIN signal_clock s WHERE s.model = k.model", func(r *sql.Rows) error {
		var k clockKey
		var at int64
		err := r.Scan(&k.model, &k.shard, &at)
		c[k] = &clock{at, at}
		return err
	})
	for m, at := range latest {
		k := clockKey{m, shard}
		if c[k] == nil {
			c[k] = &clock{before: notStored}
		}
		c[k].latest = max(at, c[k].before)
	}
	return c, err
}

// horizon is the time before which a slot's signals are not kept.
func (c clocks) horizon(k slotKey) int64 {
	for _, g := range specOf[k.name].grains {
		if g.grain == k.grain && g.fine {
			if clock := c[clockKey{k.model, k.shard}]; clock != nil {
				return oldest(clock.latest)
			}
		}
	}
	return notStored
}

// oldest is the beginning of what is kept for a while, as of a time.
func oldest(at int64) int64 {
	if at < fine {
		return notStored
	}
	return (at - fine) / pruning * pruning
}

// prune stores the clocks that moved, and deletes what a moved horizon left behind.
func (c clocks) prune(ctx context.Context, tx *db.Tx, shard int) error {
	rows := db.NewRows(db.Columns("model int, shard int, latest int"))
	for _, k := range slices.SortedFunc(maps.Keys(c), func(a, b clockKey) int { return cmp.Or(cmp.Compare(a.model, b.model), cmp.Compare(a.shard, b.shard)) }) {
		clock := c[k]
		if k.shard != shard || clock.latest == clock.before {
			continue
		}
		rows.Add(k.model, k.shard, clock.latest)
		low := oldest(clock.latest)
		if clock.before == notStored || low == oldest(clock.before) {
			continue
		}
		for _, s := range specs {
			for _, g := range s.grains {
				if !g.fine {
					continue
				}
				if _, err := tx.Exec(ctx, "DELETE FROM signal WHERE model = $1 AND grain = $2 AND name = $3 AND at < $4 AND shard = $5",
					k.model, int64(g.grain), string(s.name), low, k.shard); err != nil {
					return fmt.Errorf("delete old signals: %w", err)
				}
			}
		}
	}
	return tx.Insert(ctx, "signal_clock", rows, "ON CONFLICT (model, shard) DO UPDATE SET latest = excluded.latest")
}

// word is a label as people write it in many ways: lower case, short, one line,
// and nothing where it may be of a person.
func word(s string) string {
	s = strings.ToLower(strings.Join(strings.Fields(s), " "))
	if short := []rune(s); len(short) > maxLabel {
		s = string(short[:maxLabel])
	}
	if personal(s) {
		return ""
	}
	return s
}

const maxLabel = 60 // characters

// personal reports whether a text holds what looks like an e-mail address or a
// telephone or card number.
func personal(s string) bool {
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return digits > 6 || strings.Contains(s, "@")
}
