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
type Stage struct{}

// Name names the stage in metrics and errors.
func (Stage) Name() string { return "feedback" }

var columns = db.Columns(`model int, id bytes, profile bytes, at int, edited_at int, stamp bytes, channel text, kind text,
	title text, text text, cut int, search text, rating int, scale int, inverted int, language text, sentiment text, sentiment_score int,
	topics text, product_id text, order_id text, survey_id text, question_id text, external_id text, reply_to text,
	origin text, author text, verified int`)

// Apply folds a batch.
func (Stage) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	type key struct {
		model int64
		id    event.ID
	}
	found := map[key]int{}
	var opinions []opinion
	for i := range b.Events {
		for _, o := range decode(&b.Events[i]) {
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
	rows := db.NewRows(columns)
	for i := range opinions {
		o := &opinions[i]
		var rating any
		if o.rated {
			rating = int64(o.rating)
		}
		rows.Add(o.model, o.id[:], o.profile[:], o.at, o.editedAt, o.stamp[:], o.channel, o.kind,
			o.title, o.text, bit(o.cut), searchable(strings.TrimSpace(o.title+"\n"+o.text)), rating, o.scale, bit(o.inverted), "", "", nil,
			"", orNull(o.product), orNull(o.order), orNull(o.survey), o.question, o.external, o.replyTo,
			o.origin, o.author, bit(o.verified))
	}
	return tx.Insert(ctx, "feedback", rows, edit())
}

// merge puts two events of one row together, as the database does with a row
// that is there already.
func merge(a, b opinion) opinion {
	at := min(a.at, b.at)
	if b.editedAt > a.editedAt || b.editedAt == a.editedAt && bytes.Compare(b.stamp[:], a.stamp[:]) > 0 {
		a = b
	}
	a.at = at
	return a
}

// edit is what happens to a row that is there: the later event takes it over
// whole, the earlier one gives its time.
func edit() string {
	var b strings.Builder
	b.WriteString(`ON CONFLICT (model, id) DO UPDATE SET at = CASE WHEN excluded.at < feedback.at THEN excluded.at ELSE feedback.at END`)
	for _, c := range columns {
		switch c.Name {
		case "model", "id", "at":
			continue
		}
		b.WriteString(", " + c.Name + " = CASE WHEN (excluded.edited_at, excluded.stamp) > (feedback.edited_at, feedback.stamp) THEN excluded." +
			c.Name + " ELSE feedback." + c.Name + " END")
	}
	return b.String()
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
