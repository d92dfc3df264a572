package feedback

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/language"
)

// TopicTable is what opinions are about.
type TopicTable struct {
	Topics []TopicRow `json:"topics"` // most opinions first
	// Since, where not empty, is the time of the oldest opinion that is counted: of
	// filters that need every row looked at, the newest Counted are.
	Since string `json:"since,omitempty"`
}

// TopicRow is the opinions about a topic.
type TopicRow struct {
	Topic    string `json:"topic"`
	N        int64  `json:"n"`
	Negative int64  `json:"negative"` // towards the topic, as the next two
	Neutral  int64  `json:"neutral"`
	Positive int64  `json:"positive"`
	// NegativeShare is that of the negative among all; the interval has the model's error in it.
	NegativeShare Share       `json:"negative_share"`
	Before        int64       `json:"before"` // how many there were in the equally long time before
	Series        []TopicSpan `json:"series"` // by bucket, where one is asked for
}

// TopicSpan is a bucket's opinions about a topic; From is included, To is not.
type TopicSpan struct {
	From     string `json:"from"`
	To       string `json:"to"`
	N        int64  `json:"n"`
	Negative int64  `json:"negative"`
}

// Topics counts what the opinions that a filter lists are about, and how they
// speak of it. The error may be an InputError.
func (s Store) Topics(ctx context.Context, workspace int64, f Filter, by Buckets) (TopicTable, error) {
	out := TopicTable{Topics: []TopicRow{}}
	if err := f.check(); err != nil {
		return out, err
	}
	words, err := queryWords(f.Query)
	if err != nil {
		return out, err
	}
	calendar := ScoreFilter{From: f.From, To: cmp.Or(f.To, by.Until), Bucket: by.Bucket, Location: by.Location}
	if err := calendar.complete(Rating); err != nil {
		return out, err
	}
	if f.Profiles != nil && len(f.Profiles) == 0 {
		return out, nil
	}
	c := topicCount{tallied: tallied{workspace: workspace, f: f, words: words}, calendar: &calendar}
	before := c
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		if c.model, err = tx.Model(ctx, workspace); err != nil {
			return err
		}
		all := &where{}
		all.add("f.model = ?", c.model)
		all.between(f.From, f.To)
		if c.spans, err = calendar.spans(ctx, tx, all); err != nil {
			return err
		}
		if err = c.count(ctx, tx); err != nil || f.From == 0 {
			return err
		}
		before.model = c.model
		before.f.To = f.From
		before.f.From = f.From - (cmp.Or(f.To, by.Until, time.Now().UnixMicro()) - f.From)
		if before.f.From == 0 || before.f.From >= before.f.To {
			return nil
		}
		return before.count(ctx, tx)
	})
	if err != nil {
		return out, fmt.Errorf("count topics: %w", err)
	}
	for topic, row := range c.rows {
		if row.N > 0 {
			row.Topic = topic
			row.NegativeShare, _ = ShareByModel(row.Negative, row.N, row.N)
			if b := before.rows[topic]; b != nil {
				row.Before = b.N
			}
			out.Topics = append(out.Topics, *row)
		}
	}
	slices.SortFunc(out.Topics, func(a, b TopicRow) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Topic, b.Topic)) })
	if c.since != 0 {
		out.Since = event.FormatTime(c.since)
	}
	return out, nil
}

// topicCount is a count of topics that is being made.
type topicCount struct {
	tallied
	calendar *ScoreFilter
	rows     map[string]*TopicRow
}

// add counts n opinions that speak so of a topic, as far as that is asked for.
func (c *topicCount) add(a Aspect, slot, n int64) {
	if c.f.Topic != "" && a.Topic != c.f.Topic || c.f.TopicSentiment != "" && a.Sentiment != c.f.TopicSentiment {
		return
	}
	row := c.rows[a.Topic]
	if row == nil {
		row = &TopicRow{Series: []TopicSpan{}}
		for i := range max(len(c.spans)-1, 0) {
			from, to := c.calendar.clip(c.spans[i], c.spans[i+1])
			row.Series = append(row.Series, TopicSpan{From: event.FormatTime(from), To: event.FormatTime(to)})
		}
		c.rows[a.Topic] = row
	}
	negative := int64(0)
	switch toward(a.Sentiment) {
	case 0:
		negative = n
	case 1:
		row.Neutral += n
	default:
		row.Positive += n
	}
	row.N, row.Negative = row.N+n, row.Negative+negative
	if i := c.bucket(slot); i >= 0 {
		row.Series[i].N += n
		row.Series[i].Negative += negative
	}
}

// count counts by feedback_topic_day what whole days of UTC cover, by
// feedback_topic what lies before and after, and takes off reviews that a twin
// outdoes. Other filters count row by row, the newest.
func (c *topicCount) count(ctx context.Context, tx *db.Tx) error {
	c.rows = map[string]*TopicRow{}
	c.slots()
	f := &c.f
	if f.Language != "" || f.Sentiment != "" || f.Care != "" || f.Urgency > 0 || f.Disagrees || f.Kind != "" || f.Survey != "" || f.Mood != "" ||
		f.RatingMin != nil || f.RatingMax != nil || f.State != "" || f.Assignee != "" || f.Product != "" || f.Order != "" || f.Profiles != nil || len(c.words) > 0 {
		return c.newestTopics(ctx, tx)
	}
	from, to := floorDiv(beginning, day), floorDiv(end, day)
	if f.From != 0 {
		from = floorDiv(f.From+day-1, day)
	}
	if f.To != 0 {
		to = max(floorDiv(f.To, day), from)
	}
	if len(c.spans) > 1 && (c.base%day != 0 || c.length%day != 0) { // days of elsewhere
		to = from
	}
	if from >= to {
		return cmp.Or(c.each(ctx, tx, f.From, f.To), c.takeOff(ctx, tx))
	}
	err := c.days(ctx, tx, from, to)
	if err == nil && f.From != 0 && f.From < from*day {
		err = c.each(ctx, tx, f.From, from*day)
	}
	if err == nil && f.To > to*day {
		err = c.each(ctx, tx, to*day, f.To)
	}
	return cmp.Or(err, c.takeOff(ctx, tx))
}

func (c *topicCount) days(ctx context.Context, tx *db.Tx, from, to int64) error {
	w := &where{}
	slot := "0"
	if len(c.spans) > 1 {
		w.args = []any{c.base / day, c.length / day}
		slot = "CASE WHEN f.day < $1 THEN -1 ELSE (f.day - $1) / $2 END"
	}
	w.add("f.model = ? AND f.day >= ? AND f.day < ?", c.model, from, to)
	w.equal("f.topic", c.f.Topic)
	w.equal("f.channel", c.f.Channel)
	return tx.Each(ctx, "SELECT f.topic, "+slot+", CAST(sum(f.negative) AS BIGINT), CAST(sum(f.neutral) AS BIGINT), CAST(sum(f.positive) AS BIGINT) FROM feedback_topic_day f WHERE "+
		w.String()+" GROUP BY 1, 2", w.args, func(r *sql.Rows) error {
		var topic string
		var slot int64
		var n [3]int64
		err := r.Scan(&topic, &slot, &n[0], &n[1], &n[2])
		for i, sentiment := range language.Sentiments {
			c.add(Aspect{topic, string(sentiment)}, slot, n[i])
		}
		return err
	})
}

// each counts by feedback_topic.
func (c *topicCount) each(ctx context.Context, tx *db.Tx, from, to int64) error {
	w := &where{byTopic: true}
	w.add("a.model = ?", c.model)
	topics := language.Topics
	if c.f.Topic != "" {
		topics = []string{c.f.Topic}
	}
	values := make([]any, len(topics))
	for i := range topics {
		values[i] = topics[i]
	}
	w.add("a.topic IN (?"+strings.Repeat(", ?", len(topics)-1)+")", values...)
	w.equal("a.channel", c.f.Channel)
	w.between(from, to)
	slot := c.slot(w, "a.at")
	return tx.Each(ctx, "SELECT a.topic, a.sentiment, "+slot+", count(*) FROM feedback_topic a WHERE "+w.String()+" GROUP BY 1, 2, 3", w.args, func(r *sql.Rows) error {
		var a Aspect
		var slot, n int64
		err := r.Scan(&a.Topic, &a.Sentiment, &slot, &n)
		c.add(a, slot, n)
		return err
	})
}

// takeOff counts down reviews that a twin outdoes.
func (c *topicCount) takeOff(ctx context.Context, tx *db.Tx) error {
	w := &where{}
	w.add("f.model = ? AND f.topics <> ''", c.model)
	w.equal("f.channel", c.f.Channel)
	w.between(c.f.From, c.f.To)
	w.add(outdone)
	slot := c.slot(w, "f.at")
	return c.spelt(ctx, tx, "SELECT "+slot+", f.topics, f.at FROM feedback f"+byTwin(tx, outdone)+" WHERE "+w.String(), w.args, -1)
}

// newestTopics counts those of the newest opinions that meet the filter.
func (c *topicCount) newestTopics(ctx context.Context, tx *db.Tx) error {
	w := c.f.where(c.workspace, c.model, tx.Postgres())
	from, err := c.newestRows(ctx, tx, w)
	if err != nil {
		return err
	}
	slot := c.slot(w, "f.at")
	return c.spelt(ctx, tx, "SELECT "+slot+", f.topics, f.at FROM "+from, w.args, 1)
}

// spelt counts rows by their column topics, each n times.
func (c *topicCount) spelt(ctx context.Context, tx *db.Tx, query string, args []any, n int64) error {
	rows, oldest := 0, int64(0)
	err := tx.Each(ctx, query, args, func(r *sql.Rows) error {
		var slot, at int64
		var topics string
		err := r.Scan(&slot, &topics, &at)
		for _, a := range parseAspects(topics) {
			c.add(a, slot, n)
		}
		if rows++; rows == 1 || at < oldest {
			oldest = at
		}
		return err
	})
	if n > 0 && rows >= Counted {
		c.since = oldest
	}
	return err
}
