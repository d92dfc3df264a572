package deliver

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Delivery is a message as staff see it: without its body.
type Delivery struct {
	ID          string
	Destination string
	Kind        string
	Receiver    string // masked, unless the reader may reveal it
	State       State
	Attempts    int
	Due         time.Time // of the next attempt, where it is open
	CreatedAt   time.Time
	TouchedAt   time.Time // of the last attempt
	Failure     string    // of the last attempt
	Log         []Attempt // the last attempts
	HasBody     bool      // it can be sent again
}

// Filter says which messages to list, the latest first.
type Filter struct {
	Destination string // id; "" for all, where State is Dead
	State       State  // "" for all, where there is a Destination
	Cursor      string // of a page
	Limit       int    // 0: 50
}

const (
	usualLimit = 50
	maxLimit   = 500
)

const deliveryColumns = "id, destination, kind, receiver, state, attempts, due, created_at, touched_at, failure, log, CASE WHEN length(body) > 0 THEN 1 ELSE 0 END"

func scanDelivery(row interface{ Scan(...any) error }, by staff.Actor) (d Delivery, err error) {
	var due, created, touched, has int64
	var log string
	if err := row.Scan(&d.ID, &d.Destination, &d.Kind, &d.Receiver, &d.State, &d.Attempts, &due, &created, &touched, &d.Failure, &log, &has); err != nil {
		return d, err
	}
	d.Due, d.CreatedAt, d.TouchedAt, d.HasBody = time.UnixMicro(due), time.UnixMicro(created), time.UnixMicro(touched), has == 1
	if !by.May(staff.Reveal) {
		d.Receiver = masked(d.Receiver)
	}
	return d, json.Unmarshal([]byte(log), &d.Log)
}

// masked leaves an address's domain and its first letter.
func masked(address string) string {
	name, domain, ok := strings.Cut(address, "@")
	if !ok || name == "" {
		return ""
	}
	for _, first := range name {
		return string(first) + "…@" + domain
	}
	return ""
}

// Deliveries lists the messages to a destination, or the dead letters of all, the
// latest first, and the cursor of the page after, "" where there is none.
func (s *Store) Deliveries(ctx context.Context, by staff.Actor, f Filter) (out []Delivery, next string, err error) {
	if err := by.Need(staff.See); err != nil {
		return nil, "", err
	}
	if f.Destination == "" && f.State != Dead {
		return nil, "", fmt.Errorf("list messages: a destination is needed, or dead letters")
	}
	limit := min(f.Limit, maxLimit)
	if limit <= 0 {
		limit = usualLimit
	}
	query, args := "SELECT "+deliveryColumns+" FROM outbox WHERE workspace = $1", []any{by.Workspace, limit + 1}
	if f.Destination != "" {
		args = append(args, f.Destination)
		query += fmt.Sprintf(" AND destination = $%d", len(args))
	}
	switch f.State { // in words, as the conditions of its indexes are
	case "":
	case Open, Sent, Dead, Returned:
		query += " AND state = '" + string(f.State) + "'"
	default:
		return nil, "", fmt.Errorf("list messages: there is no state %q", f.State)
	}
	if f.Cursor != "" {
		at, id, err := openCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		args = append(args, at, id)
		query += fmt.Sprintf(" AND (touched_at, id) < ($%d, $%d)", len(args)-1, len(args))
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, query+" ORDER BY touched_at DESC, id DESC LIMIT $2", args, func(rows *sql.Rows) error {
			d, err := scanDelivery(rows, by)
			if err != nil {
				return err
			}
			if len(out) == limit {
				last := out[limit-1]
				next = fmt.Sprintf("%d.%s", last.TouchedAt.UnixMicro(), last.ID)
				return nil
			}
			out = append(out, d)
			return nil
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list messages: %w", err)
	}
	return out, next, nil
}

// ErrCursor says that a cursor is none that a list gave.
const ErrCursor = workspace.Invalid("the cursor is not one of this list")

func openCursor(cursor string) (at int64, id string, err error) {
	micros, id, _ := strings.Cut(cursor, ".")
	at, err = strconv.ParseInt(micros, 10, 64)
	if err != nil || !isID(id) {
		return 0, "", ErrCursor
	}
	return at, id, nil
}

// isID reports whether a text can be the id of a message or a destination; others
// are not looked for.
func isID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// Delivery returns one message.
func (s *Store) Delivery(ctx context.Context, by staff.Actor, id string) (d Delivery, err error) {
	if err := by.Need(staff.See); err != nil {
		return d, err
	}
	if !isID(id) {
		return d, ErrNotFound
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		d, err = scanDelivery(tx.QueryRow(ctx, "SELECT "+deliveryColumns+" FROM outbox WHERE workspace = $1 AND id = $2", by.Workspace, id), by)
		return err
	})
	if db.IsNone(err) {
		return d, ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("read a message: %w", err)
	}
	return d, nil
}

// afresh makes a message as if it had not been tried. Its id stays, so that a
// receiver that took it before knows it.
const afresh = `UPDATE outbox SET state = 'open', attempts = 0, due = $1, touched_at = $1, failure = ''
	WHERE workspace = $2 AND state IN ('dead', 'sent') AND length(body) > 0
		AND EXISTS (SELECT 1 FROM destination d WHERE d.workspace = outbox.workspace AND d.id = outbox.destination)`

// Again sends a message once more that is a dead letter, or was sent and did not
// arrive where it should. One whose body is no longer kept is not found.
func (s *Store) Again(ctx context.Context, by staff.Actor, id string) error {
	if !isID(id) {
		return ErrNotFound
	}
	n, err := s.again(ctx, by, "message.again", id, afresh+" AND id = $3")
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// AgainAll sends all dead letters of a destination once more, and returns how
// many there are.
func (s *Store) AgainAll(ctx context.Context, by staff.Actor, destination string) (int64, error) {
	return s.again(ctx, by, "message.again_all", destination, afresh+" AND destination = $3 AND state = 'dead'")
}

func (s *Store) again(ctx context.Context, by staff.Actor, action, subject, query string) (n int64, err error) {
	if err := by.Need(staff.Configure); err != nil {
		return 0, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		n = 0
		var to string
		err = tx.Each(ctx, query+" RETURNING destination", []any{s.now().UnixMicro(), by.Workspace, subject}, func(rows *sql.Rows) error {
			n++
			return rows.Scan(&to)
		})
		if err != nil || n == 0 {
			return err
		}
		s.wakeAfter(tx, place{by.Workspace, to})
		return staff.Record(ctx, tx, by, action, subject, fmt.Sprint(n))
	})
	if err != nil {
		return 0, fmt.Errorf("send again: %w", err)
	}
	return n, nil
}
