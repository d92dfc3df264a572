package feedback

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Stage folds events into the table feedback. It runs after identity.
type Stage struct {
	Analyzers Analyzers // of the texts

	// Recall takes what models said of a text from the row in use, as far as there
	// is one with this text: to compare rows that a newer model would read
	// otherwise. No text is analysed.
	Recall bool
}

// Name names the stage in metrics and errors.
func (Stage) Name() string { return "feedback" }

var columns = db.Columns(`model int, id bytes, profile bytes, at int, edited_at int, stamp bytes, rated bytes, said bytes, channel text, kind text,
	title text, text text, cut int, search text, rating int, scale int, inverted int, mood int, shard int, language text, sentiment text, sentiment_score int,
	topics text, care text, urgency int, corrected int, product_id text, order_id text, survey_id text, question_id text, external_id text, review bytes, twin int, reply_to text,
	origin text, author text, verified int`)

// Apply folds a batch.
func (s Stage) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	type key struct {
		model int64
		id    event.ID
	}
	found := map[key]int{}
	var opinions []opinion
	for i := range b.Events {
		e := &b.Events[i]
		heard, ok := e.Prepared.([]opinion)
		if !ok && Speaks(e) {
			heard = s.hear(e)
		}
		for _, o := range heard {
			o.model = e.Model
			k := key{o.model, o.id}
			if at, ok := found[k]; ok {
				opinions[at] = merge(opinions[at], o)
				continue
			}
			found[k] = len(opinions)
			opinions = append(opinions, o)
		}
	}
	slices.SortFunc(opinions, func(a, b opinion) int {
		return cmp.Or(cmp.Compare(a.model, b.model), bytes.Compare(a.id[:], b.id[:]))
	})
	if err := pair(ctx, tx, opinions); err != nil {
		return err
	}
	counts := newCounts()
	if err := counts.before(ctx, tx, opinions); err != nil {
		return err
	}
	if s.Recall {
		if err := recall(ctx, tx, opinions); err != nil {
			return err
		}
	}
	if err := applyLabels(ctx, tx, opinions); err != nil {
		return err
	}
	rows := db.NewRows(columns)
	for i := range opinions {
		opinions[i].addTo(rows)
	}
	if err := tx.Insert(ctx, "feedback", rows, edit()); err != nil {
		return err
	}
	return counts.after(ctx, tx, opinions)
}

func (o *opinion) addTo(rows *db.Rows) {
	var rating any
	if o.rated {
		rating = int64(o.rating)
	}
	rows.Add(o.model, o.id[:], o.profile[:], o.at, o.editedAt, o.stamp[:], orEmpty(o.ratedAt), orEmpty(o.saidAt), o.channel, o.kind,
		o.title, o.text, bit(o.cut), searchable(strings.TrimSpace(o.title+"\n"+o.text)), rating, o.scale, bit(o.inverted), o.moodOrNull(), o.shard,
		orNull(o.language), orNull(o.sentiment), o.scoreOrNull(), formatAspects(o.topics), joinList(o.care), o.urgency, o.corrected,
		orNull(o.product), orNull(o.order), orNull(o.survey), o.question, o.external, o.reviewID(), bit(o.twin), o.replyTo,
		o.origin, o.author, bit(o.verified))
}

// merge puts two events of one row together, as the database does with a row
// that is there already.
func merge(a, b opinion) opinion {
	switch {
	case a.verified && !b.verified:
		return a
	case b.verified && !a.verified:
		return b
	case b.editedAt < a.editedAt || b.editedAt == a.editedAt && bytes.Compare(b.stamp[:], a.stamp[:]) < 0:
		a, b = b, a
	}
	b.at, b.shard = min(a.at, b.at), min(a.shard, b.shard)
	if bytes.Compare(a.ratedAt, b.ratedAt) > 0 {
		b.ratedAt, b.kind, b.rating, b.rated, b.scale, b.inverted = a.ratedAt, a.kind, a.rating, a.rated, a.scale, a.inverted
	}
	if bytes.Compare(a.saidAt, b.saidAt) > 0 {
		b.saidAt, b.title, b.text, b.cut, b.understood = a.saidAt, a.title, a.text, a.cut, a.understood
	}
	return b
}

// edit is what happens to a row that is there.
func edit() string {
	const (
		first = "excluded.verified > feedback.verified"
		later = first + " OR (excluded.edited_at, excluded.stamp) > (feedback.edited_at, feedback.stamp)"
		rated = first + " OR excluded.rated > feedback.rated"
		said  = first + " OR excluded.said > feedback.said"
	)
	var b strings.Builder
	b.WriteString("ON CONFLICT (model, id) DO UPDATE SET ")
	for _, c := range columns {
		when := later
		switch c.Name {
		case "model", "id", "profile":
			continue
		case "at":
			when = first + " OR excluded.at < feedback.at"
		case "shard":
			when = first + " OR excluded.shard < feedback.shard"
		case "kind": // is the rating's, if there is one
			when = rated + " OR feedback.rating IS NULL AND (" + later + ")"
		case "mood": // is the rating's, if there is one
			when = rated + " OR feedback.rating IS NULL AND (" + said + ")"
		case "rated", "rating", "scale", "inverted":
			when = rated
		case "said", "title", "text", "cut", "search", "language", "sentiment", "sentiment_score", "topics", "care", "urgency", "corrected":
			when = said
		case "twin":
			when = "excluded.twin > feedback.twin"
		}
		b.WriteString(c.Name + " = CASE WHEN " + when + " THEN excluded." + c.Name + " ELSE feedback." + c.Name + " END, ")
	}
	return strings.TrimSuffix(b.String(), ", ") + " WHERE excluded.verified >= feedback.verified"
}

func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
