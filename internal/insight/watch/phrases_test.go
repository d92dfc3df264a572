package watch_test

import (
	"fmt"
	"math/rand/v2"
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

// talk makes texts of words that come as often as in a language: Zipf's law.
type talk struct{ zipf *rand.Zipf }

func newTalk(r *rand.Rand) talk { return talk{rand.NewZipf(r, 1.1, 4, 4000)} }

func (k talk) words(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString("w")
		for w := k.zipf.Uint64() + 1; w > 0; w /= 20 {
			b.WriteByte("bcdfghjklmnpqrstvxyz"[w%20])
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// said adds an opinion of a customer with a text.
func (m *records) said(at time.Time, who, text string, bad float64, history bool, dims insight.Dims) insight.Outcome {
	id := event.NewID(1, "opinion", fmt.Sprint(m.sequence))
	o := insight.Outcome{Kind: insight.OpinionGiven, At: at.UnixMicro(), Profile: event.NewID(1, "p", who), Subject: id, History: history, Key: "wk_1", Bad: bad,
		Words: event.NewID(1, "words", text), Dims: insight.Dims{insight.DimChannel: "chat"}}
	for d, v := range dims {
		o.Dims[d] = v
	}
	m.texts[id] = text
	m.add(o)
	return o
}

// talks is a stand in which customers write: one text each minute by day, one tenth of which are complaints.
type talks struct {
	*stand
	k talk
	n int
}

func newTalks(t testing.TB, d *db.DB, seed uint64) *talks {
	s := &talks{stand: newStand(t, d, seed)}
	s.k = newTalk(s.m.r)
	for at := monday.AddDate(0, 0, -27); at.Before(monday); at = at.Add(10 * time.Minute) {
		if h := at.Hour(); h >= 7 && h < 23 {
			s.usual(at, true)
		}
	}
	slices.SortStableFunc(s.m.outcomes, func(a, b insight.Outcome) int { return int((a.At - b.At) / 1e6) })
	for i := range s.m.outcomes {
		s.m.outcomes[i].Position = event.NewPosition(0, uint64(i+1), 0)
	}
	return s
}

func (s *talks) usual(at time.Time, history bool) {
	bad := 0.0
	if s.m.r.Float64() < 0.1 {
		bad = 1
	}
	s.n++
	s.m.said(at, fmt.Sprint("somebody ", s.n), s.k.words(8), bad, history, nil)
}

// goes lets minutes pass. Each customer of some writes what they do, one a minute.
func (s *talks) goes(minutes int, writes func(i int) (text string, bad float64)) {
	for i := range minutes {
		s.now = s.now.Add(time.Minute)
		s.m.checkout(s.now, 0, false)
		if i%2 == 0 {
			s.usual(s.now, false)
		}
		if writes != nil {
			if text, bad := writes(i); text != "" {
				s.n++
				s.m.said(s.now, fmt.Sprint("somebody ", s.n), text, bad, false, nil)
			}
		}
		s.look()
	}
}

func TestNewWordsOfManyAreNoticed(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newTalks(t, d, 21)
		s.goes(120, nil)
		if all := s.all(); len(all) != 0 {
			t.Fatalf("found where all is well:\n%s", s.lines())
		}
		first := 0
		s.goes(30, func(i int) (string, float64) {
			if first == 0 && len(s.all()) > 0 {
				first = i
			}
			return fmt.Sprintf("%s app crashes on coupon %s", s.k.words(3), s.k.words(3)), 1
		})
		all := s.all()
		if len(all) != 1 {
			t.Fatalf("found:\n%s", s.lines())
		}
		f := &all[0].Finding
		t.Logf("after %d customers: %q hit %d, of %d voices %d upset, signs %+v", first, f.Phrase, f.Hit, f.Voices, f.Upset, f.Signs)
		if f.Kind != incident.Phrase || f.Good || f.Phrase != "app crashes on coupon" || !all[0].Told || f.Hit < 15 || first > 12 {
			t.Errorf("found %+v", f)
		}
		s.goes(300, nil)
		if all := s.all(); len(all) != 1 || all[0].State != incident.Recovered {
			t.Errorf("when nobody writes it any more:\n%s", s.lines())
		}
	})
}

// Praise that many write is good news, and no trouble.
func TestNewPraiseIsGoodNews(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newTalks(t, d, 22)
		s.goes(20, nil)
		s.goes(30, func(i int) (string, float64) { return s.k.words(3) + "so soft like butter" + s.k.words(2), 0 })
		all := s.all()
		if len(all) != 1 || all[0].Finding.Kind != incident.Phrase || !all[0].Finding.Good || all[0].Severity != incident.NoSeverity || all[0].Finding.Hit != 0 {
			t.Fatalf("found:\n%s", s.lines())
		}
	})
}

// One customer who says the same again and again, copies of one text, and what history tells are no new words of many.
func TestWhatIsNoRise(t *testing.T) {
	for name, writes := range map[string]func(s *talks, i int){
		"one customer": func(s *talks, i int) {
			s.m.said(s.now, "the same", s.k.words(4)+"zip broke again", 0.5, false, nil)
		},
		"copies": func(s *talks, i int) {
			if i < 20 {
				s.m.said(s.now, fmt.Sprint("copy", i), "the zip broke again here", 0.5, false, nil)
			}
		},
		"history": func(s *talks, i int) {
			s.m.said(s.now.Add(-24*time.Hour), fmt.Sprint("history", i), s.k.words(4)+"zip broke again", 0.5, true, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				s := newTalks(t, d, 23)
				s.goes(5, nil)
				s.goes(40, func(i int) (string, float64) { writes(s, i); return "", 0 })
				if all := s.all(); len(all) != 0 {
					t.Errorf("found:\n%s%+v", s.lines(), all[0].Finding.Signs)
				}
			})
		})
	}
}

// A watch that is killed again and again hears what one that is never killed does.
func TestPhrasesSurviveCrashes(t *testing.T) {
	found := map[string]bool{}
	for _, killed := range []bool{false, true} {
		dbtest.Run(t, func(t *testing.T, d *db.DB) {
			s := newTalks(t, d, 24)
			s.goes(2, nil)
			for range 9 {
				s.goes(3, func(i int) (string, float64) { return s.k.words(3) + "app crashes on coupon" + s.k.words(3), 1 })
				if killed {
					s.restart()
				}
			}
			all := s.all()
			if len(all) != 1 || all[0].Finding.Kind != incident.Phrase {
				t.Fatalf("killed %v, found:\n%s", killed, s.lines())
			}
			f := &all[0].Finding
			found[fmt.Sprintf("%s %s %d %d %.6g %.6g", all[0].OpenedAt.Format(time.TimeOnly), f.Phrase, f.Hit, f.Since, f.Signs[0].Evidence, f.Signs[0].Observed)] = true
		})
	}
	if len(found) != 1 {
		t.Errorf("with and without crashes it is %v", found)
	}
}

// Where checkouts fail, what customers write of it is a sign of that.
func TestWordsOfATroubleAreASign(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newTalks(t, d, 25)
		s.goes(30, nil)
		for i := range 45 {
			s.now = s.now.Add(time.Minute)
			s.m.checkout(s.now, 0.95, false)
			s.usual(s.now, false)
			if i > 20 && i%2 == 0 {
				s.n++
				s.m.said(s.now, fmt.Sprint("writer", s.n), s.k.words(3)+"money deducted no order"+s.k.words(2), 1, false, insight.Dims{insight.DimTopic: "payment\n"})
			}
			s.look()
		}
		all := s.all()
		if len(all) != 1 || all[0].Finding.Kind == incident.Phrase || all[0].Finding.Phrase == "" {
			t.Fatalf("found:\n%s", s.lines())
		}
	})
}
