package feedback

import (
	"context"
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

// turned is a rating on a scale whose high end is the good one.
func (c *cell) turned() event.Millionths {
	if c.inverted {
		return event.Millionths(c.scale+lowest(c.scale))*event.One - c.rating
	}
	return c.rating
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
	all := tally{}
	t := &tallied{workspace: workspace, rated: true, f: Filter{
		Kind: kind, Channel: f.Channel, Product: f.Product, Survey: f.Survey, From: f.From, To: f.To,
	}}
	t.add = func(bucket int, c cell, n int64) {
		all.add(c.scale, c.turned(), n)
		if bucket < 0 {
			return
		}
		if buckets == nil {
			buckets = make([]tally, len(t.spans)-1)
		}
		if buckets[bucket] == nil {
			buckets[bucket] = tally{}
		}
		buckets[bucket].add(c.scale, c.turned(), n)
	}
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		if t.model, err = tx.Model(ctx, workspace); err != nil {
			return err
		}
		if t.spans, err = f.spans(ctx, tx, f.where(t.model, kind)); err != nil {
			return err
		}
		return t.count(ctx, tx)
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
	for i := range max(len(t.spans)-1, 0) {
		from, to := f.clip(t.spans[i], t.spans[i+1])
		var ratings map[event.Millionths]int64
		if buckets != nil {
			ratings = buckets[i][out.Scale]
		}
		out.Series = append(out.Series, Bucket{event.FormatTime(from), event.FormatTime(to), out.figures(ratings)})
	}
	return out, nil
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
