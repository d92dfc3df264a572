package watch_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// What staff merged goes on as the other one, and is over with it.
func TestWhatIsMergedGoesOnInTheOther(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := newStand(t, d, 1), context.Background()
		s.pass(60, 0)
		s.pass(30, 0.95)
		one := s.all()[0]
		since := s.now.Add(-2 * time.Hour).UnixMicro()
		var other *incident.Insight
		err := d.Update(ctx, func(tx *db.Tx) (err error) {
			other, err = s.keeps.Open(ctx, tx, 1, incident.Finding{Kind: incident.Delivery, Theme: "delivery", Since: since, First: since, Noticed: since, Hit: 2},
				true, []incident.Hit{{Profile: event.NewID(1, "a"), First: since, Last: since, Times: 1}, {Profile: event.NewID(1, "b"), First: since, Last: since, Times: 1}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		ann := staff.Actor{Workspace: 1, Account: "ann", Role: workspace.Owner}
		if _, err := s.keeps.MergeBy(ctx, ann, one.ID, 0, other.ID); err != nil {
			t.Fatal(err)
		}
		s.pass(15, 0.95)
		all := s.all()
		if len(all) != 2 {
			t.Fatalf("found:\n%s", s.lines())
		}
		f := &all[0].Finding
		if all[0].ID != other.ID || all[0].State != incident.Open || len(f.Signs) == 0 || f.Hit < one.Finding.Hit+2 || f.Since != since {
			t.Errorf("it goes on as %+v", f)
		}
		for _, was := range one.Finding.Signs {
			if !slices.ContainsFunc(f.Signs, func(x incident.Sign) bool { return x.Signal == was.Signal }) {
				t.Errorf("%s is no sign of it", was.Signal)
			}
		}
		if slices.ContainsFunc(all, func(in *incident.Insight) bool { return in.ID == one.ID && in.State != incident.Merged }) {
			t.Errorf("the first is back:\n%s", s.lines())
		}
		s.pass(150, 0)
		if all = s.all(); len(all) != 2 || all[0].State != incident.Recovered {
			t.Errorf("when all is well again:\n%s", s.lines())
		}
	})
}
