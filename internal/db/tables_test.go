package db_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

// Both databases hold the same tables with the same columns and keys, so that
// rows of one can be put into the other.
func TestTablesAreTheSame(t *testing.T) {
	var first []db.Table
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var tables []db.Table
		err := d.View(t.Context(), func(tx *db.Tx) (err error) {
			tables, err = tx.Tables(t.Context())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			if len(table.Key) == 0 {
				t.Errorf("%s has no primary key", table.Name)
			}
		}
		if first == nil {
			first = tables
		} else if diff := cmp.Diff(first, tables); diff != "" {
			t.Error(diff)
		}
		if len(tables) < 15 {
			t.Errorf("only %d tables", len(tables))
		}
	})
}
