package feedback

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/language"
)

// InputError says what is wrong with what was asked, for the person who asks.
type InputError string

func (e InputError) Error() string { return string(e) }

// Store reads opinions and scores.
type Store struct {
	DB        *db.DB
	Analyzers Analyzers // say of a text what staff correct no longer

	// Recount counts an opinion anew in other rooms, around a change that no event
	// makes; nil for none.
	Recount func(ctx context.Context, tx *db.Tx, opinion, profile event.Key, change func() error) error
}

// Filter says which opinions to list. Empty fields do not filter.
type Filter struct {
	Channel, Kind          string
	Product, Order, Survey string
	Language, Sentiment    string            // of the text
	Topic, TopicSentiment  string            // the sentiment towards the topic
	Care                   string            // a reason why a person must read it, or AnyCare
	Urgency                int               // at least
	Disagrees              bool              // the rating and the text say opposite things
	Mood                   Mood              // NoMood for what has none
	RatingMin, RatingMax   *event.Millionths // both included; as given, not turned round
	State                  string            // open or handled
	Assignee               string            // id of an account, or Nobody
	Profiles               []event.ID        // of one customer; nil for all, empty for none
	Query                  string            // words that must all occur in the text, as parts of words too
	From, To               int64             // microseconds; From included, To not; 0 for open
	Cursor                 string
	Limit                  int // 1 to 200; anything else is 50
}

// States of an opinion.
const (
	Open    = "open"
	Handled = "handled"
)

// Nobody in place of an assignee asks for what is assigned to nobody.
const Nobody = "nobody"

// AnyCare in place of a reason asks for all that a person must read.
const AnyCare = "any"

// check reports the first thing that makes no sense.
func (f *Filter) check() error {
	err := cmp.Or(checkChannel(f.Channel), checkRange(f.From, f.To))
	switch {
	case err != nil:
		return err
	case f.Mood != "" && f.Mood != NoMood && !slices.Contains(moodColumns, f.Mood):
		return InputError("mood must be good, neutral, bad or none")
	case f.State != "" && f.State != Open && f.State != Handled:
		return InputError("state must be open or handled")
	case f.RatingMin != nil && f.RatingMax != nil && *f.RatingMin > *f.RatingMax:
		return InputError("the lowest rating must not be above the highest")
	case !isSentiment(f.Sentiment), !isSentiment(f.TopicSentiment):
		return InputError("a sentiment must be negative, neutral or positive")
	case f.Language != "" && f.Language != language.Other && !slices.Contains(language.Languages, f.Language):
		return InputError("language must be " + strings.Join(language.Languages, ", ") + " or " + language.Other)
	case f.Topic != "" && !slices.Contains(language.Topics, f.Topic):
		return InputError("topic must be one of " + strings.Join(language.Topics, ", "))
	case f.TopicSentiment != "" && f.Topic == "":
		return InputError("a sentiment towards a topic needs the topic")
	case f.Care != "" && f.Care != AnyCare && !slices.Contains(language.Care, f.Care):
		return InputError("care must be any, " + strings.Join(language.Care, ", "))
	case f.Urgency < 0 || f.Urgency > 3:
		return InputError("urgency must be 0 to 3")
	}
	return nil
}

func isSentiment(s string) bool {
	return s == "" || slices.Contains(language.Sentiments, language.Sentiment(s))
}

// ofText reports whether what the text says is filtered.
func (f *Filter) ofText() bool {
	return f.Language != "" || f.Sentiment != "" || f.Topic != "" || f.Care != "" || f.Urgency > 0 || f.Disagrees
}

// byTopic reports whether the rows of a topic are where to begin: nothing else
// that is asked leaves fewer.
func (f *Filter) byTopic() bool {
	return f.Topic != "" && f.Product == "" && f.Order == "" && f.Survey == "" && f.Profiles == nil && f.Query == "" && !f.fromCases()
}

// fromCases reports whether only opinions that staff did something about can be
// meant: these are few, so they are where to begin.
func (f *Filter) fromCases() bool {
	return f.State == Handled || f.Assignee != "" && f.Assignee != Nobody
}

// Item is one opinion as the API shows it.
type Item struct {
	ID             string   `json:"id"`
	CustomerID     string   `json:"customer_id"`
	Profile        event.ID `json:"-"`
	At             string   `json:"at"`
	EditedAt       string   `json:"edited_at,omitempty"`
	Channel        string   `json:"channel"`
	Kind           string   `json:"kind"`
	Title          string   `json:"title,omitempty"`
	Text           string   `json:"text"` // as written, HTML is not escaped
	Cut            bool     `json:"cut,omitempty"`
	Language       string   `json:"language"`
	Sentiment      string   `json:"sentiment"` // of the text
	SentimentScore *float64 `json:"sentiment_score"`
	Topics         []string `json:"topics"`
	Aspects        []Aspect `json:"aspects"`   // the topics with the sentiment towards each
	Corrected      []string `json:"corrected"` // by staff: sentiment, topics, care, language
	Care           []string `json:"care"`      // why a person must read it
	Urgency        int      `json:"urgency"`   // 0 whenever, 1 today, 2 within the hour, 3 now
	Disagrees      bool     `json:"disagrees"` // the rating and the text say opposite things
	Rating         *float64 `json:"rating"`
	Mood           Mood     `json:"mood"`    // good, neutral, bad, or empty
	MoodBy         string   `json:"mood_by"` // rating, model or staff, or empty
	Scale          int64    `json:"scale"`   // highest possible rating, 0 where unknown
	ProductID      string   `json:"product_id"`
	OrderID        string   `json:"order_id"`
	SurveyID       string   `json:"survey_id"`
	QuestionID     string   `json:"question_id"`
	ExternalID     string   `json:"external_id,omitempty"`
	ReplyTo        string   `json:"reply_to,omitempty"`
	Origin         string   `json:"origin,omitempty"`
	Author         string   `json:"author,omitempty"`
	Verified       bool     `json:"verified"`
	Inverted       bool     `json:"-"` // a low rating is the good one
}

// where collects conditions and their values.
type where struct {
	conditions []string
	args       []any
	byTopic    bool // the rows are those of feedback_topic a
}

// time is the column by which the rows are in order.
func (w *where) time() string {
	if w.byTopic {
		return "a.at"
	}
	return "f.at"
}

// id is the column that decides between rows of one time.
func (w *where) id() string {
	if w.byTopic {
		return "a.id"
	}
	return "f.id"
}

// add adds a condition in which each ? is the next value.
func (w *where) add(condition string, values ...any) {
	for _, v := range values {
		w.args = append(w.args, v)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.conditions = append(w.conditions, condition)
}

func (w *where) equal(column, value string) {
	if value != "" {
		w.add(column+" = ?", value)
	}
}

func (w *where) between(from, to int64) {
	if from != 0 {
		w.add(w.time()+" >= ?", from)
	}
	if to != 0 {
		w.add(w.time()+" < ?", to)
	}
}

// profiles leaves what is of one of some profiles. They are one value, because
// the number of values of a statement has a bound and that of profiles has none.
func (w *where) profiles(ids []event.ID, postgres bool) {
	if postgres {
		values := make([][]byte, len(ids))
		for i := range ids {
			values[i] = ids[i][:]
		}
		w.add("f.profile = ANY(?::bytea[])", values)
		return
	}
	var b strings.Builder
	for i := range ids {
		fmt.Fprintf(&b, `,"%x"`, ids[i][:])
	}
	w.add("f.profile IN (SELECT unhex(value) FROM json_each(?))", "["+strings.TrimPrefix(b.String(), ",")+"]")
}

func (w *where) String() string { return strings.Join(w.conditions, " AND ") }

// List returns opinions, newest first, and the cursor of the next page or "".
// Pages do not shift while opinions arrive. The error may be an InputError.
func (s Store) List(ctx context.Context, workspace int64, f Filter) (items []Item, next string, err error) {
	if f.Limit < 1 || f.Limit > 200 {
		f.Limit = 50
	}
	if err := f.check(); err != nil {
		return nil, "", err
	}
	at, id, err := parseCursor(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	words, err := queryWords(f.Query)
	if err != nil {
		return nil, "", err
	}
	items = []Item{}
	if f.Profiles != nil && len(f.Profiles) == 0 {
		return items, "", nil
	}
	var lastAt int64
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		w := f.where(workspace, model, tx.Postgres())
		w.add(newest)
		if f.Cursor != "" {
			w.add(w.time()+" <= ? AND ("+w.time()+" < ? OR "+w.id()+" < ?)", at, at, id[:])
		}
		hint, err := search(ctx, tx, w, words, f.fromCases())
		if err != nil {
			return err
		}
		w.args = append(w.args, f.Limit+1)
		return tx.Each(ctx, `
			SELECT `+itemColumns+` FROM `+f.tables()+` `+hint+` LEFT JOIN profile p ON p.model = f.model AND p.id = f.profile
			WHERE `+w.String()+fmt.Sprintf(` ORDER BY %s DESC, %s DESC LIMIT $%d`, w.time(), w.id(), len(w.args)), w.args,
			func(rows *sql.Rows) error {
				if len(items) == f.Limit {
					last, err := event.ParseID(items[f.Limit-1].ID)
					next = formatCursor(lastAt, last)
					return err
				}
				it, at, err := scanItem(rows)
				items, lastAt = append(items, it), at
				return err
			})
	})
	if err != nil {
		return nil, "", fmt.Errorf("list feedback: %w", err)
	}
	return items, next, nil
}

const itemColumns = `f.id, coalesce(p.customer, f.profile), f.profile, f.at, f.edited_at, f.channel, f.kind, f.title, f.text, f.cut, f.language,
	f.sentiment, f.sentiment_score, f.topics, f.care, f.urgency, f.corrected, f.rating, f.scale, f.mood, f.product_id, f.order_id, f.survey_id, f.question_id,
	f.external_id, f.reply_to, f.origin, f.author, f.verified, f.inverted`

// tables is what the conditions of where are about.
func (f *Filter) tables() string {
	if f.fromCases() {
		return "feedback_case c CROSS JOIN feedback f"
	}
	if f.byTopic() {
		return "feedback_topic a CROSS JOIN feedback f"
	}
	return "feedback f"
}

func (f *Filter) where(workspace, model int64, postgres bool) *where {
	w := &where{byTopic: f.byTopic()}
	w.add("f.model = ?", model)
	f.whereText(w, model)
	f.whereCase(w, workspace)
	w.equal("f.channel", f.Channel)
	w.equal("f.kind", f.Kind)
	switch f.Mood {
	case "":
	case NoMood:
		w.add("f.mood IS NULL")
	default:
		w.add("f.mood = ?", int64(1-slices.Index(moodColumns, f.Mood)))
	}
	if f.RatingMin != nil {
		w.add("f.rating >= ?", int64(*f.RatingMin))
	}
	if f.RatingMax != nil {
		w.add("f.rating <= ?", int64(*f.RatingMax))
	}
	w.equal("f.product_id", f.Product)
	w.equal("f.order_id", f.Order)
	w.equal("f.survey_id", f.Survey)
	if f.Profiles != nil {
		w.profiles(f.Profiles, postgres)
	}
	w.between(f.From, f.To)
	return w
}

// whereText adds the conditions on what the text says.
func (f *Filter) whereText(w *where, model int64) {
	w.equal("f.language", f.Language)
	w.equal("f.sentiment", f.Sentiment)
	if f.byTopic() {
		w.add("a.model = ? AND a.topic = ? AND f.id = a.id", model, f.Topic)
		w.equal("a.sentiment", f.TopicSentiment)
	} else if f.Topic != "" {
		aspect := "%|" + f.Topic + ":"
		if f.TopicSentiment != "" {
			aspect += f.TopicSentiment + "|"
		}
		w.add(`f.topics LIKE ? ESCAPE '\'`, aspect+"%")
	}
	if f.Care != "" {
		w.add("f.care <> ''")
	}
	if f.Care != "" && f.Care != AnyCare {
		w.add(`f.care LIKE ? ESCAPE '\'`, "%|"+escapeLike(f.Care)+"|%")
	}
	if f.Urgency > 0 {
		w.add("f.urgency > 0 AND f.urgency >= ?", f.Urgency)
	}
	if f.Disagrees {
		w.add(disagrees)
	}
}

// certain is how sure the score of a text must be to speak against a rating.
const certain = event.One / 2

// disagrees is the condition that rating and text say opposite things. Where there
// is no rating, both sound alike.
const disagrees = "(f.mood = 1 AND f.sentiment_score <= -500000 OR f.mood = -1 AND f.sentiment_score >= 500000)"

// whereCase adds the conditions on what staff did.
func (f *Filter) whereCase(w *where, workspace int64) {
	if f.fromCases() {
		w.add("c.workspace = ? AND f.id = c.opinion", workspace)
		switch f.State {
		case Handled:
			w.add("c.handled_at > 0")
		case Open:
			w.add("c.handled_at = 0")
		}
		switch f.Assignee {
		case "":
		case Nobody:
			w.add("c.assignee = ''")
		default:
			w.add("c.assignee = ?", f.Assignee)
		}
		return
	}
	if f.State == Open {
		w.add("NOT EXISTS (SELECT 1 FROM feedback_case c WHERE c.workspace = ? AND c.opinion = f.id AND c.handled_at > 0)", workspace)
	}
	if f.Assignee == Nobody {
		w.add("NOT EXISTS (SELECT 1 FROM feedback_case c WHERE c.workspace = ? AND c.opinion = f.id AND c.assignee <> '')", workspace)
	}
}

func checkChannel(name string) error {
	switch name {
	case "", Survey, Review, Chat, Social, Email, InStore:
		return nil
	}
	return InputError("channel must be survey, review, chat, social, email or store")
}

func checkRange(from, to int64) error {
	if from != 0 && to != 0 && from >= to {
		return InputError("from must be before to")
	}
	return nil
}

func scanItem(rows *sql.Rows) (it Item, at int64, err error) {
	var id, customer, profile []byte
	var edited int64
	var topics, care string
	var corrected int64
	var score, rating, mood sql.Null[int64]
	var spoken, sentiment, product, order, survey sql.Null[string]
	err = rows.Scan(&id, &customer, &profile, &at, &edited, &it.Channel, &it.Kind, &it.Title, &it.Text, &it.Cut, &spoken,
		&sentiment, &score, &topics, &care, &it.Urgency, &corrected, &rating, &it.Scale, &mood, &product, &order, &survey, &it.QuestionID,
		&it.ExternalID, &it.ReplyTo, &it.Origin, &it.Author, &it.Verified, &it.Inverted)
	if err != nil {
		return it, 0, err
	}
	it.ID, it.CustomerID, it.Profile = event.ID(id).String(), event.ID(customer).String(), event.ID(profile)
	it.At = event.FormatTime(at)
	if edited > at {
		it.EditedAt = event.FormatTime(edited)
	}
	it.SentimentScore, it.Rating = float(score), float(rating)
	it.Language, it.Sentiment, it.ProductID, it.OrderID, it.SurveyID = spoken.V, sentiment.V, product.V, order.V, survey.V
	if mood.Valid {
		it.Mood = moodColumns[1-mood.V]
		it.MoodBy = moodBy(rating.Valid, corrected)
	}
	it.Disagrees = it.Mood == Good && score.V <= -int64(certain) || it.Mood == Bad && score.V >= int64(certain)
	it.Topics, it.Aspects, it.Corrected, it.Care = []string{}, []Aspect{}, []string{}, append([]string{}, splitList(care)...)
	for _, a := range parseAspects(topics) {
		it.Topics, it.Aspects = append(it.Topics, a.Topic), append(it.Aspects, a)
	}
	for i, part := range []string{"sentiment", "topics", "care", "language"} { // by their bits
		if corrected>>i&1 != 0 {
			it.Corrected = append(it.Corrected, part)
		}
	}
	return it, at, nil
}

func moodBy(rated bool, corrected int64) string {
	switch {
	case rated:
		return "rating"
	case corrected&correctedSentiment != 0:
		return "staff"
	}
	return "model"
}

func float(n sql.Null[int64]) *float64 {
	if !n.Valid {
		return nil
	}
	f := event.Millionths(n.V).Float()
	return &f
}

func formatCursor(at int64, id event.ID) string {
	return base64.RawURLEncoding.EncodeToString(append(binary.BigEndian.AppendUint64(nil, uint64(at)), id[:]...))
}

func parseCursor(s string) (at int64, id event.ID, err error) {
	if s == "" {
		return math.MaxInt64, id, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 {
		return 0, id, InputError("the cursor is not one that this list gave")
	}
	return int64(binary.BigEndian.Uint64(b)), event.ID(b[8:]), nil
}

// Summary is what a customer's ratings say.
type Summary struct {
	AverageRating *float64 `json:"average_rating"` // of 5
	Ratings       int      `json:"ratings"`
	LastNPS       *float64 `json:"last_nps"` // 0 to 10
	LastNPSAt     string   `json:"last_nps_at,omitempty"`
}

// Summary returns the average of the ratings of the profiles of one customer
// that are out of 5, and the last NPS answer.
func (s Store) Summary(ctx context.Context, workspace int64, profiles []event.ID) (Summary, error) {
	var out Summary
	var sum, lastAt int64
	var lastID string
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("model int, profile bytes"))
		for _, p := range profiles {
			keys.Add(model, p[:])
		}
		return tx.Lookup(ctx, keys, `
			SELECT f.id, f.kind, f.at, f.rating FROM k CROSS JOIN feedback f WHERE f.model = k.model AND f.profile = k.profile
				AND f.rating IS NOT NULL AND (f.kind = 'rating' AND f.scale = 5 OR f.kind = 'nps') AND `+newest,
			func(rows *sql.Rows) error {
				var id []byte
				var kind string
				var at, rating int64
				if err := rows.Scan(&id, &kind, &at, &rating); err != nil {
					return err
				}
				if kind == Rating {
					out.Ratings++
					sum += rating
				} else if out.LastNPS == nil || at > lastAt || at == lastAt && string(id) > lastID {
					score := event.Millionths(rating).Float()
					out.LastNPS, lastAt, lastID = &score, at, string(id)
				}
				return nil
			})
	})
	if err != nil {
		return Summary{}, fmt.Errorf("feedback summary: %w", err)
	}
	if out.Ratings > 0 {
		average := event.Millionths(sum).Float() / float64(out.Ratings)
		out.AverageRating = &average
	}
	if out.LastNPS != nil {
		out.LastNPSAt = event.FormatTime(lastAt)
	}
	return out, nil
}
