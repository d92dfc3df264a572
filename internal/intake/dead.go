package intake

import (
	"context"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/staff"
)

// Settler applies dead events, or gives them up.
type Settler interface {
	RetryDead(ctx context.Context, workspace, id int64) error
	DropDead(ctx context.Context, workspace, id int64) error
}

// RetryDead applies an event that could not be applied. It is written down also
// where it fails again.
func (s *Store) RetryDead(ctx context.Context, by staff.Actor, with Settler, id int64) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	err := with.RetryDead(ctx, by.Workspace, id)
	if err := s.record(ctx, by, "dead.retried"); err != nil {
		return err
	}
	return err
}

// DropDead gives up an event that could not be applied; it stays stored.
func (s *Store) DropDead(ctx context.Context, by staff.Actor, with Settler, id int64) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	if err := with.DropDead(ctx, by.Workspace, id); err != nil {
		return err
	}
	return s.record(ctx, by, "dead.dropped")
}

func (s *Store) record(ctx context.Context, by staff.Actor, action string) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error { return staff.Record(ctx, tx, by, action, "", "") })
}
