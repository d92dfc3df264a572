package intake

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/dhvani/dhvani/internal/archive"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/staff"
)

// lookBack is how many messages of the log are searched for a workspace's newest
// events where others are stored among them.
const lookBack = 5000

// Recent returns the workspace's newest events, the latest first, at most limit.
// Of a workspace that has been quiet while others were busy, it may be none.
func (s *Store) Recent(ctx context.Context, by staff.Actor, limit int) (list []event.Event, err error) {
	if err := by.Need(staff.See); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		var shards []int64
		err := tx.Each(ctx, "SELECT shard FROM event_count WHERE workspace = $1", []any{by.Workspace}, func(rows *sql.Rows) error {
			var n int64
			err := rows.Scan(&n)
			shards = append(shards, n)
			return err
		})
		if err != nil {
			return err
		}
		var positions []event.Position
		for _, shard := range shards {
			low, high := int64(event.NewPosition(int(shard), 0, 0)), int64(event.NewPosition(int(shard), event.MaxSequence, event.MaxIndex))
			hint := ""
			if !tx.Postgres() { // its key does not begin with the workspace
				var newest sql.Null[int64]
				if err := tx.QueryRow(ctx, "SELECT max(key) FROM event WHERE key BETWEEN $1 AND $2", low, high).Scan(&newest); err != nil {
					return err
				}
				low, hint = max(low, newest.V-lookBack<<16), " NOT INDEXED"
			}
			err := tx.Each(ctx, "SELECT key FROM event"+hint+" WHERE workspace = $1 AND key BETWEEN $2 AND $3 ORDER BY key DESC LIMIT $4",
				[]any{by.Workspace, low, high, limit}, func(rows *sql.Rows) error {
					var p event.Position
					err := rows.Scan(&p)
					positions = append(positions, p)
					return err
				})
			if err != nil {
				return err
			}
		}
		found, _, err := archive.Get(ctx, tx, by.Workspace, positions)
		for _, e := range found {
			list = append(list, *e)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the newest events: %w", err)
	}
	slices.SortFunc(list, func(a, b event.Event) int {
		return cmp.Or(cmp.Compare(b.ReceivedAt, a.ReceivedAt), cmp.Compare(b.Position, a.Position))
	})
	return list[:min(len(list), limit)], nil
}

// Event returns a stored event, or ErrNotFound. One that was damaged on the disk
// is not found either.
func (s *Store) Event(ctx context.Context, by staff.Actor, position event.Position) (e event.Event, err error) {
	if err := by.Need(staff.See); err != nil {
		return e, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		found, _, err := archive.Get(ctx, tx, by.Workspace, []event.Position{position})
		if err == nil && found[position] == nil {
			err = ErrNotFound
		}
		if err == nil {
			e = *found[position]
		}
		return err
	})
	return e, err
}

// Reveal returns a stored event whose personal data is about to be shown, and
// writes down who saw it.
func (s *Store) Reveal(ctx context.Context, by staff.Actor, position event.Position) (event.Event, error) {
	if err := by.Need(staff.Reveal); err != nil {
		return event.Event{}, err
	}
	e, err := s.Event(ctx, by, position)
	if err != nil {
		return e, err
	}
	return e, s.DB.Update(ctx, func(tx *db.Tx) error {
		return staff.Record(ctx, tx, by, "event.revealed", e.Profile().String(), "")
	})
}
