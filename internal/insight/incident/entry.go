package incident

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/staff"
)

// What says what an entry of the timeline tells.
type What string

// What happens to an Insight.
const (
	WasOpened       What = "opened"
	WasTold         What = "told"      // Detail: Destinations, and Rule, the name of the first that said so ("" for the first rule of all)
	WasEscalated    What = "escalated" // likewise
	Grew            What = "grew"      // Detail: Hit, Orders, Money
	CauseChanged    What = "cause"     // Detail: Pairs
	BecameSure      What = "sure"      // Detail: Pairs
	BecameWorse     What = "worse"     // Detail: Severity
	HasRecovered    What = "recovered" // Detail: Hit, Orders, Money
	CameBack        What = "came_back" // Dhvani opened it again
	WasClosed       What = "closed"    // 24 hours after it recovered
	WasMerged       What = "merged"    // Detail: Insight, the one it lives on in
	TookIn          What = "took_in"   // Detail: Insight
	WasAcknowledged What = "acknowledged"
	WasAssigned     What = "assigned"  // Detail: Account, "" for nobody
	WasCommented    What = "commented" // Detail: Text
	WasResolved     What = "resolved"  // Detail: Text
	WasReopened     What = "reopened"  // by a person
	WasSnoozed      What = "snoozed"   // Detail: Until
	SnoozeEnded     What = "woken"
	StepDone        What = "ticked"     // Detail: Step, Text
	StepUndone      What = "unticked"   // Detail: Step
	WasJudged       What = "judged"     // Detail: Verdict, Until
	VerdictGone     What = "taken_back" // Detail: Verdict
	LessonWritten   What = "lesson"
	LetterPrepared  What = "prepared" // a letter to the customers hit
	LetterSent      What = "written"  // Detail: Hit, who were written to, and Held
)

// Entry is a line of an Insight's timeline.
type Entry struct {
	N       int
	At      time.Time
	What    What
	Account string // "" for Dhvani itself; a destination's name where it was acknowledged from a message
	Detail  Detail
}

// Detail says more of an Entry.
type Detail struct {
	Text         string           `json:"text,omitzero"`
	Account      string           `json:"account,omitzero"`
	Step         string           `json:"step,omitzero"`
	Insight      string           `json:"insight,omitzero"`
	Rule         string           `json:"rule,omitzero"`
	Destinations []string         `json:"destinations,omitzero"` // their names
	Destination  string           `json:"destination,omitzero"`  // name of the one it was acknowledged from
	Verdict      Judgement        `json:"verdict,omitzero"`
	Pairs        []cause.Pair     `json:"pairs,omitzero"`
	Severity     Severity         `json:"severity,omitzero"`
	Hit          int              `json:"hit,omitzero"`
	Held         int              `json:"held,omitzero"` // who were held out
	Orders       float64          `json:"orders,omitzero"`
	Money        event.Millionths `json:"money,omitzero"`
	Currency     string           `json:"currency,omitzero"`
	Until        int64            `json:"until,omitzero"` // microseconds UTC
}

// size is how large a trouble is by now, for an Entry.
func size(f *Finding) Detail {
	d := Detail{Hit: f.Hit, Orders: f.Lost.Orders}
	if len(f.Lost.Money) > 0 {
		d.Money, d.Currency = f.Lost.Money[0].Amount, f.Lost.Money[0].Currency
	}
	return d
}

// note adds an entry to the timeline of an Insight whose row is locked. The
// timeline never goes back in time, whatever clocks do. An entry that says how it
// grew takes the place of one before it that says the same, so that a long
// trouble has a short timeline.
func (s *Store) note(ctx context.Context, tx *db.Tx, in *Insight, what What, account string, d Detail) error {
	var n, last int64
	var was What
	err := tx.QueryRow(ctx, "SELECT n, at, what FROM insight_entry WHERE workspace = $1 AND insight = $2 ORDER BY n DESC LIMIT 1", in.Workspace, in.ID).Scan(&n, &last, &was)
	if err != nil && !db.IsNone(err) {
		return fmt.Errorf("read the timeline of an incident: %w", err)
	}
	if what != Grew || was != Grew {
		n++
	}
	bound(&d.Orders)
	text, err := json.Marshal(d, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO insight_entry (workspace, insight, n, at, what, account, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (workspace, insight, n) DO UPDATE SET at = excluded.at, detail = excluded.detail`,
			in.Workspace, in.ID, n, max(last, s.now().UnixMicro()), string(what), account, string(text))
	}
	if err != nil {
		return fmt.Errorf("write the timeline of an incident: %w", err)
	}
	return nil
}

// Read returns an Insight within a transaction.
func Read(ctx context.Context, tx *db.Tx, workspace int64, id string) (*Insight, error) {
	return read(ctx, tx, workspace, id, false)
}

// Enter adds to the timeline what another room did about an Insight, in the
// transaction that does it, and returns the Insight, which nobody else changes until
// the transaction ends. It is no change that a colleague must look at first.
func (s *Store) Enter(ctx context.Context, tx *db.Tx, by staff.Actor, id string, what What, d Detail) (*Insight, error) {
	in, err := read(ctx, tx, by.Workspace, id, true)
	if err != nil {
		return nil, err
	}
	return in, s.save(ctx, tx, in, false, what, by.Account, d)
}

// Origins are the ids of an Insight and of those that were merged into it.
func Origins(ctx context.Context, tx *db.Tx, workspace int64, id string) (out []string, err error) {
	err = tx.Each(ctx, `WITH RECURSIVE o(id) AS (SELECT CAST($2 AS TEXT) UNION SELECT i.id FROM insight i, o WHERE i.workspace = $1 AND i.merged_into = o.id)
		SELECT id FROM o ORDER BY id`, []any{workspace, id}, func(rows *sql.Rows) error {
		var one string
		err := rows.Scan(&one)
		out = append(out, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was merged into an incident: %w", err)
	}
	return out, nil
}

func entries(ctx context.Context, tx *db.Tx, workspace int64, id string) (out []Entry, err error) {
	err = tx.Each(ctx, "SELECT n, at, what, account, detail FROM insight_entry WHERE workspace = $1 AND insight = $2 ORDER BY n", []any{workspace, id}, func(rows *sql.Rows) error {
		var e Entry
		var at int64
		var detail string
		if err := rows.Scan(&e.N, &at, &e.What, &e.Account, &detail); err != nil {
			return err
		}
		e.At = timeOf(at)
		out = append(out, e)
		return json.Unmarshal([]byte(detail), &out[len(out)-1].Detail)
	})
	if err != nil {
		return nil, fmt.Errorf("read the timeline of an incident: %w", err)
	}
	return out, nil
}
