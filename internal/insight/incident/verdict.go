package incident

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
)

// Judgement is what staff say of an Insight that detectors learn from.
type Judgement string

// The judgements.
const (
	Mute     Judgement = "mute"     // this cause is known: say nothing of it until then
	Expected Judgement = "expected" // a campaign, a holiday: from then to then such is usual
	Wrong    Judgement = "wrong"    // this was nothing
)

// Verdict is a judgement as it stands in the log: a copy of what it is about, so
// that it means the same after a replay.
type Verdict struct {
	ID        event.ID
	Insight   string
	What      Judgement
	Kind      Kind
	Theme     string
	Signals   []string     // of its signs
	Pairs     []cause.Pair // its first cause, nil where none was sure
	Reason    string       // of Expected: campaign, holiday or other
	From      int64        // microseconds UTC
	Until     int64        // 0 for ever
	At        int64        // when it was given
	Account   string
	Withdrawn int64 // when it was taken back, 0 for not
}

// Names of the staff events of this room.
const (
	VerdictName  = "insight.verdict"
	WithdrawName = "insight.verdict_withdrawn"
)

// Covers reports whether the verdict wants nobody told of a finding at a time.
// What was wrong is for the detectors to learn from and silences nothing itself.
// A muted cause is meant where the finding names it first, and, while no cause is
// sure, where its strongest signal is restricted to values of it.
func (v *Verdict) Covers(f *Finding, at int64) bool {
	if v.Withdrawn != 0 || v.What == Wrong || at < v.From || v.Until != 0 && at >= v.Until || v.Kind != f.Kind && v.Theme != f.Theme {
		return false
	}
	if v.What != Mute || len(v.Pairs) == 0 {
		return v.Theme == f.Theme
	}
	if samePairs(v.Pairs, first(f.Causes)) {
		return true
	}
	if f.Sure || len(f.Signs) == 0 || len(f.Signs[0].Of) == 0 {
		return false
	}
	return !slices.ContainsFunc(f.Signs[0].Of, func(p cause.Pair) bool { return !slices.Contains(v.Pairs, p) })
}

// properties are what the events hold.
type properties struct {
	ID      string       `json:"id"`
	Insight string       `json:"insight,omitzero"`
	What    Judgement    `json:"what,omitzero"`
	Kind    Kind         `json:"kind,omitzero"`
	Theme   string       `json:"theme,omitzero"`
	Signals []string     `json:"signals,omitzero"`
	Pairs   []cause.Pair `json:"pairs,omitzero"`
	Reason  string       `json:"reason,omitzero"`
	From    int64        `json:"from,omitzero"`
	Until   int64        `json:"until,omitzero"`
	By      string       `json:"by"`
}

// newEvent makes a staff event. It belongs to nobody's profile.
func newEvent(workspace int64, name string, p properties, at int64) (event.Event, error) {
	text, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return event.Event{}, err
	}
	return event.Event{
		Workspace: workspace, Type: event.Staff, Flags: event.Verified, Source: "staff", Name: name,
		At: at, ReceivedAt: at, Properties: string(text),
		MessageID: "staff-" + event.NewID(workspace, name, string(text), event.FormatTime(at)).String(),
	}, nil
}

// Stage makes insight_verdict from the events in the log. Which of a verdict and
// its withdrawal comes first does not matter.
type Stage struct{}

// Name names the stage in metrics and errors.
func (Stage) Name() string { return "incident" }

// Apply takes in a batch.
func (Stage) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	for i := range b.Events {
		e := &b.Events[i]
		if e.Type != event.Staff || e.Name != VerdictName && e.Name != WithdrawName {
			continue
		}
		var p properties
		if json.Unmarshal([]byte(e.Properties), &p) != nil {
			continue // was never made by newEvent
		}
		id, err := event.ParseID(p.ID)
		if err != nil {
			continue
		}
		if e.Name == WithdrawName {
			_, err = tx.Exec(ctx, `INSERT INTO insight_verdict (model, id, insight, what, kind, theme, signals, pairs, reason, from_at, until_at, at, account, withdrawn)
				VALUES ($1, $2, '', '', '', '', '[]', '[]', '', 0, 0, 0, '', $3)
				ON CONFLICT (model, id) DO UPDATE SET withdrawn = CASE WHEN insight_verdict.withdrawn = 0 OR excluded.withdrawn < insight_verdict.withdrawn
					THEN excluded.withdrawn ELSE insight_verdict.withdrawn END`, e.Model, id[:], e.At)
		} else {
			err = writeVerdict(ctx, tx, e, id, &p)
		}
		if err != nil {
			return fmt.Errorf("write a verdict: %w", err)
		}
	}
	return nil
}

func writeVerdict(ctx context.Context, tx *db.Tx, e *event.Event, id event.ID, p *properties) error {
	signals, err := json.Marshal(slices.Clone(p.Signals))
	if err != nil {
		return err
	}
	pairs, err := json.Marshal(p.Pairs)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO insight_verdict (model, id, insight, what, kind, theme, signals, pairs, reason, from_at, until_at, at, account, withdrawn)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)
		ON CONFLICT (model, id) DO UPDATE SET insight = excluded.insight, what = excluded.what, kind = excluded.kind, theme = excluded.theme,
			signals = excluded.signals, pairs = excluded.pairs, reason = excluded.reason, from_at = excluded.from_at, until_at = excluded.until_at,
			at = excluded.at, account = excluded.account`,
		e.Model, id[:], p.Insight, string(p.What), string(p.Kind), p.Theme, string(signals), string(pairs), p.Reason, p.From, p.Until, e.At, p.By)
	return err
}

// Verdicts lists what the watch must heed and learn from: all that were not taken
// back, also those whose time is over, the oldest first.
func (s *Store) Verdicts(ctx context.Context, tx *db.Tx, workspace int64) ([]Verdict, error) {
	return verdicts(ctx, tx, workspace, "what <> '' AND withdrawn = 0")
}

func verdicts(ctx context.Context, tx *db.Tx, workspace int64, where string, args ...any) (out []Verdict, err error) {
	model, err := tx.Model(ctx, workspace)
	if err != nil {
		return nil, err
	}
	err = tx.Each(ctx, `SELECT id, insight, what, kind, theme, signals, pairs, reason, from_at, until_at, at, account, withdrawn FROM insight_verdict
		WHERE model = $1 AND `+where+" ORDER BY at, id", append([]any{model}, args...), func(rows *sql.Rows) error {
		var v Verdict
		var id []byte
		var signals, pairs string
		err := rows.Scan(&id, &v.Insight, &v.What, &v.Kind, &v.Theme, &signals, &pairs, &v.Reason, &v.From, &v.Until, &v.At, &v.Account, &v.Withdrawn)
		if err != nil {
			return err
		}
		v.ID = event.ID(id)
		if err := json.Unmarshal([]byte(signals), &v.Signals); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(pairs), &v.Pairs); err != nil {
			return err
		}
		out = append(out, v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the verdicts: %w", err)
	}
	return out, nil
}
