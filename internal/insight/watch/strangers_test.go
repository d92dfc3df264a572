package watch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// rated adds a rating of a product, with the opinion that it is: bad is 1 for one star.
func (m *records) rated(at time.Time, who, product, buyer string, bad float64, history bool) {
	id := event.NewID(1, "opinion", fmt.Sprint(m.sequence))
	o := insight.Outcome{Kind: insight.OpinionGiven, At: at.UnixMicro(), Profile: event.NewID(1, "p", who), Subject: id, History: history, Key: "wk_1",
		Dims: insight.Dims{insight.DimChannel: "review", insight.DimProduct: product, insight.DimBuyer: buyer}}
	o.Bad = []float64{0, 0.5, 1}[min(int(bad*3), 2)]
	m.add(o)
	o.Kind, o.Bad = insight.RatingGiven, bad
	m.add(o)
}

// newReviewed is a shop with 40 ratings a day of five products, one in twenty of them by strangers.
func newReviewed(t testing.TB, d *db.DB, seed uint64) *stand {
	s := newStand(t, d, seed)
	n := 0
	for at := monday.AddDate(0, 0, -27); at.Before(monday); at = at.Add(24 * time.Minute) {
		if h := at.Hour(); h >= 7 && h < 23 {
			n++
			s.m.usualRating(at, n, true)
		}
	}
	slices.SortStableFunc(s.m.outcomes, func(a, b insight.Outcome) int { return int((a.At - b.At) / 1e6) })
	for i := range s.m.outcomes {
		s.m.outcomes[i].Position = event.NewPosition(0, uint64(i+1), 0)
	}
	return s
}

func (m *records) usualRating(at time.Time, n int, history bool) {
	buyer, bad := "returning", []float64{0, 0, 0, 0.25, 0, 0.25, 0.5, 1}[m.r.IntN(8)]
	if m.r.Float64() < 0.05 {
		buyer = "stranger"
	}
	m.rated(at, fmt.Sprint("rater ", n), fmt.Sprint("p", m.r.IntN(5)), buyer, bad, history)
}

// ratings lets minutes pass, in which some rate p3.
func (s *stand) ratings(minutes int, buyer string, bad float64) {
	for i := range minutes {
		s.now = s.now.Add(time.Minute)
		s.m.checkout(s.now, 0, false)
		if i%20 == 0 {
			s.m.usualRating(s.now, int(s.m.sequence), false)
		}
		if buyer != "" {
			s.m.rated(s.now, fmt.Sprint("crowd ", s.m.sequence), "p3", buyer, bad, false)
			if s.goOn { // strangers do as well
				s.m.rated(s.now, fmt.Sprint("crowd ", s.m.sequence), "p3", "stranger", bad, false)
			}
		}
		s.look()
	}
}

// A flood of ratings of one product by people who never ordered is one of reviews, and no defect of the product; real buyers' complaints
// are a defect, also while the flood lasts.
func TestAFloodOfRatings(t *testing.T) {
	for _, test := range []struct {
		name  string
		buyer string
		bad   float64
		kind  incident.Kind
		good  bool
	}{
		{"strangers rate low", "stranger", 1, incident.Reviews, false},
		{"strangers rate high", "stranger", 0, incident.Reviews, false},
		{"buyers rate low", "returning", 1, incident.Product, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				s := newReviewed(t, d, 41)
				s.ratings(100, "", 0)
				if all := s.all(); len(all) != 0 {
					t.Fatalf("found where all is well:\n%s", s.lines())
				}
				s.ratings(40, test.buyer, test.bad)
				all := s.all()
				if len(all) != 1 {
					t.Fatalf("found:\n%s%v", s.lines(), signsOf(all))
				}
				f := &all[0].Finding
				if f.Kind != test.kind || f.Good != test.good || test.kind == incident.Reviews && (f.Signs[0].Of[0].Value != "p3" || f.Hit != 0 || f.Voices < 30) {
					t.Errorf("found %s %v, %d voices, signs %v", f.Kind, f.Good, f.Voices, signsOf(all))
				}
				if test.kind == incident.Reviews && test.bad == 1 {
					s.restart()
					s.goOn = true
					s.ratings(30, "returning", 1)
					kinds := []incident.Kind{}
					for _, in := range s.all() {
						kinds = append(kinds, in.Finding.Kind)
					}
					slices.Sort(kinds)
					if !slices.Equal(kinds, []incident.Kind{incident.Product, incident.Reviews}) {
						t.Errorf("when real buyers complain as well: %v\n%s", kinds, signsOf(s.all()))
					}
				}
			})
		})
	}
}

// Where the shop does not tell who ordered, everybody looks like a stranger, and nobody is one.
func TestEverybodyIsAStranger(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newReviewed(t, d, 42)
		for i := range s.m.outcomes {
			if s.m.outcomes[i].Dims[insight.DimProduct] != "" {
				s.m.outcomes[i].Dims[insight.DimBuyer] = "stranger"
			}
		}
		s.ratings(40, "stranger", 1)
		if all := s.all(); len(all) != 1 || all[0].Finding.Kind != incident.Product {
			t.Errorf("found:\n%s", s.lines())
		}
	})
}

func signsOf(all []*incident.Insight) string {
	var b strings.Builder
	for _, in := range all {
		for _, g := range in.Finding.Signs {
			fmt.Fprintf(&b, "%s: %s e=%.3g %.3g (%.3g)\n", in.Finding.Kind, g.Signal, g.Evidence, g.Observed, g.Expected)
		}
	}
	return b.String()
}
