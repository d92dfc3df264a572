package customer

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Whose returns the customers that profiles belong to, of those that are known.
func (s *Store) Whose(ctx context.Context, workspace int64, profiles []event.ID) (map[event.ID]event.ID, error) {
	out := make(map[event.ID]event.ID, len(profiles))
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("model int, id bytes"))
		for i := range profiles {
			keys.Add(model, profiles[i][:])
		}
		return tx.Lookup(ctx, keys, "SELECT p.id, p.customer FROM k CROSS JOIN profile p WHERE p.model = k.model AND p.id = k.id", func(r *sql.Rows) error {
			var id, owner []byte
			err := r.Scan(&id, &owner)
			if err == nil && len(id) == len(event.ID{}) && len(owner) == len(event.ID{}) {
				out[event.ID(id)] = event.ID(owner)
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("customers of profiles: %w", err)
	}
	return out, nil
}
