package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
)

// Difference is the first row in which the derived rows in use are not those
// that the stored events make.
type Difference struct {
	Table string
	Key   string // of the row, column by column
	What  string
}

func (d *Difference) Error() string {
	return fmt.Sprintf("table %s, row %s: %s", d.Table, d.Key, d.What)
}

// Check rebuilds a workspace's derived rows aside and compares them, row by row
// and on one snapshot, with those in use. Its error is a *Difference where they
// differ. Events that could not be applied are not compared.
func (r *Replayer) Check(ctx context.Context, workspace int64, progress Progress) (rows int64, err error) {
	comparing := *r
	if r.Comparing != nil {
		comparing.Stages = r.Comparing
	}
	b, err := comparing.begin(ctx, workspace, "verify", progress)
	if err != nil {
		return 0, err
	}
	defer b.abandon()
	for try := 0; ; try++ {
		if err := b.catchUp(ctx); err != nil {
			return 0, err
		}
		err := r.DB.UpdateThenView(ctx,
			func(tx *db.Tx) error { return lockWorkspace(ctx, tx, workspace) },
			func(tx *db.Tx) error { _, err := b.rest(ctx, tx); return err },
			func(tx *db.Tx) error {
				live, err := tx.Model(ctx, workspace)
				if err == nil {
					rows, err = compare(ctx, tx, live, b.model)
				}
				return err
			})
		if !errors.Is(err, errMore) || try > 10 {
			return rows, err
		}
	}
}

// compare compares all derived rows of two models, and returns how many there are.
func compare(ctx context.Context, tx *db.Tx, live, rebuilt int64) (rows int64, err error) {
	tables, err := derived(ctx, tx)
	for i := 0; err == nil && i < len(tables); i++ {
		var n int64
		n, err = compareTable(ctx, tx, tables[i], live, rebuilt)
		rows += n
	}
	return rows, err
}

// compareTable walks through a table's rows of two models at once, by their key.
func compareTable(ctx context.Context, tx *db.Tx, t db.Table, live, rebuilt int64) (n int64, err error) {
	if t.Name == "dead_event" {
		return 0, nil
	}
	key := slices.DeleteFunc(slices.Clone(t.Key), func(c string) bool { return c == "model" })
	columns := slices.Clone(key)
	for _, c := range t.Columns {
		if c.Name != "model" && !slices.Contains(key, c.Name) {
			columns = append(columns, c.Name)
		}
	}
	half := "SELECT " + strings.Join(columns, ", ") + ", %s AS side FROM " + t.Name + " WHERE model = $%d"
	query := fmt.Sprintf(half, "0", 1) + " UNION ALL " + fmt.Sprintf(half, "1", 2) + " ORDER BY " + strings.Join(key, ", ") + ", side"
	rows, err := tx.Query(ctx, query, live, rebuilt)
	if err != nil {
		return 0, fmt.Errorf("compare table %s: %w", t.Name, err)
	}
	defer rows.Close()
	p := pairs{table: t.Name, columns: columns, key: len(key)}
	for rows.Next() {
		n++
		values := make([]any, len(columns))
		var side int
		into := []any{}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := rows.Scan(append(into, &side)...); err != nil {
			return n, fmt.Errorf("compare table %s: %w", t.Name, err)
		}
		if d := p.next(values, side == 1); d != nil {
			return n, d
		}
	}
	if err := rows.Err(); err != nil {
		return n, fmt.Errorf("compare table %s: %w", t.Name, err)
	}
	if d := p.end(); d != nil {
		return n, d
	}
	return n / 2, nil
}

// pairs expects the rows of both models in turn.
type pairs struct {
	table   string
	columns []string
	key     int   // so many columns first are the key
	open    []any // the row in use that waits for the rebuilt one
}

func (p *pairs) next(values []any, rebuilt bool) *Difference {
	if p.open == nil && !rebuilt {
		p.open = values
		return nil
	}
	if p.open == nil {
		return p.differ(values, "is missing; the stored events make it")
	}
	if !rebuilt || !p.same(p.open[:p.key], values[:p.key]) {
		return p.end()
	}
	for i := range values {
		if !p.same(p.open[i:i+1], values[i:i+1]) {
			return p.differ(values, fmt.Sprintf("column %s is %s, and the stored events make it %s", p.columns[i], show(p.open[i]), show(values[i])))
		}
	}
	p.open = nil
	return nil
}

// end tells of a row that no rebuilt one followed.
func (p *pairs) end() *Difference {
	if p.open == nil {
		return nil
	}
	return p.differ(p.open, "is there and the stored events do not make it")
}

func (p *pairs) same(a, b []any) bool {
	return slices.EqualFunc(a, b, func(x, y any) bool {
		if bx, ok := x.([]byte); ok {
			by, ok := y.([]byte)
			return ok && bytes.Equal(bx, by)
		}
		return x == y
	})
}

func (p *pairs) differ(row []any, what string) *Difference {
	var key []string
	for i := range p.key {
		key = append(key, p.columns[i]+" "+show(row[i]))
	}
	return &Difference{Table: p.table, Key: strings.Join(key, ", "), What: what}
}

// show writes a value without what a person may have written: a difference goes
// to a terminal and into reports.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "empty"
	case int64:
		return fmt.Sprint(v)
	case []byte:
		if len(v) == 16 {
			return fmt.Sprintf("%x", v)
		}
		return fmt.Sprintf("%d bytes", len(v))
	case string:
		return fmt.Sprintf("a text of %d bytes", len(v))
	}
	return fmt.Sprintf("%T", v)
}
