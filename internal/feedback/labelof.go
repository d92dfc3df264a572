package feedback

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Label returns what staff said of an opinion's text, and false where they said
// nothing, or it was about another text.
func (s Store) Label(ctx context.Context, workspace int64, o Item) (l Label, said bool, err error) {
	id, err := event.ParseID(o.ID)
	if err != nil {
		return l, false, ErrNotFound
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT "+labelColumns+" FROM feedback_label l WHERE l.workspace = $1 AND l.opinion = $2", []any{workspace, id[:]}, func(r *sql.Rows) error {
			if l, err = scanLabel(r.Scan); err != nil {
				return err
			}
			l.ID, l.Text = o.ID, Analysed(o.Title, o.Text)
			said = l.said == saidID(workspace, l.Text)
			return nil
		})
	})
	if err != nil {
		return l, false, fmt.Errorf("read a label: %w", err)
	}
	return l, said, nil
}
