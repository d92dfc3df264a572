package feedback

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
)

// SaidText is a text, when it was said, and a number that stands for who said it.
type SaidText struct {
	At       int64 // microseconds
	Customer uint64
	Text     string // as Analysed
}

// SaidTexts returns the newest texts of a filter, at most so many, in the order of time.
// The error may be an InputError.
func (s Store) SaidTexts(ctx context.Context, workspace int64, f Filter, most int) (out []SaidText, err error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	words, err := queryWords(f.Query)
	if err != nil || f.Profiles != nil && len(f.Profiles) == 0 {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		w := f.where(workspace, model, tx.Postgres())
		w.add(newest + " AND f.search <> ''")
		hint, err := search(ctx, tx, w, words, f.fromCases())
		if err != nil {
			return err
		}
		w.args = append(w.args, most)
		return tx.Each(ctx, `SELECT coalesce(p.customer, f.profile), f.at, f.title, f.text
			FROM `+f.tables()+` `+hint+` LEFT JOIN profile p ON p.model = f.model AND p.id = f.profile
			WHERE `+w.String()+fmt.Sprintf(` ORDER BY %s DESC, %s DESC LIMIT $%d`, w.time(), w.id(), len(w.args)), w.args, func(r *sql.Rows) error {
			var who []byte
			var title, text string
			var x SaidText
			if err := r.Scan(&who, &x.At, &title, &text); err != nil {
				return err
			}
			x.Customer, x.Text = binary.BigEndian.Uint64(who[len(who)-8:]), Analysed(title, text) // the end of an id is chance
			out = append(out, x)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	slices.Reverse(out)
	return out, nil
}
