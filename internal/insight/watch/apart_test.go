package watch_test

import (
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
)

// parcel ends a delivery to one of four areas; late is the probability by area.
func (m *records) parcel(at time.Time, late map[string]float64, history bool) {
	area := []string{"BR 0", "BR 1", "BR 2", "BR 3"}[m.r.IntN(4)]
	p, ok := late[area]
	if !ok {
		p = late[""]
	}
	o := insight.Outcome{Kind: insight.DeliveryEnded, At: at.UnixMicro(), Profile: m.somebody(), History: history, Dims: insight.Dims{insight.DimArea: area, insight.DimCountry: "BR"}}
	if m.r.Float64() < p {
		o.Bad = 1
	}
	m.add(o)
}

// parcels lets minutes pass, in each of which a parcel ends.
func (s *stand) parcels(minutes int, late map[string]float64) {
	s.t.Helper()
	for range minutes {
		s.m.parcel(s.now.Add(30*time.Second), late, false)
		s.pass(1, 0)
	}
}

// newParcels is a shop in which a sixth of the parcels are late.
func newParcels(t testing.TB, d *db.DB, seed uint64) *stand {
	s := newStand(t, d, seed)
	s.before(10*time.Minute, func(at time.Time) { s.m.parcel(at, map[string]float64{"": 0.16}, true) })
	s.parcels(60, map[string]float64{"": 0.16})
	if all := s.all(); len(all) != 0 {
		t.Fatalf("found where all is well:\n%s", s.lines())
	}
	return s
}

// oneWay fails where an Insight has signs of good news and of trouble, or is named by a figure that went the other way.
func (s *stand) oneWay() (news, troubles []*incident.Insight) {
	s.t.Helper()
	for _, in := range s.all() {
		f := &in.Finding
		for _, g := range f.Signs {
			if g.Up == f.Good {
				s.t.Errorf("good news %v has the sign %s, which went up: %v", f.Good, g.Signal, g.Up)
			}
		}
		if first := f.Signs[0]; first.Up != (first.Observed > first.Expected) {
			s.t.Errorf("good news %v is named by %s: %.3f, usually %.3f", f.Good, first.Signal, first.Observed, first.Expected)
		}
		if f.Good {
			news = append(news, in)
		} else {
			troubles = append(troubles, in)
		}
	}
	return news, troubles
}

// Parcels come on time more often, and then those to one area come late: that is good news and a trouble, and never one incident.
func TestGoodNewsAndTroubleAreApart(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newParcels(t, d, 51)
		s.parcels(240, map[string]float64{"": 0.01})
		if news, troubles := s.oneWay(); len(news) != 1 || len(troubles) != 0 {
			t.Fatalf("found:\n%s", s.lines())
		}
		s.parcels(120, map[string]float64{"": 0.01, "BR 2": 0.8})
		news, troubles := s.oneWay()
		if len(news) != 1 || len(troubles) != 1 || troubles[0].Finding.Signs[0].Of[0].Value != "BR 2" {
			t.Fatalf("found:\n%s%s", s.lines(), signsOf(s.all()))
		}
	})
}

// What came on time more often and then turns is good news that is over, and a trouble of its own.
func TestASignThatTurnsLeaves(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newParcels(t, d, 52)
		s.parcels(240, map[string]float64{"": 0.01})
		if news, troubles := s.oneWay(); len(news) != 1 || len(troubles) != 0 {
			t.Fatalf("found:\n%s", s.lines())
		}
		s.parcels(90, map[string]float64{"": 0.8})
		news, troubles := s.oneWay()
		if len(news) != 1 || news[0].State != incident.Recovered || len(troubles) != 1 || troubles[0].State != incident.Open {
			t.Fatalf("found:\n%s%s", s.lines(), signsOf(s.all()))
		}
	})
}

// searches lets minutes pass, in each of which a visitor searches; vain is the share that finds nothing.
func (s *stand) searches(minutes int, vain float64) {
	s.t.Helper()
	for range minutes {
		s.m.search(s.now.Add(30*time.Second), vain, false)
		s.pass(1, 0)
	}
}

func (m *records) search(at time.Time, vain float64, history bool) {
	o := insight.Outcome{Kind: insight.SearchMade, At: at.UnixMicro(), Profile: m.somebody(), History: history, Dims: insight.Dims{insight.DimCountry: "IN"}}
	if m.r.Float64() < vain {
		o.Bad = 1
	}
	m.add(o)
}

// Parcels that come late and, at the same time or after that, searches that find nothing hit others: they are two incidents.
func TestWhoIsHitByAnotherTroubleIsNotCountedTwice(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newStand(t, d, 53)
		s.before(10*time.Minute, func(at time.Time) {
			s.m.search(at, 0.05, true)
			s.m.parcel(at, map[string]float64{"": 0.05}, true)
		})
		s.searches(60, 0.05)
		s.searches(60, 0.9)
		if all := s.all(); len(all) != 1 || all[0].Finding.Kind != incident.Search {
			t.Fatalf("found:\n%s", s.lines())
		}
		s.parcels(60, map[string]float64{"": 0.9})
		if all := s.all(); len(all) != 2 || all[0].Finding.Kind != incident.Delivery {
			t.Fatalf("found:\n%s%s", s.lines(), signsOf(all))
		}
	})
}

// Parcels to all areas come late, to one more than to the others: the title names it or all of them, and does not change with each few parcels.
func TestATitleDoesNotWander(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newParcels(t, d, 55)
		titles := []string{""}
		for range 400 {
			s.parcels(1, map[string]float64{"": 0.3, "BR 2": 0.4})
			for _, in := range s.all() {
				title := incident.Title(locale.For(locale.English, time.UTC), in, s.now)
				if titles[len(titles)-1] != title {
					titles = append(titles, title)
				}
			}
		}
		last := titles[len(titles)-1]
		if len(titles) > 4 || last != "Parcels are late" && last != "Parcels are late in postcodes BR 2…" {
			t.Errorf("it is called %q", titles[1:])
		}
	})
}
