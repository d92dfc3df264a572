package customer

import (
	"context"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/staff"
)

// Desk is where staff decide who is who, and look at what lists hide. What they
// do is written down in the audit log.
type Desk struct {
	Store *Store
	// Act appends a staff event to the log and returns when it is visible.
	Act func(ctx context.Context, e event.Event) error
}

// Merge makes two customers one. The error is ErrNotFound, or ErrInvalid where
// they are the same already.
func (d *Desk) Merge(ctx context.Context, by staff.Actor, a, b event.ID) error {
	return d.decide(ctx, by, "customer.merged", a, b.String(), func(at int64) (event.Event, error) {
		return d.Store.Merge(ctx, by.Workspace, a, b, by.Account, at)
	})
}

// Refuse says that two customers are not the same. Errors are those of Merge.
func (d *Desk) Refuse(ctx context.Context, by staff.Actor, a, b event.ID) error {
	return d.decide(ctx, by, "customer.refused", a, b.String(), func(at int64) (event.Event, error) {
		return d.Store.Refuse(ctx, by.Workspace, a, b, by.Account, at)
	})
}

// Unmerge undoes the merge with an id, or takes out the profile with it. Errors
// are those of Store.Unmerge.
func (d *Desk) Unmerge(ctx context.Context, by staff.Actor, id, target event.ID) error {
	return d.decide(ctx, by, "customer.unmerged", id, target.String(), func(at int64) (event.Event, error) {
		return d.Store.Unmerge(ctx, by.Workspace, id, target, by.Account, at)
	})
}

func (d *Desk) decide(ctx context.Context, by staff.Actor, action string, id event.ID, detail string, event func(at int64) (event.Event, error)) error {
	if err := by.Need(staff.Decide); err != nil {
		return err
	}
	e, err := event(time.Now().UnixMicro())
	if err != nil {
		return err
	}
	if err := d.Act(ctx, e); err != nil {
		return err
	}
	return d.Store.DB.Update(ctx, func(tx *db.Tx) error { return staff.Record(ctx, tx, by, action, id.String(), detail) })
}

// Ref names an identifier of a customer without telling it.
func Ref(workspace int64, kind, value string) event.ID {
	return event.NewID(workspace, "identifier", kind, value)
}

// Reveal returns the identifier of a customer that a Ref names. The error is
// ErrNotFound where the customer does not have it.
func (d *Desk) Reveal(ctx context.Context, by staff.Actor, id, ref event.ID) (Identifier, error) {
	if err := by.Need(staff.Reveal); err != nil {
		return Identifier{}, err
	}
	c, err := d.Store.Get(ctx, by.Workspace, id)
	if err != nil {
		return Identifier{}, err
	}
	for _, i := range c.Identifiers {
		if Ref(by.Workspace, i.Kind, i.Value) == ref {
			return i, d.Store.DB.Update(ctx, func(tx *db.Tx) error { return staff.Record(ctx, tx, by, "customer.revealed", c.ID, i.Kind) })
		}
	}
	return Identifier{}, ErrNotFound
}
