package watch_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/insight/watch"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// monday is when these tests begin; four weeks of history lie before it.
var monday = time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC)

// stand is a shop that is watched, with a clock of its own.
type stand struct {
	t     testing.TB
	d     *db.DB
	m     *records
	now   time.Time
	w     *watch.Watch
	keeps *incident.Store
	goOn  bool // a flood of ratings goes on
}

func newStand(t testing.TB, d *db.DB, seed uint64) *stand {
	dbtest.Workspace(t, d, 1)
	s := &stand{t: t, d: d, m: newRecords(seed), now: monday}
	for at := monday.AddDate(0, 0, -28); at.Before(monday); at = at.Add(time.Minute) {
		if h := at.Hour(); h >= 7 && h < 23 {
			s.m.checkout(at, 0, true)
		}
	}
	s.restart()
	return s
}

// restart goes on with another watch, as after a crash: nothing that was only in
// memory is there.
func (s *stand) restart() {
	s.t.Helper()
	clock := func() time.Time { return s.now }
	s.keeps = &incident.Store{DB: s.d, Now: clock}
	s.w = watch.New(watch.Options{DB: s.d, Records: s.m, Incidents: s.keeps, Shards: 1, Now: clock, Logger: slog.New(slog.DiscardHandler)})
	s.exec("UPDATE watch_lease SET until = 0")
	if mine, err := s.w.Take(context.Background()); err != nil || !mine {
		s.t.Fatalf("the watch is not taken: %v, %v", mine, err)
	}
}

func (s *stand) exec(query string) {
	s.t.Helper()
	err := s.d.Update(context.Background(), func(tx *db.Tx) error { _, err := tx.Exec(context.Background(), query); return err })
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) look() {
	s.t.Helper()
	if err := s.w.Look(context.Background(), workspace.Workspace{Number: 1, ID: "ws_1"}, true); err != nil {
		s.t.Fatal(err)
	}
}

// pass lets minutes pass, in each of which a checkout ends; fails is the share
// of those by UPI that fails, 0 for as usual.
func (s *stand) pass(minutes int, fails float64) {
	s.t.Helper()
	for range minutes {
		s.now = s.now.Add(time.Minute)
		s.m.checkout(s.now, fails, false)
		s.look()
	}
}

func (s *stand) all() (out []*incident.Insight) {
	s.t.Helper()
	err := s.d.View(context.Background(), func(tx *db.Tx) (err error) {
		out, err = s.keeps.All(context.Background(), tx, 1)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// lines are all Insights, one a line.
func (s *stand) lines() string {
	var b strings.Builder
	for _, in := range s.all() {
		fmt.Fprintf(&b, "%s %d %s %s %s opened %s hit %d\n", in.ID, in.Number, in.Finding.Kind, in.State, in.Finding.Theme, in.OpenedAt.Format(time.TimeOnly), in.Finding.Hit)
	}
	return b.String()
}

func TestATroubleIsNoticedExplainedAndOver(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newStand(t, d, 1)
		s.pass(60, 0)
		if all := s.all(); len(all) != 0 {
			t.Fatalf("found where all is well: %s", s.lines())
		}
		s.pass(45, 0.95)
		all := s.all()
		if len(all) != 1 {
			t.Fatalf("found:\n%s", s.lines())
		}
		f := &all[0].Finding
		if !all[0].Told || f.Good || f.Theme != "checkout" || len(f.Causes) == 0 || !slices.Contains(f.Causes[0].Pairs, cause.Pair{Dim: "method", Value: "upi"}) {
			t.Errorf("found %+v", f)
		}
		if f.Hit < 8 || f.Lost.Orders < 4 || len(f.Reasons) != 1 || f.Reasons[0].Text != "timeout" {
			t.Errorf("hit %d, lost %+v, reasons %v", f.Hit, f.Lost, f.Reasons)
		}
		if began := time.UnixMicro(f.Since).Sub(monday.Add(time.Hour)); began < -10*time.Minute || began > 10*time.Minute {
			t.Errorf("it began %s after it did", began)
		}
		hit, rate, ended := f.Hit, f.Signs[0].Observed, s.now
		s.pass(30, 0)
		all = s.all()
		if len(all) != 1 || all[0].State != incident.Recovered {
			t.Errorf("when all is well again:\n%s", s.lines())
		}
		// It stays what it was while it lasted.
		f = &all[0].Finding
		if f.Hit != hit || math.Abs(f.Signs[0].Observed-rate) > 0.1 || !slices.Contains(f.Causes[0].Pairs, cause.Pair{Dim: "method", Value: "upi"}) {
			t.Errorf("hit %d, then %d; %.2f failed, then %.2f; causes %+v", hit, f.Hit, rate, f.Signs[0].Observed, f.Causes)
		}
		if late := time.UnixMicro(f.Signs[0].Ended).Sub(ended); late < -10*time.Minute || late > 10*time.Minute {
			t.Errorf("it ended %s after it did", late)
		}
		s.pass(120, 0)
		s.now = s.now.Add(25 * time.Hour)
		s.pass(10, 0)
		if all := s.all(); len(all) != 1 || all[0].State != incident.Resolved {
			t.Errorf("a day later:\n%s", s.lines())
		}
	})
}

// Orders stop for 40 minutes, of which one comes in each usually. What they cost is told while it lasts, and stays when they come again.
func TestWhatOrdersCostThatDoNotCome(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newStand(t, d, 1)
		s.pass(60, 0)
		for range 40 {
			s.now = s.now.Add(time.Minute)
			s.look()
		}
		lost := func() float64 {
			t.Helper()
			for _, in := range s.all() {
				if in.Finding.Theme == "orders" {
					if l := in.Finding.Lost; l.Low > 38 || l.High < 38 || len(l.Money) == 0 {
						t.Errorf("some 38 were to come: %+v", l)
					}
					return in.Finding.Lost.Orders
				}
			}
			t.Fatalf("no orders are missed:\n%s", s.lines())
			return 0
		}
		while := lost()
		if while < 28 || while > 46 {
			t.Errorf("%.0f lost while it lasts", while)
		}
		s.pass(90, 0)
		after := lost()
		if s.pass(30, 0); after != lost() || after < while-4 || after > while+4 {
			t.Errorf("%.1f lost, when they come again %.1f, and then %.1f", while, after, lost())
		}
	})
}

// A watch that is killed again and again finds what one that is never killed does.
func TestCrashesChangeNothing(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newStand(t, d, 2)
		for i := range 30 {
			s.pass(3, []float64{0, 0.95}[min(i/8, 1)])
			s.restart()
		}
		all := s.all()
		if len(all) != 1 || !all[0].Told || all[0].State != incident.Open {
			t.Fatalf("found:\n%s", s.lines())
		}
		var opened int
		err := d.View(context.Background(), func(tx *db.Tx) error {
			return tx.QueryRow(context.Background(), "SELECT count(*) FROM insight_entry WHERE what = $1", string(incident.WasOpened)).Scan(&opened)
		})
		if err != nil || opened != 1 {
			t.Errorf("it was opened %d times, %v", opened, err)
		}
	})
}

// Of two nodes one watches; when it falls silent the other goes on where it was, and
// what the first one does from then on has no effect.
func TestTwoNodes(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newStand(t, d, 3)
		s.pass(30, 0)
		first := s.w
		second := watch.New(watch.Options{DB: d, Records: s.m, Incidents: s.keeps, Shards: 1, Now: func() time.Time { return s.now }, Logger: slog.New(slog.DiscardHandler)})
		if mine, err := second.Take(context.Background()); err != nil || mine {
			t.Fatalf("two watch at once: %v", err)
		}
		s.pass(15, 0.95)
		s.exec("UPDATE watch_lease SET until = 0")
		if mine, err := second.Take(context.Background()); err != nil || !mine {
			t.Fatalf("nobody goes on: %v", err)
		}
		s.w = second
		s.pass(30, 0.95)
		want := s.lines()
		s.now = s.now.Add(time.Minute)
		s.m.checkout(s.now, 0.95, false)
		err := first.Look(context.Background(), workspace.Workspace{Number: 1, ID: "ws_1"}, true)
		if err == nil {
			t.Error("the first one still writes")
		}
		if got := s.lines(); got != want || len(s.all()) != 1 {
			t.Errorf("found:\n%s", got)
		}
	})
}

// History teaches, and alarms nobody.
func TestHistoryIsNoTrouble(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newStand(t, d, 4)
		s.pass(10, 0)
		for i := range 400 {
			s.m.checkout(monday.Add(time.Duration(i)*time.Second-24*time.Hour), 1, true)
			s.look()
		}
		for _, list := range s.m.counts {
			slices.Sort(list)
		}
		s.pass(5, 0)
		if all := s.all(); len(all) != 0 {
			t.Errorf("found:\n%s", s.lines())
		}
	})
}

// A thousand copies of one complaint are a flood, and no trouble of customers.
func TestAFloodIsNoOutcry(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newStand(t, d, 5)
		for at := monday.AddDate(0, 0, -28); at.Before(monday); at = at.Add(30 * time.Minute) {
			s.m.add(opinion(s.m, at, "", true))
		}
		s.m.sort()
		s.pass(10, 0)
		for i := range 1000 {
			if s.now = s.now.Add(time.Second); i%60 == 0 {
				s.m.checkout(s.now, 0, false)
			}
			s.m.add(opinion(s.m, s.now, "the same", false))
			s.look()
		}
		all := s.all()
		if len(all) != 1 || all[0].Finding.Kind != incident.Flood || all[0].Finding.Reasons[0].Text != "wk_1" {
			t.Fatalf("found:\n%s", s.lines())
		}
		s.pass(70, 0)
		if all = s.all(); len(all) != 1 || all[0].State != incident.Recovered {
			t.Errorf("when it is over:\n%s", s.lines())
		}
	})
}

// opinion is one of somebody whom nobody knows; every tenth is bad where the words
// are their own.
func opinion(m *records, at time.Time, words string, history bool) insight.Outcome {
	o := insight.Outcome{Kind: insight.OpinionGiven, At: at.UnixMicro(), Profile: event.NewID(1, "p", fmt.Sprint(m.r.Uint64())), History: history, Key: "wk_1",
		Dims: insight.Dims{insight.DimChannel: "chat"}}
	if words != "" {
		o.Words, o.Bad = event.NewID(1, "words", words), 1
		o.Dims[insight.DimTopic] = "payment\n"
	} else if m.r.Float64() < 0.1 {
		o.Bad = 1
	}
	return o
}

// A run over what is stored finds the trouble that the watch found, at an outcome of it and not later than that.
func TestOfflineAgrees(t *testing.T) {
	d := dbtest.SQLite(t)
	s := newStand(t, d, 6)
	s.pass(20, 0)
	began := s.now
	s.pass(30, 0.95)
	all := s.all()
	if len(all) != 1 {
		t.Fatalf("found:\n%s", s.lines())
	}
	s.exec("UPDATE watch_signal SET state = state") // what it knows by now does not matter
	err := d.View(context.Background(), func(tx *db.Tx) error {
		first, err := watch.Offline(context.Background(), tx, s.m, workspace.Workspace{Number: 1, ID: "ws_1"}, 0)
		if err != nil || first == nil {
			t.Fatalf("nothing is found: %v", err)
		}
		if at := time.UnixMicro(first.At); at.Before(began) || at.After(all[0].OpenedAt) || first.Bad != 1 {
			t.Errorf("found at %s, which began at %s and was opened at %s", at, began, all[0].OpenedAt)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
