package feedback

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// recall takes over what the rows in use say of the same texts. What staff said is
// among it, and not marked: labels tell it again.
func recall(ctx context.Context, tx *db.Tx, opinions []opinion) error {
	keys := db.NewRows(db.Columns("n int, workspace int, id bytes"))
	for i := range opinions {
		if o := &opinions[i]; o.text != "" || o.title != "" {
			keys.Add(i, o.workspace, o.id[:])
		}
	}
	err := tx.Lookup(ctx, keys, `SELECT k.n, f.title, f.text, `+understoodColumns+` FROM k CROSS JOIN workspace w CROSS JOIN feedback f
		WHERE w.number = k.workspace AND f.model = w.model AND f.id = k.id`, func(r *sql.Rows) error {
		var n int
		var title, text string
		u, err := scanUnderstood(r.Scan, &n, &title, &text)
		if err != nil {
			return err
		}
		if o := &opinions[n]; o.title == title && o.text == text {
			u.corrected = 0
			o.understood = u
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("recall what texts say: %w", err)
	}
	return nil
}

const understoodColumns = "f.language, f.sentiment, f.sentiment_score, f.topics, f.care, f.urgency, f.corrected"

// scanUnderstood reads understoodColumns behind others.
func scanUnderstood(scan func(...any) error, others ...any) (u understood, err error) {
	var spoken, sentiment sql.Null[string]
	var score sql.Null[int64]
	var topics, care string
	err = scan(append(others, &spoken, &sentiment, &score, &topics, &care, &u.urgency, &u.corrected)...)
	u.language, u.sentiment, u.score, u.topics, u.care = spoken.V, sentiment.V, event.Millionths(score.V), parseAspects(topics), splitList(care)
	return u, err
}
