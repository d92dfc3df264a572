package incident_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

var (
	ann     = staff.Actor{Account: "ann", Workspace: 1, Role: workspace.Agent}
	bob     = staff.Actor{Account: "bob", Workspace: 1, Role: workspace.Owner}
	analyst = staff.Actor{Account: "cem", Workspace: 1, Role: workspace.Analyst}
	foreign = staff.Actor{Account: "eve", Workspace: 2, Role: workspace.Owner}
)

// audit lists what the audit log holds.
func audit(t testing.TB, d *db.DB) string {
	t.Helper()
	var out []string
	update(t, d, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, "SELECT account, action FROM audit ORDER BY id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var account, action string
			if err := rows.Scan(&account, &action); err != nil {
				return err
			}
			out = append(out, account+" "+action)
		}
		return rows.Err()
	})
	return strings.Join(out, ", ")
}

// acting lets staff events take effect at once.
func acting(t testing.TB, s *incident.Store) {
	s.Act = func(ctx context.Context, e event.Event) error {
		if err := e.Validate(); err != nil {
			return err
		}
		judge(t, s.DB, 100+e.Workspace, e)
		return nil
	}
}

func member(t testing.TB, d *db.DB, account string) {
	update(t, d, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO account (id, email, password_hash, created_at) VALUES ($1, $2, '', 0)", account, account+"@example.com"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO account_role (workspace, account, role) VALUES (1, $1, 'agent')", account)
		return err
	})
}

func TestStaff(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, c := set(t, d)
		member(t, d, "ann")
		in := open(t, s, upi(), true, hits("x")...)
		seen := in.Version
		do := func(got *incident.Insight, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			in = got
			c.pass(time.Minute)
		}
		// The watch goes on meanwhile: that is no colleague.
		update(t, d, func(tx *db.Tx) error { return s.Update(ctx, tx, in, upi(), true, false, nil) })
		do(s.Acknowledge(ctx, ann, in.ID, seen))
		if in.State != incident.Acknowledged || in.AcknowledgedBy != "ann" {
			t.Errorf("%+v", in)
		}
		if _, err := s.Acknowledge(ctx, bob, in.ID, seen); !errors.Is(err, incident.ErrChanged) {
			t.Errorf("a colleague was faster: %v", err)
		}
		do(s.Acknowledge(ctx, bob, in.ID, in.Version)) // nothing to do
		do(s.Assign(ctx, bob, in.ID, in.Version, "ann"))
		do(s.Comment(ctx, ann, in.ID, " asked the bank\x00 "))
		do(s.Tick(ctx, ann, in.ID, "payment_1", true, "is down"))
		do(s.Tick(ctx, ann, in.ID, "payment_2", true, ""))
		do(s.Tick(ctx, ann, in.ID, "payment_2", false, ""))
		do(s.Tick(ctx, ann, in.ID, "payment_2", false, ""))
		do(s.Snooze(ctx, ann, in.ID, in.Version, c.at.Add(time.Hour)))
		list, err := s.Checklist(ctx, in)
		if err != nil || len(list) != 6 || !list[0].Done || list[0].Note != "is down" || list[1].Done {
			t.Errorf("%v %+v", err, list)
		}
		do(s.Resolve(ctx, ann, in.ID, in.Version, "the bank\u202e mended it"))
		do(s.WriteLesson(ctx, ann, in.ID, in.Version, " a second\u2067 provider\x00"))
		do(s.ReopenBy(ctx, bob, in.ID, in.Version))
		if in.State != incident.Acknowledged || in.Outcome != "the bank mended it" || in.Lesson != "a second provider" || in.Owner != "ann" {
			t.Errorf("%+v", in)
		}
		want := "opened, acknowledged by ann, assigned by bob, commented by ann, ticked by ann, ticked by ann, unticked by ann, snoozed by ann, resolved by ann, lesson by ann, reopened by bob"
		if diff := cmp.Diff(want, happened(t, d, in.ID)); diff != "" {
			t.Error(diff)
		}
		log := audit(t, d)
		if want := "ann incident.acknowledged, bob incident.assigned, ann incident.commented, ann incident.step_done, ann incident.step_done, ann incident.step_undone, ann incident.snoozed, ann incident.resolved, ann incident.lesson, bob incident.reopened"; log != want {
			t.Error(log)
		}
		id, v := in.ID, in.Version
		fails := func(_ *incident.Insight, err error) error { return err }
		for name, c := range map[string]struct{ got, want error }{
			"an analyst acknowledges":   {fails(s.Acknowledge(ctx, analyst, id, 0)), staff.ErrForbidden},
			"an analyst resolves":       {fails(s.Resolve(ctx, analyst, id, 0, "")), staff.ErrForbidden},
			"an analyst merges":         {fails(s.MergeBy(ctx, analyst, id, 0, id)), staff.ErrForbidden},
			"an analyst takes back":     {s.TakeBack(ctx, analyst, id), staff.ErrForbidden},
			"another workspace's":       {fails(s.Acknowledge(ctx, foreign, id, 0)), incident.ErrNotFound},
			"another's comment":         {fails(s.Comment(ctx, foreign, id, "x")), incident.ErrNotFound},
			"another's merge":           {fails(s.MergeBy(ctx, foreign, id, 0, id)), incident.ErrNotFound},
			"no id":                     {fails(s.Resolve(ctx, ann, "x", 0, "")), incident.ErrNotFound},
			"an old version":            {fails(s.Resolve(ctx, ann, id, seen, "")), incident.ErrChanged},
			"a version not yet there":   {fails(s.Assign(ctx, ann, id, v+1, "ann")), incident.ErrChanged},
			"to merge one not there":    {fails(s.MergeBy(ctx, ann, id, v+1, id)), incident.ErrChanged},
			"a step that there is not":  {fails(s.Tick(ctx, ann, id, "delivery_1", true, "")), incident.ErrNotFound},
			"reopen what is open":       {fails(s.ReopenBy(ctx, ann, id, v)), incident.ErrState},
			"a verdict not known":       {s.TakeBack(ctx, ann, event.NewID(1, "x").String()), incident.ErrNotFound},
			"read another workspace's":  {fails(s.Get(ctx, 2, id)), incident.ErrNotFound},
			"playbook of an agent":      {s.ResetPlaybook(ctx, ann, "payment", 0), staff.ErrForbidden},
			"playbook that there isn't": {s.ResetPlaybook(ctx, bob, "x", 0), incident.ErrNotFound},
		} {
			if !errors.Is(c.got, c.want) {
				t.Errorf("%s: %v, want %v", name, c.got, c.want)
			}
		}
		var invalid workspace.Invalid
		for name, err := range map[string]error{
			"to who does not belong": fails(s.Assign(ctx, ann, id, v, "eve")), "an empty comment": fails(s.Comment(ctx, ann, id, " \n")),
			"a long one": fails(s.Comment(ctx, ann, id, strings.Repeat("x", 4001))), "a snooze in the past": fails(s.Snooze(ctx, ann, id, v, c.at)),
			"a long snooze": fails(s.Snooze(ctx, ann, id, v, c.at.AddDate(0, 2, 0))), "merged with itself": fails(s.MergeBy(ctx, ann, id, v, id)),
		} {
			if !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if after := audit(t, d); after != log {
			t.Errorf("what was refused is in the audit log: %s", after)
		}
	})
}

// No ready playbook has a step that says nothing, in any language.
func TestReadyPlaybooks(t *testing.T) {
	s, _ := set(t, dbtest.SQLite(t))
	books, err := s.Playbooks(ctx, 1)
	if err != nil || len(books) < 8 {
		t.Fatalf("%d playbooks, %v", len(books), err)
	}
	for _, lang := range locale.Langs {
		l := locale.For(lang, time.UTC)
		for _, b := range books {
			if len(b.Steps) == 0 || strings.TrimSpace(b.Title(l)) == "" {
				t.Errorf("%s: %s has %d steps and is called %q", lang, b.Name, len(b.Steps), b.Title(l))
			}
			for _, step := range b.Steps {
				if strings.TrimSpace(step.Words(l)) == "" {
					t.Errorf("%s: step %s is blank", lang, step.ID)
				}
			}
		}
	}
}

func TestJudge(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, c := set(t, d)
		acting(t, s)
		f := upi()
		f.Sure = true
		in := open(t, s, f, true)
		if _, err := s.Judge(ctx, ann, in.ID, in.Version+1, incident.Judging{What: incident.Mute, Until: c.at.Add(time.Hour)}); !errors.Is(err, incident.ErrChanged) {
			t.Errorf("a verdict on a version that is not there yet: %v", err)
		}
		v, err := s.Judge(ctx, ann, in.ID, in.Version, incident.Judging{What: incident.Mute, Until: c.at.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		given, err := s.Given(ctx, ann)
		if err != nil || len(given) != 1 || given[0].ID != v.ID || !given[0].Covers(&f, c.at.UnixMicro()) || given[0].Account != "ann" {
			t.Errorf("%v %+v", err, given)
		}
		in, _ = s.Get(ctx, 1, in.ID)
		if in.State != incident.Resolved || in.Verdict != v.ID.String() {
			t.Errorf("%+v", in)
		}
		// While it holds the watch does not open it again; then it does.
		update(t, d, func(tx *db.Tx) error { return s.Reopen(ctx, tx, in, f) })
		if in.State != incident.Resolved {
			t.Error("muted, and opened again")
		}
		if err := s.TakeBack(ctx, foreign, v.ID.String()); !errors.Is(err, incident.ErrNotFound) {
			t.Errorf("another workspace takes it back: %v", err)
		}
		if err := s.TakeBack(ctx, bob, v.ID.String()); err != nil {
			t.Fatal(err)
		}
		in, _ = s.Get(ctx, 1, in.ID)
		given, _ = s.Given(ctx, ann)
		if in.State != incident.Open || in.Verdict != "" || len(given) > 0 {
			t.Errorf("%+v %+v", in, given)
		}
		c.pass(time.Minute)
		if _, err = s.Judge(ctx, ann, in.ID, 0, incident.Judging{What: incident.Mute, Until: c.at.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		c.pass(2 * time.Hour)
		update(t, d, func(tx *db.Tx) error { return s.Reopen(ctx, tx, in, f) })
		if in.State != incident.Open {
			t.Error("the mute is over, and it stays closed")
		}
		if got, want := happened(t, d, in.ID), "opened, judged by ann, taken_back by bob, judged by ann, came_back"; got != want {
			t.Error(got)
		}
		for _, j := range []incident.Judging{
			{What: "x"}, {What: incident.Mute, Until: c.at.Add(-1)}, {What: incident.Expected, Reason: "x", Until: c.at.Add(time.Hour)},
			{What: incident.Expected, Reason: "holiday"}, {What: incident.Expected, Reason: "holiday", Until: c.at.AddDate(2, 0, 0)},
		} {
			if _, err := s.Judge(ctx, ann, in.ID, 0, j); err == nil {
				t.Errorf("%+v", j)
			}
		}
	})
}

func TestList(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, c := set(t, d)
		var ids []string
		for i, theme := range []string{"a", "b", "c", "d"} {
			f := upi()
			f.Theme, f.Good = theme, theme == "d"
			ids = append(ids, open(t, s, f, i != 1, hits("ann", "bob")[:1+i%2]...).ID)
			c.pass(time.Minute)
		}
		if _, err := s.Acknowledge(ctx, ann, ids[0], 0); err != nil {
			t.Fatal(err)
		}
		no := false
		for name, w := range map[string]struct {
			f    incident.Filter
			want string
		}{
			"all": {incident.Filter{}, "dcba"}, "open": {incident.Filter{States: []incident.State{incident.Open}}, "dcb"}, "troubles": {incident.Filter{Good: &no}, "cba"},
			"listed": {incident.Filter{Told: &no}, "b"}, "nobody's": {incident.Filter{Owner: incident.Nobody}, "dcb"}, "who took it": {incident.Filter{Owner: "ann"}, "a"},
			"kinds": {incident.Filter{Kinds: []incident.Kind{incident.Checkout}}, ""}, "severe": {incident.Filter{Least: incident.Low}, "cba"},
			"from": {incident.Filter{From: start.Add(2 * time.Minute), To: start.Add(3 * time.Minute)}, "c"},
		} {
			got, cursor := "", ""
			for {
				w.f.Cursor, w.f.Limit = cursor, 2
				list, next, err := s.List(ctx, 1, w.f)
				if err != nil {
					t.Fatal(err)
				}
				for _, in := range list {
					got += in.Finding.Theme
				}
				if cursor = next; next == "" {
					break
				}
			}
			if got != w.want {
				t.Errorf("%s: %s", name, got)
			}
		}
		if _, _, err := s.List(ctx, 1, incident.Filter{Cursor: "x"}); !errors.Is(err, incident.ErrCursor) {
			t.Error(err)
		}
		tally, err := s.Tally(ctx, 1)
		if err != nil || tally.Open != 2 || tally.Unseen != 1 || tally.Listed != 1 || tally.Good != 1 || tally.NewestUnseen != ids[2] {
			t.Errorf("%v %+v", err, tally)
		}
		of, err := s.Of(ctx, 1, []event.ID{profile("bob"), profile("zoe")})
		if err != nil || len(of) != 2 || of[0].ID != ids[3] {
			t.Errorf("%v %d", err, len(of))
		}
		page, next, err := s.Hits(ctx, 1, ids[1], "", 1)
		rest, end, _ := s.Hits(ctx, 1, ids[1], next, 1)
		if err != nil || len(page) != 1 || len(rest) != 1 || end != "" || page[0].Profile == rest[0].Profile {
			t.Errorf("%v %v %v", err, page, rest)
		}
	})
}

func TestPlaybooks(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, _ := set(t, d)
		en, hi := locale.For(locale.English, nil), locale.For(locale.Hindi, nil)
		all, err := s.Playbooks(ctx, 1)
		if err != nil || len(all) != 9 {
			t.Fatal(err, len(all))
		}
		for _, b := range all {
			for _, lang := range locale.Langs {
				l := locale.For(lang, nil)
				for i, st := range b.Steps {
					if st.Words(l) == "" || b.Title(l) == "" {
						t.Errorf("%s: step %d of %s has no words", lang, i+1, b.Name)
					}
				}
			}
		}
		steps := append([]incident.Step{{Text: "Call  \u202eAnil\n"}}, all[0].Steps[:3]...)
		steps[1].Text = steps[1].Words(en) // as the page sends it
		steps[2].Text = "Ask the team"
		if err := s.SavePlaybook(ctx, bob, en, "checkout", 0, steps); err != nil {
			t.Fatal(err)
		}
		b, err := s.Playbook(ctx, 1, "checkout")
		if err != nil || !b.Own || len(b.Steps) != 4 || b.Steps[0].Words(hi) != "Call Anil" || b.Steps[1] != all[0].Steps[0] || b.Steps[2].Words(hi) != "Ask the team" {
			t.Errorf("%v %+v", err, b)
		}
		if other, _ := s.Playbook(ctx, 2, "checkout"); other.Own {
			t.Error("another workspace has it too")
		}
		b.Steps[0].Text = "Call Bina"
		if err := s.SavePlaybook(ctx, bob, hi, "checkout", b.Version, b.Steps); err != nil {
			t.Fatal(err)
		}
		again, _ := s.Playbook(ctx, 1, "checkout")
		if again.Steps[0].ID != b.Steps[0].ID {
			t.Error("a step lost its id")
		}
		for name, err := range map[string]error{
			"saves over a colleague's":           s.SavePlaybook(ctx, bob, en, "checkout", b.Version, steps),
			"saves over one that was none":       s.SavePlaybook(ctx, bob, en, "checkout", 0, steps),
			"resets a colleague's":               s.ResetPlaybook(ctx, bob, "checkout", b.Version),
			"goes back by hand to the ready one": s.SavePlaybook(ctx, bob, en, "checkout", b.Version, all[0].Steps),
		} {
			if !errors.Is(err, incident.ErrChanged) {
				t.Errorf("who %s: %v", name, err)
			}
		}
		if err := s.ResetPlaybook(ctx, bob, "checkout", again.Version); err != nil {
			t.Fatal(err)
		}
		if err := s.SavePlaybook(ctx, bob, en, "checkout", again.Version, steps); !errors.Is(err, incident.ErrChanged) {
			t.Errorf("who saves one that a colleague reset: %v", err)
		}
		if b, _ = s.Playbook(ctx, 1, "checkout"); b.Own || len(b.Steps) != 5 {
			t.Errorf("%+v", b)
		}
		for name, bad := range map[string][]incident.Step{
			"none": {{Text: " "}}, "long": {{Text: strings.Repeat("x", 501)}}, "button": {{Text: "x", Action: "x"}}, "many": slicesOf(21),
		} {
			if err := s.SavePlaybook(ctx, bob, en, "checkout", 0, bad); err == nil {
				t.Error(name)
			}
		}
		if err := s.SavePlaybook(ctx, ann, en, "checkout", 0, steps); !errors.Is(err, staff.ErrForbidden) {
			t.Error(err)
		}
	})
}

func slicesOf(n int) (out []incident.Step) {
	for range n {
		out = append(out, incident.Step{Text: "x"})
	}
	return out
}
