package incident

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/staff"
)

// Measured is how long the steps from the first sign to the mending took. What did
// not happen yet is not known.
type Measured struct {
	Notice       time.Duration // from the first sign until it was noticed
	Acknowledge  time.Duration // from then until somebody looked after it
	Acknowledged bool
	Mend         time.Duration // from when it was noticed until it had recovered for the last time, or somebody closed it before
	Mended       bool
}

// firstSign is when the first sign of it was; where no customer shows it, when it
// began.
func (f *Finding) firstSign() int64 {
	if f.First == 0 {
		return f.Since
	}
	return f.First
}

// measure reads a timeline.
func measure(in *Insight, list []Entry) (m Measured) {
	m.Notice = max(0, in.OpenedAt.Sub(time.UnixMicro(in.Finding.firstSign())))
	for _, e := range list {
		since := max(0, e.At.Sub(in.OpenedAt))
		switch e.What {
		case WasAcknowledged:
			if !m.Acknowledged {
				m.Acknowledge, m.Acknowledged = since, true
			}
		case HasRecovered:
			m.Mend, m.Mended = since, true
		case WasResolved:
			if !m.Mended {
				m.Mend, m.Mended = since, true
			}
		case CameBack, WasReopened:
			m.Mend, m.Mended = 0, false
		}
	}
	return m
}

// Report is one page about an Insight: what happened, what it cost, why, what was
// done, and what the shop changes.
type Report struct {
	Insight  *Insight
	Measured Measured
	Timeline []Entry // without lines that say how it grew
	Steps    []Tick  // of the playbook
	Comments int
	Told     []string // names of the destinations that were told
	Merged   []*Insight
	Verdicts []Verdict // about it, that stand
}

// Report returns the report of an Insight.
func (s *Store) Report(ctx context.Context, by staff.Actor, id string) (r Report, err error) {
	if err := by.Need(staff.See); err != nil {
		return r, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		if r.Insight, err = read(ctx, tx, by.Workspace, id, false); err != nil {
			return err
		}
		list, err := entries(ctx, tx, by.Workspace, id)
		if err != nil {
			return err
		}
		r.Measured = measure(r.Insight, list)
		for _, e := range list {
			switch e.What {
			case Grew:
				continue
			case WasCommented:
				r.Comments++
			case WasTold, WasEscalated:
				for _, name := range e.Detail.Destinations {
					if !slices.Contains(r.Told, name) {
						r.Told = append(r.Told, name)
					}
				}
			}
			r.Timeline = append(r.Timeline, e)
		}
		if r.Steps, err = s.checklist(ctx, tx, r.Insight); err != nil {
			return err
		}
		if r.Merged, err = each(ctx, tx, "workspace = $1 AND state = 'merged' AND merged_into = $2 ORDER BY number", by.Workspace, id); err != nil {
			return err
		}
		r.Verdicts, err = verdicts(ctx, tx, by.Workspace, "insight = $2 AND what <> '' AND withdrawn = 0", id)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("report an incident: %w", err)
	}
	return r, nil
}

// Pace is how fast the workspace noticed, acknowledged and mended what was opened
// in a span of time: medians, over those where it happened.
type Pace struct {
	Troubles, Acknowledged, Mended  int
	ToNotice, ToAcknowledge, ToMend time.Duration
}

// Pace measures all troubles of a span that people were told of.
func (s *Store) Pace(ctx context.Context, workspace int64, from, to time.Time) (p Pace, err error) {
	var notice, acknowledge, mend []time.Duration
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		list, err := each(ctx, tx, "workspace = $1 AND opened_at >= $2 AND opened_at < $3 AND good = 0 AND told = 1 AND state <> 'merged' ORDER BY opened_at DESC, id LIMIT 1000",
			workspace, from.UnixMicro(), to.UnixMicro())
		if err != nil {
			return err
		}
		lines := map[string][]Entry{}
		err = tx.Each(ctx, `SELECT e.insight, e.at, e.what FROM insight i JOIN insight_entry e ON e.workspace = i.workspace AND e.insight = i.id
			WHERE i.workspace = $1 AND i.opened_at >= $2 AND i.opened_at < $3 AND e.what IN ('acknowledged', 'recovered', 'resolved', 'came_back', 'reopened') ORDER BY e.insight, e.n`,
			[]any{workspace, from.UnixMicro(), to.UnixMicro()}, func(rows *sql.Rows) error {
				var id string
				var at int64
				var e Entry
				err := rows.Scan(&id, &at, &e.What)
				e.At = timeOf(at)
				lines[id] = append(lines[id], e)
				return err
			})
		for _, in := range list {
			m := measure(in, lines[in.ID])
			notice = append(notice, m.Notice)
			if m.Acknowledged {
				acknowledge = append(acknowledge, m.Acknowledge)
			}
			if m.Mended {
				mend = append(mend, m.Mend)
			}
		}
		return err
	})
	if err != nil {
		return p, fmt.Errorf("measure incidents: %w", err)
	}
	p.Troubles, p.Acknowledged, p.Mended = len(notice), len(acknowledge), len(mend)
	p.ToNotice, p.ToAcknowledge, p.ToMend = median(notice), median(acknowledge), median(mend)
	return p, nil
}

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return (d[(len(d)-1)/2] + d[len(d)/2]) / 2
}
