package letter

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

const (
	lookEvery = time.Minute
	// late is how much later than it was due a letter still goes: after that it is no
	// news, and a change of its day must not bring an old one.
	late = 36 * time.Hour
)

// Run sends the letters that are due, until ctx ends. Every node may: the row of the
// week is written in the transaction that puts the letter into the outbox, so only
// one of them does.
func (s *Store) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	done := map[int64]string{} // what this node knows to be sent
	for {
		if err := s.SendDue(ctx, done); err != nil && ctx.Err() == nil {
			s.Logger.WarnContext(ctx, "letters could not be sent; they are tried again", "error", db.Safe(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// SendDue sends the letters that are due. done keeps, between calls, the week of each
// workspace of which nothing is left to do; it may be empty.
func (s *Store) SendDue(ctx context.Context, done map[int64]string) error {
	var chosen map[int64]Settings
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		chosen, err = timetable(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	all, err := s.Workspaces.List(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, ws := range all {
		set, ok := chosen[ws.Number]
		if !ok {
			set = Settings{Active: true, Weekday: time.Monday, Hour: firstHour}
		}
		now := s.now().In(ws.Location())
		week, at := set.Due(now)
		if !set.Active || now.Sub(at) > late || done[ws.Number] == week.Name() {
			continue
		}
		if err := s.send(ctx, ws, week); err != nil {
			failed = fmt.Errorf("workspace %s: %w", ws.ID, err) // the others get theirs all the same
			continue
		}
		done[ws.Number] = week.Name()
	}
	return failed
}

// send puts the letter of a week into the outbox, unless that was done.
func (s *Store) send(ctx context.Context, ws workspace.Workspace, week Week) error {
	var set Settings
	sent := false
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		var one int
		err = tx.QueryRow(ctx, "SELECT 1 FROM letter_sent WHERE workspace = $1 AND week = $2", ws.Number, week.Name()).Scan(&one)
		if sent = err == nil; sent || !db.IsNone(err) {
			return err
		}
		set, err = settings(ctx, tx, ws.Number)
		return err
	})
	if err != nil || sent || !set.Active || len(set.To) == 0 {
		return err
	}
	letters, err := s.write(ctx, ws, week, set.To)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "INSERT INTO letter_sent (workspace, week, at) VALUES ($1, $2, $3) ON CONFLICT (workspace, week) DO NOTHING",
			ws.Number, week.Name(), s.now().UnixMicro())
		if err != nil || n == 0 {
			return err
		}
		return s.put(ctx, tx, ws, set.To, letters, week.Name())
	})
}

// write makes the letter in each language that a receiver reads.
func (s *Store) write(ctx context.Context, ws workspace.Workspace, week Week, to []Receiver) (map[locale.Lang]*Letter, error) {
	out := map[locale.Lang]*Letter{}
	for _, r := range to {
		lang := langOf(r)
		if out[lang] != nil {
			continue
		}
		l, err := s.Build(ctx, ws.Number, week, s.now(), lang)
		if err != nil {
			return nil, err
		}
		out[lang] = l
	}
	return out, nil
}

func langOf(r Receiver) locale.Lang {
	if r.Language.Valid() {
		return r.Language
	}
	return locale.English
}

// put puts letters into the outbox. key names the decision: the week, or a trial.
func (s *Store) put(ctx context.Context, tx *db.Tx, ws workspace.Workspace, to []Receiver, letters map[locale.Lang]*Letter, key string) error {
	var ids []string
	for _, r := range to {
		ids = append(ids, r.Destination)
	}
	found, err := deliver.Find(ctx, tx, ws.Number, ids...)
	if err != nil {
		return err
	}
	var messages []deliver.Message
	for _, r := range to {
		l := letters[langOf(r)]
		i := slices.IndexFunc(found, func(d *deliver.Destination) bool { return d.ID == r.Destination })
		if i < 0 || l.Empty() {
			continue // it was taken away, or there is nothing to tell
		}
		m, err := s.message(ws, found[i], r, l, key)
		if err != nil {
			return err
		}
		messages = append(messages, m)
	}
	return s.Out.Put(ctx, tx, messages...)
}

// SendNow sends the letter of the last whole week to everybody who gets it, so that
// they see what it looks like.
func (s *Store) SendNow(ctx context.Context, by staff.Actor, ws workspace.Workspace) error {
	if err := by.Need(staff.Configure); err != nil {
		return err
	}
	set, err := s.Settings(ctx, by)
	if err != nil {
		return err
	}
	if len(set.To) == 0 {
		return flaw("letter_nobody", "a letter needs a receiver")
	}
	letters, err := s.write(ctx, ws, WeekOf(s.now().In(ws.Location())).Add(-1), set.To)
	if err != nil {
		return err
	}
	for _, l := range letters {
		if l.Empty() {
			return flaw("letter_empty", "there was nothing to tell in the last week")
		}
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		if err := s.put(ctx, tx, ws, set.To, letters, "now "+rand.Text()); err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "letter.sent", "", "")
	})
}
