package feedback

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/staff"
)

// ErrNotFound says that the workspace has no such opinion or note.
var ErrNotFound = errors.New("no such opinion")

// MaxNote is how many characters a note may have.
const MaxNote = 4000

// Case is what staff did about an opinion.
type Case struct {
	Assignee  string `json:"assignee"` // id of an account, empty for nobody
	Handled   bool   `json:"handled"`
	HandledAt string `json:"handled_at,omitempty"`
	HandledBy string `json:"handled_by,omitempty"` // id of an account
	Notes     int64  `json:"notes"`                // how many there are
}

// Note is what somebody of the staff wrote about an opinion.
type Note struct {
	ID      int64  `json:"id"`
	At      string `json:"at"`
	Account string `json:"account"`
	Text    string `json:"text"`
}

// Detail is one opinion with all that is known about it.
type Detail struct {
	Item
	Case  Case   `json:"case"`
	Notes []Note `json:"notes"` // the oldest first
}

// Get returns an opinion of a workspace.
func (s Store) Get(ctx context.Context, workspace int64, id string) (Detail, error) {
	out := Detail{Notes: []Note{}}
	key, err := event.ParseID(id)
	if err != nil {
		return out, ErrNotFound
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		found := false
		err = tx.Each(ctx, "SELECT "+itemColumns+` FROM feedback f LEFT JOIN profile p ON p.model = f.model AND p.id = f.profile
			WHERE f.model = $1 AND f.id = $2`, []any{model, key[:]}, func(rows *sql.Rows) (err error) {
			found = true
			out.Item, _, err = scanItem(rows)
			return err
		})
		if err != nil {
			return err
		}
		if !found {
			return ErrNotFound
		}
		cases, err := casesOf(ctx, tx, workspace, []Item{out.Item})
		if err != nil {
			return err
		}
		out.Case = cases[id]
		return tx.Each(ctx, "SELECT id, at, account, text FROM feedback_note WHERE workspace = $1 AND opinion = $2 ORDER BY id", []any{workspace, key[:]},
			func(rows *sql.Rows) error {
				var n Note
				var at int64
				err := rows.Scan(&n.ID, &at, &n.Account, &n.Text)
				n.At = event.FormatTime(at)
				out.Notes = append(out.Notes, n)
				return err
			})
	})
	if err != nil {
		return out, fmt.Errorf("read an opinion: %w", err)
	}
	return out, nil
}

// Cases returns what staff did about opinions, by their ids; those about which
// nothing was done are not in it.
func (s Store) Cases(ctx context.Context, workspace int64, items []Item) (out map[string]Case, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		out, err = casesOf(ctx, tx, workspace, items)
		return err
	})
	return out, err
}

func casesOf(ctx context.Context, tx *db.Tx, workspace int64, items []Item) (map[string]Case, error) {
	keys := db.NewRows(db.Columns("workspace int, opinion bytes"))
	for _, it := range items {
		id, err := event.ParseID(it.ID)
		if err != nil {
			return nil, err
		}
		keys.Add(workspace, id[:])
	}
	out := map[string]Case{}
	err := tx.Lookup(ctx, keys, `SELECT c.opinion, c.assignee, c.handled_at, c.handled_by, c.notes FROM k CROSS JOIN feedback_case c
		WHERE c.workspace = k.workspace AND c.opinion = k.opinion`, func(rows *sql.Rows) error {
		var id []byte
		var c Case
		var at int64
		if err := rows.Scan(&id, &c.Assignee, &at, &c.HandledBy, &c.Notes); err != nil {
			return err
		}
		if c.Handled = at > 0; c.Handled {
			c.HandledAt = event.FormatTime(at)
		}
		out[event.ID(id).String()] = c
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what was done about opinions: %w", err)
	}
	return out, nil
}

// Assign gives an opinion to a member of the workspace, or with "" to nobody.
func (s Store) Assign(ctx context.Context, by staff.Actor, id, account string) error {
	return s.change(ctx, by, id, "feedback.assigned", account, func(tx *db.Tx, key event.ID) error {
		if account != "" {
			var one int
			err := tx.QueryRow(ctx, memberQuery, by.Workspace, account).Scan(&one)
			if errors.Is(err, sql.ErrNoRows) {
				return InputError("that person does not belong to this workspace")
			} else if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "UPDATE feedback_case SET assignee = $3 WHERE workspace = $1 AND opinion = $2", by.Workspace, key[:], account)
		return err
	})
}

const memberQuery = "SELECT 1 FROM account_role WHERE workspace = $1 AND account = $2"

// Handle marks an opinion as handled, or opens it again.
func (s Store) Handle(ctx context.Context, by staff.Actor, id string, handled bool) error {
	action, at, who := "feedback.reopened", int64(0), ""
	if handled {
		action, at, who = "feedback.handled", time.Now().UnixMicro(), by.Account
	}
	return s.change(ctx, by, id, action, "", func(tx *db.Tx, key event.ID) error {
		_, err := tx.Exec(ctx, "UPDATE feedback_case SET handled_at = $3, handled_by = $4 WHERE workspace = $1 AND opinion = $2", by.Workspace, key[:], at, who)
		return err
	})
}

// AddNote writes a note to an opinion.
func (s Store) AddNote(ctx context.Context, by staff.Actor, id, text string) error {
	text = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), ""))
	return s.change(ctx, by, id, "feedback.noted", "", func(tx *db.Tx, key event.ID) error {
		switch n := utf8.RuneCountInString(text); {
		case n == 0:
			return InputError("the note is empty")
		case n > MaxNote:
			return InputError(fmt.Sprintf("the note has more than %d characters", MaxNote))
		}
		_, err := tx.Exec(ctx, "INSERT INTO feedback_note (workspace, opinion, at, account, text) VALUES ($1, $2, $3, $4, $5)",
			by.Workspace, key[:], time.Now().UnixMicro(), by.Account, text)
		return cmp.Or(err, countNotes(ctx, tx, by.Workspace, key))
	})
}

// RemoveNote removes one's own note.
func (s Store) RemoveNote(ctx context.Context, by staff.Actor, id string, note int64) error {
	return s.change(ctx, by, id, "feedback.note_removed", "", func(tx *db.Tx, key event.ID) error {
		n, err := tx.Exec(ctx, "DELETE FROM feedback_note WHERE workspace = $1 AND opinion = $2 AND id = $3 AND account = $4", by.Workspace, key[:], note, by.Account)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return cmp.Or(err, countNotes(ctx, tx, by.Workspace, key))
	})
}

func countNotes(ctx context.Context, tx *db.Tx, workspace int64, id event.ID) error {
	_, err := tx.Exec(ctx, `UPDATE feedback_case SET notes = (SELECT count(*) FROM feedback_note n WHERE n.workspace = $1 AND n.opinion = $2)
		WHERE workspace = $1 AND opinion = $2`, workspace, id[:])
	return err
}

// Replying writes down that somebody was shown a customer's address to reply to
// an opinion.
func (s Store) Replying(ctx context.Context, by staff.Actor, id string) error {
	if err := by.Need(staff.Reveal); err != nil {
		return err
	}
	return s.change(ctx, by, id, "feedback.replying", "", func(*db.Tx, event.ID) error { return nil })
}

// change does something about an opinion of the actor's workspace and writes it
// to the audit log, in one transaction.
func (s Store) change(ctx context.Context, by staff.Actor, id, action, detail string, do func(tx *db.Tx, key event.ID) error) error {
	if err := by.Need(staff.Answer); err != nil {
		return err
	}
	key, err := event.ParseID(id)
	if err != nil {
		return ErrNotFound
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, by.Workspace)
		if err != nil {
			return err
		}
		var one int
		err = tx.QueryRow(ctx, "SELECT 1 FROM feedback WHERE model = $1 AND id = $2", model, key[:]).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err == nil {
			_, err = tx.Exec(ctx, `INSERT INTO feedback_case (workspace, opinion, assignee, handled_at, handled_by, notes, changed_at)
				VALUES ($1, $2, '', 0, '', 0, $3) ON CONFLICT (workspace, opinion) DO UPDATE SET changed_at = excluded.changed_at`,
				by.Workspace, key[:], time.Now().UnixMicro())
		}
		if err == nil {
			err = do(tx, key)
		}
		if err != nil {
			return fmt.Errorf("change an opinion: %w", err)
		}
		return staff.Record(ctx, tx, by, action, id, detail)
	})
}
