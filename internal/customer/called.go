package customer

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Called returns the names of customers, of those who have one.
func (s *Store) Called(ctx context.Context, workspace int64, customers []event.ID) (map[event.ID]string, error) {
	said := map[event.ID]map[string]trait{}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("n int, model int, id bytes"))
		for n, id := range customers {
			keys.Add(n, model, id[:])
		}
		return tx.Lookup(ctx, keys, `SELECT k.n, t.name, t.value, t.at, t.tie FROM k CROSS JOIN profile p CROSS JOIN trait t
			WHERE p.model = k.model AND p.customer = k.id AND t.model = p.model AND t.profile = p.id
				AND t.name IN ('name', 'firstName', 'first_name', 'lastName', 'last_name')`, func(r *sql.Rows) error {
			var n int
			var name string
			var t trait
			if err := r.Scan(&n, &name, &t.value, &t.at, &t.tie); err != nil {
				return err
			}
			traits := said[customers[n]]
			if traits == nil {
				traits = map[string]trait{}
				said[customers[n]] = traits
			}
			if old, ok := traits[name]; !ok || old.before(t.stamp) {
				traits[name] = t
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("names of customers: %w", err)
	}
	out := map[event.ID]string{}
	for id, traits := range said {
		text := func(names ...string) string {
			for _, n := range names {
				if s := strings.TrimSpace(event.ScalarText(traits[n].value)); s != "" {
					return s
				}
			}
			return ""
		}
		name := text("name")
		if name == "" {
			name = strings.TrimSpace(text("firstName", "first_name") + " " + text("lastName", "last_name"))
		}
		if name != "" {
			out[id] = name
		}
	}
	return out, nil
}
