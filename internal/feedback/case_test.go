package feedback_test

import (
	"errors"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// audited lists the audit log's actions with their details.
func audited(t testing.TB, d *db.DB) string {
	t.Helper()
	var out strings.Builder
	dumpRows(t, d, "SELECT account, action, detail FROM audit ORDER BY id", &out)
	return out.String()
}

func TestCases(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		dbtest.Workspace(t, d, 2)
		err := d.Update(ctx, func(tx *db.Tx) error {
			for _, q := range []string{
				"INSERT INTO account (id, email, password_hash, created_at) VALUES ('ann', 'ann@example.com', '', 0)",
				"INSERT INTO account_role (workspace, account, role) VALUES (1, 'ann', 'agent')",
			} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		apply(t, d, ev("1", "Product Reviewed", 1, `{"rating":1,"review_body":"it bled"}`), ev("2", "Product Reviewed", 2, `{"rating":5}`))
		s := feedback.Store{DB: d}
		all := list(t, d, feedback.Filter{})
		good, bad := all[0].ID, all[1].ID
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		do(s.Assign(ctx, agent, bad, "ann"))
		do(s.AddNote(ctx, agent, bad, "  called her\x00 "))
		do(s.AddNote(ctx, agent, bad, "a second"))
		do(s.Handle(ctx, agent, bad, true))
		do(s.Handle(ctx, agent, good, true))
		do(s.Handle(ctx, agent, good, false))
		// A replay makes the same rows in another model.
		do(d.Update(ctx, func(tx *db.Tx) error {
			for _, q := range []string{"UPDATE workspace SET model = 901 WHERE number = 1", "UPDATE feedback SET model = 901 WHERE model = 101"} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
			}
			return nil
		}))
		o, err := s.Get(ctx, 1, bad)
		do(err)
		want := feedback.Case{Assignee: "ann", Handled: true, HandledBy: "ann", Notes: 2}
		if diff := gocmp.Diff(want, o.Case, cmpopts.IgnoreFields(feedback.Case{}, "HandledAt")); diff != "" || len(o.Notes) != 2 || o.Notes[0].Text != "called her" {
			t.Errorf("%s %+v", diff, o.Notes)
		}
		do(s.RemoveNote(ctx, agent, bad, o.Notes[1].ID))
		for name, c := range map[string]struct {
			f    feedback.Filter
			want []string
		}{
			"open":            {feedback.Filter{State: feedback.Open}, []string{good}},
			"handled":         {feedback.Filter{State: feedback.Handled}, []string{bad}},
			"assigned":        {feedback.Filter{Assignee: "ann"}, []string{bad}},
			"assigned, words": {feedback.Filter{Assignee: "ann", Query: "bled"}, []string{bad}},
			"to nobody":       {feedback.Filter{Assignee: feedback.Nobody}, []string{good}},
			"open, assigned":  {feedback.Filter{State: feedback.Open, Assignee: "ann"}, nil},
			"bad":             {feedback.Filter{Mood: feedback.Bad}, []string{bad}},
		} {
			var got []string
			for _, it := range list(t, d, c.f) {
				got = append(got, it.ID)
			}
			if diff := gocmp.Diff(c.want, got); diff != "" {
				t.Error(name, diff)
			}
		}
		log := audited(t, d)
		for _, action := range []string{"feedback.assigned detail=ann", "feedback.noted", "feedback.handled", "feedback.reopened", "feedback.note_removed"} {
			if !strings.Contains(log, "account=ann action="+action) {
				t.Errorf("the audit log lacks %s:\n%s", action, log)
			}
		}
		before := log
		analyst := staff.Actor{Account: "bob", Workspace: 1, Role: workspace.Analyst}
		foreign := staff.Actor{Account: "eve", Workspace: 2, Role: workspace.Owner}
		bob := staff.Actor{Account: "bob", Workspace: 1, Role: workspace.Agent}
		for name, c := range map[string]struct{ got, want error }{
			"an analyst assigns":            {s.Assign(ctx, analyst, bad, ""), staff.ErrForbidden},
			"an analyst handles":            {s.Handle(ctx, analyst, bad, false), staff.ErrForbidden},
			"an analyst notes":              {s.AddNote(ctx, analyst, bad, "x"), staff.ErrForbidden},
			"an analyst replies":            {s.Replying(ctx, analyst, bad), staff.ErrForbidden},
			"another workspace's":           {s.Handle(ctx, foreign, bad, false), feedback.ErrNotFound},
			"no id":                         {s.Handle(ctx, agent, "x", false), feedback.ErrNotFound},
			"another's note":                {s.RemoveNote(ctx, bob, bad, o.Notes[0].ID), feedback.ErrNotFound},
			"to who does not belong":        {s.Assign(ctx, agent, bad, "eve"), feedback.InputError("that person does not belong to this workspace")},
			"an empty note":                 {s.AddNote(ctx, agent, bad, " \n"), feedback.InputError("the note is empty")},
			"another workspace's, to read":  {second(s.Get(ctx, 2, bad)), feedback.ErrNotFound},
			"one that there is not to read": {second(s.Get(ctx, 1, "00000000-0000-8000-8000-000000000000")), feedback.ErrNotFound},
		} {
			if !errors.Is(c.got, c.want) {
				t.Errorf("%s: %v, want %v", name, c.got, c.want)
			}
		}
		if after := audited(t, d); after != before {
			t.Errorf("what was refused is in the audit log:\n%s", after)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestExport(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		apply(t, d, ev("1", "Product Reviewed", 1, `{"rating":1,"review_title":"+1","review_body":"=HYPERLINK(\"x\")","product_id":"@p"}`))
		var out strings.Builder
		s := feedback.Store{DB: d}
		if err := s.Export(ctx, agent, feedback.Filter{}, &out); !errors.Is(err, staff.ErrForbidden) || out.Len() > 0 {
			t.Errorf("an agent exports: %v %s", err, &out)
		}
		if err := s.Export(ctx, staff.Actor{Account: "bob", Workspace: 1, Role: workspace.Analyst}, feedback.Filter{}, &out); err != nil {
			t.Fatal(err)
		}
		if want := `,review,rating,bad,1,5,'+1,"'=HYPERLINK(""x"")",,,,,,0,'@p,,,,,0`; !strings.Contains(out.String(), want) {
			t.Errorf("%s lacks %s", &out, want)
		}
		if log := audited(t, d); !strings.Contains(log, "account=bob action=feedback.exported") {
			t.Errorf("the audit log says %s", log)
		}
	})
}
