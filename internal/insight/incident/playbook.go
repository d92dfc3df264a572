package incident

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
)

// Step is one thing that staff do about an Insight.
type Step struct {
	ID     string `json:"id"`
	Text   string `json:"text,omitzero"`   // as the shop wrote it; "" for a ready one, which is there in every language
	Action string `json:"action,omitzero"` // WriteToHit: the step has a button
}

// WriteToHit is the Action of the step that writes to the customers hit.
const WriteToHit = "write"

// Words returns the step's text as the reader reads it.
func (s Step) Words(t *locale.Locale) string {
	if s.Text != "" || !t.Has("incident.step_"+s.ID) {
		return s.Text
	}
	return t.T("incident.step_" + s.ID)
}

// Playbook is the steps for some kinds of Insight.
type Playbook struct {
	Name      string // of the ready one
	Steps     []Step
	Own       bool      // the workspace changed it
	ChangedAt time.Time // zero where it is the ready one
	Account   string    // who changed it
	Version   int64     // grows with every change; 0 where it is the ready one
}

// ready are the playbooks of the program, with how many steps each has and which
// of them writes to customers.
var ready = []struct {
	name         string
	steps, write int
}{
	{"checkout", 5, 5}, {"payment", 6, 6}, {"delivery", 5, 4}, {"product", 6, 5}, {"price", 5, 0}, {"stock", 5, 0}, {"traffic", 5, 0}, {"reviews", 5, 0}, {"general", 5, 0},
}

// bookOf says which playbook a kind of Insight has.
var bookOf = map[Kind]string{
	Checkout: "checkout", Page: "checkout", Orders: "checkout", Payment: "payment", Delivery: "delivery", Product: "product", Price: "price",
	Stock: "stock", Search: "stock", Traffic: "traffic", Reviews: "reviews", Flood: "reviews",
}

// BookOf returns the name of the playbook that a kind of Insight has.
func BookOf(k Kind) string { return cmp.Or(bookOf[k], "general") }

func readyBook(name string) (b Playbook, ok bool) {
	for _, r := range ready {
		if r.name != name {
			continue
		}
		b.Name = name
		for i := 1; i <= r.steps; i++ {
			s := Step{ID: name + "_" + strconv.Itoa(i)}
			if i == r.write {
				s.Action = WriteToHit
			}
			b.Steps = append(b.Steps, s)
		}
		return b, true
	}
	return b, false
}

// Title names a playbook as the reader reads it.
func (b *Playbook) Title(t *locale.Locale) string { return t.T("incident.play_" + b.Name) }

const (
	maxSteps    = 20
	maxStep     = 500 // characters
	maxStepID   = 40
	ownStepMark = "own_"
)

// Playbooks lists all playbooks of the workspace, the ready ones where it has none
// of its own.
func (s *Store) Playbooks(ctx context.Context, workspace int64) (out []Playbook, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		own, err := ownBooks(ctx, tx, workspace, "")
		for _, r := range ready {
			b, _ := readyBook(r.name)
			if o, ok := own[r.name]; ok {
				b = o
			}
			out = append(out, b)
		}
		return err
	})
	return out, err
}

// Playbook returns the one with a name.
func (s *Store) Playbook(ctx context.Context, workspace int64, name string) (b Playbook, err error) {
	b, ok := readyBook(name)
	if !ok {
		return b, ErrNotFound
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		own, err := ownBooks(ctx, tx, workspace, name)
		if o, ok := own[name]; ok {
			b = o
		}
		return err
	})
	return b, err
}

// ownBooks reads the workspace's own playbooks, or the one with a name.
func ownBooks(ctx context.Context, tx *db.Tx, workspace int64, name string) (map[string]Playbook, error) {
	out := map[string]Playbook{}
	err := tx.Each(ctx, "SELECT name, steps, changed_at, account FROM playbook WHERE workspace = $1 AND ($2 = '' OR name = $2)", []any{workspace, name}, func(rows *sql.Rows) error {
		b := Playbook{Own: true}
		var steps string
		if err := rows.Scan(&b.Name, &steps, &b.Version, &b.Account); err != nil {
			return err
		}
		b.ChangedAt = timeOf(b.Version)
		err := json.Unmarshal([]byte(steps), &b.Steps)
		out[b.Name] = b
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the playbooks: %w", err)
	}
	return out, nil
}

// stepsOf returns the steps of an Insight's playbook.
func (s *Store) stepsOf(ctx context.Context, tx *db.Tx, workspace int64, f *Finding) ([]Step, error) {
	name := BookOf(f.Kind)
	own, err := ownBooks(ctx, tx, workspace, name)
	if b, ok := own[name]; ok || err != nil {
		return b.Steps, err
	}
	b, _ := readyBook(name)
	return b.Steps, nil
}

// SavePlaybook takes the workspace's own steps in the place of the ready ones. A
// step that has the id of a ready one and its text in the language of the person
// who saves stays the ready one, for readers of every language. The error is ErrChanged
// where a colleague changed it since the version that was looked at.
func (s *Store) SavePlaybook(ctx context.Context, by staff.Actor, t *locale.Locale, name string, version int64, steps []Step) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	base, ok := readyBook(name)
	if !ok {
		return ErrNotFound
	}
	clean, err := cleanSteps(t, base.Steps, steps)
	if err != nil {
		return err
	}
	if slices.Equal(clean, base.Steps) {
		return s.ResetPlaybook(ctx, by, name, version)
	}
	text, err := json.Marshal(clean)
	if err != nil {
		return err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		query := "INSERT INTO playbook (workspace, name, steps, changed_at, account) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace, name) DO NOTHING"
		args := []any{by.Workspace, name, string(text), max(s.now().UnixMicro(), version+1), by.Account}
		if version > 0 {
			query = "UPDATE playbook SET steps = $3, changed_at = $4, account = $5 WHERE workspace = $1 AND name = $2 AND changed_at = $6"
			args = append(args, version)
		}
		n, err := tx.Exec(ctx, query, args...)
		if err == nil && n == 0 {
			err = ErrChanged
		}
		if err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "playbook.changed", name, "")
	})
	if err != nil {
		return fmt.Errorf("save a playbook: %w", err)
	}
	return nil
}

func cleanSteps(t *locale.Locale, base, steps []Step) (out []Step, err error) {
	seen := map[string]bool{}
	for _, st := range steps {
		written := st.Text != ""
		st.Text = strings.Join(strings.Fields(event.Visible(st.Text)), " ")
		i := slices.IndexFunc(base, func(b Step) bool { return b.ID == st.ID })
		switch {
		case utf8.RuneCountInString(st.Text) > maxStep:
			return nil, flaw("step_long", fmt.Sprintf("a step has at most %d characters", maxStep))
		case st.Action != "" && st.Action != WriteToHit:
			return nil, flaw("step_action", "there is no such button")
		case st.Text == "" && (i < 0 || written):
			continue // a line that was left empty, or has blanks alone
		case i >= 0 && (st.Text == "" || st.Text == base[i].Words(t)):
			st.Text = ""
		case i < 0 && (!strings.HasPrefix(st.ID, ownStepMark) || len(st.ID) > maxStepID || seen[st.ID]):
			st.ID = ownStepMark + strings.ToLower(rand.Text()[:12])
		}
		if seen[st.ID] {
			continue
		}
		seen[st.ID] = true
		out = append(out, st)
	}
	if len(out) == 0 || len(out) > maxSteps {
		return nil, flaw("steps_many", fmt.Sprintf("a playbook has from 1 to %d steps", maxSteps))
	}
	return out, nil
}

// ResetPlaybook goes back to the ready one, from the version that was looked at.
func (s *Store) ResetPlaybook(ctx context.Context, by staff.Actor, name string, version int64) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	if _, ok := readyBook(name); !ok {
		return ErrNotFound
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		own, err := ownBooks(ctx, tx, by.Workspace, name)
		if err != nil {
			return err
		}
		if own[name].Version != version {
			return ErrChanged
		}
		n, err := tx.Exec(ctx, "DELETE FROM playbook WHERE workspace = $1 AND name = $2 AND changed_at = $3", by.Workspace, name, version)
		if err != nil || n == 0 {
			return err
		}
		return staff.Record(ctx, tx, by, "playbook.reset", name, "")
	})
	if err != nil {
		return fmt.Errorf("reset a playbook: %w", err)
	}
	return nil
}

// Tick is a step of an Insight's playbook and what was done of it.
type Tick struct {
	Step
	Done    bool
	At      time.Time
	Account string
	Note    string
}

// Checklist lists the steps of an Insight's playbook, and after them those that
// were done and stand in it no longer.
func (s *Store) Checklist(ctx context.Context, in *Insight) (out []Tick, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		out, err = s.checklist(ctx, tx, in)
		return err
	})
	return out, err
}

func (s *Store) checklist(ctx context.Context, tx *db.Tx, in *Insight) (out []Tick, err error) {
	steps, err := s.stepsOf(ctx, tx, in.Workspace, &in.Finding)
	if err != nil {
		return nil, err
	}
	for _, st := range steps {
		out = append(out, Tick{Step: st})
	}
	err = tx.Each(ctx, "SELECT step, at, account, note FROM insight_step WHERE workspace = $1 AND insight = $2 ORDER BY at, step", []any{in.Workspace, in.ID}, func(rows *sql.Rows) error {
		t := Tick{Done: true}
		var at int64
		if err := rows.Scan(&t.ID, &at, &t.Account, &t.Note); err != nil {
			return err
		}
		t.At = timeOf(at)
		if i := slices.IndexFunc(out, func(o Tick) bool { return o.ID == t.ID }); i >= 0 {
			t.Step = out[i].Step
			out[i] = t
		} else {
			out = append(out, t)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the checklist of an incident: %w", err)
	}
	return out, nil
}
