package feedback_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
)

// Texts come in the order of time, of a filter, the newest of too many, and with who
// said them.
func TestSaidTexts(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		other := ev("4", "Email Replied", 4, `{"text":"bad price"}`)
		other.UserID = "another"
		hear(t, d,
			ev("1", "Product Reviewed", 1, `{"rating":1,"review_title":"Oh","review_body":"good delivery"}`), ev("2", "Product Reviewed", 2, `{"rating":3,"review_body":"good price"}`),
			ev("3", "Product Reviewed", 3, `{"rating":5}`), other)
		s := heardStore(d)
		for name, c := range map[string]struct {
			filter feedback.Filter
			most   int
			want   []feedback.SaidText
		}{
			"all":      {feedback.Filter{}, 10, []feedback.SaidText{{At: 1e6, Text: "Oh\ngood delivery"}, {At: 2e6, Text: "good price"}, {At: 4e6, Text: "bad price"}}},
			"newest":   {feedback.Filter{}, 2, []feedback.SaidText{{At: 2e6, Text: "good price"}, {At: 4e6, Text: "bad price"}}},
			"topic":    {feedback.Filter{Topic: "price"}, 10, []feedback.SaidText{{At: 2e6, Text: "good price"}, {At: 4e6, Text: "bad price"}}},
			"toward":   {feedback.Filter{Topic: "price", TopicSentiment: "negative"}, 10, []feedback.SaidText{{At: 4e6, Text: "bad price"}}},
			"searched": {feedback.Filter{Query: "deliv"}, 10, []feedback.SaidText{{At: 1e6, Text: "Oh\ngood delivery"}}},
			"before":   {feedback.Filter{To: 2e6}, 10, []feedback.SaidText{{At: 1e6, Text: "Oh\ngood delivery"}}},
			"nobody":   {feedback.Filter{Profiles: []event.ID{}}, 10, nil},
		} {
			got, err := s.SaidTexts(ctx, 1, c.filter, c.most)
			if diff := gocmp.Diff(c.want, got, cmpopts.IgnoreFields(feedback.SaidText{}, "Customer")); diff != "" || err != nil {
				t.Error(name, err, diff)
			}
		}
		all, err := s.SaidTexts(ctx, 1, feedback.Filter{}, 10)
		if err != nil || len(all) != 3 || all[0].Customer != all[1].Customer || all[0].Customer == all[2].Customer {
			t.Errorf("who said what: %+v %v", all, err)
		}
		if got, err := s.SaidTexts(ctx, 2, feedback.Filter{}, 10); err == nil && len(got) > 0 {
			t.Errorf("another workspace's texts: %+v", got)
		}
	})
}

// A label is found by its opinion for as long as it is about the text.
func TestLabel(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		s := heardStore(d)
		review := func(message string, second int64, text string) event.Event {
			return ev(message, "Product Reviewed", second, `{"review_id":"r","review_body":"`+text+`"}`)
		}
		check := func(step string, want bool) {
			t.Helper()
			l, said, err := s.Label(ctx, 1, list(t, d, feedback.Filter{})[0])
			if err != nil || said != want || want && (l.Sentiment != "negative" || l.Topics != nil || l.Account != agent.Account || l.At == 0) {
				t.Errorf("%s: %+v %v %v", step, l, said, err)
			}
		}
		hear(t, d, review("1", 1, "good delivery"))
		it := list(t, d, feedback.Filter{})[0]
		check("nothing said", false)
		if err := s.Correct(ctx, agent, it.ID, feedback.Change{Sentiment: "negative"}); err != nil {
			t.Fatal(err)
		}
		check("said", true)
		if _, said, err := s.Label(ctx, 2, it); said || err != nil {
			t.Error("another workspace has it", err)
		}
		hear(t, d, review("2", 2, "good price"))
		check("of another text", false)
		hear(t, d, review("3", 3, "good delivery"))
		check("of the same again", true)
		if err := s.Uncorrect(ctx, agent, it.ID, feedback.Label{}); err != nil {
			t.Fatal(err)
		}
		check("taken back", false)
	})
}
