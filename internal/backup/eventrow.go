package backup

import (
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

const eventTable = "event"

// eventColumns finds an event in a row of the events' table.
type eventColumns struct {
	workspace, key, kind, flags, at, receivedAt, checksum, source, messageID, userID,
	anonymousID, target, name, properties, traits, context, integrations int
}

// newEventColumns looks the columns up; those that are missing are -1.
func newEventColumns(columns []db.Column) *eventColumns {
	find := columnFinder(columns)
	return &eventColumns{
		workspace: find("workspace"), key: find("key"), kind: find("type"), flags: find("flags"), at: find("at"),
		receivedAt: find("received_at"), checksum: find("checksum"), source: find("source"), messageID: find("message_id"),
		userID: find("user_id"), anonymousID: find("anonymous_id"), target: find("target_id"), name: find("name"),
		properties: find("properties"), traits: find("traits"), context: find("context"), integrations: find("integrations"),
	}
}

func columnFinder(columns []db.Column) func(string) int {
	return func(name string) int {
		return slices.IndexFunc(columns, func(c db.Column) bool { return c.Name == name })
	}
}

// event reads a row. Where a column is missing or of another kind the error is
// errRow, and the position is set if it is known.
func (c *eventColumns) event(row []any) (event.Event, error) {
	ok := true
	number := func(i int) int64 {
		if i < 0 {
			ok = false
			return 0
		}
		v, is := row[i].(int64)
		ok = ok && is
		return v
	}
	text := func(i int) string { // NULL is empty
		if i < 0 {
			ok = false
			return ""
		}
		v, is := row[i].(string)
		ok = ok && (is || row[i] == nil)
		return v
	}
	e := event.Event{
		Position: event.Position(number(c.key)), Workspace: number(c.workspace), Type: event.Type(number(c.kind)),
		Flags: event.Flags(number(c.flags)), At: number(c.at), ReceivedAt: number(c.receivedAt), Source: text(c.source),
		MessageID: text(c.messageID), UserID: text(c.userID), AnonymousID: text(c.anonymousID), Name: text(c.name),
		Properties: text(c.properties), Traits: text(c.traits), Context: text(c.context), Integrations: text(c.integrations),
	}
	if e.Type == event.Group {
		e.GroupID = text(c.target)
	} else {
		e.PreviousID = text(c.target)
	}
	if !ok || e.Position < 0 || c.checksum < 0 {
		return e, errRow
	}
	return e, nil
}

// intact compares an event with the checksum in its row.
func (c *eventColumns) intact(e *event.Event, row []any, sum *event.Summer) bool {
	stored, ok := row[c.checksum].(int64)
	return ok && stored == int64(sum.Sum(e))
}
