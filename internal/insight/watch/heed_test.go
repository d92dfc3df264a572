package watch_test

import (
	"context"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// A verdict that is taken back leaves no trace: the incident grows while its trouble lasts, and is over with it.
func TestAVerdictTakenBackLeavesAnIncidentThatLives(t *testing.T) {
	wrong, mute := incident.Judging{What: incident.Wrong}, incident.Judging{What: incident.Mute}
	expected := incident.Judging{What: incident.Expected, Reason: "other", Until: monday.AddDate(0, 0, 2)}
	for name, c := range map[string]struct {
		said   incident.Judging
		stands int     // minutes
		while  float64 // fails meanwhile,
		after  float64 // and after it was taken back
		anew   bool    // the watch begins anew when it was given, and before it is taken back
	}{
		"wrong, and it lasts": {wrong, 3, 0.95, 0.95, false}, "and of a watch that begins anew": {wrong, 3, 0.95, 0.95, true},
		"wrong, and it ends": {wrong, 3, 0.95, 0, false}, "wrong, and it has ended": {wrong, 90, 0, 0, true},
		"expected, and it lasts": {expected, 3, 0.95, 0.95, false}, "expected, and it has ended": {expected, 90, 0, 0, false}, "mute, and it has ended": {mute, 90, 0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.SQLite(t)
			s, ctx := newStand(t, d, 1), context.Background()
			act := func(ctx context.Context, e event.Event) error {
				return d.Update(ctx, func(tx *db.Tx) (err error) {
					if e.Model, err = tx.Model(ctx, 1); err == nil {
						err = incident.Stage{}.Apply(ctx, tx, &event.Batch{Events: []event.Event{e}})
					}
					return err
				})
			}
			anew := func() {
				if c.anew {
					s.restart()
					s.keeps.Act = act
				}
			}
			s.keeps.Act = act
			s.pass(60, 0)
			s.pass(30, 0.95)
			ann := staff.Actor{Workspace: 1, Account: "ann", Role: workspace.Owner}
			v, err := s.keeps.Judge(ctx, ann, s.all()[0].ID, 0, c.said)
			if err != nil {
				t.Fatal(err)
			}
			anew()
			s.pass(c.stands, c.while)
			if all := s.all(); len(all) != 1 || all[0].State != incident.Resolved {
				t.Fatalf("while the verdict stands:\n%s", s.lines())
			}
			anew()
			if err := s.keeps.TakeBack(ctx, ann, v.ID.String()); err != nil {
				t.Fatal(err)
			}
			was := s.all()[0]
			for range 30 {
				if s.pass(1, c.after); c.after > 0 && !c.anew && s.all()[0].State != incident.Open {
					t.Fatalf("it lasts, and is told to be over:\n%s", s.lines())
				}
			}
			now := s.all()[0]
			if c.after > 0 && (now.State != incident.Open || now.Finding.Hit <= was.Finding.Hit || s.now.Sub(now.ChangedAt) > time.Minute) {
				t.Errorf("it lasts, and stands still: hit %d, then %d, changed %s ago\n%s", was.Finding.Hit, now.Finding.Hit, s.now.Sub(now.ChangedAt), s.lines())
			}
			s.pass(120, 0)
			if all := s.all(); len(all) != 1 || all[0].State != incident.Recovered {
				t.Errorf("when all is well again:\n%s", s.lines())
			}
		})
	}
}
