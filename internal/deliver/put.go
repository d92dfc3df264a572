package deliver

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// Sealer keeps secrets: workspace.Store.
type Sealer interface {
	Seal(owner, secret string) ([]byte, error)
	Open(owner string, sealed []byte) (string, error)
}

// Store reads and writes the outbox and its destinations.
type Store struct {
	DB      *db.DB
	Sealer  Sealer
	Senders map[Kind]Sender
	Now     func() time.Time // nil: the machine's clock

	woken func(at place) // something about a destination is new; nil where no pool runs here
}

func (s *Store) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

var outboxColumns = db.Columns(`workspace int, id text, destination text, kind text, about text, receiver text, zone text, bulk int, body bytes,
	state text, attempts int, due int, created_at int, touched_at int, failure text, log text`)

// Put writes messages into the outbox, in the transaction of what they follow
// from. A key that was put before is left alone. A message to a destination that
// is gone becomes a dead letter, because its sender can do nothing about it.
func (s *Store) Put(ctx context.Context, tx *db.Tx, messages ...Message) error {
	there, err := known(ctx, tx, messages)
	if err != nil {
		return fmt.Errorf("put into the outbox: %w", err)
	}
	now := s.now().UnixMicro()
	rows := db.NewRows(outboxColumns)
	done := map[place]bool{}
	for _, m := range messages {
		id := ID(m.Workspace, m.Key)
		if m.Key == "" || len(m.Body) > MaxBody {
			return fmt.Errorf("put into the outbox: a message of kind %s has no key, or %d bytes", m.Kind, len(m.Body))
		}
		if done[place{m.Workspace, id}] {
			continue
		}
		done[place{m.Workspace, id}] = true
		state, failure := Open, ""
		if !there[place{m.Workspace, m.Destination}] {
			state, failure = Dead, noDestination
		}
		due := now
		if !m.NotBefore.IsZero() {
			due = m.NotBefore.UnixMicro()
		}
		bulk := 0
		if m.Bulk {
			bulk = 1
		}
		body := m.Body
		if body == nil {
			body = []byte{}
		}
		rows.Add(m.Workspace, id, m.Destination, m.Kind, m.About, m.Receiver, m.Zone, bulk, body, string(state), 0, due, now, now, failure, "[]")
		if rows.Len() == 256 {
			if err := tx.Insert(ctx, "outbox", rows, "ON CONFLICT (workspace, id) DO NOTHING"); err != nil {
				return fmt.Errorf("put into the outbox: %w", err)
			}
			rows.Reset()
		}
	}
	if err := tx.Insert(ctx, "outbox", rows, "ON CONFLICT (workspace, id) DO NOTHING"); err != nil {
		return fmt.Errorf("put into the outbox: %w", err)
	}
	for at := range there {
		s.wakeAfter(tx, at)
	}
	return nil
}

// wakeAfter wakes who sends to a destination when a transaction is committed.
func (s *Store) wakeAfter(tx *db.Tx, at place) {
	if s.woken != nil {
		tx.AfterCommit(func() { s.woken(at) })
	}
}

// place is a row's key.
type place struct {
	workspace int64
	id        string
}

// noDestination is the failure of a message whose destination is gone.
const noDestination = "no_destination"

// known looks up which destinations of messages there are.
func known(ctx context.Context, tx *db.Tx, messages []Message) (map[place]bool, error) {
	there := map[place]bool{}
	keys := db.NewRows(db.Columns("workspace int, id text"))
	for _, m := range messages {
		at := place{m.Workspace, m.Destination}
		if _, ok := there[at]; !ok {
			there[at] = false
			keys.Add(at.workspace, at.id)
		}
	}
	err := tx.Lookup(ctx, keys, "SELECT d.workspace, d.id FROM k CROSS JOIN destination d WHERE d.workspace = k.workspace AND d.id = k.id",
		func(rows *sql.Rows) error {
			var at place
			err := rows.Scan(&at.workspace, &at.id)
			there[at] = true
			return err
		})
	return there, err
}

// Forget deletes the messages that hold a customer's data, sent or not.
func (s *Store) Forget(ctx context.Context, tx *db.Tx, workspace int64, about string) error {
	if about == "" {
		return nil
	}
	if _, err := tx.Exec(ctx, "DELETE FROM outbox WHERE workspace = $1 AND about = $2", workspace, about); err != nil {
		return fmt.Errorf("forget messages: %w", err)
	}
	return nil
}
