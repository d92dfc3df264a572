package watch_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// somebody is a customer of whom nothing else is known.
func (m *records) somebody() event.ID { return event.NewID(1, "p", fmt.Sprint(m.r.Uint64())) }

// vitals adds what a page at checkout measured; on Android with the release it takes
// so many times as long.
func (m *records) vitals(at time.Time, release string, times float64, history bool) {
	device := "Windows"
	if m.r.Float64() < 0.6 {
		device = "Android"
	}
	took := 1800 * math.Exp(0.5*m.r.NormFloat64())
	if device == "Android" && release != "shop 1.0" {
		took *= times
	}
	measure, _ := insight.MeasureOf(insight.PaintTook, "")
	o := insight.Outcome{Kind: insight.PaintTook, At: at.UnixMicro(), Profile: m.somebody(), History: history, Bad: measure.Bad(took),
		Dims: insight.Dims{insight.DimDevice: device, insight.DimRelease: release, insight.DimCountry: "IN"}}
	m.add(o)
	o.Kind, o.Bad = insight.PageDisturbed, 0
	m.add(o)
}

// rating adds stars, or the answer to a survey.
func (m *records) rating(at time.Time, score string, bad float64, history bool) {
	m.add(insight.Outcome{Kind: insight.RatingGiven, At: at.UnixMicro(), Profile: m.somebody(), History: history, Bad: bad,
		Dims: insight.Dims{insight.DimScore: score, insight.DimChannel: "review"}})
}

// stars draws one of the badnesses of 5, 4, 3, 2 and 1 stars.
func (m *records) stars(shares ...float64) float64 {
	u := m.r.Float64()
	for i, p := range shares {
		if u < p {
			return float64(i) / 4
		}
		u -= p
	}
	return 1
}

// before lets what was before pass: history, every so often.
func (s *stand) before(every time.Duration, add func(at time.Time)) {
	for at := monday.AddDate(0, 0, -28); at.Before(monday); at = at.Add(every) {
		add(at)
	}
	s.m.sort()
	s.restart()
}

// Checkout pages that load three times slower on Android since a release are one
// Insight, that says so and is over when they are not slow any more.
func TestSlowPages(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newStand(t, d, 11)
		s.before(10*time.Minute, func(at time.Time) { s.m.vitals(at, "shop 1.0", 1, true) })
		release := "shop 1.0"
		pass := func(minutes int, times float64) {
			for range minutes {
				s.m.vitals(s.now.Add(30*time.Second), release, times, false)
				s.pass(1, 0)
			}
		}
		pass(120, 1)
		if all := s.all(); len(all) != 0 {
			t.Fatalf("found where all is well: %s", s.lines())
		}
		release = "shop 1.1"
		s.m.changes = []insight.Change{{ID: "c", At: s.now.UnixMicro(), Kind: "release", Title: "shop 1.1", Of: map[string]string{"release": "shop 1.1"}}}
		pass(90, 3)
		s.restart()
		pass(150, 3)
		all := s.all()
		if len(all) != 1 || all[0].Finding.Kind != incident.Page || all[0].State != incident.Open || !all[0].Told || all[0].Finding.Good {
			t.Fatalf("found:\n%s", s.lines())
		}
		f := &all[0].Finding
		if !f.Sure || !slices.Equal(f.Causes[0].Pairs, []cause.Pair{{Dim: "device", Value: "Android"}}) || len(f.Changes) != 1 {
			t.Errorf("causes %+v, sure %v, changes %v", f.Causes, f.Sure, f.Changes)
		}
		if f.Hit < 20 {
			t.Errorf("%d are hit", f.Hit)
		}
		for i := range f.Signs {
			m, ok := f.Signs[i].Measure()
			if now, usual := m.Value(f.Signs[i].Observed), m.Value(f.Signs[i].Expected); !ok || now < 1.3*usual || usual < 1500 || usual > 2200 {
				t.Errorf("%s took %.0f, usually %.0f", f.Signs[i].Signal, now, usual)
			}
		}
		pass(400, 1)
		if all := s.all(); len(all) != 1 || all[0].State != incident.Recovered {
			t.Errorf("when all is well again:\n%s", s.lines())
		}
	})
}

// A mean rating that falls from 4.6 to 3.9 is seen though hardly more people give one
// star; ratings of another kind that come more often are not.
func TestRatingsFall(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newStand(t, d, 12)
		s.before(20*time.Minute, func(at time.Time) {
			s.m.rating(at, feedback.Rating, s.m.stars(.77, .14, .04, .02), true)
			s.m.rating(at, feedback.NPS, s.m.stars(.3, .2, .2, .2), true)
		})
		pass := func(minutes, surveys int, shares ...float64) {
			for i := range minutes {
				if i%5 == 0 {
					s.m.rating(s.now.Add(time.Second), feedback.Rating, s.m.stars(shares...), false)
				}
				for range surveys {
					s.m.rating(s.now.Add(2*time.Second), feedback.NPS, s.m.stars(.3, .2, .2, .2), false)
				}
				s.pass(1, 0)
			}
		}
		pass(120, 0, .77, .14, .04, .02)
		pass(120, 3, .77, .14, .04, .02)
		if all := s.all(); len(all) != 0 {
			t.Fatalf("found where all is well: %s", s.lines())
		}
		pass(480, 0, .33, .36, .22, .06)
		all := s.all()
		if len(all) != 1 || all[0].Finding.Kind != incident.Score || all[0].Finding.Good || len(all[0].Finding.Signs) != 1 {
			t.Fatalf("found:\n%s", s.lines())
		}
		sign := &all[0].Finding.Signs[0]
		m, _ := sign.Measure()
		if sign.Signal != "rating/score=rating" || math.Abs(m.Value(sign.Observed)-3.9) > 0.3 || math.Abs(m.Value(sign.Expected)-4.6) > 0.15 {
			t.Errorf("%s is %.2f, usually %.2f", sign.Signal, m.Value(sign.Observed), m.Value(sign.Expected))
		}
	})
}

// A queue of chats that grows beyond what is usual at this hour is one Insight on
// service, also while answers that come are still in time.
func TestMoreWaitThanUsual(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newStand(t, d, 13)
		// Some six chats an hour, by night two, answered after some four minutes; one in ten says "thanks" and waits for nothing.
		chats := func(at time.Time, hourly, minutes float64) {
			if h := at.Hour(); h < 7 || h >= 23 {
				hourly /= 3
			}
			for range 4 {
				if s.m.r.Float64() < hourly/240 {
					took := s.m.r.ExpFloat64() * minutes
					if s.m.r.Float64() < 0.1 {
						took = 24 * 60
					}
					s.m.chats = append(s.m.chats, chat{at.UnixMicro(), at.Add(time.Duration(took * float64(time.Minute))).UnixMicro()})
				}
			}
		}
		s.before(time.Minute, func(at time.Time) { chats(at, 6, 4) })
		pass := func(length int, hourly, minutes float64) {
			for i := range length {
				chats(s.now, hourly, minutes)
				if s.pass(1, 0); i%97 == 96 {
					s.restart()
				}
			}
		}
		pass(11*60, 6, 4)
		if all := s.all(); len(all) != 0 {
			t.Fatalf("found where all is well:\n%s", s.lines())
		}
		pass(60, 60, 8)
		all := s.all()
		if len(all) != 1 || all[0].Finding.Kind != incident.Service || all[0].Finding.Good || !all[0].Told {
			t.Fatalf("found:\n%s", s.lines())
		}
		if sign := &all[0].Finding.Signs[0]; sign.Expected > 2.5 || sign.Observed < 4 || sign.Observed > 30 {
			t.Errorf("%.1f wait, usually %.1f", sign.Observed, sign.Expected)
		}
	})
}
