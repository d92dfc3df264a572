package incident

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Outbox is what the room needs of deliver.Store.
type Outbox interface {
	Put(ctx context.Context, tx *db.Tx, messages ...deliver.Message) error
}

func flaw(code, english string) error {
	return workspace.Flaw{Code: code, Invalid: workspace.Invalid(english)}
}

// tell tells people what happened to an Insight, as far as a rule says so: it puts
// messages into the outbox, or notes what is to be told later. Messages are named
// by what they tell, so nothing is told twice to the same receiver.
func (s *Store) tell(ctx context.Context, tx *db.Tx, in *Insight, what What) error {
	if !in.Told || s.Out == nil {
		return nil
	}
	c, err := s.courier(ctx, tx, in.Workspace)
	if err != nil {
		return err
	}
	if what == HasRecovered && in.Finding.Good {
		return nil // nothing was to be mended
	}
	if what == HasRecovered {
		if err := c.again(ctx, tx, in, what, in.Reopened); err != nil {
			return err
		}
		return c.flush(ctx, tx)
	}
	if in.SnoozedUntil.After(s.now()) || what == WasOpened && in.State != Open || in.State == Recovered {
		return nil // it is looked after, or over
	}
	for i := range c.rules {
		r := &c.rules[i]
		if !r.wants(in) {
			continue
		}
		if err := c.plan(ctx, tx, r, in, what); err != nil {
			return err
		}
	}
	return c.flush(ctx, tx)
}

// plan tells by one rule, now or later.
func (c *courier) plan(ctx context.Context, tx *db.Tx, r *Rule, in *Insight, what What) error {
	step := in.Reopened
	if what == BecameWorse {
		waits, err := isDue(ctx, tx, in, r.ID, WasOpened)
		if err != nil {
			return err
		}
		told, err := toldBy(ctx, tx, in, r.ID)
		switch {
		case err != nil:
			return err
		case waits && in.Severity < Critical:
			return nil // it is told as severe as it is by then
		case !told:
			what = WasOpened // it was too small for this rule until now
		default:
			step = int(in.Severity)
		}
	}
	at, ok := r.next(c.now, in.Severity, &c.shop)
	if !ok {
		return nil
	}
	if what == WasOpened && in.Severity < Critical && r.Group > 0 && !at.After(c.now) {
		last, err := lastTold(ctx, tx, in.Workspace, r.ID)
		if err != nil {
			return err
		}
		if end := last.Add(time.Duration(r.Group) * time.Minute); end.After(c.now) {
			at = end
		}
	}
	if at.After(c.now) {
		return c.s.putDue(ctx, tx, in, r.ID, what, at, step)
	}
	if err := dropOneDue(ctx, tx, in, r.ID, WasOpened); err != nil {
		return err
	}
	return c.announce(ctx, tx, r, []*Insight{in}, what, step)
}

// announce tells of Insights by one rule, all in one message where that is for
// people, and notes when to escalate.
func (c *courier) announce(ctx context.Context, tx *db.Tx, r *Rule, list []*Insight, what What, step int) error {
	for _, in := range list {
		if what == WasEscalated || r.Escalate == 0 || in.Finding.Good || in.State != Open || what == BecameWorse {
			continue
		}
		if err := c.s.putDue(ctx, tx, in, r.ID, WasEscalated, c.now.Add(time.Duration(r.Escalate)*time.Minute), in.Reopened); err != nil {
			return err
		}
	}
	to := r.To
	if what == WasEscalated {
		to = r.EscTo
	}
	return c.send(ctx, tx, news{what, step, r}, to, list)
}

// again tells those who were told of an Insight, and only those.
func (c *courier) again(ctx context.Context, tx *db.Tx, in *Insight, what What, step int) error {
	to, err := toldOf(ctx, tx, in)
	if err != nil || len(to) == 0 {
		return err
	}
	return c.send(ctx, tx, news{what, step, nil}, to, []*Insight{in})
}

// Due tells what was to be told by now: what waited for a group, for opening hours
// or for the end of quiet hours, escalations, and what a snooze put off.
func (s *Store) Due(ctx context.Context, tx *db.Tx, number int64, now time.Time) error {
	due, err := readDue(ctx, tx, number, now)
	if err != nil || len(due) == 0 || s.Out == nil {
		return err
	}
	c, err := s.courier(ctx, tx, number)
	if err != nil {
		return err
	}
	groups := map[string][]*Insight{}
	var order []string
	for _, d := range due {
		in, err := read(ctx, tx, number, d.insight, true)
		if err != nil {
			return err
		}
		if err := dropOneDue(ctx, tx, in, d.rule, d.what); err != nil {
			return err
		}
		if d.what == SnoozeEnded {
			if err := c.wake(ctx, tx, in); err != nil {
				return err
			}
			continue
		}
		i := slices.IndexFunc(c.rules, func(r Rule) bool { return r.ID == d.rule })
		if i < 0 || !c.rules[i].Active || in.State != Open && !(in.Finding.Good && in.Live()) {
			continue
		}
		if in.SnoozedUntil.After(now) {
			if err := s.putDue(ctx, tx, in, d.rule, d.what, in.SnoozedUntil, d.step); err != nil {
				return err
			}
			continue
		}
		r := &c.rules[i]
		if d.what == WasEscalated {
			if err := c.announce(ctx, tx, r, []*Insight{in}, WasEscalated, d.step); err != nil {
				return err
			}
			continue
		}
		at, ok := r.next(c.now, in.Severity, &c.shop)
		switch {
		case !ok:
		case at.After(c.now):
			err = s.putDue(ctx, tx, in, d.rule, d.what, at, d.step)
		case d.what == WasOpened:
			if groups[r.ID] == nil {
				order = append(order, r.ID)
			}
			groups[r.ID] = append(groups[r.ID], in)
		default:
			err = c.announce(ctx, tx, r, []*Insight{in}, d.what, d.step)
		}
		if err != nil {
			return err
		}
	}
	for _, id := range order {
		i := slices.IndexFunc(c.rules, func(r Rule) bool { return r.ID == id })
		if err := c.announce(ctx, tx, &c.rules[i], groups[id], WasOpened, groups[id][0].Reopened); err != nil {
			return err
		}
	}
	return c.flush(ctx, tx)
}

// wake ends a snooze. Who was told hears that it is open still.
func (c *courier) wake(ctx context.Context, tx *db.Tx, in *Insight) error {
	if !in.Live() || in.SnoozedUntil.IsZero() {
		return nil
	}
	at := in.SnoozedUntil
	in.SnoozedUntil = time.Time{}
	if err := c.s.save(ctx, tx, in, false, SnoozeEnded, "", Detail{}); err != nil {
		return err
	}
	if in.State == Recovered {
		return nil
	}
	return c.again(ctx, tx, in, SnoozeEnded, int(at.Unix()))
}

// waiting is a row of what is to be told later.
type waiting struct {
	insight, rule string
	what          What
	step          int
}

func readDue(ctx context.Context, tx *db.Tx, number int64, now time.Time) (out []waiting, err error) {
	err = tx.Each(ctx, "SELECT insight, rule, what, step FROM insight_due WHERE workspace = $1 AND at <= $2 ORDER BY at, insight, rule, what", []any{number, now.UnixMicro()},
		func(rows *sql.Rows) error {
			var w waiting
			err := rows.Scan(&w.insight, &w.rule, &w.what, &w.step)
			out = append(out, w)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read what is due: %w", err)
	}
	return out, nil
}

func isDue(ctx context.Context, tx *db.Tx, in *Insight, rule string, what What) (bool, error) {
	var one int
	err := tx.QueryRow(ctx, "SELECT 1 FROM insight_due WHERE workspace = $1 AND insight = $2 AND rule = $3 AND what = $4", in.Workspace, in.ID, rule, string(what)).Scan(&one)
	if db.IsNone(err) {
		return false, nil
	}
	return err == nil, err
}

// putDue notes what is to be told of an Insight at a time.
func (s *Store) putDue(ctx context.Context, tx *db.Tx, in *Insight, rule string, what What, at time.Time, step int) error {
	_, err := tx.Exec(ctx, `INSERT INTO insight_due (workspace, insight, rule, what, at, step) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (workspace, insight, rule, what) DO UPDATE SET at = excluded.at, step = excluded.step`,
		in.Workspace, in.ID, rule, string(what), at.UnixMicro(), step)
	if err != nil {
		return fmt.Errorf("note what is due: %w", err)
	}
	return nil
}

// dropDue forgets what was to be told later of an Insight.
func dropDue(ctx context.Context, tx *db.Tx, in *Insight) error {
	if _, err := tx.Exec(ctx, "DELETE FROM insight_due WHERE workspace = $1 AND insight = $2", in.Workspace, in.ID); err != nil {
		return fmt.Errorf("forget what is due: %w", err)
	}
	return nil
}

func dropOneDue(ctx context.Context, tx *db.Tx, in *Insight, rule string, what What) error {
	_, err := tx.Exec(ctx, "DELETE FROM insight_due WHERE workspace = $1 AND insight = $2 AND rule = $3 AND what = $4", in.Workspace, in.ID, rule, string(what))
	if err != nil {
		return fmt.Errorf("forget what is due: %w", err)
	}
	return nil
}
