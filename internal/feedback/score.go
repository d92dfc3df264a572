package feedback

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Methods of a score.
const (
	Mean   = "mean"    // the mean rating
	TopBox = "top_box" // the share of high ratings, in percent
)

// Score is a score with its 95 % interval, over all answers and by bucket.
//
// nps: 100 times the share of promoters (9, 10) less that of detractors (0 to
// 6). csat: the percentage of the two highest ratings. ces: the mean, or the
// percentage of 5 to 7 of 7, of the two highest on other scales; where the
// question asked for effort the rating is turned round, so that high is easy.
// rating: the mean, or the percentage of the two highest.
type Score struct {
	Kind   string `json:"kind"`
	Method string `json:"method"` // nps, mean or top_box
	Scale  int64  `json:"scale"`  // highest possible rating, 0 where unknown
	Figures
	// LeftOut are answers of other scales than Scale, which cannot be mixed in.
	LeftOut int64    `json:"left_out"`
	Series  []Bucket `json:"series"`
}

// Bucket is the score of a span of time; From is included, To is not.
type Bucket struct {
	From string `json:"from"`
	To   string `json:"to"`
	Figures
}

// Figures are a value with its 95 % interval, and what it is made of. The three
// are null where there are no answers; Low and High also where nothing bounds them.
type Figures struct {
	N            int64            `json:"n"`
	Value        *float64         `json:"value"`
	Low          *float64         `json:"low"`
	High         *float64         `json:"high"`
	Promoters    *int64           `json:"promoters,omitempty"`
	Passives     *int64           `json:"passives,omitempty"`
	Detractors   *int64           `json:"detractors,omitempty"`
	Distribution map[string]int64 `json:"distribution"` // answers by rating
}

// tally counts answers by scale and rating, turned round where inverted.
type tally map[int64]map[event.Millionths]int64

func (t tally) add(scale int64, rating event.Millionths, n int64) {
	if t[scale] == nil {
		t[scale] = map[event.Millionths]int64{}
	}
	t[scale][rating] += n
}

func total(ratings map[event.Millionths]int64) (n int64) {
	for _, count := range ratings {
		n += count
	}
	return n
}

// common returns the scale that most answers have, the larger of two.
func (t tally) common() (scale int64) {
	var most int64
	for s, ratings := range t {
		if n := total(ratings); n > most || n == most && s > scale {
			scale, most = s, n
		}
	}
	return scale
}

// Scores makes the score of a kind: nps, csat, ces or rating. All answers
// counted are of one scale: for NPS that of 0 to 10; for ratings 5, unless one
// survey is asked for; otherwise the one that most answers have. The error may
// be an InputError.
func (s Store) Scores(ctx context.Context, workspace int64, kind string, f ScoreFilter) (Score, error) {
	if err := f.complete(kind); err != nil {
		return Score{}, err
	}
	out := Score{Kind: kind, Method: f.Method, Series: []Bucket{}}
	var buckets []tally
	var spans []int64
	all := tally{}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		w := f.where(model, kind)
		if spans, err = f.spans(ctx, tx, w); err != nil {
			return err
		}
		buckets = make([]tally, max(len(spans)-1, 0))
		return count(ctx, tx, w, spans, func(bucket int, scale int64, rating event.Millionths, n int64) {
			all.add(scale, rating, n)
			if bucket >= 0 {
				if buckets[bucket] == nil {
					buckets[bucket] = tally{}
				}
				buckets[bucket].add(scale, rating, n)
			}
		})
	})
	if err != nil {
		return Score{}, fmt.Errorf("score: %w", err)
	}
	out.Scale = defaultScale(kind)
	if len(all) > 0 && kind != NPS && (kind != Rating || f.Survey != "") {
		out.Scale = all.common()
	}
	for scale, ratings := range all {
		if scale != out.Scale {
			out.LeftOut += total(ratings)
		}
	}
	out.Figures = out.figures(all[out.Scale])
	for i, b := range buckets {
		from, to := f.clip(spans[i], spans[i+1])
		out.Series = append(out.Series, Bucket{event.FormatTime(from), event.FormatTime(to), out.figures(b[out.Scale])})
	}
	return out, nil
}

// count reads how many answers have each rating, by bucket where there are
// spans. The database groups by slots of equal length that begin and end with
// every bucket, in whatever time zone; that they are few is seen to by spans.
func count(ctx context.Context, tx *db.Tx, w *where, spans []int64, add func(bucket int, scale int64, rating event.Millionths, n int64)) error {
	slot := "0"
	args := w.args
	var base, length int64
	if len(spans) > 1 {
		base, length = spans[0], spans[1]-spans[0]
		for _, at := range spans[1:] {
			length = divisor(length, at-base)
		}
		slot = fmt.Sprintf("CASE WHEN f.at < $%d THEN -1 ELSE (f.at - $%[1]d) / $%d END", len(args)+1, len(args)+2)
		args = append(args[:len(args):len(args)], base, length)
	}
	bucket := -1
	// In two, so that an index alone answers for what has no twin.
	part := func(condition string) string {
		return "SELECT " + slot + " AS slot, f.scale, f.rating, f.inverted, count(*) FROM feedback f WHERE " +
			w.String() + " AND " + condition + " GROUP BY 1, 2, 3, 4"
	}
	return tx.Each(ctx, part("f.twin = 0")+" UNION ALL "+part("f.twin = 1 AND "+newest)+" ORDER BY 1", args,
		func(rows *sql.Rows) error {
			var slot, scale, rating, n int64
			var inverted bool
			if err := rows.Scan(&slot, &scale, &rating, &inverted, &n); err != nil {
				return err
			}
			if inverted {
				rating = (scale+lowest(scale))*int64(event.One) - rating
			}
			for len(spans) > 1 && slot >= 0 && (bucket < 0 || base+slot*length >= spans[bucket+1]) {
				bucket++
			}
			add(bucket, scale, event.Millionths(rating), n)
			return nil
		})
}

func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// figures makes the score of one set of answers.
func (s *Score) figures(ratings map[event.Millionths]int64) Figures {
	f := Figures{N: total(ratings), Distribution: make(map[string]int64, len(ratings))}
	var promoters, passives, detractors, top int64
	var sum int64 // of at most 9.2e18 millionths: 90 thousand million ratings of 100
	var squares float64
	for rating, n := range ratings {
		f.Distribution[rating.String()] = n
		switch {
		case rating >= 9*event.One:
			promoters += n
		case rating >= 7*event.One:
			passives += n
		default:
			detractors += n
		}
		if rating >= topBox(s.Kind, s.Scale) {
			top += n
		}
		sum += int64(rating) * n
		squares += rating.Float() * rating.Float() * float64(n)
	}
	if s.Kind == NPS {
		f.Promoters, f.Passives, f.Detractors = &promoters, &passives, &detractors
	}
	if f.N == 0 {
		return f
	}
	var i interval
	bounded := true
	switch s.Method {
	case NPS:
		i = npsInterval(promoters, detractors, f.N)
	case TopBox:
		i = wilson(float64(top)/float64(f.N), f.N)
		i = interval{100 * i.value, 100 * i.low, 100 * i.high}
	default:
		i, bounded = meanInterval(f.N, event.Millionths(sum).Float(), squares, float64(lowest(s.Scale)), float64(s.Scale))
	}
	f.Value = &i.value
	if bounded {
		f.Low, f.High = &i.low, &i.high
	}
	return f
}

// topBox is the lowest rating that counts as a high one. On an unknown scale
// none does.
func topBox(kind string, scale int64) event.Millionths {
	switch {
	case scale == 0:
		return math.MaxInt64
	case kind == CES && scale == 7:
		return 5 * event.One
	}
	return event.Millionths(scale-1) * event.One
}
