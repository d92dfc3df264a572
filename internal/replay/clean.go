package replay

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

const (
	cleanEvery = 5 * time.Second
	cleanRows  = 2000 // in one transaction
	cleanPause = 5 * time.Millisecond
)

// Clean deletes, until ctx ends, the rows of models that nobody uses or fills, a
// few at a time.
func (r *Replayer) Clean(ctx context.Context) {
	for {
		if err := r.cleanOnce(ctx); err != nil && ctx.Err() == nil {
			r.Logger.Warn("derived rows that are not used could not be deleted yet", "error", db.Safe(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(cleanEvery):
		}
	}
}

func (r *Replayer) cleanOnce(ctx context.Context) error {
	var models []int64
	err := r.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT model FROM spare_model WHERE until < $1 ORDER BY model", []any{time.Now().UnixMicro()}, func(rows *sql.Rows) error {
			var m int64
			err := rows.Scan(&m)
			models = append(models, m)
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, model := range models {
		if err := r.delete(ctx, model); err != nil {
			return fmt.Errorf("delete model %d: %w", model, err)
		}
	}
	return nil
}

// delete removes a model's rows from every derived table, and then its mark.
func (r *Replayer) delete(ctx context.Context, model int64) error {
	var tables []db.Table
	err := r.DB.View(ctx, func(tx *db.Tx) (err error) {
		tables, err = derived(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	id := "rowid"
	if r.DB.Postgres {
		id = "ctid"
	}
	for _, t := range tables {
		query := fmt.Sprintf("DELETE FROM %[1]s WHERE %[2]s IN (SELECT %[2]s FROM %[1]s WHERE model = $1 LIMIT %[3]d)", t.Name, id, cleanRows)
		for n := int64(1); n > 0; {
			err := r.DB.Update(ctx, func(tx *db.Tx) (err error) {
				n, err = tx.Exec(ctx, query, model)
				return err
			})
			if err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(cleanPause):
			}
		}
	}
	return r.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM spare_model WHERE model = $1", model)
		return err
	})
}

// derived lists the tables whose rows are made from events.
func derived(ctx context.Context, tx *db.Tx) ([]db.Table, error) {
	all, err := tx.Tables(ctx)
	var out []db.Table
	for _, t := range all {
		if t.Derived() {
			out = append(out, t)
		}
	}
	return out, err
}
