package feedback_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var ctx = context.Background()

// ev is an event of workspace 1 by user u, at a second.
func ev(message, name string, second int64, properties string) event.Event {
	return event.Event{
		Workspace: 1, Model: 101, Type: event.Track, MessageID: message, UserID: "u", Name: name,
		At: second * 1e6, Properties: properties,
	}
}

func apply(t testing.TB, d *db.DB, events ...event.Event) {
	t.Helper()
	err := d.Update(ctx, func(tx *db.Tx) error {
		return feedback.Stage{}.Apply(ctx, tx, &event.Batch{Events: events})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func list(t testing.TB, d *db.DB, f feedback.Filter) []feedback.Item {
	t.Helper()
	items, _, err := feedback.Store{DB: d}.List(ctx, 1, f)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func ptr(f float64) *float64 { return &f }

func TestWhatEventsSay(t *testing.T) {
	type Item = feedback.Item
	long := strings.Repeat("é", feedback.MaxText)
	for _, c := range []struct {
		name, event, properties string
		want                    []Item
	}{
		{"nps", "Survey Answered", `{"survey_id":"s","question_id":"q","kind":"nps","score":9,"text":" great "}`,
			[]Item{{Channel: "survey", Kind: "nps", Text: "great", Rating: ptr(9), Scale: 10, SurveyID: "s", QuestionID: "q"}}},
		{"nps of zero", "Survey Answered", `{"kind":"NPS","score":"0"}`, []Item{{Channel: "survey", Kind: "nps", Rating: ptr(0), Scale: 10}}},
		{"nps must be whole", "Survey Answered", `{"kind":"nps","score":8.5}`, nil},
		{"nps beyond its scale, with a text", "Survey Answered", `{"kind":"nps","score":11,"text":"wow"}`, []Item{{Channel: "survey", Kind: "nps", Text: "wow"}}},
		{"csat", "Survey Answered", `{"kind":"csat","score":4,"order_id":"o"}`, []Item{{Channel: "survey", Kind: "csat", Rating: ptr(4), Scale: 5, OrderID: "o"}}},
		{"csat of another scale", "Survey Answered", `{"kind":"csat","score":6,"scale":7}`, []Item{{Channel: "survey", Kind: "csat", Rating: ptr(6), Scale: 7}}},
		{"ces", "Survey Answered", `{"kind":"ces","score":7}`, []Item{{Channel: "survey", Kind: "ces", Rating: ptr(7), Scale: 7}}},
		{"a score alone", "Survey Answered", `{"score":3}`, []Item{{Channel: "survey", Kind: "rating", Rating: ptr(3), Scale: 5}}},
		{"choices", "Survey Answered", `{"kind":"choice","choices":["fast","cheap"]}`, []Item{{Channel: "survey", Kind: "choice", Text: "fast, cheap"}}},
		{"choices as text", "Survey Answered", `{"kind":"choice","text":["fast","cheap"]}`, []Item{{Channel: "survey", Kind: "choice", Text: "fast, cheap"}}},
		{"a choice", "Survey Answered", `{"kind":"choice","text":"fast"}`, []Item{{Channel: "survey", Kind: "choice", Text: "fast"}}},
		{"a text", "Survey Answered", `{"kind":"text","text":"<b>ok</b>"}`, []Item{{Channel: "survey", Kind: "text", Text: "<b>ok</b>"}}},
		{"an answer without an answer", "Survey Answered", `{"kind":"text","survey_id":"s"}`, nil},
		{"no properties", "Survey Answered", ``, nil},
		{"review", "Product Reviewed", `{"product_id":"p","review_id":"r","rating":"2","review_body":"broke","review_title":"No"}`,
			[]Item{{Channel: "review", Kind: "rating", Title: "No", Text: "broke", Rating: ptr(2), Scale: 5, ProductID: "p", ExternalID: "r"}}},
		{"review with half stars", "product reviewed", `{"rating":4.5}`, []Item{{Channel: "review", Kind: "rating", Rating: ptr(4.5), Scale: 5}}},
		{"review without stars", "Product Reviewed", `{"review_body":"fine"}`, []Item{{Channel: "review", Kind: "text", Text: "fine"}}},
		{"six stars of five", "Product Reviewed", `{"rating":6}`, nil},
		{"six stars of ten", "Product Reviewed", `{"rating":6,"scale":10}`, []Item{{Channel: "review", Kind: "rating", Rating: ptr(6), Scale: 10}}},
		{"a product id too long to be one", "Product Reviewed", `{"rating":5,"product_id":"` + strings.Repeat("x", 3000) + `"}`, []Item{{Channel: "review", Kind: "rating", Rating: ptr(5), Scale: 5}}},
		{"a text too long", "Product Reviewed", `{"review_body":"` + long + `é!"}`, []Item{{Channel: "review", Kind: "text", Text: long, Cut: true}}},
		{"a text just as long as it may be", "Product Reviewed", `{"review_body":"` + long + `"}`, []Item{{Channel: "review", Kind: "text", Text: long}}},
		{"chat of the customer", "Live Chat Message Sent", `{"message_body":"hi","message_id":"m","conversation_id":"c","agent_id":"a"}`,
			[]Item{{Channel: "chat", Kind: "text", Text: "hi", ExternalID: "m", ReplyTo: "c"}}},
		{"chat of the agent", "Live Chat Message Received", `{"message_body":"hi"}`, nil},
		{"chat named from the shop's side", "Live Chat Message Received", `{"message_body":"hi","sender":"Customer"}`, []Item{{Channel: "chat", Kind: "text", Text: "hi"}}},
		{"chat of the agent, named so", "Live Chat Message Sent", `{"message_body":"hi","direction":"outbound"}`, nil},
		{"social", "Social Mention", `{"network":"X","post_id":"1","author_handle":"@ann","text":"love it","in_reply_to":"0"}`,
			[]Item{{Channel: "social", Kind: "text", Text: "love it", ExternalID: "1", ReplyTo: "0", Origin: "x", Author: "ann"}}},
		{"e-mail", "Email Replied", `{"text":"thanks","email_id":"e"}`, []Item{{Channel: "email", Kind: "text", Text: "thanks", ExternalID: "e"}}},
		{"store", "Store Visit", `{"remark":"kind staff","rating":5,"store_id":"st"}`, []Item{{Channel: "store", Kind: "rating", Text: "kind staff", Rating: ptr(5), Scale: 5, Origin: "st"}}},
		{"store without a remark", "Store Visit", `{"store_id":"st","total":9}`, nil},
		{"something else", "Product Viewed", `{"rating":5,"text":"x"}`, nil},
		{"posthog, oldest form", "survey sent", `{"$survey_id":"s","$survey_response":3}`, []Item{{Channel: "survey", Kind: "rating", Rating: ptr(3), SurveyID: "s", QuestionID: "0"}}},
		{"posthog, positions", "survey sent", `{"$survey_id":"s","$survey_response":"why not","$survey_response_1":["a","b"],"$survey_response_2":null}`,
			[]Item{{Channel: "survey", Kind: "text", Text: "why not", SurveyID: "s", QuestionID: "0"}, {Channel: "survey", Kind: "choice", Text: "a, b", SurveyID: "s", QuestionID: "1"}}},
		{"posthog, ids and positions of the same", "survey sent", `{"$survey_id":"s","$survey_questions":[{"id":"qa","type":"rating","scale":7},{"id":"qb","type":"single_choice"}],"$survey_response_qa":"6","$survey_response":5,"$survey_response_qb":"red","$survey_response_1":"red"}`,
			[]Item{{Channel: "survey", Kind: "rating", Rating: ptr(6), Scale: 7, SurveyID: "s", QuestionID: "qa"}, {Channel: "survey", Kind: "choice", Text: "red", SurveyID: "s", QuestionID: "qb"}}},
		{"posthog, a rating of nonsense", "survey sent", `{"$survey_id":"s","$survey_response":300}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := dbtest.SQLite(t)
			dbtest.Workspace(t, d, 1)
			apply(t, d, ev("m", c.event, 1, c.properties))
			profile := event.ProfileID(1, event.UserProfile, "u")
			for i := range c.want {
				w := &c.want[i]
				w.At, w.Topics, w.Profile, w.CustomerID, w.Mood = "1970-01-01T00:00:01Z", []string{}, profile, profile.String(), feedback.Unrated
				if w.Rating != nil {
					w.Mood = feedback.MoodOf(w.Kind, event.Millionths(*w.Rating*1e6), w.Scale, false)
				}
				if w.Mood != "" {
					w.MoodBy = "rating"
				}
			}
			order := cmpopts.SortSlices(func(a, b Item) bool { return a.QuestionID < b.QuestionID })
			if diff := cmp.Diff(c.want, list(t, d, feedback.Filter{}), cmpopts.IgnoreFields(Item{}, "ID"), cmpopts.EquateEmpty(), order); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEdits(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		apply(t, d,
			ev("1", "Product Reviewed", 5, `{"review_id":"r","order_id":"o","rating":1,"review_body":"bad service"}`),
			ev("2", "Product Reviewed", 7, `{"review_id":"r","order_id":"other","rating":2}`),
			ev("3", "survey sent", 8, `{"$survey_id":"s","$survey_submission_id":"x","$survey_response_a":1}`))
		other := ev("4", "Product Reviewed", 7, `{"review_id":"r","order_id":"o","rating":3}`)
		other.UserID = "v"
		apply(t, d, other,
			ev("5", "Product Reviewed", 6, `{"review_id":"r","order_id":"o","rating":4,"review_body":"good service"}`),
			ev("6", "Product Reviewed", 4, `{"review_id":"r","order_id":"o","rating":5}`),
			ev("7", "survey sent", 9, `{"$survey_id":"s","$survey_submission_id":"x","$survey_response_a":2,"$survey_response_b":3}`))
		var got []string
		for _, it := range list(t, d, feedback.Filter{}) {
			got = append(got, fmt.Sprintf("%s %s %s %v %q", it.At[17:], strings.TrimPrefix(it.EditedAt, "1970-01-01T00:00:"), it.OrderID+it.QuestionID, *it.Rating, it.Text))
		}
		want := []string{`09Z  b 3 ""`, `08Z 09Z a 2 ""`, `07Z  other 2 ""`, `07Z  o 3 ""`, `04Z 06Z o 4 "good service"`}
		if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
			t.Error(diff)
		}
		if n := len(list(t, d, feedback.Filter{Query: "bad"})); n != 0 {
			t.Error("the text before the edit is still found")
		}
		if n := len(list(t, d, feedback.Filter{Query: "good"})); n != 1 {
			t.Error("the edited text is not found")
		}
		if d.Postgres {
			return
		}
		var old int
		err := d.View(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, `SELECT count(*) FROM feedback_text WHERE feedback_text MATCH '"bad"'`).Scan(&old)
		})
		if err != nil || old != 0 {
			t.Errorf("the index keeps the text before the edit: %d, %v", old, err)
		}
	})
}

// What an edit does not give stays, and what was only claimed edits nothing that
// somebody vouched for; in one batch and in several.
func TestPartialAndClaimedEdits(t *testing.T) {
	verified := func(e event.Event) event.Event { e.Flags = event.Verified; return e }
	const review = `{"review_id":"r","order_id":"o"`
	rated, said := ev("1", "Product Reviewed", 1, review+`,"rating":4}`), ev("2", "Product Reviewed", 2, review+`,"review_body":"good"}`)
	both, off := ev("3", "Product Reviewed", 3, review+`,"rating":2,"review_body":"poor"}`), ev("4", "Product Reviewed", 4, review+`,"rating":9,"review_body":"odd"}`)
	for _, c := range []struct {
		name   string
		events []event.Event
		want   string
	}{
		{"text after rating", []event.Event{rated, said}, `rating 4 of 5 "good" 1 2`},
		{"rating after text", []event.Event{ev("0", "Product Reviewed", 0, review+`,"review_body":"fine"}`), rated}, `rating 4 of 5 "fine" 0 1`},
		{"both", []event.Event{rated, said, both}, `rating 2 of 5 "poor" 1 3`},
		{"a rating off the scale", []event.Event{both, off}, `rating 2 of 5 "odd" 3 4`},
		{"a claim after", []event.Event{verified(rated), said, both}, `rating 4 of 5 "" 1 1`},
		{"a claim before", []event.Event{rated, verified(said)}, `text 0 of 0 "good" 2 2`},
		{"both vouched for", []event.Event{verified(rated), verified(said), off}, `rating 4 of 5 "good" 1 2`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				dbtest.Workspace(t, d, 1)
				for _, together := range []bool{true, false} {
					clean(t, d)
					if together {
						apply(t, d, c.events...)
					} else {
						for _, e := range c.events {
							apply(t, d, e)
						}
					}
					items := list(t, d, feedback.Filter{})
					if len(items) != 1 {
						t.Fatal(items)
					}
					it := items[0]
					if it.Rating == nil {
						it.Rating = ptr(0)
					}
					if it.EditedAt == "" {
						it.EditedAt = it.At
					}
					got := fmt.Sprintf("%s %v of %d %q %s %s", it.Kind, *it.Rating, it.Scale, it.Text, it.At[18:19], it.EditedAt[18:19])
					if got != c.want {
						t.Errorf("together %v: got %s, want %s", together, got, c.want)
					}
					if n := len(list(t, d, feedback.Filter{Query: it.Text})); n != 1 {
						t.Error("the text is not found")
					}
				}
			})
		})
	}
}

func TestFiltersAndPages(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		dbtest.Workspace(t, d, 2)
		var events []event.Event
		for i := range 9 { // three at a time
			events = append(events, ev(fmt.Sprint("m", i), "Product Reviewed", int64(100+i/3), fmt.Sprintf(`{"rating":%d,"product_id":"p%d","order_id":"o%d"}`, 1+i%5, i%2, i)))
		}
		events[3].Properties = `{"rating":4,"product_id":"p1","order_id":"o3","review_body":"bad payment fine price"}`
		events = append(events, ev("s", "Survey Answered", 200, `{"kind":"nps","score":1,"survey_id":"s"}`))
		other := ev("w2", "Product Reviewed", 300, `{"rating":5}`)
		other.Workspace, other.Model = 2, 102
		hear(t, d, append(events, other)...)
		u := event.ProfileID(1, event.UserProfile, "u")
		many := make([]event.ID, 70_000)
		many[len(many)-1] = u
		for _, c := range []struct {
			f    feedback.Filter
			want int
		}{
			{feedback.Filter{}, 10},
			{feedback.Filter{Channel: "review"}, 9},
			{feedback.Filter{Kind: "nps"}, 1},
			{feedback.Filter{Survey: "s"}, 1},
			{feedback.Filter{Product: "p1"}, 4},
			{feedback.Filter{Order: "o8", Channel: "review"}, 1},
			{feedback.Filter{Topic: "price"}, 1},
			{feedback.Filter{Topic: "payment", Sentiment: "negative"}, 1},
			{feedback.Filter{Topic: "price", TopicSentiment: "neutral"}, 1},
			{feedback.Filter{Topic: "price", TopicSentiment: "negative"}, 0},
			{feedback.Filter{Topic: "payment", TopicSentiment: "negative", Product: "p1"}, 1},
			{feedback.Filter{Topic: "stock", Product: "p1"}, 0},
			{feedback.Filter{Language: "en"}, 1},
			{feedback.Filter{Language: "hi"}, 0},
			{feedback.Filter{Disagrees: true}, 1},
			{feedback.Filter{Urgency: 1}, 0},
			{feedback.Filter{Care: feedback.AnyCare}, 0},
			{feedback.Filter{Sentiment: "positive"}, 0},
			{feedback.Filter{From: 101e6, To: 102e6}, 3},
			{feedback.Filter{Profiles: []event.ID{u, {}}}, 10},
			{feedback.Filter{Profiles: many}, 10},
			{feedback.Filter{Profiles: []event.ID{{}}}, 0},
			{feedback.Filter{Profiles: []event.ID{}}, 0},
		} {
			if got := list(t, d, c.f); len(got) != c.want {
				t.Errorf("%.200s: %d, want %d", fmt.Sprintf("%+v", c.f), len(got), c.want)
			}
		}
		if it := list(t, d, feedback.Filter{Topic: "price"})[0]; *it.SentimentScore != -0.75 || len(it.Topics) != 2 || it.Topics[0] != "payment" || it.Aspects[1].Sentiment != "neutral" || it.Language != "en" || !it.Disagrees {
			t.Errorf("got %+v", it)
		}
		seen, cursor := map[string]bool{}, ""
		for page := 0; ; page++ {
			items, next, err := feedback.Store{DB: d}.List(ctx, 1, feedback.Filter{Cursor: cursor, Limit: 4})
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range items {
				if seen[it.ID] {
					t.Error("seen twice")
				}
				seen[it.ID] = true
			}
			if page == 0 {
				apply(t, d, ev("new", "Email Replied", 400, `{"text":"later"}`))
			}
			if cursor = next; next == "" {
				break
			}
		}
		if len(seen) != 10 {
			t.Errorf("saw %d of 10", len(seen))
		}
		var input feedback.InputError
		for _, f := range []feedback.Filter{{Cursor: "x"}, {Channel: "fax"}, {From: 2, To: 1}, {Sentiment: "good"}, {TopicSentiment: "negative"}, {Care: "some"}, {Topic: "pay%"}, {Topic: "Price"}, {Language: "xx"}, {Language: "HI-latn"}, {Urgency: 4}} {
			if _, _, err := (feedback.Store{DB: d}).List(ctx, 1, f); !errors.As(err, &input) {
				t.Errorf("%+v gave %v", f, err)
			}
		}
	})
}

// A customer's id is that of its set of profiles.
func TestCustomerID(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		apply(t, d, ev("m", "Email Replied", 1, `{"text":"x"}`))
		profile, customer := event.ProfileID(1, event.UserProfile, "u"), event.ID{1}
		err := d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO profile (model, id, customer) VALUES (101, $1, $2)", profile[:], customer[:])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if it := list(t, d, feedback.Filter{})[0]; it.CustomerID != customer.String() || it.Profile != profile {
			t.Errorf("got %+v", it)
		}
	})
}

func databases(t *testing.T) (lite, pg *db.DB) {
	t.Helper()
	pg, err := db.Open(ctx, db.Options{URL: dbtest.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pg.Close() })
	lite = dbtest.SQLite(t)
	dbtest.Workspace(t, lite, 1)
	dbtest.Workspace(t, pg, 1)
	return lite, pg
}

// derived are the tables that a replay makes.
var derived = []string{"feedback", "feedback_hour", "feedback_day", "feedback_topic", "feedback_topic_day"}

func clean(t testing.TB, d *db.DB) { empty(t, d, append(derived, "feedback_label")...) }

func empty(t testing.TB, d *db.DB, tables ...string) {
	t.Helper()
	err := d.Update(ctx, func(tx *db.Tx) error {
		for _, table := range tables {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func dump(t testing.TB, d *db.DB) string {
	t.Helper()
	var out strings.Builder
	for _, query := range []string{
		`SELECT model, id, profile, at, edited_at, stamp, rated, said, channel, kind, title, text, cut, search, rating, scale, inverted, mood, shard,
			language, sentiment, sentiment_score, topics, care, urgency, corrected, product_id, order_id, survey_id, question_id, external_id, review, twin, reply_to, origin, author, verified FROM feedback ORDER BY model, id`,
		`SELECT model, hour, kind, channel, survey, scale, inverted, rating, heard, shard, q0, q1, q2, q3 FROM feedback_hour ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10`,
		`SELECT model, day, product, channel, kind, shard, good, neutral, bad, unrated FROM feedback_day ORDER BY 1, 2, 3, 4, 5, 6`,
		`SELECT model, topic, at, id, sentiment, channel FROM feedback_topic ORDER BY 1, 2, 3, 4`,
		`SELECT model, day, topic, channel, shard, negative, neutral, positive FROM feedback_topic_day ORDER BY 1, 2, 3, 4, 5`,
	} {
		dumpRows(t, d, query, &out)
	}
	return out.String()
}

func dumpRows(t testing.TB, d *db.DB, query string, out *strings.Builder) {
	t.Helper()
	err := d.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		names, _ := rows.Columns()
		for rows.Next() {
			values := make([]any, len(names))
			for i := range values {
				values[i] = new(any)
			}
			if err := rows.Scan(values...); err != nil {
				return err
			}
			for i, v := range values {
				fmt.Fprintf(out, "%s=%v ", names[i], *v.(*any))
			}
			out.WriteByte('\n')
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// One result for any order of arrival and any cutting into batches, on both
// databases.
func TestArrivalOrderDoesNotMatter(t *testing.T) {
	lite, pg := databases(t)
	shapes := []struct{ name, properties string }{
		{"Product Reviewed", `{"review_id":"r%d","order_id":"o%d","rating":%d,"review_body":"%[4]s"}`},
		{"Product Reviewed", `{"review_id":"r%d","order_id":"o%d","rating":"%d","product_id":"p","x":"%s"}`},
		{"Product Reviewed", `{"review_id":"r%d","order_id":"o%d","review_body":"%[4]s","x":%[3]d}`},
		{"survey sent", `{"$survey_id":"s%d","$survey_submission_id":"x%d","$survey_response":%d,"$survey_response_1":"%[4]s"}`},
		{"Survey Answered", `{"survey_id":"s%d","submission_id":"x%d","text":"%[4]s","x":%[3]d}`},
		{"Survey Answered", `{"survey_id":"s%d","question_id":"q%d","kind":"nps","score":%d,"x":"%s"}`},
		{"Live Chat Message Sent", `{"message_id":"m%d","conversation_id":"c%d","message_body":"%[4]s","x":%[3]d}`},
		{"Product Viewed", `{"a":%d,"b":%d,"c":%d,"d":"%s"}`},
	}
	rapid.Check(t, func(rt *rapid.T) {
		var events []event.Event
		few := rapid.IntRange(0, 1)
		for i := range rapid.IntRange(1, 40).Draw(rt, "n") {
			s := rapid.SampledFrom(shapes).Draw(rt, "shape")
			e := ev(fmt.Sprint("m", i), s.name, 900*rapid.Int64Range(-1, 4).Draw(rt, "at"),
				fmt.Sprintf(s.properties, few.Draw(rt, "a"), few.Draw(rt, "b"), rapid.IntRange(1, 5).Draw(rt, "c"), rapid.SampledFrom(sayings).Draw(rt, "d")))
			e.UserID = rapid.SampledFrom([]string{"u", "v"}).Draw(rt, "user")
			e.Position = event.NewPosition(rapid.IntRange(0, 1).Draw(rt, "shard"), uint64(i), 0)
			if rapid.IntRange(0, 3).Draw(rt, "verified") == 0 {
				e.Flags = event.Verified
			}
			events = append(events, e)
		}
		clean(t, lite)
		hear(t, lite, events...)
		want := dump(t, lite)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		for _, d := range []*db.DB{lite, pg} {
			clean(t, d)
			r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			for rest := events; len(rest) > 0; {
				n := 1 + r.IntN(len(rest))
				hear(t, d, rest[:n]...)
				rest = rest[n:]
			}
			if diff := cmp.Diff(want, dump(t, d)); diff != "" {
				rt.Fatal(diff)
			}
		}
	})
}

func TestSummary(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		u := []event.ID{event.ProfileID(1, event.UserProfile, "u")}
		s := feedback.Store{DB: d}
		got, err := s.Summary(ctx, 1, u)
		if diff := cmp.Diff(feedback.Summary{}, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
		apply(t, d,
			ev("1", "Product Reviewed", 1, `{"rating":5}`), ev("2", "Product Reviewed", 2, `{"rating":2}`), ev("3", "Product Reviewed", 3, `{"rating":9,"scale":10}`),
			ev("4", "Survey Answered", 5, `{"kind":"nps","score":3}`), ev("5", "Survey Answered", 4, `{"kind":"nps","score":9}`))
		got, err = s.Summary(ctx, 1, u)
		want := feedback.Summary{AverageRating: ptr(3.5), Ratings: 2, LastNPS: ptr(3), LastNPSAt: "1970-01-01T00:00:05Z"}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
	})
}
