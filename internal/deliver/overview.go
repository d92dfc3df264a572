package deliver

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/staff"
)

// Overview is a destination and how it fares.
type Overview struct {
	*Destination
	Waiting  int       // messages, at most MaxCounted+1
	Oldest   time.Time // when the oldest of them was put; zero: none waits
	Failure  string    // why one of them is tried again; "" where none failed yet
	LastSent time.Time // zero: never, or longer ago than it is known
	Dead     int       // dead letters, at most MaxCounted+1
}

// MaxCounted bounds what an Overview counts: more are "more than so many".
const MaxCounted = 1000

// Overviews tells how all destinations of a workspace fare, by their names.
func (s *Store) Overviews(ctx context.Context, by staff.Actor) (out []Overview, err error) {
	list, err := s.Destinations(ctx, by)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		out = nil
		for _, d := range list {
			o, err := overview(ctx, tx, d)
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look at the destinations: %w", err)
	}
	return out, nil
}

// Overview tells how one destination fares.
func (s *Store) Overview(ctx context.Context, by staff.Actor, id string) (o Overview, err error) {
	if err := by.Need(staff.See); err != nil {
		return o, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		d, err := read(ctx, tx, by.Workspace, id)
		if err != nil {
			return err
		}
		o, err = overview(ctx, tx, d)
		return err
	})
	if err != nil {
		return o, fmt.Errorf("look at a destination: %w", err)
	}
	return o, nil
}

// overview asks the indexes alone, or so many rows at most.
func overview(ctx context.Context, tx *db.Tx, d *Destination) (o Overview, err error) {
	o.Destination = d
	var oldest, sent sql.NullInt64
	var failure sql.NullString
	for _, q := range []struct {
		text string
		into []any
	}{
		{`SELECT count(*), min(created_at), max(failure) FROM (SELECT created_at, failure FROM outbox WHERE workspace = $1 AND destination = $2 AND state = 'open'
			ORDER BY bulk, due, id LIMIT $3) AS t`, []any{&o.Waiting, &oldest, &failure}},
		{`SELECT count(*) FROM (SELECT id FROM outbox WHERE workspace = $1 AND destination = $2 AND state = 'dead' LIMIT $3) AS t`, []any{&o.Dead}},
		{`SELECT max(touched_at) FROM (SELECT touched_at FROM outbox WHERE workspace = $1 AND destination = $2 AND state = 'sent' ORDER BY touched_at DESC LIMIT $3) AS t`, []any{&sent}},
	} {
		limit := MaxCounted + 1
		if q.into[0] == &sent {
			limit = 1
		}
		if err := tx.QueryRow(ctx, q.text, d.Workspace, d.ID, limit).Scan(q.into...); err != nil {
			return o, err
		}
	}
	o.Failure = failure.String
	if oldest.Valid {
		o.Oldest = time.UnixMicro(oldest.Int64)
	}
	if sent.Valid {
		o.LastSent = time.UnixMicro(sent.Int64)
	}
	return o, nil
}
