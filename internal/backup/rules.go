package backup

import (
	"context"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// keepFunc decides about a row, which it may change.
type keepFunc = func(ctx context.Context, tx *db.Tx, row []any) (bool, error)

// rules says what is particular about a table. What the rules look at must be in
// the backup.
func (l *loader) rules(t *loadTable, known *db.Table) error {
	find := columnFinder(t.columns)
	at := func(names ...string) (out []int, err error) {
		for _, n := range names {
			i := find(n)
			if i < 0 {
				err = damaged(errRow)
			}
			out = append(out, i)
		}
		return out, err
	}
	var columns []int
	var err error
	switch {
	case t.name == "meta":
		if columns, err = at("name"); err == nil {
			t.suffix = "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
			// The new database was made by this program, whatever the old one asked for.
			t.keep = func(_ context.Context, _ *db.Tx, row []any) (bool, error) {
				return row[columns[0]] != "minimum_version", nil
			}
		}
	case t.name == "workspace":
		if columns, err = at("number", "model"); err == nil {
			t.keep = l.keepWorkspace(columns[0], columns[1])
		}
	case t.name == eventTable:
		t.keep = l.keepEvent(newEventColumns(t.columns))
	case t.name == "event_count":
		if columns, err = at("workspace", "shard", "stored"); err == nil {
			t.keep = l.keepCount(columns[0], columns[1], columns[2])
		}
	case t.name == "rejection":
		if columns, err = at("workspace"); err == nil {
			t.keep = l.keepRejection(columns[0])
		}
	case t.name == "dead_event":
		if columns, err = at("key", "workspace", "record"); err == nil {
			t.keep = l.keepDead(columns[0], columns[1], columns[2])
		}
	case t.name == "outbox":
		if columns, err = at("state", "failure", "workspace", "about"); err == nil {
			t.keep = l.keepMessage(columns[0], columns[1], columns[2], columns[3])
		}
	case known.Has("workspace") && known.Has("customer") && !known.Derived():
		if columns, err = at("workspace", "customer"); err == nil {
			t.keep = l.keepProfile(columns[0], columns[1]) // a customer is named by one of their profiles
		}
	case known.Has("workspace") && known.Has("profile") && !known.Derived():
		if columns, err = at("workspace", "profile"); err == nil {
			t.keep = l.keepProfile(columns[0], columns[1])
		}
	case known.Derived():
		if columns, err = at("model"); err == nil {
			t.keep = l.keepDerived(columns[0])
		}
	}
	return err
}

func (l *loader) keepWorkspace(number, model int) keepFunc {
	return func(_ context.Context, _ *db.Tx, row []any) (bool, error) {
		n, ok1 := row[number].(int64)
		m, ok2 := row[model].(int64)
		if !ok1 || !ok2 {
			return false, damaged(errRow)
		}
		l.models[n] = m
		return true, nil
	}
}

func (l *loader) keepEvent(columns *eventColumns) keepFunc {
	return func(ctx context.Context, tx *db.Tx, row []any) (bool, error) {
		e, err := columns.event(row)
		if err != nil {
			return false, damaged(err)
		}
		keep, err := l.store(ctx, tx, &e)
		if keep {
			l.events++
		} else {
			l.lost[e.Workspace] = true
		}
		return keep, err
	}
}

// keepCount takes the erased events out of the counts.
func (l *loader) keepCount(workspace, shard, stored int) keepFunc {
	return func(_ context.Context, _ *db.Tx, row []any) (bool, error) {
		w, ok1 := row[workspace].(int64)
		s, ok2 := row[shard].(int64)
		n, ok3 := row[stored].(int64)
		if !ok1 || !ok2 || !ok3 {
			return false, damaged(errRow)
		}
		row[stored] = n - l.counts[[2]int64{w, s}]
		return true, nil
	}
}

// keepRejection leaves out the rejected events of workspaces that the list of
// erasures names: whose they are cannot be told.
func (l *loader) keepRejection(workspace int) keepFunc {
	return func(_ context.Context, _ *db.Tx, row []any) (bool, error) {
		w, ok := row[workspace].(int64)
		if !ok {
			return false, damaged(errRow)
		}
		return !l.erase.named(w), nil
	}
}

// keepDead notes the events that could not even be stored, which count as seen.
// The others come again where a workspace is rebuilt.
func (l *loader) keepDead(key, workspace, record int) keepFunc {
	return func(ctx context.Context, tx *db.Tx, row []any) (bool, error) {
		w, ok := row[workspace].(int64)
		position, ok2 := row[key].(int64)
		if !ok || !ok2 {
			return false, damaged(errRow)
		}
		b, ok := row[record].([]byte)
		if !ok {
			return !l.lost[w], nil
		}
		e, _, err := event.DecodeRecord(string(b))
		if err != nil {
			return false, damaged(err)
		}
		e.Position = event.Position(position)
		return l.store(ctx, tx, &e)
	}
}

// keepMessage gives up the messages that waited: they may have been sent since the
// backup was made, and nobody wants yesterday's alarms. Staff can send them again.
// Those to an erased customer are left out.
func (l *loader) keepMessage(state, failure, workspace, about int) keepFunc {
	return func(_ context.Context, _ *db.Tx, row []any) (bool, error) {
		w, ok := row[workspace].(int64)
		if !ok {
			return false, damaged(errRow)
		}
		if name, _ := row[about].(string); name != "" && l.erase.named(w) {
			if id, err := event.ParseID(name); err == nil && l.erase.marked(w, id) {
				return false, nil
			}
		}
		if row[state] == "open" {
			row[state], row[failure] = "dead", "restored"
		}
		return true, nil
	}
}

// keepDerived leaves out what was made from events of which some are missing now.
func (l *loader) keepDerived(model int) keepFunc {
	return func(_ context.Context, _ *db.Tx, row []any) (bool, error) {
		for w := range l.lost {
			if row[model] == l.models[w] {
				return false, nil
			}
		}
		return true, nil
	}
}

// keepProfile leaves out what is not made from events and belongs to an erased
// customer.
func (l *loader) keepProfile(workspace, profile int) keepFunc {
	return func(_ context.Context, _ *db.Tx, row []any) (bool, error) {
		w, ok := row[workspace].(int64)
		if !ok {
			return false, damaged(errRow)
		}
		id, _ := row[profile].([]byte)
		return !l.erase.named(w) || len(id) != len(event.ID{}) || !l.erase.marked(w, event.ID(id)), nil
	}
}
