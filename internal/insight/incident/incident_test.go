package incident_test

import (
	"context"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/impact"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var ctx = context.Background()

// start is when the stories of these tests begin.
var start = time.Date(2026, 3, 9, 14, 12, 0, 0, time.UTC)

// clock is a clock that tests set.
type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) pass(d time.Duration)    { c.at = c.at.Add(d) }
func profile(name string) event.ID       { return event.ProfileID(1, event.UserProfile, name) }
func pair(dim, value string) cause.Pair  { return cause.Pair{Dim: dim, Value: value} }
func causes(p ...cause.Pair) cause.Cause { return cause.Cause{Pairs: p} }

// upi is the trouble of most tests.
func upi() incident.Finding {
	at := start.UnixMicro()
	return incident.Finding{
		Kind: incident.Payment, Theme: "payment/upi", Since: at, First: at, Noticed: at + 40e6,
		Signs:  []incident.Sign{{Signal: "checkout/method=upi", Of: []cause.Pair{pair("method", "upi")}, Up: true, Since: at, Expected: 0.02, Observed: 0.9, N: 20, Excess: 17}},
		Causes: []cause.Cause{{Pairs: []cause.Pair{pair("device", "Android"), pair("method", "upi")}, N: 20, Bad: 18, Rate: 0.9, Was: 0.02, Others: 0.02, Explains: 0.94, Sure: 0.7}},
		Hit:    2, Lost: impact.Lost{Orders: 1, High: 3, Money: []impact.Money{{Currency: "INR", Amount: 9000 * event.One, Low: 5000 * event.One, High: 14000 * event.One}}},
	}
}

func hits(names ...string) (out []incident.Hit) {
	for _, n := range names {
		out = append(out, incident.Hit{Profile: profile(n), First: start.UnixMicro(), Last: start.UnixMicro(), Times: 1, Amount: int64(100 * event.One), Currency: "INR"})
	}
	return out
}

// update runs f in a transaction.
func update(t testing.TB, d *db.DB, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Update(ctx, f); err != nil {
		t.Fatal(err)
	}
}

// open opens an Insight in a transaction of its own.
func open(t testing.TB, s *incident.Store, f incident.Finding, told bool, hits ...incident.Hit) (in *incident.Insight) {
	t.Helper()
	update(t, s.DB, func(tx *db.Tx) (err error) {
		in, err = s.Open(ctx, tx, 1, f, told, hits)
		return err
	})
	return in
}

func set(t testing.TB, d *db.DB) (*incident.Store, *clock) {
	dbtest.Workspace(t, d, 1)
	dbtest.Workspace(t, d, 2)
	c := &clock{start.Add(45 * time.Second)}
	return &incident.Store{DB: d, Now: c.now}, c
}
