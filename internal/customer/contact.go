package customer

import (
	"context"
	"database/sql"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Contact is how a customer can be written to and called; "" where that is not known.
type Contact struct{ Email, Phone string }

// Contacts returns the contacts of customers, of several the verified first and
// then the one used last.
func (s *Store) Contacts(ctx context.Context, workspace int64, ids []event.ID) (map[event.ID]Contact, error) {
	out := map[event.ID]Contact{}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		type choice struct {
			verified int
			last     int64
			value    string
		}
		chosen := map[event.ID]map[string]choice{}
		keys := db.NewRows(db.Columns("model int, id bytes"))
		for i := range ids {
			keys.Add(model, ids[i][:])
		}
		return tx.Lookup(ctx, keys, `SELECT k.id, i.kind, i.value, i.last_at, CASE WHEN i.verified_at IS NULL THEN 0 ELSE 1 END
			FROM k CROSS JOIN profile p CROSS JOIN identifier i
			WHERE p.model = k.model AND p.customer = k.id AND i.model = p.model AND i.profile = p.id AND i.kind IN ('email', 'phone')`, func(r *sql.Rows) error {
			var id event.ID
			var kind string
			var c choice
			if err := r.Scan(scanID(&id), &kind, &c.value, &c.last, &c.verified); err != nil {
				return err
			}
			if chosen[id] == nil {
				chosen[id] = map[string]choice{}
			}
			old, ok := chosen[id][kind]
			if ok && (old.verified > c.verified || old.verified == c.verified && (old.last > c.last || old.last == c.last && old.value <= c.value)) {
				return nil
			}
			chosen[id][kind] = c
			out[id] = Contact{chosen[id][Email].value, chosen[id][Phone].value}
			return nil
		})
	})
	return out, err
}
