package feedback_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
)

func scores(t testing.TB, d *db.DB, kind string, f feedback.ScoreFilter) feedback.Score {
	t.Helper()
	s, err := feedback.Store{DB: d}.Scores(ctx, 1, kind, f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answers adds answers to a survey, n of each score.
func answers(t testing.TB, d *db.DB, kind, more string, at int64, n map[string]int) {
	t.Helper()
	var events []event.Event
	for score, count := range n {
		for i := range count {
			events = append(events, ev(fmt.Sprint(kind, more, at, score, "-", i), "Survey Answered", at, fmt.Sprintf(`{"kind":%q,"score":%s%s}`, kind, score, more)))
		}
	}
	apply(t, d, events...)
}

func brief(f feedback.Figures) string {
	if f.Value == nil {
		return fmt.Sprintf("n %d", f.N)
	}
	if f.Low == nil {
		return fmt.Sprintf("n %d value %.2f", f.N, *f.Value)
	}
	return fmt.Sprintf("n %d value %.2f [%.2f, %.2f]", f.N, *f.Value, *f.Low, *f.High)
}

func TestScores(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		dbtest.Workspace(t, d, 2)
		answers(t, d, "nps", `,"survey_id":"a"`, 10, map[string]int{"9": 20, "10": 30, "7": 10, "8": 20, "0": 5, "6": 15})
		answers(t, d, "nps", `,"survey_id":"b","product_id":"p"`, 20, map[string]int{"10": 120, "8": 60, "3": 70})
		answers(t, d, "csat", "", 10, map[string]int{"5": 6, "4": 2, "1": 2})
		answers(t, d, "csat", `,"scale":7,"survey_id":"seven"`, 10, map[string]int{"7": 1, "6": 1, "5": 1})
		answers(t, d, "ces", "", 10, map[string]int{"7": 1, "5": 1, "4": 1})
		answers(t, d, "ces", `,"polarity":"effort","survey_id":"e"`, 10, map[string]int{"1": 1})
		answers(t, d, "rating", `,"survey_id":"r"`, 10, map[string]int{"5": 1, "4": 1})
		answers(t, d, "rating", `,"scale":10,"survey_id":"ten"`, 10, map[string]int{"0": 1, "9": 1})
		apply(t, d, ev("ph", "survey sent", 10, `{"$survey_id":"ph","$survey_response":3}`))
		other := ev("x", "Survey Answered", 10, `{"kind":"nps","score":0}`)
		other.Workspace, other.Model = 2, 102
		apply(t, d, other)
		for _, c := range []struct {
			kind string
			f    feedback.ScoreFilter
			want string
			left int64
		}{
			{"nps", feedback.ScoreFilter{Survey: "a"}, "n 100 value 30.00 [14.69, 45.31]", 0},
			{"nps", feedback.ScoreFilter{Product: "p"}, "n 250 value 20.00 [9.48, 30.52]", 0},
			{"nps", feedback.ScoreFilter{From: 10e6, To: 20e6}, "n 100 value 30.00 [14.69, 45.31]", 0},
			{"nps", feedback.ScoreFilter{Channel: "review"}, "n 0", 0},
			{"csat", feedback.ScoreFilter{}, "n 10 value 80.00 [49.02, 94.33]", 3},
			{"csat", feedback.ScoreFilter{Method: "mean"}, "n 10 value 4.00 [2.77, 4.68]", 3},
			{"csat", feedback.ScoreFilter{Survey: "seven"}, "n 3 value 66.67 [20.77, 93.85]", 0},
			{"ces", feedback.ScoreFilter{}, "n 4 value 5.75 [2.98, 6.80]", 0},
			{"ces", feedback.ScoreFilter{Method: "top_box"}, "n 4 value 75.00 [30.06, 95.44]", 0},
			{"ces", feedback.ScoreFilter{Survey: "e"}, "n 1 value 7.00 [2.24, 7.00]", 0},
			{"rating", feedback.ScoreFilter{}, "n 2 value 4.50 [2.06, 4.97]", 3},
			{"rating", feedback.ScoreFilter{Survey: "ten"}, "n 2 value 4.50 [0.78, 8.88]", 0},
			{"rating", feedback.ScoreFilter{Survey: "ph"}, "n 1 value 3.00", 0},
		} {
			s := scores(t, d, c.kind, c.f)
			if got := brief(s.Figures); got != c.want || s.LeftOut != c.left {
				t.Errorf("%s %+v: %s and %d left out, want %s and %d", c.kind, c.f, got, s.LeftOut, c.want, c.left)
			}
		}
		s := scores(t, d, "nps", feedback.ScoreFilter{Survey: "a"})
		want := map[string]int64{"0": 5, "6": 15, "7": 10, "8": 20, "9": 20, "10": 30}
		if diff := cmp.Diff(want, s.Distribution); diff != "" || *s.Promoters != 50 || *s.Passives != 30 || *s.Detractors != 20 || s.Scale != 10 || s.Method != "nps" {
			t.Errorf("%+v %s", s, diff)
		}
	})
}

func TestScoreInput(t *testing.T) {
	d := dbtest.SQLite(t)
	dbtest.Workspace(t, d, 1)
	for _, c := range []struct {
		kind string
		f    feedback.ScoreFilter
	}{
		{"text", feedback.ScoreFilter{}}, {"nps", feedback.ScoreFilter{Method: "mean"}}, {"csat", feedback.ScoreFilter{Method: "median"}},
		{"csat", feedback.ScoreFilter{Bucket: "year"}}, {"csat", feedback.ScoreFilter{From: 2, To: 2}}, {"csat", feedback.ScoreFilter{Channel: "fax"}},
		{"csat", feedback.ScoreFilter{From: 1, To: 2001 * 3600e6, Bucket: "hour"}},
	} {
		var input feedback.InputError
		if _, err := (feedback.Store{DB: d}).Scores(ctx, 1, c.kind, c.f); !errors.As(err, &input) {
			t.Errorf("%s %+v gave %v", c.kind, c.f, err)
		}
	}
	if s := scores(t, d, "csat", feedback.ScoreFilter{From: 1, To: 2000 * 3600e6, Bucket: "hour"}); len(s.Series) != 2000 {
		t.Errorf("%d buckets", len(s.Series))
	}
	if s := scores(t, d, "csat", feedback.ScoreFilter{Bucket: "hour"}); len(s.Series) != 0 {
		t.Errorf("%d buckets of no answers", len(s.Series))
	}
}

// One answer with a wild time counts, and does not end the series.
func TestWildTimeLeavesTheSeries(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		const day = 86_400 // seconds
		answers(t, d, "nps", "", -700_000*day, map[string]int{"0": 1})
		answers(t, d, "nps", "", 20_000*day, map[string]int{"9": 2})
		answers(t, d, "nps", "", 20_003*day, map[string]int{"10": 3})
		for _, bucket := range []string{"hour", "day", "week", "month"} {
			s := scores(t, d, "nps", feedback.ScoreFilter{Bucket: bucket})
			var n int64
			for _, b := range s.Series {
				n += b.N
			}
			if s.N != 6 || n != 5 || len(s.Series) > 2001 || s.Series[len(s.Series)-1].N == 0 {
				t.Errorf("%s: %d answers, %d of them in %d buckets", bucket, s.N, n, len(s.Series))
			}
		}
	})
}

// Buckets follow the calendar of the zone, through changes of the clock.
func TestSeries(t *testing.T) {
	micro := func(s string) int64 {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at.UnixMicro()
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		for _, c := range []struct {
			zone, bucket, from, to string
			answers                []string
			want                   []string // start and n of each bucket
		}{
			{"UTC", "day", "2026-03-01T06:00:00Z", "2026-03-03T12:00:00Z", []string{"2026-03-01T05:59:59Z", "2026-03-01T06:00:00Z", "2026-03-03T11:59:59Z", "2026-03-03T12:00:00Z"},
				[]string{"2026-03-01T06:00:00Z 1", "2026-03-02T00:00:00Z 0", "2026-03-03T00:00:00Z 1"}},
			{"Asia/Kathmandu", "day", "2026-02-28T18:15:00Z", "2026-03-02T18:15:00Z", []string{"2026-02-28T18:15:00Z", "2026-03-01T18:14:59Z", "2026-03-01T18:15:00Z"},
				[]string{"2026-02-28T18:15:00Z 2", "2026-03-01T18:15:00Z 1"}},
			{"Europe/Lisbon", "day", "2026-03-28T00:00:00Z", "2026-03-30T23:00:00Z", []string{"2026-03-28T23:59:59Z", "2026-03-29T00:00:00Z", "2026-03-29T22:59:59Z", "2026-03-29T23:00:00Z"},
				[]string{"2026-03-28T00:00:00Z 1", "2026-03-29T00:00:00Z 2", "2026-03-29T23:00:00Z 1"}}, // 23 hours
			{"Europe/Lisbon", "hour", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
				[]string{"2026-10-25T00:00:00Z 1", "2026-10-25T01:00:00Z 1", "2026-10-25T02:00:00Z 0"}}, // 1 o'clock comes twice
			{"Africa/Cairo", "day", "2026-04-23T00:00:00+02:00", "2026-04-25T00:00:00+03:00", []string{"2026-04-24T01:00:00+03:00"},
				[]string{"2026-04-22T22:00:00Z 0", "2026-04-23T22:00:00Z 1"}}, // a day that begins at 1
			{"America/Sao_Paulo", "day", "2018-11-03T03:00:00Z", "2018-11-05T02:00:00Z", []string{"2018-11-04T02:59:59Z", "2018-11-04T03:00:00Z"},
				[]string{"2018-11-03T03:00:00Z 1", "2018-11-04T03:00:00Z 1"}}, // likewise, west of Greenwich
			{"Asia/Kolkata", "week", "2026-03-01T18:30:00Z", "2026-03-15T18:30:00Z", []string{"2026-03-08T18:29:59Z", "2026-03-08T18:30:00Z"},
				[]string{"2026-03-01T18:30:00Z 1", "2026-03-08T18:30:00Z 1"}},
			{"America/Sao_Paulo", "month", "", "", []string{"2025-12-31T23:59:59-03:00", "2026-02-01T00:00:00-03:00"},
				[]string{"2025-12-01T03:00:00Z 1", "2026-01-01T03:00:00Z 0", "2026-02-01T03:00:00Z 1"}},
			{"Africa/Monrovia", "day", "1960-01-01T00:44:30Z", "1960-01-02T00:44:30Z", []string{"1960-01-01T00:44:30Z", "1960-01-02T00:44:29Z"},
				[]string{"1960-01-01T00:44:30Z 2"}}, // 44.5 minutes behind
		} {
			name := c.zone + " " + c.bucket
			loc, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			clean(t, d)
			if _, err := (feedback.Store{DB: d}).Scores(ctx, 1, "nps", feedback.ScoreFilter{}); err != nil {
				dbtest.Workspace(t, d, 1)
			}
			for i, a := range c.answers {
				e := ev(fmt.Sprint(i), "Survey Answered", 0, `{"kind":"nps","score":9}`)
				e.At = micro(a)
				apply(t, d, e)
			}
			f := feedback.ScoreFilter{Bucket: c.bucket, Location: loc}
			if c.from != "" {
				f.From, f.To = micro(c.from), micro(c.to)
			}
			var got []string
			s := scores(t, d, "nps", f)
			for i, b := range s.Series {
				got = append(got, fmt.Sprint(b.From, " ", b.N))
				if (b.N == 0) != (b.Value == nil) {
					t.Errorf("%s: %s has n %d and value %v", name, b.From, b.N, b.Value)
				}
				if i > 0 && s.Series[i-1].To != b.From {
					t.Errorf("%s: a gap before %s", name, b.From)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

func BenchmarkScores(b *testing.B) {
	d := dbtest.SQLite(b)
	dbtest.Workspace(b, d, 1)
	const n = 50_000
	var events []event.Event
	for i := range n {
		events = append(events, ev(fmt.Sprint(i), "Product Reviewed", int64(1_700_000_000+i*600), fmt.Sprintf(`{"rating":%d}`, 1+i%5)))
	}
	apply(b, d, events...)
	for b.Loop() {
		if s := scores(b, d, "rating", feedback.ScoreFilter{Bucket: "day"}); s.N != n || math.Abs(*s.Value-3) > 1e-9 {
			b.Fatal(s)
		}
	}
}
