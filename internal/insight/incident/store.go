package incident

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/event"
)

// ErrNotFound says that the workspace has no such Insight.
var ErrNotFound = errors.New("no such incident")

// Store reads and changes Insights.
type Store struct {
	DB  *db.DB
	Now func() time.Time // nil: the machine's clock

	// Act appends a staff event to the log and returns when it is visible.
	Act func(ctx context.Context, e event.Event) error

	Out    Outbox         // nil: nobody is told of anything, as in replays
	Sealer deliver.Sealer // of links in messages; nil: there are none
	URL    func() string  // where people reach this Dhvani, for links; nil or "": there are none
}

func (s *Store) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

const columns = `workspace, id, number, themes, state, severity, told, finding, opened_at, acknowledged_at, recovered_at, resolved_at, changed_at,
	acknowledged_by, resolved_by, owner, snoozed_until, merged_into, reopened, outcome, lesson, verdict, version, staffed`

// live are the states in which the watch looks after an Insight.
const live = "state IN ('open', 'acknowledged', 'recovered')"

// Live reports whether the watch looks after the Insight.
func (in *Insight) Live() bool {
	return in.State == Open || in.State == Acknowledged || in.State == Recovered
}

func scan(rows interface{ Scan(...any) error }) (*Insight, error) {
	in := &Insight{}
	var themes, finding string
	var told int
	var opened, acknowledged, recovered, resolved, changed, snoozed int64
	err := rows.Scan(&in.Workspace, &in.ID, &in.Number, &themes, &in.State, &in.Severity, &told, &finding, &opened, &acknowledged, &recovered, &resolved, &changed,
		&in.AcknowledgedBy, &in.ResolvedBy, &in.Owner, &snoozed, &in.MergedInto, &in.Reopened, &in.Outcome, &in.Lesson, &in.Verdict, &in.Version, &in.staffed)
	if err != nil {
		return nil, err
	}
	in.Told = told == 1
	for _, t := range []struct {
		to   *time.Time
		from int64
	}{
		{&in.OpenedAt, opened}, {&in.AcknowledgedAt, acknowledged}, {&in.RecoveredAt, recovered}, {&in.ResolvedAt, resolved},
		{&in.ChangedAt, changed}, {&in.SnoozedUntil, snoozed},
	} {
		*t.to = timeOf(t.from)
	}
	if err := json.Unmarshal([]byte(themes), &in.Themes); err != nil {
		return nil, fmt.Errorf("themes of %s: %w", in.ID, err)
	}
	if err := json.Unmarshal([]byte(finding), &in.Finding); err != nil {
		return nil, fmt.Errorf("finding of %s: %w", in.ID, err)
	}
	return in, nil
}

// timeOf is a time of a column, in which 0 stands for none.
func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// read returns an Insight. Where lock is set nobody else changes it until the
// transaction ends.
func read(ctx context.Context, tx *db.Tx, workspace int64, id string, lock bool) (*Insight, error) {
	query := "SELECT " + columns + " FROM insight WHERE workspace = $1 AND id = $2"
	if lock && tx.Postgres() {
		query += " FOR UPDATE"
	}
	in, err := scan(tx.QueryRow(ctx, query, workspace, id))
	if db.IsNone(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read an incident: %w", err)
	}
	return in, nil
}

// again brings an Insight that was read before up to date, and locks it.
func again(ctx context.Context, tx *db.Tx, in *Insight) error {
	fresh, err := read(ctx, tx, in.Workspace, in.ID, true)
	if err == nil {
		*in = *fresh
	}
	return err
}

// write stores an Insight whose row is locked, or new. By says whether a person
// changed it.
func (s *Store) write(ctx context.Context, tx *db.Tx, in *Insight, by bool) error {
	finding, err := json.Marshal(in.Finding, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return fmt.Errorf("write an incident: %w", err)
	}
	themes, err := json.Marshal(in.Themes)
	if err != nil {
		return fmt.Errorf("write an incident: %w", err)
	}
	in.Version++
	in.ChangedAt = s.clock()
	if by {
		in.staffed = in.Version
	}
	_, err = tx.Exec(ctx, "INSERT INTO insight ("+columns+`, theme, kind, good)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)
		ON CONFLICT (workspace, id) DO UPDATE SET themes = excluded.themes, state = excluded.state, severity = excluded.severity, told = excluded.told,
			finding = excluded.finding, acknowledged_at = excluded.acknowledged_at, recovered_at = excluded.recovered_at, resolved_at = excluded.resolved_at,
			changed_at = excluded.changed_at, acknowledged_by = excluded.acknowledged_by, resolved_by = excluded.resolved_by, owner = excluded.owner,
			snoozed_until = excluded.snoozed_until, merged_into = excluded.merged_into, reopened = excluded.reopened, outcome = excluded.outcome,
			lesson = excluded.lesson, verdict = excluded.verdict, version = excluded.version, staffed = excluded.staffed, kind = excluded.kind, good = excluded.good`,
		in.Workspace, in.ID, in.Number, string(themes), string(in.State), int(in.Severity), bit(in.Told), string(finding), micros(in.OpenedAt),
		micros(in.AcknowledgedAt), micros(in.RecoveredAt), micros(in.ResolvedAt), micros(in.ChangedAt), in.AcknowledgedBy, in.ResolvedBy, in.Owner,
		micros(in.SnoozedUntil), in.MergedInto, in.Reopened, in.Outcome, in.Lesson, in.Verdict, in.Version, in.staffed,
		in.Finding.Theme, string(in.Finding.Kind), bit(in.Finding.Good))
	if err != nil {
		return fmt.Errorf("write an incident: %w", err)
	}
	return nil
}

// each reads Insights.
func each(ctx context.Context, tx *db.Tx, where string, args ...any) (out []*Insight, err error) {
	err = tx.Each(ctx, "SELECT "+columns+" FROM insight WHERE "+where, args, func(rows *sql.Rows) error {
		in, err := scan(rows)
		out = append(out, in)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	return out, nil
}
