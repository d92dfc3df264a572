package incident

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/staff"
)

var (
	// ErrChanged says that a colleague changed the Insight after the version that
	// was looked at, or that it has not had this version yet.
	ErrChanged = errors.New("a colleague changed this incident since the version that you name, or it has not had that one: look again")
	// ErrState says that the Insight's state does not allow what was asked.
	ErrState = errors.New("that cannot be done in the state that this incident is in")
)

const (
	// MaxText is how many characters a comment, an outcome or a lesson may have.
	MaxText = 4000
	// maxSnooze is for how long people may want to hear nothing.
	maxSnooze = 30 * 24 * time.Hour
)

// textOf brings what a person wrote into the form it is kept in: each of its lines as
// event.Visible has it.
func textOf(text string, must bool) (string, error) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = event.Visible(line)
	}
	text = strings.TrimSpace(strings.Join(lines, "\n"))
	switch n := utf8.RuneCountInString(text); {
	case must && n == 0:
		return "", flaw("text_empty", "the text is empty")
	case n > MaxText:
		return "", flaw("text_long", fmt.Sprintf("a text has at most %d characters", MaxText))
	}
	return text, nil
}

// act is one thing that a person does with an Insight.
type act struct {
	action  string // of the audit log
	version int64  // that the person looked at; 0: whatever it is
	what    What
	detail  Detail

	// do changes the Insight. It may say that there is nothing to do.
	do func(tx *db.Tx, in *Insight) error
}

// errNothing ends an act that changes nothing.
var errNothing = errors.New("nothing to do")

// stillAt is ErrChanged unless no person changed the Insight since a version of it; 0
// is whatever it is. What the watch changes is no reason to look again.
func (in *Insight) stillAt(version int64) error {
	if version > 0 && (in.staffed > version || version > in.Version) {
		return ErrChanged
	}
	return nil
}

// change lets a person do something with an Insight of their workspace, and writes
// it into the timeline and the audit log, in one transaction.
func (s *Store) change(ctx context.Context, by staff.Actor, id string, a act) (in *Insight, err error) {
	if err := by.Need(staff.Answer); err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) (err error) {
		if in, err = read(ctx, tx, by.Workspace, id, true); err != nil {
			return err
		}
		if err := in.stillAt(a.version); err != nil {
			return err
		}
		if err := a.do(tx, in); err == errNothing {
			return nil
		} else if err != nil {
			return err
		}
		if err := s.save(ctx, tx, in, true, a.what, by.Account, a.detail); err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, a.action, id, a.detail.Account)
	})
	if err != nil {
		return nil, fmt.Errorf("change an incident: %w", err)
	}
	return in, nil
}

// Acknowledge says that somebody looks after it. Nobody is told any more that
// nobody does.
func (s *Store) Acknowledge(ctx context.Context, by staff.Actor, id string, version int64) (*Insight, error) {
	return s.change(ctx, by, id, act{"incident.acknowledged", version, WasAcknowledged, Detail{}, func(tx *db.Tx, in *Insight) error {
		return s.acknowledge(in, by.Account)
	}})
}

func (s *Store) acknowledge(in *Insight, account string) error {
	switch {
	case !in.Live():
		return ErrState
	case !in.AcknowledgedAt.IsZero():
		return errNothing
	case in.State == Open:
		in.State = Acknowledged
	}
	in.AcknowledgedAt, in.AcknowledgedBy = s.clock(), account
	return nil
}

// clock is the time to store.
func (s *Store) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Assign gives it to a member of the workspace, or with "" to nobody.
func (s *Store) Assign(ctx context.Context, by staff.Actor, id string, version int64, account string) (*Insight, error) {
	return s.change(ctx, by, id, act{"incident.assigned", version, WasAssigned, Detail{Account: account}, func(tx *db.Tx, in *Insight) error {
		if in.State == Merged {
			return ErrState
		}
		if in.Owner == account {
			return errNothing
		}
		if account != "" {
			var one int
			err := tx.QueryRow(ctx, "SELECT 1 FROM account_role WHERE workspace = $1 AND account = $2", by.Workspace, account).Scan(&one)
			if db.IsNone(err) {
				return flaw("not_member", "that person does not belong to this workspace")
			} else if err != nil {
				return err
			}
		}
		in.Owner = account
		return nil
	}})
}

// Comment writes something beside it.
func (s *Store) Comment(ctx context.Context, by staff.Actor, id, text string) (*Insight, error) {
	text, err := textOf(text, true)
	return s.change(ctx, by, id, act{"incident.commented", 0, WasCommented, Detail{Text: text}, func(*db.Tx, *Insight) error { return err }})
}

// Resolve closes it, and says what was done.
func (s *Store) Resolve(ctx context.Context, by staff.Actor, id string, version int64, outcome string) (*Insight, error) {
	outcome, err := textOf(outcome, false)
	return s.change(ctx, by, id, act{"incident.resolved", version, WasResolved, Detail{Text: outcome}, func(tx *db.Tx, in *Insight) error {
		if err != nil {
			return err
		}
		if !in.Live() {
			return ErrState
		}
		in.Outcome = outcome
		s.resolve(in, by.Account)
		return nil
	}})
}

func (s *Store) resolve(in *Insight, account string) {
	in.State, in.ResolvedAt, in.ResolvedBy, in.SnoozedUntil = Resolved, s.clock(), account, time.Time{}
}

// ReopenBy takes back that it is resolved, or what the statistics say: who does so
// looks after it.
func (s *Store) ReopenBy(ctx context.Context, by staff.Actor, id string, version int64) (*Insight, error) {
	return s.change(ctx, by, id, act{"incident.reopened", version, WasReopened, Detail{}, func(tx *db.Tx, in *Insight) error {
		if in.State != Recovered && in.State != Resolved {
			return ErrState
		}
		if err := s.alone(ctx, tx, in); err != nil {
			return err
		}
		in.State, in.Reopened = Acknowledged, in.Reopened+1
		in.AcknowledgedAt, in.AcknowledgedBy = s.clock(), by.Account
		in.RecoveredAt, in.ResolvedAt, in.ResolvedBy, in.Verdict = time.Time{}, time.Time{}, "", ""
		return nil
	}})
}

// alone refuses to make an Insight live while another of its theme is.
func (s *Store) alone(ctx context.Context, tx *db.Tx, in *Insight) error {
	var other string
	err := tx.QueryRow(ctx, "SELECT id FROM insight WHERE workspace = $1 AND theme = $2 AND good = $3 AND "+live+" AND id <> $4",
		in.Workspace, in.Finding.Theme, bit(in.Finding.Good), in.ID).Scan(&other)
	if db.IsNone(err) {
		return nil
	}
	if err == nil {
		err = flaw("theme_live", "there is another open incident about the same")
	}
	return err
}

// Snooze keeps it quiet until a time; the zero time ends that.
func (s *Store) Snooze(ctx context.Context, by staff.Actor, id string, version int64, until time.Time) (*Insight, error) {
	return s.change(ctx, by, id, act{"incident.snoozed", version, WasSnoozed, Detail{Until: micros(until)}, func(tx *db.Tx, in *Insight) error {
		switch {
		case !in.Live():
			return ErrState
		case !until.IsZero() && (!until.After(s.now()) || until.After(s.now().Add(maxSnooze))):
			return flaw("snooze_time", "a snooze ends within the next 30 days")
		}
		in.SnoozedUntil = until.UTC().Truncate(time.Microsecond)
		if until.IsZero() {
			return dropOneDue(ctx, tx, in, "", SnoozeEnded)
		}
		return s.putDue(ctx, tx, in, "", SnoozeEnded, until, 0)
	}})
}

// MergeBy lets an Insight live on in another.
func (s *Store) MergeBy(ctx context.Context, by staff.Actor, id string, version int64, into string) (in *Insight, err error) {
	if err := by.Need(staff.Answer); err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		from, err := read(ctx, tx, by.Workspace, id, false)
		if err != nil {
			return err
		}
		if in, err = read(ctx, tx, by.Workspace, into, false); err != nil {
			return err
		}
		if err := from.stillAt(version); err != nil {
			return err
		}
		if err := s.merge(ctx, tx, from, in, by.Account); err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "incident.merged", id, into)
	})
	if err != nil {
		return nil, fmt.Errorf("merge incidents: %w", err)
	}
	return in, nil
}

// Tick says that a step of the playbook was done, with a note if there is more to
// say, or that it was not.
func (s *Store) Tick(ctx context.Context, by staff.Actor, id, step string, done bool, note string) (*Insight, error) {
	note, err := textOf(note, false)
	if err == nil && (step == "" || len(step) > maxStepID) {
		err = ErrNotFound
	}
	a := act{"incident.step_done", 0, StepDone, Detail{Step: step, Text: note}, func(tx *db.Tx, in *Insight) error {
		if err != nil {
			return err
		}
		if in.State == Merged {
			return ErrState
		}
		if steps, err := s.stepsOf(ctx, tx, in.Workspace, &in.Finding); err != nil {
			return err
		} else if !slices.ContainsFunc(steps, func(s Step) bool { return s.ID == step }) {
			return ErrNotFound
		}
		_, err := tx.Exec(ctx, `INSERT INTO insight_step (workspace, insight, step, at, account, note) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (workspace, insight, step) DO UPDATE SET at = excluded.at, account = excluded.account, note = excluded.note`,
			in.Workspace, in.ID, step, s.now().UnixMicro(), by.Account, note)
		return err
	}}
	if !done {
		a = act{"incident.step_undone", 0, StepUndone, Detail{Step: step}, func(tx *db.Tx, in *Insight) error {
			n, err := tx.Exec(ctx, "DELETE FROM insight_step WHERE workspace = $1 AND insight = $2 AND step = $3", in.Workspace, in.ID, step)
			if err == nil && n == 0 {
				err = errNothing
			}
			return err
		}}
	}
	return s.change(ctx, by, id, a)
}

// WriteLesson keeps what the shop changes so that it does not happen again.
func (s *Store) WriteLesson(ctx context.Context, by staff.Actor, id string, version int64, lesson string) (*Insight, error) {
	lesson, err := textOf(lesson, false)
	return s.change(ctx, by, id, act{"incident.lesson", version, LessonWritten, Detail{}, func(tx *db.Tx, in *Insight) error {
		if err != nil {
			return err
		}
		if in.Lesson == lesson {
			return errNothing
		}
		in.Lesson = lesson
		return nil
	}})
}
