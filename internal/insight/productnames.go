package insight

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
)

// ProductNames returns what events call products, of those that they name.
func (s *Store) ProductNames(ctx context.Context, workspace int64, ids []string) (map[string]string, error) {
	out := map[string]string{}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("model int, id text"))
		for _, id := range ids {
			keys.Add(model, id)
		}
		return tx.Lookup(ctx, keys, "SELECT p.product, p.name FROM k CROSS JOIN product_name p WHERE p.model = k.model AND p.product = k.id", func(r *sql.Rows) error {
			var id, name string
			err := r.Scan(&id, &name)
			out[id] = name
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("names of products: %w", err)
	}
	return out, nil
}
