package feedback

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// newest is the condition that no other profile of the same customer edited the
// review f later; what is vouched for is later than what is not. Nearly all rows
// have no twin and need no look. It asks by the customer's profiles, because a
// shop that uses a product's id for its reviews has very many twins.
const newest = `(f.twin = 0 OR NOT EXISTS (
	SELECT 1 FROM profile mine CROSS JOIN profile other CROSS JOIN feedback g
	WHERE mine.model = f.model AND mine.id = f.profile AND other.model = mine.model AND other.customer = mine.customer
		AND g.model = f.model AND g.review = f.review AND g.profile = other.id AND g.profile <> f.profile
		AND (g.verified, g.edited_at, g.stamp) > (f.verified, f.edited_at, f.stamp)))`

// reviewID is the value of the column review.
func (o *opinion) reviewID() any {
	if o.review.IsZero() {
		return nil
	}
	return o.review[:]
}

type reviewKey struct {
	model  int64
	review event.ID
}

// pair marks the reviews of which another profile has a row, in the batch and in
// the database.
func pair(ctx context.Context, tx *db.Tx, opinions []opinion) error {
	batch := map[reviewKey][]*opinion{}
	keys := db.NewRows(db.Columns("n int, model int, review bytes, profile bytes"))
	for i := range opinions {
		if o := &opinions[i]; !o.review.IsZero() {
			k := reviewKey{o.model, o.review}
			batch[k] = append(batch[k], o)
			keys.Add(i, o.model, o.review[:], o.profile[:])
		}
	}
	if tx.Postgres() {
		if err := lockReviews(ctx, tx, batch); err != nil {
			return err
		}
	}
	for _, rows := range batch {
		for _, o := range rows {
			o.twin = len(rows) > 1
		}
	}
	// Of several others all are marked already, so that one of them tells enough.
	alone := map[event.ID]int64{} // stored rows that are not marked yet, and their models
	err := tx.Lookup(ctx, keys, `SELECT k.n, f.id, f.twin FROM k CROSS JOIN feedback f WHERE f.model = k.model AND f.id = (
			SELECT g.id FROM feedback g WHERE g.model = k.model AND g.review = k.review AND g.profile <> k.profile LIMIT 1)`, func(r *sql.Rows) error {
		var n, twin int
		var id []byte
		err := r.Scan(&n, &id, &twin)
		if err != nil {
			return err
		}
		o := &opinions[n]
		if o.twin = true; twin == 0 {
			alone[event.ID(id)] = o.model
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("pair reviews: %w", err)
	}
	for _, id := range slices.SortedFunc(maps.Keys(alone), func(a, b event.ID) int { return bytes.Compare(a[:], b[:]) }) {
		if _, err := tx.Exec(ctx, "UPDATE feedback SET twin = 1 WHERE model = $1 AND id = $2", alone[id], id[:]); err != nil {
			return fmt.Errorf("pair reviews: %w", err)
		}
	}
	return nil
}

// lockReviews makes batches of other shards wait that bring the same reviews, or
// others in the same of 256 classes: of two rows the second sees the first.
func lockReviews(ctx context.Context, tx *db.Tx, batch map[reviewKey][]*opinion) error {
	classes := map[int64]bool{}
	for k := range batch {
		id := event.NewID(k.model, "review lock", fmt.Sprint(k.review[0]))
		classes[int64(binary.BigEndian.Uint64(id[:8]))] = true
	}
	keys := db.NewRows(db.Columns("number int"))
	for _, n := range slices.Sorted(maps.Keys(classes)) {
		keys.Add(n)
	}
	return tx.Lookup(ctx, keys, "SELECT count(pg_advisory_xact_lock(number)) FROM k", func(*sql.Rows) error { return nil })
}
