package process

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/archive"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// DeadEvent is an event that a Stage could not apply. It is stored and counted
// like any other, and on its customer's timeline; what the Stages make of events
// lacks it.
type DeadEvent struct {
	ID        int64 // its position
	At        int64 // when it was given up, microseconds
	Stage     string
	Reason    string
	Tries     int
	Name      string
	Type      event.Type
	MessageID string
}

// Stored reports whether it is stored as an event, which it stays when it is dropped.
func (d *DeadEvent) Stored() bool { return d.Type != 0 }

// ErrNoDeadEvent says that there is no such dead event, or no longer.
var ErrNoDeadEvent = errors.New("there is no such dead event")

// ErrStillDead says that a dead event could not be applied now either.
var ErrStillDead = errors.New("the event still cannot be applied")

// death is why an event was given up.
type death struct {
	stage, reason string
	tries         int
	unstored      bool // it could not be stored as an event either
}

const maxReason = 1000 // bytes

func newDeath(cause error) *death {
	d := &death{reason: strings.ToValidUTF8(strings.ReplaceAll(cause.Error(), "\x00", ""), "?"), tries: maxTries}
	var s *stageError
	if errors.As(cause, &s) {
		d.stage = s.stage
	}
	if len(d.reason) > maxReason {
		d.reason = strings.ToValidUTF8(d.reason[:maxReason], "")
	}
	return d
}

var deadColumns = db.Columns("model int, key int, workspace int, at int, stage text, reason text, tries int, record bytes")

// Bury puts events aside.
func Bury(ctx context.Context, tx *db.Tx, events []event.Event, d death) error {
	rows := db.NewRows(deadColumns)
	for i := range events {
		e := &events[i]
		var record any
		if d.unstored {
			record = event.AppendRecord(nil, e)
		}
		rows.Add(e.Model, int64(e.Position), e.Workspace, time.Now().UnixMicro(), d.stage, d.reason, d.tries, record)
	}
	return tx.Insert(ctx, "dead_event", rows, "")
}

// BuryFor puts an event aside because of an error that Isolate found.
func BuryFor(ctx context.Context, tx *db.Tx, e event.Event, cause error) error {
	return Bury(ctx, tx, []event.Event{e}, *newDeath(cause))
}

// Dead returns a workspace's dead events after a position, oldest first, at most
// limit.
func (r *Runner) Dead(ctx context.Context, workspace, after int64, limit int) (list []DeadEvent, err error) {
	err = r.o.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		return tx.Each(ctx, `SELECT d.key, d.at, d.stage, d.reason, d.tries, coalesce(e.name, ''), coalesce(e.type, 0), coalesce(e.message_id, '')
			FROM dead_event d LEFT JOIN event e ON e.workspace = d.workspace AND e.key = d.key
			WHERE d.model = $1 AND d.key > $2 ORDER BY d.key LIMIT $3`, []any{model, after, limit}, func(rows *sql.Rows) error {
			var d DeadEvent
			err := rows.Scan(&d.ID, &d.At, &d.Stage, &d.Reason, &d.Tries, &d.Name, &d.Type, &d.MessageID)
			list = append(list, d)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list dead events: %w", err)
	}
	return list, nil
}

// RetryDead lets the Stages apply a dead event now. Where it still cannot be
// applied, it stays, and the error that is returned says why.
func (r *Runner) RetryDead(ctx context.Context, workspace, id int64) error {
	var b event.Batch
	err := r.o.DB.Update(ctx, func(tx *db.Tx) error {
		e, err := r.takeDead(ctx, tx, workspace, id)
		if err != nil {
			return err
		}
		b = event.Batch{Shard: e.Position.Shard(), Events: []event.Event{*e}}
		if err := Prepare(ctx, r.o.Stages, &b); err != nil {
			return err
		}
		return r.runStages(ctx, tx, &b)
	})
	if poisonous(err) {
		d := newDeath(err)
		failed := r.o.DB.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE dead_event SET tries = tries + 1, stage = $1, reason = $2 WHERE workspace = $3 AND key = $4", d.stage, d.reason, workspace, id)
			return err
		})
		return errors.Join(fmt.Errorf("%w: %w", ErrStillDead, err), failed)
	}
	if err != nil {
		return fmt.Errorf("retry a dead event: %w", err)
	}
	r.committed(&b)
	return nil
}

// takeDead removes a dead event from the table and returns it, stored as an
// event even if it was not before.
func (r *Runner) takeDead(ctx context.Context, tx *db.Tx, workspace, id int64) (*event.Event, error) {
	query := "SELECT model FROM workspace WHERE number = $1"
	if tx.Postgres() {
		query += " FOR SHARE" // no replay may swap models meanwhile
	}
	var model int64
	if err := tx.QueryRow(ctx, query, workspace).Scan(&model); err != nil {
		return nil, err
	}
	var record []byte
	err := tx.QueryRow(ctx, "DELETE FROM dead_event WHERE model = $1 AND key = $2 RETURNING record", model, id).Scan(&record)
	if db.IsNone(err) {
		return nil, ErrNoDeadEvent
	}
	if err != nil {
		return nil, err
	}
	position := event.Position(id)
	if record != nil {
		e, _, err := event.DecodeRecord(string(record))
		if err != nil {
			return nil, err
		}
		e.Position, e.Model = position, model
		return &e, archive.Insert(ctx, tx, archive.Segment(position.Shard(), 0), []event.Event{e})
	}
	events, damaged, err := archive.Get(ctx, tx, workspace, []event.Position{position})
	if err == nil && len(damaged) > 0 {
		err = archive.ErrDamaged
	}
	if err != nil {
		return nil, err
	}
	e := events[position]
	if e == nil {
		return nil, ErrNoDeadEvent
	}
	e.Model = model
	return e, nil
}

// DropDead gives a dead event up for good. It stays stored, and a replay tries
// it again. The few that could not be stored cannot be dropped: they are nowhere
// else.
func (r *Runner) DropDead(ctx context.Context, workspace, id int64) error {
	err := r.o.DB.Update(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, "DELETE FROM dead_event WHERE model = $1 AND key = $2 AND record IS NULL", model, id)
		if err == nil && n == 0 {
			err = ErrNoDeadEvent
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("drop a dead event: %w", err)
	}
	return nil
}
