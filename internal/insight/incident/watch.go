package incident

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
)

// closedAfter is how long an Insight stays recovered before it is resolved by itself.
const closedAfter = 24 * time.Hour

// Live lists the Insights that the watch looks after, the oldest first.
func (s *Store) Live(ctx context.Context, tx *db.Tx, workspace int64) ([]*Insight, error) {
	return each(ctx, tx, "workspace = $1 AND "+live+" ORDER BY number", workspace)
}

// IDOf is the id of the Insight that a finding opens.
func IDOf(workspace int64, f *Finding) string {
	signal := ""
	if len(f.Signs) > 0 {
		signal = f.Signs[0].Signal
	}
	return event.NewID(workspace, "insight", f.Theme, signal, event.FormatTime(f.Since)).String()
}

// Open makes an Insight of what was found. One that was opened before, also by a
// run that a crash ended, is returned as it is, or the one that it was merged
// into. While another of the same theme and direction is live there is no second: that
// one is updated, and opened again where it had recovered.
func (s *Store) Open(ctx context.Context, tx *db.Tx, workspace int64, f Finding, told bool, hits []Hit) (*Insight, error) {
	f.clean()
	in, err := read(ctx, tx, workspace, IDOf(workspace, &f), true)
	for err == nil && in.State == Merged {
		in, err = read(ctx, tx, workspace, in.MergedInto, true)
	}
	if err != ErrNotFound {
		return in, err
	}
	if in, err = s.ofTheme(ctx, tx, workspace, &f); err != nil {
		return nil, err
	}
	if in != nil {
		if in.State == Recovered {
			err = s.Reopen(ctx, tx, in, f)
		}
		if err == nil {
			err = s.Update(ctx, tx, in, f, told, true, hits)
		}
		return in, err
	}
	in = &Insight{Workspace: workspace, ID: IDOf(workspace, &f), State: Open, Told: told, Finding: f, OpenedAt: s.clock()}
	if err := tx.QueryRow(ctx, "SELECT coalesce(max(number), 0) + 1 FROM insight WHERE workspace = $1", workspace).Scan(&in.Number); err != nil {
		return nil, fmt.Errorf("number an incident: %w", err)
	}
	if err := s.weigh(ctx, tx, in); err != nil {
		return nil, err
	}
	in.Told = in.Told || in.grave()
	d := size(&f)
	d.Severity = in.Severity
	if err := s.save(ctx, tx, in, false, WasOpened, "", d); err != nil {
		return nil, err
	}
	if err := writeHits(ctx, tx, in, hits); err != nil {
		return nil, err
	}
	return in, s.tell(ctx, tx, in, WasOpened)
}

// ofTheme returns the live Insight of a finding's theme, or into which one of it was
// merged; nil for none. Good news and a trouble are never one.
func (s *Store) ofTheme(ctx context.Context, tx *db.Tx, workspace int64, f *Finding) (*Insight, error) {
	all, err := s.Live(ctx, tx, workspace)
	if err != nil {
		return nil, err
	}
	var found *Insight
	for _, in := range all {
		if in.Finding.Good != f.Good {
			continue
		}
		if in.Finding.Theme == f.Theme {
			found = in
			break
		}
		if found == nil && slices.Contains(in.Themes, f.Theme) {
			found = in
		}
	}
	if found == nil {
		return nil, nil
	}
	return found, again(ctx, tx, found)
}

// Update takes in what the watch knows by now. told may become true later. Hits
// are new customers, and those of whom more is known; grew says that it is worth
// a line of the timeline. An Insight that staff closed meanwhile is left alone; in
// has its state afterwards.
func (s *Store) Update(ctx context.Context, tx *db.Tx, in *Insight, f Finding, told, grew bool, hits []Hit) error {
	if err := again(ctx, tx, in); err != nil || !in.Live() {
		return err
	}
	was := in.Finding
	if f.Good != was.Good {
		other, err := s.ofTheme(ctx, tx, in.Workspace, &f)
		if err != nil {
			return err
		}
		if other != nil {
			f.Good = was.Good // of each direction there is one
		}
	}
	s.take(in, f)
	if err := writeHits(ctx, tx, in, hits); err != nil {
		return err
	}
	if err := keepHits(ctx, tx, in, &was); err != nil {
		return err
	}
	switch {
	case f.Sure && !was.Sure && len(f.Causes) > 0:
		if err := s.note(ctx, tx, in, BecameSure, "", Detail{Pairs: f.Causes[0].Pairs}); err != nil {
			return err
		}
	case f.Sure && was.Sure && len(f.Causes) > 0 && !samePairs(first(f.Causes), first(was.Causes)):
		if err := s.note(ctx, tx, in, CauseChanged, "", Detail{Pairs: f.Causes[0].Pairs}); err != nil {
			return err
		}
	}
	if grew {
		if err := s.note(ctx, tx, in, Grew, "", size(&in.Finding)); err != nil {
			return err
		}
	}
	severity := in.Severity
	if in.State != Recovered {
		if err := s.weigh(ctx, tx, in); err != nil {
			return err
		}
		told = told || in.grave()
	}
	newlyTold := told && !in.Told
	in.Told = in.Told || told
	if in.Severity > severity {
		if err := s.note(ctx, tx, in, BecameWorse, "", Detail{Severity: in.Severity}); err != nil {
			return err
		}
	}
	if err := s.write(ctx, tx, in, false); err != nil {
		return err
	}
	switch {
	case newlyTold:
		return s.tell(ctx, tx, in, WasOpened)
	case in.Severity > severity:
		return s.tell(ctx, tx, in, BecameWorse)
	}
	return nil
}

// grave reports whether so much is at stake that people are told on the evidence that is enough to list it.
func (in *Insight) grave() bool { return in.Severity == Critical }

// take puts a finding in the place of the one before; the theme stays.
func (s *Store) take(in *Insight, f Finding) {
	f.clean()
	f.Theme = in.Finding.Theme
	in.Finding = f
}

// keepHits counts whom it has hit in all, so that this is the number of those who are listed; and lets an Insight that took in others know what
// those brought, which a finding does not.
func keepHits(ctx context.Context, tx *db.Tx, in *Insight, was *Finding) error {
	hit, err := countHits(ctx, tx, in)
	f := &in.Finding
	f.Hit = max(f.Hit, hit)
	if len(in.Themes) > 0 {
		f.First, f.Since = min(f.firstSign(), was.firstSign()), min(f.Since, was.Since)
	}
	return err
}

func first(causes []cause.Cause) []cause.Pair {
	if len(causes) == 0 {
		return nil
	}
	return causes[0].Pairs
}

func samePairs(a, b []cause.Pair) bool { return slices.Equal(a, b) }

// weigh raises the severity to what the finding says. While an Insight is live it
// does not fall: what became small again recovers.
func (s *Store) weigh(ctx context.Context, tx *db.Tx, in *Insight) error {
	if in.Finding.Good {
		in.Severity = NoSeverity
		return nil
	}
	u, err := readUsual(ctx, tx, in.Workspace, s.now())
	if err != nil {
		return err
	}
	in.Severity = max(in.Severity, severityOf(&in.Finding, u, s.now()))
	return nil
}

// Recover says that all is well again. Those who were told hear of it.
func (s *Store) Recover(ctx context.Context, tx *db.Tx, in *Insight, f Finding) error {
	if err := again(ctx, tx, in); err != nil || in.State != Open && in.State != Acknowledged {
		return err
	}
	was := in.Finding
	s.take(in, f)
	if err := keepHits(ctx, tx, in, &was); err != nil {
		return err
	}
	in.State, in.RecoveredAt = Recovered, s.clock()
	if err := s.save(ctx, tx, in, false, HasRecovered, "", size(&in.Finding)); err != nil {
		return err
	}
	return s.tell(ctx, tx, in, HasRecovered)
}

// judged reports whether a verdict that closed an Insight wants it closed still.
func (s *Store) judged(ctx context.Context, tx *db.Tx, in *Insight, f *Finding) (bool, error) {
	id, err := event.ParseID(in.Verdict)
	if err != nil {
		return false, nil // there is none
	}
	found, err := verdicts(ctx, tx, in.Workspace, "id = $2 AND what <> '' AND withdrawn = 0", id[:])
	if err != nil || len(found) == 0 {
		return false, err
	}
	return found[0].What == Wrong || found[0].Covers(f, s.now().UnixMicro()), nil
}

// Reopen says that what had recovered, or what staff had resolved, is there again.
// What a verdict closed stays closed while the verdict holds.
// Where another of its theme and direction is live meanwhile, that one is updated, and in is
// that one afterwards.
func (s *Store) Reopen(ctx context.Context, tx *db.Tx, in *Insight, f Finding) error {
	if err := again(ctx, tx, in); err != nil || in.State != Recovered && in.State != Resolved {
		return err
	}
	if in.State == Resolved {
		if judged, err := s.judged(ctx, tx, in, &f); err != nil || judged {
			return err
		}
		other, err := s.ofTheme(ctx, tx, in.Workspace, &in.Finding)
		if err != nil {
			return err
		}
		if other != nil {
			*in = *other
			if in.State != Recovered {
				return s.Update(ctx, tx, in, f, false, true, nil)
			}
		}
	}
	s.take(in, f)
	in.State, in.Reopened, in.Severity = Open, in.Reopened+1, NoSeverity
	in.AcknowledgedAt, in.AcknowledgedBy, in.RecoveredAt, in.ResolvedAt, in.ResolvedBy, in.Verdict = time.Time{}, "", time.Time{}, time.Time{}, "", ""
	if err := s.weigh(ctx, tx, in); err != nil {
		return err
	}
	d := size(&f)
	d.Severity = in.Severity
	if err := s.save(ctx, tx, in, false, CameBack, "", d); err != nil {
		return err
	}
	return s.tell(ctx, tx, in, CameBack)
}

// Merge lets an Insight live on in another.
func (s *Store) Merge(ctx context.Context, tx *db.Tx, from, into *Insight) error {
	return s.merge(ctx, tx, from, into, "")
}

func (s *Store) merge(ctx context.Context, tx *db.Tx, from, into *Insight, account string) error {
	if from.Workspace != into.Workspace || from.ID == into.ID {
		return flaw("merge_self", "an incident cannot be merged with itself")
	}
	pair := []*Insight{from, into}
	slices.SortFunc(pair, func(a, b *Insight) int { return a.Number - b.Number })
	for _, in := range pair { // locked in one order, whoever merges
		if err := again(ctx, tx, in); err != nil {
			return err
		}
	}
	if from.Finding.Good != into.Finding.Good {
		return flaw("merge_good", "good news and a trouble cannot be one incident")
	}
	if !from.Live() || !into.Live() {
		return flaw("merge_closed", "only incidents that are not closed can be merged")
	}
	if err := moveHits(ctx, tx, from, into); err != nil {
		return err
	}
	if err := moveTold(ctx, tx, from, into); err != nil {
		return err
	}
	hit, err := countHits(ctx, tx, into)
	if err != nil {
		return err
	}
	f, g := &into.Finding, &from.Finding
	f.Hit, f.First, f.Since = max(f.Hit, hit), min(f.firstSign(), g.firstSign()), min(f.Since, g.Since)
	for _, theme := range append([]string{g.Theme}, from.Themes...) {
		if theme != f.Theme && !slices.Contains(into.Themes, theme) {
			into.Themes = append(into.Themes, theme)
		}
	}
	into.Told, into.Severity = into.Told || from.Told, max(into.Severity, from.Severity)
	from.State, from.MergedInto, from.SnoozedUntil = Merged, into.ID, time.Time{}
	by := account != ""
	if err := s.save(ctx, tx, from, by, WasMerged, account, Detail{Insight: into.ID}); err != nil {
		return err
	}
	return s.save(ctx, tx, into, by, TookIn, account, Detail{Insight: from.ID})
}

// save stores a change together with its entry in the timeline.
func (s *Store) save(ctx context.Context, tx *db.Tx, in *Insight, by bool, what What, account string, d Detail) error {
	if err := s.note(ctx, tx, in, what, account, d); err != nil {
		return err
	}
	if !in.Live() {
		if err := dropDue(ctx, tx, in); err != nil {
			return err
		}
	}
	return s.write(ctx, tx, in, by)
}

// CloseOld resolves what recovered 24 hours ago and did not come back.
func (s *Store) CloseOld(ctx context.Context, tx *db.Tx, workspace int64, now time.Time) error {
	old, err := each(ctx, tx, "workspace = $1 AND "+live+" AND state = 'recovered' AND recovered_at <= $2 ORDER BY number", workspace, now.Add(-closedAfter).UnixMicro())
	if err != nil {
		return err
	}
	for _, in := range old {
		if err := again(ctx, tx, in); err != nil {
			return err
		}
		if in.State != Recovered {
			continue
		}
		in.State, in.ResolvedAt, in.ResolvedBy = Resolved, s.clock(), ""
		if err := s.save(ctx, tx, in, false, WasClosed, "", Detail{}); err != nil {
			return err
		}
	}
	return nil
}

// All lists a workspace's Insights, the newest first.
func (s *Store) All(ctx context.Context, tx *db.Tx, workspace int64) ([]*Insight, error) {
	return each(ctx, tx, "workspace = $1 ORDER BY number DESC", workspace)
}
