package feedback

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/language"
)

// Spoken returns the languages that customers wrote in last, of those that wrote in
// one that is known.
func (s Store) Spoken(ctx context.Context, workspace int64, customers []event.ID) (map[event.ID]string, error) {
	out, last := map[event.ID]string{}, map[event.ID]int64{}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("n int, model int, id bytes"))
		for n := range customers {
			keys.Add(n, model, customers[n][:])
		}
		return tx.Lookup(ctx, keys, `SELECT k.n, f.language, f.at FROM k CROSS JOIN profile p CROSS JOIN feedback f
			WHERE p.model = k.model AND p.customer = k.id AND f.model = p.model AND f.profile = p.id AND f.language IS NOT NULL`, func(r *sql.Rows) error {
			var n int
			var lang string
			var at int64
			if err := r.Scan(&n, &lang, &at); err != nil {
				return err
			}
			if id := customers[n]; lang != "" && lang != language.Other && (out[id] == "" || at > last[id]) {
				out[id], last[id] = lang, at
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("languages of customers: %w", err)
	}
	return out, nil
}
