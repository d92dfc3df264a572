package feedback

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Overview is what the opinions of a filter say together.
type Overview struct {
	Moods
	N        int64     `json:"n"`
	ByModel  int64     `json:"by_model"` // so many of N sound as they do by the model, not by a rating
	Series   []Span    `json:"series"`   // by bucket, where one is asked for
	Scores   []Score   `json:"scores"`   // of the kinds that there are, the one with most answers first
	Channels []Channel `json:"channels"` // most opinions first
	Products []Product `json:"products"` // likewise; the first MaxProducts
	// Since, where not empty, is the time of the oldest opinion that is counted: of
	// filters that need every row looked at, the newest Counted are.
	Since string `json:"since,omitempty"`
}

// MaxProducts is how many products an overview tells apart.
const MaxProducts = 8

// Span is a bucket's opinions; From is included, To is not.
type Span struct {
	From string `json:"from"`
	To   string `json:"to"`
	N    int64  `json:"n"`
	Moods
	ByModel int64 `json:"by_model"`
}

// Channel is a channel's opinions.
type Channel struct {
	Channel string `json:"channel"`
	N       int64  `json:"n"`
	Moods
	ByModel int64 `json:"by_model"`
}

// Product is what was said about a product.
type Product struct {
	ID string `json:"product_id"`
	N  int64  `json:"n"`
	Moods
}

// Buckets says how an overview is cut over time.
type Buckets struct {
	Bucket   string         // none, hour, day, week or month; "" is none
	Location *time.Location // whose days they are; nil is UTC
	Until    int64          // where buckets end if the filter is open, in microseconds; 0: with the last opinion
}

// Overview counts the opinions that a filter lists, by time, mood, channel and
// product, and makes their scores. The error may be an InputError.
func (s Store) Overview(ctx context.Context, workspace int64, f Filter, by Buckets) (Overview, error) {
	if err := f.check(); err != nil {
		return Overview{}, err
	}
	words, err := queryWords(f.Query)
	if err != nil {
		return Overview{}, err
	}
	calendar := ScoreFilter{From: f.From, To: cmp.Or(f.To, by.Until), Bucket: by.Bucket, Location: by.Location}
	if err := calendar.complete(Rating); err != nil {
		return Overview{}, err
	}
	out := Overview{Series: []Span{}, Scores: []Score{}, Channels: []Channel{}, Products: []Product{}}
	if f.Profiles != nil && len(f.Profiles) == 0 {
		return out, nil
	}
	c := &collector{calendar: &calendar, channels: map[string]*voices{}, tallies: map[string]*kindTally{}}
	t := &tallied{workspace: workspace, f: f, words: words, add: c.add}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		if t.model, err = tx.Model(ctx, workspace); err != nil {
			return err
		}
		all := &where{}
		all.add("f.model = ?", t.model)
		all.between(f.From, f.To)
		if t.spans, err = calendar.spans(ctx, tx, all); err != nil {
			return err
		}
		c.spans = t.spans
		c.series = make([]voices, max(len(t.spans)-1, 0))
		if err := t.count(ctx, tx); err != nil {
			return err
		}
		out.Products, err = t.products(ctx, tx)
		return err
	})
	if err != nil {
		return Overview{}, fmt.Errorf("overview of feedback: %w", err)
	}
	c.finish(&out)
	if t.since != 0 {
		out.Since = event.FormatTime(t.since)
	}
	return out, nil
}

// collector puts cells together to an Overview.
type collector struct {
	calendar *ScoreFilter
	spans    []int64
	all      voices
	series   []voices
	channels map[string]*voices
	tallies  map[string]*kindTally
}

// voices are opinions counted by mood, and how many of them by the model.
type voices struct {
	Moods
	byModel int64
}

func (v *voices) add(x *cell, n int64) {
	*v.of(x.mood()) += n
	if x.heard.byModel() {
		v.byModel += n
	}
}

// kindTally is the answers of a kind of score, in all and by bucket.
type kindTally struct {
	all     tally
	buckets map[int]tally
}

func (c *collector) add(bucket int, x cell, n int64) {
	c.all.add(&x, n)
	if bucket >= 0 {
		c.series[bucket].add(&x, n)
	}
	if c.channels[x.channel] == nil {
		c.channels[x.channel] = &voices{}
	}
	c.channels[x.channel].add(&x, n)
	if !x.rated {
		return
	}
	k := c.tallies[x.kind]
	if k == nil {
		k = &kindTally{tally{}, map[int]tally{}}
		c.tallies[x.kind] = k
	}
	k.all.add(x.scale, x.turned(), n)
	if bucket >= 0 {
		if k.buckets[bucket] == nil {
			k.buckets[bucket] = tally{}
		}
		k.buckets[bucket].add(x.scale, x.turned(), n)
	}
}

func (c *collector) finish(out *Overview) {
	out.Moods, out.N, out.ByModel = c.all.Moods, c.all.N(), c.all.byModel
	for i, m := range c.series {
		from, to := c.calendar.clip(c.spans[i], c.spans[i+1])
		out.Series = append(out.Series, Span{event.FormatTime(from), event.FormatTime(to), m.N(), m.Moods, m.byModel})
	}
	for name, m := range c.channels {
		if m.N() > 0 {
			out.Channels = append(out.Channels, Channel{name, m.N(), m.Moods, m.byModel})
		}
	}
	slices.SortFunc(out.Channels, func(a, b Channel) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Channel, b.Channel)) })
	for kind, k := range c.tallies {
		if s := k.score(kind, c.calendar, c.spans); s.N > 0 {
			out.Scores = append(out.Scores, s)
		}
	}
	slices.SortFunc(out.Scores, func(a, b Score) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Kind, b.Kind)) })
}

// score makes the score of a kind by its usual method.
func (k *kindTally) score(kind string, calendar *ScoreFilter, spans []int64) Score {
	s := Score{Kind: kind, Method: usualMethod[kind], Scale: defaultScale(kind), Series: []Bucket{}}
	if total(k.all[s.Scale]) == 0 {
		s.Scale = k.all.common()
	}
	for scale, ratings := range k.all {
		if scale != s.Scale {
			s.LeftOut += total(ratings)
		}
	}
	s.Figures = s.figures(k.all[s.Scale])
	for i := range max(len(spans)-1, 0) {
		from, to := calendar.clip(spans[i], spans[i+1])
		s.Series = append(s.Series, Bucket{event.FormatTime(from), event.FormatTime(to), s.figures(k.buckets[i][s.Scale])})
	}
	return s
}

// products are those with most opinions.
func (t *tallied) products(ctx context.Context, tx *db.Tx) ([]Product, error) {
	found := t.byProduct
	if found == nil {
		found = map[string]*Moods{}
	}
	times := func(n int64) func(r *sql.Rows) error {
		return func(r *sql.Rows) error {
			var id string
			var m Moods
			if err := r.Scan(&id, &m.Good, &m.Neutral, &m.Bad, &m.Unrated); err != nil {
				return err
			}
			if found[id] == nil {
				found[id] = &Moods{}
			}
			f := found[id]
			f.Good, f.Neutral, f.Bad, f.Unrated = f.Good+n*m.Good, f.Neutral+n*m.Neutral, f.Bad+n*m.Bad, f.Unrated+n*m.Unrated
			return nil
		}
	}
	var err error
	switch {
	case t.byProduct != nil:
	case t.prepared() && t.f.Survey == "" && t.f.RatingMin == nil && t.f.RatingMax == nil && t.f.State == "":
		err = t.productDays(ctx, tx, times(1), times(-1))
	default:
		w := t.f.where(t.workspace, t.model, tx.Postgres())
		w.add("f.product_id IS NOT NULL")
		var from string
		if from, err = t.newestRows(ctx, tx, w); err == nil {
			err = tx.Each(ctx, "SELECT f.product_id, "+moodCounts+" FROM "+from+" GROUP BY 1", w.args, times(1))
		}
	}
	if err != nil {
		return nil, err
	}
	out := []Product{}
	for id, m := range found {
		if t.f.Mood != "" {
			only := Moods{}
			*only.of(t.f.Mood) = *m.of(t.f.Mood)
			m = &only
		}
		if m.N() > 0 {
			out = append(out, Product{id, m.N(), *m})
		}
	}
	slices.SortFunc(out, func(a, b Product) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.ID, b.ID)) })
	return out[:min(len(out), MaxProducts)], nil
}

const moodCounts = `count(CASE WHEN f.mood = 1 THEN 1 END), count(CASE WHEN f.mood = 0 THEN 1 END), count(CASE WHEN f.mood = -1 THEN 1 END),
	count(CASE WHEN f.mood IS NULL THEN 1 END)`

// productDays counts by feedback_day, and row by row what whole days of UTC do
// not cover; less takes off reviews that a twin outdoes.
func (t *tallied) productDays(ctx context.Context, tx *db.Tx, add, less func(*sql.Rows) error) error {
	from, to := floorDiv(beginning, day), floorDiv(end, day)
	if t.f.From != 0 {
		from = floorDiv(t.f.From+day-1, day)
	}
	if t.f.To != 0 {
		to = max(floorDiv(t.f.To, day), from)
	}
	w := &where{}
	w.add("f.model = ? AND f.day >= ? AND f.day < ?", t.model, from, to)
	w.equal("f.channel", t.f.Channel)
	w.equal("f.kind", t.f.Kind)
	err := tx.Each(ctx, `SELECT f.product, CAST(sum(f.good) AS BIGINT), CAST(sum(f.neutral) AS BIGINT), CAST(sum(f.bad) AS BIGINT), CAST(sum(f.unrated) AS BIGINT)
		FROM feedback_day f WHERE `+w.String()+" GROUP BY 1", w.args, add)
	if err != nil {
		return err
	}
	single := func(from, to int64, condition string, add func(*sql.Rows) error) error {
		if from >= to {
			return nil
		}
		f := t.f
		f.From, f.To = from, to
		w := f.where(t.workspace, t.model, tx.Postgres())
		w.add("f.product_id IS NOT NULL AND " + condition)
		return tx.Each(ctx, "SELECT f.product_id, "+moodCounts+" FROM feedback f"+byTwin(tx, condition)+" WHERE "+w.String()+" GROUP BY 1", w.args, add)
	}
	if t.f.From != 0 {
		if err := single(t.f.From, min(from*day, cmp.Or(t.f.To, from*day)), newest, add); err != nil {
			return err
		}
	}
	if t.f.To > to*day && t.f.To != 0 {
		if err := single(max(to*day, t.f.From), t.f.To, newest, add); err != nil {
			return err
		}
	}
	return single(from*day, to*day, outdone, less)
}
