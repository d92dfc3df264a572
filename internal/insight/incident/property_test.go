package incident_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Whatever the watch and staff do in whatever order: a theme has one live Insight,
// timelines are in order, states and their times agree, and each decision is told
// once and its end to nobody else.
func TestAnyOrder(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).way(deliver.Slack, "chat").way(deliver.Webhook, "hook")
		o.rule(incident.Rule{Name: "r", Least: incident.High, Group: 10, Escalate: 7, EscTo: []incident.Receiver{{Destination: o.to["hook"]}}}, "chat", "hook")
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			update(t, d, func(tx *db.Tx) error {
				for _, table := range []string{"insight", "insight_entry", "insight_hit", "insight_told", "insight_due", "outbox", "insight_verdict"} {
					if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
						return err
					}
				}
				return nil
			})
			m := &machine{o: o, rt: rt, versions: map[string]int64{}}
			if d.Postgres && n > 15 { // each costs a second there
				return
			}
			rt.Repeat(map[string]func(*rapid.T){
				"watch": m.watch, "staff": m.staff, "verdict": m.verdict, "merge": m.merge,
				"time": func(rt *rapid.T) {
					o.pass(time.Duration(rapid.SampledFrom([]int{-3, 1, 6, 11, 60, 1500}).Draw(rt, "minutes")) * time.Minute)
					m.watching(func(tx *db.Tx) error { return errors.Join(o.CloseOld(ctx, tx, 1, o.at), o.Due(ctx, tx, 1, o.at)) })
				},
				"": m.check,
			})
		})
	})
}

// machine does random things.
type machine struct {
	o        *office
	rt       *rapid.T
	list     []*incident.Insight
	given    []string
	versions map[string]int64
}

func (m *machine) finding(rt *rapid.T) incident.Finding {
	f := upi()
	f.Theme = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "theme")
	f.Since += int64(rapid.IntRange(0, 2).Draw(rt, "since"))
	f.Hit = rapid.SampledFrom([]int{0, 1, 3, 60}).Draw(rt, "hit")
	f.Lost.Orders = 0
	f.Sure = rapid.Bool().Draw(rt, "sure")
	return f
}

// watching does what the watch does, which never fails.
func (m *machine) watching(f func(tx *db.Tx) error) {
	if err := m.o.DB.Update(ctx, f); err != nil {
		m.rt.Fatal(err)
	}
}

func (m *machine) any(rt *rapid.T) *incident.Insight {
	if len(m.list) == 0 {
		rt.Skip("there is none")
	}
	return m.list[rapid.IntRange(0, len(m.list)-1).Draw(rt, "which")]
}

func (m *machine) watch(rt *rapid.T) {
	f, told := m.finding(rt), rapid.Bool().Draw(rt, "told")
	what := rapid.SampledFrom([]string{"open", "update", "recover", "reopen"}).Draw(rt, "what")
	if what == "open" {
		m.watching(func(tx *db.Tx) error { _, err := m.o.Open(ctx, tx, 1, f, told, hits("ann")); return err })
		return
	}
	in := *m.any(rt)
	m.watching(func(tx *db.Tx) error {
		switch what {
		case "update":
			return m.o.Update(ctx, tx, &in, f, told, rapid.Bool().Draw(rt, "grew"), hits("ann", "bob"))
		case "recover":
			return m.o.Recover(ctx, tx, &in, f)
		}
		return m.o.Reopen(ctx, tx, &in, f)
	})
}

// may is what staff may be told.
func (m *machine) may(err error) {
	var invalid workspace.Invalid
	if err != nil && !errors.Is(err, incident.ErrState) && !errors.Is(err, incident.ErrChanged) && !errors.Is(err, incident.ErrNotFound) && !errors.As(err, &invalid) {
		m.rt.Fatal(err)
	}
}

func (m *machine) staff(rt *rapid.T) {
	in := m.any(rt)
	version := rapid.SampledFrom([]int64{0, in.Version, 1}).Draw(rt, "version")
	var err error
	switch rapid.SampledFrom([]string{"acknowledge", "resolve", "reopen", "snooze", "comment", "tick"}).Draw(rt, "what") {
	case "acknowledge":
		_, err = m.o.Acknowledge(ctx, ann, in.ID, version)
	case "resolve":
		_, err = m.o.Resolve(ctx, ann, in.ID, version, "")
	case "reopen":
		_, err = m.o.ReopenBy(ctx, ann, in.ID, version)
	case "snooze":
		_, err = m.o.Snooze(ctx, ann, in.ID, version, m.o.at.Add(30*time.Minute))
	case "comment":
		_, err = m.o.Comment(ctx, ann, in.ID, "x")
	case "tick":
		_, err = m.o.Tick(ctx, ann, in.ID, "payment_1", true, "")
	}
	m.may(err)
}

func (m *machine) verdict(rt *rapid.T) {
	if len(m.given) > 0 && rapid.Bool().Draw(rt, "take back") {
		m.may(m.o.TakeBack(ctx, bob, m.given[rapid.IntRange(0, len(m.given)-1).Draw(rt, "which")]))
		return
	}
	j := incident.Judging{What: rapid.SampledFrom([]incident.Judgement{incident.Mute, incident.Wrong}).Draw(rt, "what")}
	v, err := m.o.Judge(ctx, ann, m.any(rt).ID, 0, j)
	if m.may(err); err == nil {
		m.given = append(m.given, v.ID.String())
	}
}

func (m *machine) merge(rt *rapid.T) {
	_, err := m.o.MergeBy(ctx, ann, m.any(rt).ID, 0, m.any(rt).ID)
	m.may(err)
}

// check looks at what must always hold.
func (m *machine) check(rt *rapid.T) {
	var err error
	if m.list, _, err = m.o.List(ctx, 1, incident.Filter{Limit: 200}); err != nil {
		rt.Fatal(err)
	}
	themes, byID, numbers := map[string]bool{}, map[string]*incident.Insight{}, map[int]bool{}
	for _, in := range m.list {
		byID[in.ID] = in
		if numbers[in.Number] || in.Number > len(m.list) {
			rt.Fatalf("number %d", in.Number)
		}
		numbers[in.Number] = true
		if in.Version < m.versions[in.ID] {
			rt.Fatal("a version went back")
		}
		m.versions[in.ID] = in.Version
		if in.Live() && themes[in.Finding.Theme] {
			rt.Fatalf("theme %s has two", in.Finding.Theme)
		}
		themes[in.Finding.Theme] = themes[in.Finding.Theme] || in.Live()
		if (in.State == incident.Recovered) && in.RecoveredAt.IsZero() || (in.State == incident.Resolved) != !in.ResolvedAt.IsZero() ||
			(in.State == incident.Acknowledged) && in.AcknowledgedAt.IsZero() || in.State == incident.Open && !in.AcknowledgedAt.IsZero() || (in.State == incident.Merged) != (in.MergedInto != "") || in.Severity == incident.NoSeverity {
			rt.Fatalf("the state does not fit: %+v", in)
		}
	}
	for _, in := range m.list {
		for steps, at := 0, in; at.State == incident.Merged; steps++ {
			if at = byID[at.MergedInto]; at == nil || steps > len(m.list) {
				rt.Fatal("merged into nothing, or in a circle")
			}
		}
		m.timeline(rt, in)
	}
	m.told(rt, byID)
}

func (m *machine) timeline(rt *rapid.T, in *incident.Insight) {
	list, err := m.o.Timeline(ctx, 1, in.ID)
	if err != nil || len(list) == 0 || list[0].What != incident.WasOpened {
		rt.Fatal(err, list)
	}
	for i, e := range list {
		if e.N != i+1 || i > 0 && e.At.Before(list[i-1].At) {
			rt.Fatalf("the timeline is not in order: %+v", list)
		}
	}
}

func (m *machine) told(rt *rapid.T, byID map[string]*incident.Insight) {
	m.watching(func(tx *db.Tx) error {
		for id, in := range byID {
			var due int
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM insight_due WHERE workspace = 1 AND insight = $1", id).Scan(&due); err != nil {
				return err
			}
			if due > 0 && !in.Live() {
				rt.Fatalf("something is due of what is %s", in.State)
			}
		}
		// Webhooks name what they tell of: each is told once that it was opened, once of
		// each time that it came back or ended, and its end only where its beginning was.
		count := map[string]int{}
		err := tx.Each(ctx, "SELECT kind, body FROM outbox WHERE destination = $1", []any{m.o.to["hook"]}, func(rows *sql.Rows) error {
			var kind string
			var body []byte
			err := rows.Scan(&kind, &body)
			for id := range byID {
				if string(body) != "" && containsSubject(body, id) {
					count[id+" "+kind]++
				}
			}
			return err
		})
		for id, in := range byID {
			opened, ends, back := count[id+" dhvani.insight.opened"], count[id+" dhvani.insight.recovered"], count[id+" dhvani.insight.reopened"]
			if opened > 1 || ends > in.Reopened+1 || back > in.Reopened || ends > 0 && opened+back+count[id+" dhvani.insight.escalated"] == 0 && len(in.Themes) == 0 || !in.Told && opened > 0 {
				rt.Fatalf("told %d times of the beginning, %d of the end, %d that it is back; reopened %d", opened, ends, back, in.Reopened)
			}
		}
		return err
	})
}

func containsSubject(body []byte, id string) bool {
	return strings.Contains(string(body), fmt.Sprintf(`"subject":%q`, id))
}
