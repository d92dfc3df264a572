package feedback

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Lengths in microseconds.
const (
	quarter = 900e6
	hour    = 4 * quarter
	day     = 24 * hour
)

// hourKey is the key of a row of feedback_hour.
type hourKey struct {
	model, hour            int64
	kind, channel, survey  string
	scale, inverted, rated int64 // rated is the rating, -1 for none
	heard                  heard
	shard                  int64
}

func (k hourKey) compare(o hourKey) int {
	return cmp.Or(cmp.Compare(k.model, o.model), cmp.Compare(k.hour, o.hour), cmp.Compare(k.kind, o.kind), cmp.Compare(k.channel, o.channel),
		cmp.Compare(k.survey, o.survey), cmp.Compare(k.scale, o.scale), cmp.Compare(k.inverted, o.inverted), cmp.Compare(k.rated, o.rated), cmp.Compare(k.heard, o.heard),
		cmp.Compare(k.shard, o.shard))
}

// dayKey is the key of a row of feedback_day.
type dayKey struct {
	model, day             int64
	product, channel, kind string
	shard                  int64
}

func (k dayKey) compare(o dayKey) int {
	return cmp.Or(cmp.Compare(k.model, o.model), cmp.Compare(k.day, o.day), cmp.Compare(k.product, o.product),
		cmp.Compare(k.channel, o.channel), cmp.Compare(k.kind, o.kind), cmp.Compare(k.shard, o.shard))
}

// counts are changes to the rolled up counts and the rows of topics. An opinion belongs to the shard of
// its first event there, whichever applies an edit, so that the rows are the same
// after a replay.
type counts struct {
	hours  map[hourKey]*[4]int64
	days   map[dayKey]*[4]int64   // good, neutral, bad, unrated
	topics map[topicDay]*[4]int64 // negative, neutral, positive
	about  map[topicRow]int64     // 1: to be added, -1: to be removed
	known  map[rowKey]bool        // were there before
	less   bool                   // something is taken off
}

type rowKey struct {
	model int64
	id    event.ID
}

func newCounts() *counts {
	return &counts{
		hours: map[hourKey]*[4]int64{}, days: map[dayKey]*[4]int64{}, topics: map[topicDay]*[4]int64{}, about: map[topicRow]int64{},
		known: map[rowKey]bool{},
	}
}

// add counts an opinion n times more.
func (c *counts) add(o *opinion, n int64) {
	h := hourKey{model: o.model, hour: floorDiv(o.at, hour), kind: o.kind, channel: o.channel, survey: o.survey, rated: -1, heard: o.heard(), shard: o.shard}
	if o.rated {
		h.scale, h.inverted, h.rated = o.scale, bit(o.inverted), int64(o.rating)
	}
	bump(c.hours, h, int(floorDiv(o.at, quarter)-4*h.hour), n)
	if o.product != "" {
		d := dayKey{o.model, floorDiv(o.at, day), o.product, o.channel, o.kind, o.shard}
		bump(c.days, d, slices.Index(moodColumns, o.mood()), n)
	}
	c.addTopics(o, n)
	c.less = c.less || n < 0
}

// moodColumns is the order of the counts in feedback_day.
var moodColumns = []Mood{Good, Neutral, Bad, Unrated}

func bump[K comparable](rows map[K]*[4]int64, k K, at int, n int64) {
	row := rows[k]
	if row == nil {
		row = new([4]int64)
		rows[k] = row
	}
	row[at] += n
}

// before takes off the rows that are there already and may be edited.
func (c *counts) before(ctx context.Context, tx *db.Tx, opinions []opinion) error {
	return stored(ctx, tx, opinions, func(o *opinion) bool { return o.ratedAt != nil || o.saidAt != nil }, func(o *opinion) {
		c.known[rowKey{o.model, o.id}] = true
		c.add(o, -1)
	})
}

// after adds the rows as they have become, and stores all changes.
func (c *counts) after(ctx context.Context, tx *db.Tx, opinions []opinion) error {
	for i := range opinions {
		if o := &opinions[i]; !c.known[rowKey{o.model, o.id}] {
			c.add(o, 1)
		}
	}
	edited := func(o *opinion) bool { return c.known[rowKey{o.model, o.id}] }
	if err := stored(ctx, tx, opinions, edited, func(o *opinion) { c.add(o, 1) }); err != nil {
		return err
	}
	return c.save(ctx, tx)
}

// stored reads those of the opinions' rows that are wanted, as far as they are
// counted. On PostgreSQL they stay locked, so that staff do not correct them
// meanwhile.
func stored(ctx context.Context, tx *db.Tx, opinions []opinion, wanted func(*opinion) bool, each func(*opinion)) error {
	keys := db.NewRows(db.Columns("model int, id bytes"))
	for i := range opinions {
		if o := &opinions[i]; wanted(o) {
			keys.Add(o.model, o.id[:])
		}
	}
	lock := ""
	if tx.Postgres() {
		lock = " ORDER BY f.model, f.id FOR UPDATE OF f"
	}
	err := tx.Lookup(ctx, keys, `SELECT f.model, f.id, f.at, f.kind, f.channel, f.survey_id, f.scale, f.inverted, f.rating, f.product_id, f.shard,
			f.sentiment, f.corrected, f.topics
		FROM k CROSS JOIN feedback f WHERE f.model = k.model AND f.id = k.id`+lock, func(rows *sql.Rows) error {
		var o opinion
		var id []byte
		var survey, product, sentiment sql.Null[string]
		var topics string
		var rating sql.Null[int64]
		if err := rows.Scan(&o.model, &id, &o.at, &o.kind, &o.channel, &survey, &o.scale, &o.inverted, &rating, &product, &o.shard,
			&sentiment, &o.corrected, &topics); err != nil {
			return err
		}
		o.id, o.survey, o.product, o.rating, o.rated = event.ID(id), survey.V, product.V, event.Millionths(rating.V), rating.Valid
		o.sentiment, o.topics = sentiment.V, parseAspects(topics)
		each(&o)
		return nil
	})
	if err != nil {
		return fmt.Errorf("count opinions: %w", err)
	}
	return nil
}

var (
	hourColumns = db.Columns("model int, hour int, kind text, channel text, survey text, scale int, inverted int, rating int, heard int, shard int, q0 int, q1 int, q2 int, q3 int")
	dayColumns  = db.Columns("model int, day int, product text, channel text, kind text, shard int, good int, neutral int, bad int, unrated int")
)

func (c *counts) save(ctx context.Context, tx *db.Tx) error {
	hours, days := db.NewRows(hourColumns), db.NewRows(dayColumns)
	for _, k := range slices.SortedFunc(maps.Keys(c.hours), hourKey.compare) {
		if n := c.hours[k]; *n != [4]int64{} {
			hours.Add(k.model, k.hour, k.kind, k.channel, k.survey, k.scale, k.inverted, k.rated, int64(k.heard), k.shard, n[0], n[1], n[2], n[3])
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.days), dayKey.compare) {
		if n := c.days[k]; *n != [4]int64{} {
			days.Add(k.model, k.day, k.product, k.channel, k.kind, k.shard, n[0], n[1], n[2], n[3])
		}
	}
	err := tx.Insert(ctx, "feedback_hour", hours, `ON CONFLICT (model, hour, kind, channel, survey, scale, inverted, rating, heard, shard) DO UPDATE SET
		q0 = feedback_hour.q0 + excluded.q0, q1 = feedback_hour.q1 + excluded.q1, q2 = feedback_hour.q2 + excluded.q2, q3 = feedback_hour.q3 + excluded.q3`)
	if err != nil {
		return err
	}
	err = tx.Insert(ctx, "feedback_day", days, `ON CONFLICT (model, day, product, channel, kind, shard) DO UPDATE SET
		good = feedback_day.good + excluded.good, neutral = feedback_day.neutral + excluded.neutral, bad = feedback_day.bad + excluded.bad,
		unrated = feedback_day.unrated + excluded.unrated`)
	if err == nil {
		err = c.saveTopics(ctx, tx)
	}
	if err != nil || !c.less {
		return err
	}
	return c.sweep(ctx, tx)
}

// sweep removes rows that count nothing any more: a replay does not make them.
func (c *counts) sweep(ctx context.Context, tx *db.Tx) error {
	for k, n := range c.hours {
		if slices.Min(n[:]) >= 0 {
			continue
		}
		if _, err := tx.Exec(ctx, `DELETE FROM feedback_hour WHERE model = $1 AND hour = $2 AND kind = $3 AND channel = $4 AND survey = $5 AND scale = $6
			AND inverted = $7 AND rating = $8 AND heard = $9 AND shard = $10 AND q0 = 0 AND q1 = 0 AND q2 = 0 AND q3 = 0`,
			k.model, k.hour, k.kind, k.channel, k.survey, k.scale, k.inverted, k.rated, int64(k.heard), k.shard); err != nil {
			return fmt.Errorf("count opinions: %w", err)
		}
	}
	for k, n := range c.days {
		if slices.Min(n[:]) >= 0 {
			continue
		}
		if _, err := tx.Exec(ctx, `DELETE FROM feedback_day WHERE model = $1 AND day = $2 AND product = $3 AND channel = $4 AND kind = $5 AND shard = $6
			AND good = 0 AND neutral = 0 AND bad = 0 AND unrated = 0`, k.model, k.day, k.product, k.channel, k.kind, k.shard); err != nil {
			return fmt.Errorf("count opinions: %w", err)
		}
	}
	return c.sweepTopics(ctx, tx)
}

// floorDiv divides towards minus infinity: times before 1970 are negative.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
