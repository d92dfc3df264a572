package insight

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
)

// patience is how long a customer waits in a chat before that is bad.
const patience = 10 * minute

// line is what happened in a chat.
type line struct {
	e    *event.Event
	id   trailKey // of the conversation
	what said
}

type said int

const (
	asked said = iota // by the customer
	answered
	ended
)

// wait is a customer who has no answer yet. It is due when it is too long, and once
// that was told when it is given up.
type wait struct {
	due, at int64
	profile event.ID
	history bool
	dims    values
}

// told reports whether it is known to be too long.
func (x *wait) told() bool { return x.due-x.at > patience }

// chat takes an event of a chat. What a bot says is no answer.
func (w *watched) chat(e *event.Event, v event.Verb) {
	p := event.ParseObject(e.Properties)
	l := line{e: e, what: ended}
	if v != event.ChatEnded {
		switch strings.ToLower(p.First("sender", "sender_type", "author_type", "role")) {
		case "bot", "system", "assistant":
			return
		}
		if l.what = answered; feedback.FromCustomer(e) {
			l.what = asked
		}
	}
	id := e.Profile()
	if c := identifier(p, "conversation_id", "conversationId", "thread_id", "chat_id"); c != "" {
		id = event.NewID(e.Workspace, "chat", c)
	}
	l.id = trailKey{e.Workspace, id}
	w.lines = append(w.lines, l)
}

// answers makes outcomes of answers.
func (w *watched) answers(ctx context.Context, tx *db.Tx) error {
	waits, err := w.waits(ctx, tx)
	if err != nil {
		return fmt.Errorf("read chats that wait: %w", err)
	}
	had, changed := maps.Clone(waits), map[trailKey]bool{}
	for _, l := range w.lines {
		x := waits[l.id]
		if x != nil && l.what == asked && l.e.At >= x.at+longestWait {
			w.waited(l.id.workspace, x, l.e.At)
			x = nil
		}
		switch {
		case l.what == asked && x == nil:
			x = &wait{due: l.e.At + patience, at: l.e.At, profile: l.e.Profile(), history: late(l.e)}
			x.dims.learn(l.e)
			x.dims[inChannel] = "chat"
			waits[l.id], changed[l.id] = x, true
		case l.what == asked || x == nil:
		case l.what == answered && l.e.At < x.at: // it was told late, and answers what came before
		default:
			w.waited(l.id.workspace, x, l.e.At)
			if l.what == answered && !x.told() {
				w.outcome(l.e, Outcome{Kind: ReplyWaitedFor, Profile: x.profile, Subject: l.id.id, Bad: float64(bit(l.e.At > x.due))}, x.dims)
			}
			delete(waits, l.id)
			changed[l.id] = true
		}
	}
	gone, rows := db.NewRows(trailKeyColumns), db.NewRows(db.Columns("workspace int, id bytes, due int, at int, profile bytes, history int, dims text"))
	for _, k := range slices.SortedFunc(maps.Keys(changed), compareTrails) {
		if x := waits[k]; x != nil {
			rows.Add(k.workspace, k.id[:], x.due, x.at, x.profile[:], bit(x.history), x.dims.json())
		} else if had[k] != nil {
			gone.Add(k.workspace, k.id[:])
		}
	}
	const drop = "DELETE FROM chat_wait WHERE (workspace, id) IN (SELECT workspace, id FROM k) RETURNING id"
	if err := tx.Lookup(ctx, gone, drop, func(*sql.Rows) error { return nil }); err != nil {
		return fmt.Errorf("end waits in chats: %w", err)
	}
	err = tx.Insert(ctx, "chat_wait", rows, "ON CONFLICT (workspace, id) DO UPDATE SET due = excluded.due, at = excluded.at, profile = excluded.profile, history = excluded.history, dims = excluded.dims")
	if err != nil {
		return fmt.Errorf("keep who waits in chats: %w", err)
	}
	return nil
}

// waits reads who waits in the batch's chats.
func (w *watched) waits(ctx context.Context, tx *db.Tx) (map[trailKey]*wait, error) {
	ids := map[trailKey]bool{}
	for _, l := range w.lines {
		ids[l.id] = true
	}
	keys := db.NewRows(trailKeyColumns)
	for _, k := range slices.SortedFunc(maps.Keys(ids), compareTrails) {
		keys.Add(k.workspace, k.id[:])
	}
	query := `SELECT c.workspace, c.id, c.due, c.at, c.profile, c.history, c.dims FROM k CROSS JOIN chat_wait c
		WHERE c.workspace = k.workspace AND c.id = k.id`
	if tx.Postgres() {
		query += " ORDER BY c.workspace, c.id FOR UPDATE OF c"
	}
	out := map[trailKey]*wait{}
	return out, tx.Lookup(ctx, keys, query, func(r *sql.Rows) error { return scanWait(r, out) })
}

func scanWait(r *sql.Rows, into map[trailKey]*wait) error {
	var k trailKey
	var id, profile []byte
	var dims string
	x := &wait{}
	err := r.Scan(&k.workspace, &id, &x.due, &x.at, &profile, &x.history, &dims)
	copy(k.id[:], id)
	copy(x.profile[:], profile)
	x.dims = parseValues(dims)
	into[k] = x
	return err
}

// overlong makes outcomes of waits that have grown too long, as of the latest event, in
// shops whose answers are seen, and ends those that are given up.
func (w *watched) overlong(ctx context.Context, tx *db.Tx, clocks *db.Rows) error {
	over, gone := map[trailKey]*wait{}, map[trailKey]*wait{}
	which := fmt.Sprintf(`(workspace, id) IN (SELECT c.workspace, c.id FROM k CROSS JOIN chat_wait c
		WHERE c.workspace = k.workspace AND c.history = 0 AND c.due < k.at AND c.due - c.at %%s %d`+skipLocked(tx, "c")+`) RETURNING workspace, id, due, at, profile, history, dims`, patience)
	err := tx.Lookup(ctx, clocks, fmt.Sprintf("UPDATE chat_wait SET due = at + %d WHERE "+which, givenUp, "<="), func(r *sql.Rows) error { return scanWait(r, over) })
	if err == nil {
		err = tx.Lookup(ctx, clocks, fmt.Sprintf("DELETE FROM chat_wait WHERE "+which, ">"), func(r *sql.Rows) error { return scanWait(r, gone) })
	}
	if err != nil {
		return fmt.Errorf("end long waits in chats: %w", err)
	}
	if len(over)+len(gone) == 0 {
		return nil
	}
	seen := map[int64]bool{}
	err = tx.Lookup(ctx, clocks, `SELECT k.workspace FROM k WHERE EXISTS (SELECT 1 FROM outcome o WHERE o.workspace = k.workspace AND o.kind = 'reply'
		AND o.at >= k.since AND o.bad = 0)`, func(r *sql.Rows) error {
		var ws int64
		err := r.Scan(&ws)
		seen[ws] = true
		return err
	})
	if err != nil {
		return fmt.Errorf("look for answers in chats: %w", err)
	}
	for _, k := range slices.SortedFunc(maps.Keys(over), compareTrails) {
		if x := over[k]; seen[k.workspace] {
			w.passed(k.workspace, Outcome{Kind: ReplyWaitedFor, Profile: x.profile, Subject: k.id, At: x.at + patience, Bad: 1}, x.dims)
		}
	}
	for k, x := range gone {
		if seen[k.workspace] {
			w.waited(k.workspace, x, x.due)
		}
	}
	return nil
}
