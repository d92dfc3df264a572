package incident_test

import (
	"errors"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/workspace"
)

// What was expected is a time into which the incident falls: between its first sign and its end, or now.
func TestExpectedCoversTheIncident(t *testing.T) {
	d := dbtest.SQLite(t)
	s, c := set(t, d)
	acting(t, s)
	f := upi()
	f.Since, f.First = c.at.Add(-30*time.Minute).UnixMicro(), c.at.Add(-40*time.Minute).UnixMicro()
	in := open(t, s, f, true)
	c.pass(time.Hour)
	update(t, d, func(tx *db.Tx) error { return s.Recover(ctx, tx, in, f) })
	c.pass(time.Hour)
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	for name, j := range map[string]struct {
		from, until time.Time
		want        string
	}{
		"wholly before it":       {at(-500), at(-40), "verdict_apart"},
		"wholly after it":        {at(61), at(600), "verdict_apart"},
		"before, of another day": {at(-9000), at(-8000), "verdict_apart"},
		"turned round":           {at(10), at(5), "verdict_until"},
		"no end":                 {at(10), time.Time{}, "verdict_until"},
		"too long":               {at(-40), at(-40).AddDate(0, 0, 401), "verdict_long"},
		"its first sign":         {at(-500), at(-39), ""},
		"its end":                {at(60), at(600), ""},
		"within it":              {at(0), at(5), ""},
		"since it began":         {time.Time{}, at(600), ""},
	} {
		v, err := s.Judge(ctx, ann, in.ID, 0, incident.Judging{What: incident.Expected, Reason: "campaign", From: j.from, Until: j.until})
		var flaw workspace.Flaw
		if errors.As(err, &flaw); flaw.Code != j.want || err == nil != (j.want == "") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			if err := s.TakeBack(ctx, ann, v.ID.String()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A verdict that is taken back leaves the incident as it was: quiet, where it was put off.
func TestTakenBackItIsQuietAsBefore(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, c := set(t, d)
		acting(t, s)
		for theme, quiet := range map[string]bool{"put off": true, "put off, and resolved": false} {
			f := upi()
			f.Theme = theme
			in := open(t, s, f, true)
			until := time.Time{}
			if _, err := s.Snooze(ctx, ann, in.ID, 0, c.at.Add(3*time.Hour)); err != nil {
				t.Fatal(err)
			}
			if quiet {
				until = c.at.Add(3 * time.Hour)
			} else { // its snooze ended when it was resolved
				if _, err := s.Resolve(ctx, ann, in.ID, 0, ""); err != nil {
					t.Fatal(err)
				}
				if _, err := s.ReopenBy(ctx, ann, in.ID, 0); err != nil {
					t.Fatal(err)
				}
			}
			v, err := s.Judge(ctx, ann, in.ID, 0, incident.Judging{What: incident.Wrong})
			if err != nil {
				t.Fatal(err)
			}
			if in, _ = s.Get(ctx, 1, in.ID); !in.SnoozedUntil.IsZero() {
				t.Errorf("closed, and quiet until %s", in.SnoozedUntil)
			}
			c.pass(time.Hour)
			if err := s.TakeBack(ctx, ann, v.ID.String()); err != nil {
				t.Fatal(err)
			}
			if in, _ = s.Get(ctx, 1, in.ID); !in.SnoozedUntil.Equal(until) {
				t.Errorf("it was quiet until %s, and is %s until %s", until, in.State, in.SnoozedUntil)
			}
		}
	})
}
