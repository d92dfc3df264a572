package feedback

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/staff"
)

// Label is what staff said of a text that was understood wrongly.
type Label struct {
	ID        string   // of the opinion
	Text      string   // as Analysed
	Language  string   // empty where it was right
	Sentiment string   // likewise
	Topics    []Aspect // nil where they were right
	NotCare   []string // flags that were wrong
	Account   string   // whose label it is
	At        int64    // microseconds
	said      event.ID // hash of the text that was labelled
}

// saidID is the hash of a text by which a label knows it again.
func saidID(workspace int64, text string) event.ID { return event.NewID(workspace, "said", text) }

// apply puts what staff said in the place of what the model said.
func (l *Label) apply(u *understood) {
	if l.Language != "" {
		u.language, u.corrected = l.Language, u.corrected|correctedLanguage
	}
	if l.Sentiment != "" {
		u.sentiment, u.corrected = l.Sentiment, u.corrected|correctedSentiment
		u.score = event.One * event.Millionths(toward(l.Sentiment)-1)
	}
	if l.Topics != nil {
		u.topics, u.corrected = l.Topics, u.corrected|correctedTopics
	}
	if len(l.NotCare) > 0 {
		u.corrected |= correctedCare
		flagged := len(u.care) > 0
		u.care = slices.DeleteFunc(slices.Clone(u.care), func(c string) bool { return slices.Contains(l.NotCare, c) })
		if flagged && len(u.care) == 0 {
			u.urgency = u.calm
		}
	}
}

// empty reports whether a label says nothing.
func (l *Label) empty() bool {
	return l.Language+l.Sentiment == "" && l.Topics == nil && len(l.NotCare) == 0
}

// applyLabels puts what staff said of these very texts in the place of what the
// model said.
func applyLabels(ctx context.Context, tx *db.Tx, opinions []opinion) error {
	keys := db.NewRows(db.Columns("n int, workspace int, opinion bytes"))
	for i := range opinions {
		if o := &opinions[i]; o.text != "" || o.title != "" {
			keys.Add(i, o.workspace, o.id[:])
		}
	}
	err := tx.Lookup(ctx, keys, `SELECT k.n, `+labelColumns+` FROM k CROSS JOIN feedback_label l
		WHERE l.workspace = k.workspace AND l.opinion = k.opinion`, func(r *sql.Rows) error {
		var n int
		l, err := scanLabel(r.Scan, &n)
		if err != nil {
			return err
		}
		if o := &opinions[n]; l.said == saidID(o.workspace, Analysed(o.title, o.text)) {
			l.apply(&o.understood)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply labels: %w", err)
	}
	return nil
}

const labelColumns = "l.said, l.language, l.sentiment, l.topics, l.not_care, l.account, l.at"

// scanLabel reads labelColumns behind others.
func scanLabel(scan func(...any) error, others ...any) (l Label, err error) {
	var said []byte
	var topics sql.Null[string]
	var notCare string
	err = scan(append(others, &said, &l.Language, &l.Sentiment, &topics, &notCare, &l.Account, &l.At)...)
	copy(l.said[:], said)
	if topics.Valid {
		l.Topics = append([]Aspect{}, parseAspects(topics.V)...)
	}
	l.NotCare = splitList(notCare)
	return l, err
}

// Change is what a person says otherwise than a text is shown. All else stays as it
// is stored, whatever colleagues corrected meanwhile.
type Change struct {
	Language  string
	Sentiment string
	Topics    map[string]string // with the sentiment towards each, empty where the text is not about it
	Care      map[string]bool   // whether the flag is right
}

// Correct keeps what staff say of an opinion's text, beside what they said before.
// It is shown and counted from then on, and a model of the workspace may learn from it.
func (s Store) Correct(ctx context.Context, by staff.Actor, id string, c Change) error {
	return s.change(ctx, by, id, "feedback.corrected", "", func(tx *db.Tx, key event.ID) error {
		if err := c.check(); err != nil {
			return err
		}
		return s.relabel(ctx, tx, by, key, c.addTo)
	})
}

// Uncorrect takes back what staff said of an opinion's text, to what they said
// before: nothing, where that is empty.
func (s Store) Uncorrect(ctx context.Context, by staff.Actor, id string, before Label) error {
	action := "feedback.uncorrected"
	if !before.empty() {
		action = "feedback.corrected"
	}
	return s.change(ctx, by, id, action, "", func(tx *db.Tx, key event.ID) error {
		if err := before.check(); err != nil {
			return err
		}
		return s.relabel(ctx, tx, by, key, func(l *Label, _ *understood) { *l = before })
	})
}

// addTo adds what a person says to a label of a text that is understood so.
func (c Change) addTo(l *Label, u *understood) {
	l.Language, l.Sentiment = cmp.Or(c.Language, l.Language), cmp.Or(c.Sentiment, l.Sentiment)
	if len(c.Topics) > 0 {
		l.Topics = append([]Aspect{}, u.topics...)
	}
	for _, t := range language.Topics {
		toward, said := c.Topics[t]
		at := slices.IndexFunc(l.Topics, func(a Aspect) bool { return a.Topic == t })
		switch {
		case said && toward == "" && at >= 0:
			l.Topics = slices.Delete(l.Topics, at, at+1)
		case toward != "" && at >= 0:
			l.Topics[at].Sentiment = toward
		case toward != "":
			l.Topics = append(l.Topics, Aspect{t, toward})
		}
	}
	for _, flag := range language.Care {
		if right, said := c.Care[flag]; said {
			l.NotCare = slices.DeleteFunc(l.NotCare, func(f string) bool { return f == flag })
			if !right {
				l.NotCare = append(l.NotCare, flag)
			}
		}
	}
}

func (c Change) check() error {
	if c.Language+c.Sentiment == "" && len(c.Topics)+len(c.Care) == 0 {
		return InputError("say what was understood wrongly: the language, the sentiment, a topic, or a care flag")
	}
	l := Label{Language: c.Language, Sentiment: c.Sentiment, NotCare: slices.Collect(maps.Keys(c.Care))}
	for topic, toward := range c.Topics {
		l.Topics = append(l.Topics, Aspect{topic, cmp.Or(toward, string(language.Neutral))})
	}
	return l.check()
}

func (l *Label) check() error {
	switch {
	case l.Language != "" && l.Language != language.Other && !slices.Contains(language.Languages, l.Language):
		return InputError("there is no such language")
	case !isSentiment(l.Sentiment):
		return InputError("a sentiment must be negative, neutral or positive")
	}
	for i, a := range l.Topics {
		switch {
		case !slices.Contains(language.Topics, a.Topic):
			return InputError("there is no such topic")
		case a.Sentiment == "" || !isSentiment(a.Sentiment):
			return InputError("a sentiment must be negative, neutral or positive")
		case slices.ContainsFunc(l.Topics[:i], func(b Aspect) bool { return a.Topic == b.Topic }):
			return InputError("a topic can be named only once")
		}
	}
	for _, flag := range l.NotCare {
		if !slices.Contains(language.Care, flag) {
			return InputError("there is no such care flag")
		}
	}
	return nil
}

// relabel changes the label of an opinion's text, and applies it to the opinion's rows
// in every model of the workspace: a replay that is under way may have made its row
// already.
func (s Store) relabel(ctx context.Context, tx *db.Tx, by staff.Actor, id event.ID, change func(*Label, *understood)) error {
	models, err := lockModels(ctx, tx, by.Workspace)
	if err != nil {
		return err
	}
	var label Label
	for i, model := range models {
		o, err := loadOpinion(ctx, tx, model, id)
		if errors.Is(err, sql.ErrNoRows) && i > 0 {
			continue
		} else if err != nil {
			return err
		}
		o.workspace = by.Workspace
		text := Analysed(o.title, o.text)
		if i == 0 {
			if label, err = changeLabel(ctx, tx, by, o, text, change); err != nil {
				return err
			}
		}
		if err := s.understandAgain(ctx, tx, o, text, &label); err != nil {
			return err
		}
	}
	return nil
}

// changeLabel stores the label of a row's text as it becomes. One that says nothing is
// removed.
func changeLabel(ctx context.Context, tx *db.Tx, by staff.Actor, o *opinion, text string, change func(*Label, *understood)) (Label, error) {
	said := saidID(by.Workspace, text)
	l, err := scanLabel(tx.QueryRow(ctx, "SELECT "+labelColumns+" FROM feedback_label l WHERE l.workspace = $1 AND l.opinion = $2", by.Workspace, o.id[:]).Scan)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return l, err
	}
	if l.said != said {
		l = Label{}
	}
	change(&l, &o.understood)
	l.said = said
	if l.empty() {
		_, err := tx.Exec(ctx, "DELETE FROM feedback_label WHERE workspace = $1 AND opinion = $2", by.Workspace, o.id[:])
		return l, err
	}
	if strings.TrimSpace(text) == "" {
		return l, InputError("there is no text to correct")
	}
	var aspects any
	if l.Topics != nil {
		aspects = formatAspects(l.Topics)
	}
	_, err = tx.Exec(ctx, `INSERT INTO feedback_label (workspace, opinion, said, language, sentiment, topics, not_care, account, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (workspace, opinion) DO UPDATE SET said = excluded.said, language = excluded.language, sentiment = excluded.sentiment, topics = excluded.topics,
			not_care = excluded.not_care, account = excluded.account, at = excluded.at`,
		by.Workspace, o.id[:], said[:], l.Language, l.Sentiment, aspects, joinList(l.NotCare), by.Account, time.Now().UnixMicro())
	return l, err
}

// lockModels returns the workspace's model, and those that are being filled, whose
// batches wait for the end of the transaction, and which wait for theirs.
func lockModels(ctx context.Context, tx *db.Tx, workspace int64) (models []int64, err error) {
	share, update := "", ""
	if tx.Postgres() {
		share, update = " FOR SHARE", " FOR UPDATE"
	}
	read := func(r *sql.Rows) error {
		var m int64
		err := r.Scan(&m)
		models = append(models, m)
		return err
	}
	err = tx.Each(ctx, "SELECT model FROM workspace WHERE number = $1"+share, []any{workspace}, read)
	if err == nil {
		err = tx.Each(ctx, "SELECT model FROM spare_model WHERE workspace = $1 AND until > 0 ORDER BY model"+update, []any{workspace}, read)
	}
	return models, err
}

// loadOpinion reads what of a row is counted and understood, and locks it.
func loadOpinion(ctx context.Context, tx *db.Tx, model int64, id event.ID) (*opinion, error) {
	o := &opinion{model: model, id: id}
	query := `SELECT f.profile, f.at, f.kind, f.channel, f.title, f.text, f.survey_id, f.scale, f.inverted, f.rating, f.product_id, f.shard,
		` + understoodColumns + ` FROM feedback f WHERE f.model = $1 AND f.id = $2`
	if tx.Postgres() {
		query += " FOR UPDATE OF f"
	}
	var profile []byte
	var survey, product sql.Null[string]
	var rating sql.Null[int64]
	u, err := scanUnderstood(tx.QueryRow(ctx, query, model, id[:]).Scan, &profile, &o.at, &o.kind, &o.channel, &o.title, &o.text, &survey, &o.scale, &o.inverted,
		&rating, &product, &o.shard)
	copy(o.profile[:], profile)
	o.understood = u
	o.survey, o.product, o.rating, o.rated = survey.V, product.V, event.Millionths(rating.V), rating.Valid
	return o, err
}

// understandAgain puts a label in the place of the one before in a row and its
// counts. What was corrected and is no longer is asked of the model again.
func (s Store) understandAgain(ctx context.Context, tx *db.Tx, o *opinion, text string, label *Label) error {
	now := *o
	if s.Analyzers != nil && (o.corrected != 0 || len(label.NotCare) > 0) {
		read := understand(s.Analyzers(o.workspace), text)
		if o.corrected != 0 {
			now.understood = read
		}
		now.calm = read.calm
	}
	now.corrected = 0
	if label.said == saidID(o.workspace, text) {
		label.apply(&now.understood)
	}
	change := func() error { return o.become(ctx, tx, &now) }
	if s.Recount == nil {
		return change()
	}
	return s.Recount(ctx, tx, event.Key{Model: o.model, ID: o.id}, event.Key{Model: o.model, ID: o.profile}, change)
}

// become changes what a row says of its text, and its counts.
func (o *opinion) become(ctx context.Context, tx *db.Tx, now *opinion) error {
	c := newCounts()
	c.add(o, -1)
	c.add(now, 1)
	_, err := tx.Exec(ctx, `UPDATE feedback SET mood = $3, language = $4, sentiment = $5, sentiment_score = $6, topics = $7, care = $8, urgency = $9, corrected = $10
		WHERE model = $1 AND id = $2`, o.model, o.id[:], now.moodOrNull(), orNull(now.language), orNull(now.sentiment), now.scoreOrNull(), formatAspects(now.topics),
		joinList(now.care), now.urgency, now.corrected)
	if err != nil {
		return err
	}
	return c.save(ctx, tx)
}

// Labels returns what staff said of a workspace's texts, the newest first, as far
// as the texts are still as they were then.
func (s Store) Labels(ctx context.Context, workspace int64) (out []Label, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		return tx.Each(ctx, `SELECT l.opinion, f.title, f.text, `+labelColumns+`
			FROM feedback_label l JOIN feedback f ON f.model = $2 AND f.id = l.opinion WHERE l.workspace = $1 ORDER BY l.at DESC, l.opinion`,
			[]any{workspace, model}, func(r *sql.Rows) error {
				var id []byte
				var title, text string
				l, err := scanLabel(r.Scan, &id, &title, &text)
				if err != nil {
					return err
				}
				l.ID, l.Text = event.ID(id).String(), Analysed(title, text)
				if l.said == saidID(workspace, l.Text) {
					out = append(out, l)
				}
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	return out, nil
}

// RatedText is a text with the sentiment that its rating tells.
type RatedText struct {
	ID        string
	Text      string // as Analysed
	Language  string
	Sentiment language.Sentiment
	At        int64 // microseconds
}

// Rated returns a workspace's texts that have a rating which tells how they sound,
// the newest first.
func (s Store) Rated(ctx context.Context, workspace int64, limit int) (out []RatedText, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		return tx.Each(ctx, `SELECT f.id, f.title, f.text, f.language, f.mood, f.at FROM feedback f
			WHERE f.model = $1 AND f.rating IS NOT NULL AND f.mood IS NOT NULL AND f.search <> '' AND `+newest+" ORDER BY f.at DESC, f.id DESC LIMIT $2",
			[]any{model, limit}, func(r *sql.Rows) error {
				var t RatedText
				var id []byte
				var title, text string
				var spoken sql.Null[string]
				var mood int64
				err := r.Scan(&id, &title, &text, &spoken, &mood, &t.At)
				t.ID, t.Text, t.Language, t.Sentiment = event.ID(id).String(), Analysed(title, text), spoken.V, language.Sentiments[mood+1]
				out = append(out, t)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read rated texts: %w", err)
	}
	return out, nil
}
