package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestBulkInsertAndLookup(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		err := d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT, data "+map[bool]string{true: "BYTEA", false: "BLOB"}[tx.Postgres()]+")")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for round := range 2 { // the second uses the statements kept by the first
			err = d.Update(ctx, func(tx *db.Tx) error {
				rows := db.NewRows(db.Columns("id int, name text, data bytes"))
				for i := range 200 {
					var name any
					if i%2 == 0 {
						name = strings.Repeat("x", round+1)
					}
					rows.Add(i, name, []byte{byte(i)})
				}
				return tx.Insert(ctx, "thing", rows, "ON CONFLICT (id) DO UPDATE SET name = excluded.name")
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		got := map[int64]string{}
		err = d.View(ctx, func(tx *db.Tx) error {
			keys := db.NewRows(db.Columns("id int"))
			for i := range 73 {
				keys.Add(i * 3)
			}
			return tx.Lookup(ctx, keys, "SELECT t.id, t.name FROM k CROSS JOIN thing t WHERE t.id = k.id", func(r *sql.Rows) error {
				var id int64
				var name sql.NullString
				err := r.Scan(&id, &name)
				got[id] = name.String
				return err
			})
		})
		if err != nil || len(got) != 67 || got[6] != "xx" || got[3] != "" {
			t.Fatal(err, len(got), got[6], got[3])
		}
	})
}

func TestUpdateRollsBack(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		boom := errors.New("boom")
		err := d.Update(ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2)", "a", "b"); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		err = d.View(ctx, func(tx *db.Tx) error {
			var v string
			return tx.QueryRow(ctx, "SELECT value FROM meta WHERE name = $1", "a").Scan(&v)
		})
		if !db.IsNone(err) {
			t.Fatal(err)
		}
		err = d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO meta (name, value) VALUES ('minimum_version', 'x')")
			return err
		})
		if !db.IsConflict(err) {
			t.Fatal(err)
		}
	})
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	for name, o := range map[string]db.Options{"sqlite": {Data: t.TempDir()}, "postgres": {}} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			if name == "postgres" {
				o.URL = dbtest.Postgres(t)
			}
			d, err := db.Open(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			err = d.Update(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, "UPDATE meta SET value = '99.1.0' WHERE name = 'minimum_version'")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			d.Close()
			if _, err := db.Open(ctx, o); err == nil || !strings.Contains(err.Error(), "needs Dhvani 99.1.0") {
				t.Fatalf("a newer database was not refused: %v", err)
			}
		})
	}
}

// What fails within a savepoint leaves nothing behind, and the transaction goes
// on; so do the numbers of new rows after those that were given.
func TestSavepointAndIdentities(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		insert := func(tx *db.Tx, number int64, name string) error {
			_, err := tx.Exec(ctx, "INSERT INTO workspace (number, id, name, model, identity_secret, created_at) VALUES ($1, $2, $2, $1, $3, 0)", number, name, []byte{})
			return err
		}
		err := d.Update(ctx, func(tx *db.Tx) error {
			if err := tx.SetIdentities(ctx); err != nil { // without rows
				return err
			}
			for number, name := range []string{1: "a", 2: "b", 3: "a", 41: "c"} {
				if name == "" {
					continue
				}
				err := tx.Savepoint(ctx, func() error {
					if err := insert(tx, int64(number)+1000, name+" too"); err != nil {
						return err
					}
					return insert(tx, int64(number), name)
				})
				if failed := number == 3; db.IsConflict(err) != failed {
					return fmt.Errorf("workspace %d: %w", number, err)
				}
			}
			return tx.SetIdentities(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		var rows, next int
		err = d.Update(ctx, func(tx *db.Tx) error {
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM workspace").Scan(&rows); err != nil {
				return err
			}
			return tx.QueryRow(ctx, "INSERT INTO workspace (id, name, model, identity_secret, created_at) VALUES ('n', 'n', 0, $1, 0) RETURNING number", []byte{}).Scan(&next)
		})
		if err != nil || rows != 6 || next != 1042 {
			t.Errorf("%d rows, and the next is %d: %v", rows, next, err)
		}
	})
}

// What waits for a commit is called after it, once, and not where there is none.
func TestAfterCommit(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		var called []string
		no := errors.New("no")
		err := d.Update(ctx, func(tx *db.Tx) error {
			tx.AfterCommit(func() { called = append(called, "never") })
			return no
		})
		if !errors.Is(err, no) {
			t.Fatal(err)
		}
		update := func(tx *db.Tx) error {
			tx.AfterCommit(func() { called = append(called, "once") })
			_, err := tx.Exec(ctx, "INSERT INTO meta (name, value) VALUES ('x', 'y') ON CONFLICT (name) DO NOTHING")
			return err
		}
		if err := d.Update(ctx, update); err != nil {
			t.Fatal(err)
		}
		nothing := func(*db.Tx) error { return nil }
		if err := d.UpdateThenView(ctx, nothing, update, nothing); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(called, " "); got != "once once" {
			t.Error(got)
		}
	})
}
