package feedback

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Voice is an opinion as it counts for a customer.
type Voice struct {
	ID      event.ID
	At      int64
	Channel string
	Mood    string // "" where nothing tells
	Share   int64  // how high the rating is on its scale, without one how glad the text, in millionths
}

// Speaks reports whether an event may hold an opinion.
func Speaks(e *event.Event) bool {
	switch e.Verb() {
	case event.SurveyAnswered, event.ProductReviewed, event.ChatSent, event.ChatReceived, event.SocialMention, event.EmailReplied, event.StoreVisit:
		return true
	}
	return false
}

// EachVoice tells the opinions of customers, whose keys are rows of n, model and id.
func EachVoice(ctx context.Context, tx *db.Tx, customers *db.Rows, f func(n int, v Voice)) error {
	return tx.Lookup(ctx, customers, `SELECT k.n, f.id, f.at, f.channel, f.kind, f.rating, f.scale, f.inverted, f.sentiment, f.sentiment_score
		FROM k CROSS JOIN profile p CROSS JOIN feedback f
		WHERE p.model = k.model AND p.customer = k.id AND f.model = p.model AND f.profile = p.id AND `+newest, func(r *sql.Rows) error {
		var n int
		var id []byte
		var v Voice
		var o opinion
		var rating, score sql.Null[int64]
		var sentiment sql.Null[string]
		err := r.Scan(&n, &id, &v.At, &v.Channel, &o.kind, &rating, &o.scale, &o.inverted, &sentiment, &score)
		copy(v.ID[:], id)
		o.rating, o.rated, o.sentiment = event.Millionths(rating.V), rating.Valid, sentiment.V
		v.Mood, v.Share = string(o.mood()), (int64(event.One)+score.V)/2
		if o.rated {
			v.Share = o.share()
		}
		f(n, v)
		return err
	})
}

// share is how high the rating is, in millionths of its scale.
func (o *opinion) share() int64 {
	low := lowest(o.scale)
	if o.scale <= low {
		return 0
	}
	s := (int64(o.rating) - low*int64(event.One)) / (o.scale - low)
	if o.inverted {
		s = int64(event.One) - s
	}
	return s
}

// ByIDs returns the opinions with these ids, in any order; unknown ids are left out.
func (s Store) ByIDs(ctx context.Context, workspace int64, ids []event.ID) (items []Item, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("model int, id bytes"))
		for i := range ids {
			keys.Add(model, ids[i][:])
		}
		return tx.Lookup(ctx, keys, `SELECT `+itemColumns+`
			FROM k CROSS JOIN feedback f LEFT JOIN profile p ON p.model = f.model AND p.id = f.profile
			WHERE f.model = k.model AND f.id = k.id`, func(rows *sql.Rows) error {
			it, _, err := scanItem(rows)
			items = append(items, it)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("feedback by id: %w", err)
	}
	return items, nil
}

// Said is what an event says, as far as the event alone tells.
type Said struct {
	Channel, Kind, Title, Text string
	Mood                       string
	Rating                     float64
	Rated                      bool
	Scale                      int64
	Product                    string
}

// Opinions returns what an event says, nearly always nothing.
func Opinions(e *event.Event) (out []Said) {
	for _, o := range decode(e) {
		mood := ""
		if o.rated {
			mood = string(MoodOf(o.kind, o.rating, o.scale, o.inverted))
		}
		out = append(out, Said{o.channel, o.kind, o.title, o.text, mood, o.rating.Float(), o.rated, o.scale, o.product})
	}
	return out
}
