package incident

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/staff"
)

// Judging is what a person says of an Insight.
type Judging struct {
	What   Judgement
	Reason string    // of Expected: campaign, holiday or other
	From   time.Time // of Expected; zero: since it began
	Until  time.Time // of Mute and Expected; zero: for ever, where it is muted
}

// Reasons are why something is expected.
var Reasons = []string{"campaign", "holiday", "other"}

// maxVerdict is how long something may be expected.
const maxVerdict = 400 * 24 * time.Hour

func (s *Store) check(j *Judging, in *Insight) error {
	switch j.What {
	case Mute:
		if !j.Until.IsZero() && !j.Until.After(s.now()) {
			return flaw("verdict_until", "the end lies in the past")
		}
		j.Reason, j.From = "", time.Time{}
	case Expected:
		if j.From.IsZero() {
			j.From = time.UnixMicro(in.Finding.Since)
		}
		if !slices.Contains(Reasons, j.Reason) {
			return flaw("verdict_reason", "the reason is campaign, holiday or other")
		}
		first, end := in.lasted(s.now())
		switch {
		case !j.Until.After(j.From):
			return flaw("verdict_until", "the end comes after the beginning")
		case j.Until.Sub(j.From) > maxVerdict:
			return flaw("verdict_long", "at most 400 days can be expected")
		case j.From.After(end) || !j.Until.After(first):
			return flaw("verdict_apart", "the incident does not fall into the time from from to until")
		}
	case Wrong:
		*j = Judging{What: Wrong}
	default:
		return flaw("verdict_what", "a verdict is mute, expected or wrong")
	}
	return nil
}

// lasted is from its first sign until it recovered, or was closed before; or now.
func (in *Insight) lasted(now time.Time) (first, end time.Time) {
	first = time.UnixMicro(in.Finding.firstSign())
	switch {
	case !in.RecoveredAt.IsZero():
		return first, in.RecoveredAt
	case !in.ResolvedAt.IsZero():
		return first, in.ResolvedAt
	}
	return first, now
}

// Judge says what detectors are to learn from, and closes the Insight. It is an
// event of the log, so that a replay agrees.
func (s *Store) Judge(ctx context.Context, by staff.Actor, id string, version int64, j Judging) (*Verdict, error) {
	if err := by.Need(staff.Answer); err != nil {
		return nil, err
	}
	var in *Insight
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		in, err = read(ctx, tx, by.Workspace, id, false)
		return err
	})
	if err == nil && in.State == Merged {
		err = ErrState
	}
	if err == nil {
		err = in.stillAt(version)
	}
	if err == nil {
		err = s.check(&j, in)
	}
	if err != nil {
		return nil, fmt.Errorf("judge an incident: %w", err)
	}
	v, e, err := verdictOf(in, by.Account, j, s.now().UnixMicro())
	if err == nil {
		err = s.Act(ctx, e)
	}
	if err != nil {
		return nil, fmt.Errorf("judge an incident: %w", err)
	}
	_, err = s.change(ctx, by, id, act{"incident.judged", 0, WasJudged, Detail{Verdict: j.What, Until: v.Until}, func(tx *db.Tx, in *Insight) error {
		if in.Live() {
			s.resolve(in, by.Account)
			in.Verdict = v.ID.String()
		}
		return nil
	}})
	return v, err
}

func verdictOf(in *Insight, account string, j Judging, at int64) (*Verdict, event.Event, error) {
	f := &in.Finding
	v := &Verdict{
		ID:      event.NewID(in.Workspace, "verdict", in.ID, string(j.What), account, strconv.FormatInt(at, 10)),
		Insight: in.ID, What: j.What, Kind: f.Kind, Theme: f.Theme, Reason: j.Reason, From: micros(j.From), Until: micros(j.Until), At: at, Account: account,
	}
	for _, sign := range f.Signs {
		v.Signals = append(v.Signals, sign.Signal)
	}
	if f.Sure {
		v.Pairs = first(f.Causes)
	}
	e, err := newEvent(in.Workspace, VerdictName, properties{
		ID: v.ID.String(), Insight: v.Insight, What: v.What, Kind: v.Kind, Theme: v.Theme, Signals: v.Signals, Pairs: v.Pairs,
		Reason: v.Reason, From: v.From, Until: v.Until, By: account,
	}, at)
	return v, e, err
}

// TakeBack withdraws a verdict. The Insight that it closed stands as before, as
// far as no other of its theme is open meanwhile.
func (s *Store) TakeBack(ctx context.Context, by staff.Actor, verdict string) error {
	if err := by.Need(staff.Answer); err != nil {
		return err
	}
	id, err := event.ParseID(verdict)
	if err != nil {
		return ErrNotFound
	}
	var found []Verdict
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		found, err = verdicts(ctx, tx, by.Workspace, "id = $2 AND what <> ''", id[:])
		return err
	})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return ErrNotFound
	}
	v := found[0]
	e, err := newEvent(by.Workspace, WithdrawName, properties{ID: verdict, By: by.Account}, s.now().UnixMicro())
	if err == nil {
		err = s.Act(ctx, e)
	}
	if err != nil {
		return fmt.Errorf("take back a verdict: %w", err)
	}
	_, err = s.change(ctx, by, v.Insight, act{"incident.taken_back", 0, VerdictGone, Detail{Verdict: v.What}, func(tx *db.Tx, in *Insight) error {
		if in.State != Resolved || in.Verdict != verdict {
			return nil
		}
		in.Verdict = ""
		if s.alone(ctx, tx, in) != nil {
			return nil
		}
		in.ResolvedAt, in.ResolvedBy = time.Time{}, ""
		switch {
		case !in.RecoveredAt.IsZero():
			in.State = Recovered
		case !in.AcknowledgedAt.IsZero():
			in.State = Acknowledged
		default:
			in.State = Open
		}
		if in.SnoozedUntil, err = snoozed(ctx, tx, in); err != nil || !in.SnoozedUntil.After(s.now()) {
			in.SnoozedUntil = time.Time{}
			return err
		}
		return s.putDue(ctx, tx, in, "", SnoozeEnded, in.SnoozedUntil, 0)
	}})
	return err
}

// snoozed is until when an Insight was put off before a verdict closed it, as its timeline says; zero where it was not.
func snoozed(ctx context.Context, tx *db.Tx, in *Insight) (time.Time, error) {
	var what What
	var text string
	err := tx.QueryRow(ctx, "SELECT what, detail FROM insight_entry WHERE workspace = $1 AND insight = $2 AND what IN ($3, $4, $5, $6, $7) ORDER BY n DESC LIMIT 1",
		in.Workspace, in.ID, string(WasSnoozed), string(SnoozeEnded), string(WasResolved), string(WasClosed), string(WasReopened)).Scan(&what, &text)
	if db.IsNone(err) || err == nil && what != WasSnoozed {
		return time.Time{}, nil
	}
	var d Detail
	if err == nil {
		err = json.Unmarshal([]byte(text), &d)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read until when an incident was put off: %w", err)
	}
	return timeOf(d.Until), nil
}

// Given lists the verdicts that stand, the newest first, for the people who may
// take them back.
func (s *Store) Given(ctx context.Context, by staff.Actor) (out []Verdict, err error) {
	if err := by.Need(staff.See); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		out, err = s.Verdicts(ctx, tx, by.Workspace)
		return err
	})
	slices.Reverse(out)
	return out, err
}
