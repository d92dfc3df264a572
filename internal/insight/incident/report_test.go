package incident_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

func TestReport(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d).way(deliver.Slack, "chat")
		o.at = start.Add(45 * time.Second)
		in := open(t, o.Store, upi(), true)
		o.pass(2 * time.Minute)
		for _, f := range []func() (*incident.Insight, error){
			func() (*incident.Insight, error) { return o.Acknowledge(ctx, ann, in.ID, 0) },
			func() (*incident.Insight, error) { return o.Comment(ctx, ann, in.ID, "the bank knows") },
			func() (*incident.Insight, error) { return o.Tick(ctx, ann, in.ID, "payment_1", true, "") },
		} {
			if _, err := f(); err != nil {
				t.Fatal(err)
			}
		}
		recover := func() {
			t.Helper()
			o.pass(8 * time.Minute)
			update(t, d, func(tx *db.Tx) error { return o.Recover(ctx, tx, in, upi()) })
		}
		recover()
		r, err := o.Report(ctx, analyst, in.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := incident.Measured{Notice: 45 * time.Second, Acknowledge: 2 * time.Minute, Acknowledged: true, Mend: 10 * time.Minute, Mended: true}
		if diff := cmp.Diff(want, r.Measured); diff != "" || r.Comments != 1 || len(r.Steps) != 6 || !r.Steps[0].Done || len(r.Told) != 1 || r.Told[0] != "chat" {
			t.Errorf("%s %+v", diff, r)
		}
		update(t, d, func(tx *db.Tx) error { return o.Reopen(ctx, tx, in, upi()) })
		if r, _ = o.Report(ctx, ann, in.ID); r.Measured.Mended {
			t.Error("it is there again, and mended")
		}
		recover()
		if r, _ = o.Report(ctx, ann, in.ID); r.Measured.Mend != 18*time.Minute {
			t.Error(r.Measured)
		}
		f := upi()
		f.Theme = "b"
		b := open(t, o.Store, f, true)
		o.pass(time.Hour)
		if _, err := o.Resolve(ctx, ann, b.ID, 0, "done"); err != nil {
			t.Fatal(err)
		}
		p, err := o.Pace(ctx, 1, start, o.at)
		if err != nil || p.Troubles != 2 || p.Acknowledged != 1 || p.Mended != 2 || p.ToMend != 39*time.Minute || p.ToAcknowledge != 2*time.Minute {
			t.Errorf("%v %+v", err, p)
		}
		if _, err := o.Report(ctx, foreign, in.ID); !errors.Is(err, incident.ErrNotFound) {
			t.Error(err)
		}
	})
}
