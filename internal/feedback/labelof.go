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
		return tx.Each(ctx, "SELECT said, sentiment, topics, account, at FROM feedback_label WHERE workspace = $1 AND opinion = $2", []any{workspace, id[:]}, func(r *sql.Rows) error {
			var text []byte
			var topics sql.Null[string]
			if err := r.Scan(&text, &l.Sentiment, &topics, &l.Account, &l.At); err != nil {
				return err
			}
			l.read(text, topics)
			l.ID, l.Text, l.Language = o.ID, Analysed(o.Title, o.Text), o.Language
			said = l.said == saidID(workspace, l.Text)
			return nil
		})
	})
	if err != nil {
		return l, false, fmt.Errorf("read a label: %w", err)
	}
	return l, said, nil
}
