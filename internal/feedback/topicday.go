package feedback

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/language"
)

// topicDay is the key of a row of feedback_topic_day.
type topicDay struct {
	model, day     int64
	topic, channel string
	shard          int64
}

func (k topicDay) compare(o topicDay) int {
	return cmp.Or(cmp.Compare(k.model, o.model), cmp.Compare(k.day, o.day), cmp.Compare(k.topic, o.topic),
		cmp.Compare(k.channel, o.channel), cmp.Compare(k.shard, o.shard))
}

// topicRow is a row of feedback_topic.
type topicRow struct {
	model              int64
	topic              string
	at                 int64
	id                 event.ID
	sentiment, channel string
}

func (k topicRow) compare(o topicRow) int {
	return cmp.Or(cmp.Compare(k.model, o.model), cmp.Compare(k.topic, o.topic), cmp.Compare(k.at, o.at), bytes.Compare(k.id[:], o.id[:]),
		cmp.Compare(k.sentiment, o.sentiment))
}

// toward is the place of a sentiment in the counts of a topic.
func toward(sentiment string) int {
	return max(slices.Index(language.Sentiments, language.Sentiment(sentiment)), 0)
}

// addTopics counts what an opinion is about n times more.
func (c *counts) addTopics(o *opinion, n int64) {
	for _, a := range o.topics {
		bump(c.topics, topicDay{o.model, floorDiv(o.at, day), a.Topic, o.channel, o.shard}, toward(a.Sentiment), n)
		c.about[topicRow{o.model, a.Topic, o.at, o.id, a.Sentiment, o.channel}] += n
	}
}

var (
	topicDayColumns = db.Columns("model int, day int, topic text, channel text, shard int, negative int, neutral int, positive int")
	topicColumns    = db.Columns("model int, topic text, at int, id bytes, sentiment text, channel text")
)

func (c *counts) saveTopics(ctx context.Context, tx *db.Tx) error {
	days, rows := db.NewRows(topicDayColumns), db.NewRows(topicColumns)
	for _, k := range slices.SortedFunc(maps.Keys(c.topics), topicDay.compare) {
		if n := c.topics[k]; *n != [4]int64{} {
			days.Add(k.model, k.day, k.topic, k.channel, k.shard, n[0], n[1], n[2])
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.about), topicRow.compare) {
		switch n := c.about[k]; {
		case n > 0:
			rows.Add(k.model, k.topic, k.at, k.id[:], k.sentiment, k.channel)
		case n < 0:
			_, err := tx.Exec(ctx, "DELETE FROM feedback_topic WHERE model = $1 AND topic = $2 AND at = $3 AND id = $4 AND sentiment = $5",
				k.model, k.topic, k.at, k.id[:], k.sentiment)
			if err != nil {
				return fmt.Errorf("remove a topic: %w", err)
			}
		}
	}
	if err := tx.Insert(ctx, "feedback_topic", rows, ""); err != nil {
		return err
	}
	return tx.Insert(ctx, "feedback_topic_day", days, `ON CONFLICT (model, day, topic, channel, shard) DO UPDATE SET
		negative = feedback_topic_day.negative + excluded.negative, neutral = feedback_topic_day.neutral + excluded.neutral,
		positive = feedback_topic_day.positive + excluded.positive`)
}

// sweepTopics removes rows that count nothing any more.
func (c *counts) sweepTopics(ctx context.Context, tx *db.Tx) error {
	for k, n := range c.topics {
		if slices.Min(n[:]) >= 0 {
			continue
		}
		if _, err := tx.Exec(ctx, `DELETE FROM feedback_topic_day WHERE model = $1 AND day = $2 AND topic = $3 AND channel = $4 AND shard = $5
			AND negative = 0 AND neutral = 0 AND positive = 0`, k.model, k.day, k.topic, k.channel, k.shard); err != nil {
			return fmt.Errorf("count topics: %w", err)
		}
	}
	return nil
}
