package letter

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Store writes letters, and knows who gets them.
type Store struct {
	DB         *db.DB
	Feedback   feedback.Store
	Incidents  *incident.Store
	Workspaces Workspaces
	Out        *deliver.Store
	URL        func() string    // where people reach this Dhvani, for links; nil or "": there are none
	Now        func() time.Time // nil: the machine's clock
	Logger     *slog.Logger
}

// Workspaces tells the shops with their clocks: *workspace.Store.
type Workspaces interface {
	List(ctx context.Context) ([]workspace.Workspace, error)
}

func (s *Store) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// Receiver is to whom a letter goes.
type Receiver = incident.Receiver

// Settings say who gets the letter of a workspace, and when.
type Settings struct {
	Active  bool
	Weekday time.Weekday
	Hour    int // of the shop's clock
	To      []Receiver
}

const maxReceivers = 20

// firstHour is when the letter comes until somebody chooses another hour of another day.
const firstHour = 8

func flaw(code, english string) error {
	return workspace.Flaw{Code: code, Invalid: workspace.Invalid(english)}
}

// Settings reads who gets the letter. As soon as a workspace has a destination
// there are first settings: Monday morning, to there; where that is a mail server,
// to the first owner.
func (s *Store) Settings(ctx context.Context, by staff.Actor) (set Settings, err error) {
	if err := by.Need(staff.See); err != nil {
		return set, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		set, err = settings(ctx, tx, by.Workspace)
		return err
	})
	return set, err
}

func settings(ctx context.Context, tx *db.Tx, number int64) (set Settings, err error) {
	var active int
	var to string
	err = tx.QueryRow(ctx, "SELECT active, weekday, hour, receivers FROM letter WHERE workspace = $1", number).Scan(&active, &set.Weekday, &set.Hour, &to)
	if db.IsNone(err) {
		return first(ctx, tx, number)
	}
	if err == nil {
		set.Active = active == 1
		err = json.Unmarshal([]byte(to), &set.To)
	}
	if err != nil {
		return set, fmt.Errorf("read who gets the letter: %w", err)
	}
	return set, nil
}

// first are the settings of a workspace where nobody chose any.
func first(ctx context.Context, tx *db.Tx, number int64) (Settings, error) {
	set := Settings{Weekday: time.Monday, Hour: firstHour}
	var to Receiver
	var kind deliver.Kind
	err := tx.QueryRow(ctx, "SELECT id, kind FROM destination WHERE workspace = $1 ORDER BY created_at, id LIMIT 1", number).Scan(&to.Destination, &kind)
	if db.IsNone(err) {
		return set, nil
	}
	if err != nil {
		return set, fmt.Errorf("make the first settings of the letter: %w", err)
	}
	var address, language string
	err = tx.QueryRow(ctx, `SELECT a.email, a.language FROM account_role r JOIN account a ON a.id = r.account
		WHERE r.workspace = $1 AND r.role = 'owner' ORDER BY a.created_at, a.id LIMIT 1`, number).Scan(&address, &language)
	if err != nil && !db.IsNone(err) {
		return set, fmt.Errorf("make the first settings of the letter: %w", err)
	}
	if l := locale.Lang(language); l.Valid() {
		to.Language = l
	}
	if kind == deliver.Email {
		if to.Address = address; address == "" {
			return set, nil // nobody to write to yet
		}
	}
	set.Active, set.To = true, []Receiver{to}
	return set, nil
}

// Save keeps who gets the letter.
func (s *Store) Save(ctx context.Context, by staff.Actor, set Settings) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		switch {
		case set.Weekday < time.Sunday || set.Weekday > time.Saturday:
			return flaw("letter_weekday", "there is no such day of the week")
		case set.Hour < 0 || set.Hour > 23:
			return flaw("letter_hour", "an hour is from 0 to 23")
		case len(set.To) > maxReceivers:
			return flaw("letter_to", fmt.Sprintf("a letter goes to at most %d receivers", maxReceivers))
		case set.Active && len(set.To) == 0:
			return flaw("letter_nobody", "a letter needs a receiver")
		}
		to := []Receiver{}
		for _, r := range set.To {
			if err := incident.CheckReceiver(ctx, tx, by.Workspace, &r); err != nil {
				return err
			}
			if !slices.ContainsFunc(to, func(o Receiver) bool { return o.Destination == r.Destination && o.Address == r.Address }) {
				to = append(to, r)
			}
		}
		text, err := json.Marshal(to, json.Deterministic(true))
		if err != nil {
			return err
		}
		active := 0
		if set.Active {
			active = 1
		}
		_, err = tx.Exec(ctx, `INSERT INTO letter (workspace, active, weekday, hour, receivers, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (workspace) DO UPDATE SET active = excluded.active, weekday = excluded.weekday, hour = excluded.hour,
				receivers = excluded.receivers, changed_at = excluded.changed_at`,
			by.Workspace, active, int(set.Weekday), set.Hour, string(text), s.now().UnixMicro())
		if err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "letter.changed", "", "")
	})
	if err != nil {
		return fmt.Errorf("save who gets the letter: %w", err)
	}
	return nil
}

// timetable is when letters go, of the workspaces where somebody chose.
func timetable(ctx context.Context, tx *db.Tx) (map[int64]Settings, error) {
	out := map[int64]Settings{}
	err := tx.Each(ctx, "SELECT workspace, active, weekday, hour FROM letter", nil, func(rows *sql.Rows) error {
		var number int64
		var active int
		var set Settings
		err := rows.Scan(&number, &active, &set.Weekday, &set.Hour)
		set.Active = active == 1
		out[number] = set
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read when letters go: %w", err)
	}
	return out, nil
}

// Due returns the week whose letter was to go last, and when that was.
func (set *Settings) Due(now time.Time) (Week, time.Time) {
	y, m, d := now.Date()
	d -= (int(now.Weekday()) - int(set.Weekday) + 7) % 7
	at := time.Date(y, m, d, set.Hour, 0, 0, 0, now.Location())
	if at.After(now) {
		at = time.Date(y, m, d-7, set.Hour, 0, 0, 0, now.Location())
	}
	return WeekOf(at).Add(-1), at
}
