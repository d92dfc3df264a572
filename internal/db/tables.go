package db

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Table describes a table as it is in the database.
type Table struct {
	Name    string
	Columns []Column
	Key     []string // the primary key
}

// Has reports whether the table has a column.
func (t *Table) Has(column string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == column })
}

// Derived reports whether the table's rows are made from events and belong to a model.
func (t *Table) Derived() bool { return t.Has("model") && !slices.Contains(notDerived, t.Name) }

// notDerived have a column model and are not made from events.
var notDerived = []string{"workspace", "spare_model"}

// ownKeys are primary keys that SQLite has under another name, for the sake of
// its row numbers.
var ownKeys = map[string][]string{"event": {"workspace", "key"}, "feedback": {"model", "id"}}

// Tables lists the tables by name, without the migrations' own, those of search
// indexes, and columns that only SQLite has, which number its rows anew.
func (t *Tx) Tables(ctx context.Context) ([]Table, error) {
	query := `SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND m.name <> 'goose_db_version'
			AND m.name NOT LIKE 'feedback\_text%' ESCAPE '\' ORDER BY m.name, c.cid`
	if t.Postgres() {
		query = `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)
			FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
			WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> 'goose_db_version'
				AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum`
	}
	var out []Table
	keys := map[string]map[int]string{}
	err := t.Each(ctx, query, nil, func(rows *sql.Rows) error {
		var table, column, kind string
		var key int
		if err := rows.Scan(&table, &column, &kind, &key); err != nil {
			return err
		}
		if len(out) == 0 || out[len(out)-1].Name != table {
			out = append(out, Table{Name: table})
			keys[table] = map[int]string{}
		}
		if table == "feedback" && column == "number" {
			return nil
		}
		if key > 0 {
			keys[table][key] = column
		}
		k, ok := map[string]Kind{"INTEGER": Int, "TEXT": Text, "BLOB": Bytes, "BIGINT": Int, "BYTEA": Bytes}[strings.ToUpper(kind)]
		if !ok {
			return fmt.Errorf("column %s.%s is of type %s", table, column, kind)
		}
		last := &out[len(out)-1]
		last.Columns = append(last.Columns, Column{column, k})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	slices.SortFunc(out, func(a, b Table) int { return strings.Compare(a.Name, b.Name) }) // in one order on both
	for i := range out {
		for k := 1; keys[out[i].Name][k] != ""; k++ {
			out[i].Key = append(out[i].Key, keys[out[i].Name][k])
		}
		if k := ownKeys[out[i].Name]; k != nil {
			out[i].Key = k
		}
	}
	return out, nil
}

// SetIdentities lets the numbers that PostgreSQL gives to new rows go on after
// those that rows were inserted with. SQLite does so by itself.
func (t *Tx) SetIdentities(ctx context.Context) error {
	if !t.Postgres() {
		return nil
	}
	var identities [][2]string
	err := t.Each(ctx, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES'", nil, func(rows *sql.Rows) error {
		var table, column string
		err := rows.Scan(&table, &column)
		identities = append(identities, [2]string{table, column})
		return err
	})
	for _, i := range identities {
		if err == nil {
			_, err = t.Exec(ctx, fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%[1]s', '%[2]s'), m) FROM (SELECT max(%[2]s) AS m FROM %[1]s) x WHERE m IS NOT NULL", i[0], i[1]))
		}
	}
	if err != nil {
		return fmt.Errorf("set the identities: %w", err)
	}
	return nil
}
