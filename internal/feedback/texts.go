package feedback

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
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

// TextsOf reads the texts of some opinions, by their ids: one that has none, or is not there any more, is left out.
func TextsOf(ctx context.Context, tx *db.Tx, workspace int64, ids []event.ID) (map[event.ID]string, error) {
	out := map[event.ID]string{}
	if len(ids) == 0 {
		return out, nil
	}
	model, err := tx.Model(ctx, workspace)
	if err != nil {
		return nil, err
	}
	keys := db.NewRows(db.Columns("model int, id bytes"))
	for i := range ids {
		keys.Add(model, ids[i][:])
	}
	err = tx.Lookup(ctx, keys, "SELECT f.id, f.title, f.text FROM k CROSS JOIN feedback f WHERE f.model = k.model AND f.id = k.id", func(r *sql.Rows) error {
		var id []byte
		var title, text string
		if err := r.Scan(&id, &title, &text); err != nil {
			return err
		}
		if said := Analysed(title, text); said != "" {
			out[event.ID(id)] = said
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read texts of opinions: %w", err)
	}
	return out, nil
}

// TextsBefore reads the newest texts of a span of time, at most so many, in the order of time. Who said one is a number.
func TextsBefore(ctx context.Context, tx *db.Tx, workspace, from, to int64, most int) (out []SaidText, err error) {
	model, err := tx.Model(ctx, workspace)
	if err != nil {
		return nil, err
	}
	err = tx.Each(ctx, `SELECT f.profile, f.at, f.title, f.text FROM feedback f WHERE f.model = $1 AND f.at >= $2 AND f.at < $3 AND f.search <> ''
		ORDER BY f.at DESC, f.id DESC LIMIT $4`, []any{model, from, to, most}, func(r *sql.Rows) error {
		var who []byte
		var title, text string
		var x SaidText
		if err := r.Scan(&who, &x.At, &title, &text); err != nil {
			return err
		}
		x.Customer, x.Text = binary.BigEndian.Uint64(who[len(who)-8:]), Analysed(title, text)
		out = append(out, x)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read texts of opinions: %w", err)
	}
	slices.Reverse(out)
	return out, nil
}
