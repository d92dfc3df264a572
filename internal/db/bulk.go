package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// Kind is the type of a column, as far as bulk statements need it.
type Kind uint8

// Column types. All may hold NULL, given as nil.
const (
	Int Kind = iota
	Text
	Bytes
)

var postgresKinds = [...]string{"bigint[]", "text[]", "bytea[]"}

// Column is a column of Rows.
type Column struct {
	Name string
	Kind Kind
}

// Columns reads "workspace int, name text, id bytes" into columns.
func Columns(spec string) []Column {
	var out []Column
	for part := range strings.SplitSeq(spec, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(part), " ")
		k := map[string]Kind{"int": Int, "text": Text, "bytes": Bytes}
		v, ok := k[strings.TrimSpace(kind)]
		if !ok {
			panic("db: bad column " + part)
		}
		out = append(out, Column{name, v})
	}
	return out
}

// Rows are values for a bulk statement. Fill with Add; reuse after Reset.
type Rows struct {
	columns []Column
	values  []any // row after row
}

// NewRows starts an empty set of rows of these columns.
func NewRows(columns []Column) *Rows { return &Rows{columns: columns} }

// Add appends one row: int64 (or int), string, []byte, a driver.Valuer, or nil,
// one for each column.
func (r *Rows) Add(values ...any) {
	if len(values) != len(r.columns) {
		panic(fmt.Sprintf("db: %d values for %d columns", len(values), len(r.columns)))
	}
	for _, v := range values {
		r.values = append(r.values, plain(v))
	}
}

// Len returns how many rows there are.
func (r *Rows) Len() int { return len(r.values) / len(r.columns) }

// Reset empties the rows and keeps the memory.
func (r *Rows) Reset() {
	clear(r.values)
	r.values = r.values[:0]
}

// arrays returns the rows column by column, as PostgreSQL takes them.
func (r *Rows) arrays() []any {
	n, k := r.Len(), len(r.columns)
	out := make([]any, k)
	for c, col := range r.columns {
		switch col.Kind {
		case Int:
			a := make([]pgtype.Int8, n)
			for i := range a {
				if v := r.values[i*k+c]; v != nil {
					a[i] = pgtype.Int8{Int64: v.(int64), Valid: true}
				}
			}
			out[c] = a
		case Text:
			a := make([]pgtype.Text, n)
			for i := range a {
				if v := r.values[i*k+c]; v != nil {
					a[i] = pgtype.Text{String: v.(string), Valid: true}
				}
			}
			out[c] = a
		case Bytes:
			a := make([][]byte, n)
			for i := range a {
				if v := r.values[i*k+c]; v != nil {
					a[i] = v.([]byte)
				}
			}
			out[c] = a
		}
	}
	return out
}

func (r *Rows) unnest() string {
	var b strings.Builder
	b.WriteString("SELECT * FROM unnest(")
	for i, c := range r.columns {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d::%s", i+1, postgresKinds[c.Kind])
	}
	b.WriteByte(')')
	return b.String()
}

func (r *Rows) names() string {
	var names []string
	for _, c := range r.columns {
		names = append(names, c.Name)
	}
	return strings.Join(names, ",")
}

// chunks calls f with rows for one SQLite statement each: few different sizes,
// so that the prepared statements are used again.
func (r *Rows) chunks(f func(n int, args []any) error) error {
	k := len(r.columns)
	for at := 0; at < r.Len(); {
		n := r.Len() - at
		for _, size := range [...]int{64, 8, 1} {
			if n >= size {
				n = size
				break
			}
		}
		if err := f(n, r.values[at*k:(at+n)*k]); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// Insert adds all rows to a table. The suffix is what follows the values, such
// as "ON CONFLICT (model, id) DO UPDATE SET ...". A key may stand only once
// within the rows.
func (t *Tx) Insert(ctx context.Context, table string, r *Rows, suffix string) error {
	if r.Len() == 0 {
		return nil
	}
	head := "INSERT INTO " + table + " (" + r.names() + ") "
	if t.db.Postgres {
		query := head + r.unnest() + " " + suffix
		t.note(query)
		if _, err := t.tx.ExecContext(ctx, query, r.arrays()...); err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
		return nil
	}
	return r.chunks(func(n int, args []any) error {
		s, err := t.cached(ctx, head+"VALUES "+placeholders(n, len(r.columns))+" "+suffix)
		if err == nil {
			_, err = s.ExecContext(ctx, args...)
		}
		if err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
		return nil
	})
}

// Lookup runs a query once for all keys. The query reads them from a table k
// with the rows' columns, joined by CROSS JOIN so that SQLite begins with it:
//
//	SELECT p.id, p.customer FROM k CROSS JOIN profile p WHERE p.model = k.model AND p.id = k.id
func (t *Tx) Lookup(ctx context.Context, keys *Rows, query string, scan func(*sql.Rows) error) error {
	if keys.Len() == 0 {
		return nil
	}
	head := "WITH k(" + keys.names() + ") AS ("
	each := func(rows *sql.Rows, err error) error {
		if err != nil {
			return fmt.Errorf("look up: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return fmt.Errorf("look up: %w", err)
			}
		}
		return rows.Err()
	}
	if t.db.Postgres {
		query = head + keys.unnest() + ") " + query
		t.note(query)
		return each(t.tx.QueryContext(ctx, query, keys.arrays()...))
	}
	return keys.chunks(func(n int, args []any) error {
		s, err := t.cached(ctx, head+"VALUES "+placeholders(n, len(keys.columns))+") "+query)
		if err != nil {
			return fmt.Errorf("look up: %w", err)
		}
		return each(s.QueryContext(ctx, args...))
	})
}

// cached prepares a statement on the SQLite writer once and keeps it.
func (t *Tx) cached(ctx context.Context, query string) (*sql.Stmt, error) {
	if !t.writer {
		return t.tx.PrepareContext(ctx, query)
	}
	return t.stmt(ctx, query)
}
