package incident_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// judge applies staff events as the log holds them.
func judge(t testing.TB, d *db.DB, model int64, events ...event.Event) {
	t.Helper()
	for i := range events {
		events[i].Model = model
	}
	update(t, d, func(tx *db.Tx) error { return incident.Stage{}.Apply(ctx, tx, &event.Batch{Events: events}) })
}

func staffEvent(name, properties string, at int64) event.Event {
	return event.Event{Workspace: 1, Type: event.Staff, Name: name, Properties: properties, At: at}
}

func TestVerdicts(t *testing.T) {
	id := func(n string) string { return event.NewID(1, "verdict", n).String() }
	given := staffEvent(incident.VerdictName, `{"id":"`+id("a")+`","insight":"i","what":"mute","kind":"payment","theme":"payment/upi",
		"signals":["s"],"pairs":[{"dim":"method","value":"upi"}],"until":90,"by":"ann"}`, 10)
	kept := staffEvent(incident.VerdictName, `{"id":"`+id("b")+`","insight":"i","what":"expected","kind":"traffic","theme":"visits","reason":"campaign","from":5,"by":"ann"}`, 20)
	gone := staffEvent(incident.WithdrawName, `{"id":"`+id("a")+`","by":"bob"}`, 30)
	later := staffEvent(incident.WithdrawName, `{"id":"`+id("a")+`","by":"bob"}`, 40)
	track := given
	track.Type = event.Track // what a browser sends under such a name
	for name, order := range map[string][]event.Event{
		"in order": {given, kept, gone, later}, "turned round": {later, gone, kept, given}, "mixed": {gone, given, later, track, kept},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				s, _ := set(t, d)
				for _, e := range order {
					judge(t, d, 101, e)
				}
				judge(t, d, 101, order...)
				var list, other []incident.Verdict
				var withdrawn int64
				update(t, d, func(tx *db.Tx) (err error) {
					if list, err = s.Verdicts(ctx, tx, 1); err == nil {
						other, err = s.Verdicts(ctx, tx, 2)
					}
					if err == nil {
						err = tx.QueryRow(ctx, "SELECT withdrawn FROM insight_verdict WHERE what = 'mute' AND until_at = 90").Scan(&withdrawn)
					}
					return err
				})
				key, _ := event.ParseID(id("b"))
				want := []incident.Verdict{{ID: key, Insight: "i", What: incident.Expected, Kind: incident.Traffic, Theme: "visits", Reason: "campaign", From: 5, At: 20, Account: "ann"}}
				if diff := cmp.Diff(want, list, cmpopts.EquateEmpty()); diff != "" || len(other) > 0 || withdrawn != 30 {
					t.Errorf("%s %v %d", diff, other, withdrawn)
				}
			})
		})
	}
}

func TestVerdictCovers(t *testing.T) {
	sure := upi()
	sure.Sure = true
	mute := incident.Verdict{What: incident.Mute, Kind: incident.Payment, Theme: "payment/upi", Pairs: sure.Causes[0].Pairs, Until: 100}
	wide := mute
	wide.Pairs = nil
	gone := mute
	gone.Withdrawn = 1
	wrong := mute
	wrong.What = incident.Wrong
	expected := incident.Verdict{What: incident.Expected, Kind: incident.Payment, Theme: "payment/upi", From: 50, Until: 100}
	other := sure
	other.Causes = []cause.Cause{causes(pair("method", "cod"))}
	early, elsewhere, later := upi(), upi(), upi()
	early.Causes, elsewhere.Causes = nil, nil
	elsewhere.Signs = []incident.Sign{{Of: []cause.Pair{pair("method", "card")}}}
	later.Kind = incident.Checkout // before it was known to be of a way to pay
	for name, c := range map[string]struct {
		v    incident.Verdict
		f    incident.Finding
		at   int64
		want bool
	}{
		"its cause": {mute, sure, 99, true}, "not sure yet": {mute, upi(), 99, true}, "no cause yet": {mute, early, 99, true}, "no cause yet, of another": {mute, elsewhere, 99, false},
		"of another kind": {wide, later, 99, true}, "over": {mute, sure, 100, false}, "another cause": {mute, other, 99, false},
		"no cause": {wide, upi(), 99, true}, "taken back": {gone, sure, 99, false}, "wrong": {wrong, sure, 99, false},
		"expected": {expected, upi(), 50, true}, "expected later": {expected, upi(), 49, false},
	} {
		if got := c.v.Covers(&c.f, c.at); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
