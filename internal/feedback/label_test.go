package feedback_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// heardStore reads as the pipeline of these tests writes.
func heardStore(d *db.DB) feedback.Store {
	return feedback.Store{DB: d, Analyzers: hearing.Analyzers}
}

func TestCorrections(t *testing.T) {
	type aspects = []feedback.Aspect
	review := func(message string, second int64, rest string) event.Event {
		return ev(message, "Product Reviewed", second, `{"review_id":"r"`+rest+`}`)
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		s := heardStore(d)
		hear(t, d, review("1", 1, `,"review_body":"good delivery"`))
		untouched := dump(t, d)
		id := list(t, d, feedback.Filter{})[0].ID
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		check := func(step, sentiment string, mood feedback.Mood, by string, corrected string, topics ...feedback.Aspect) {
			t.Helper()
			it := list(t, d, feedback.Filter{})[0]
			got := []string{it.Sentiment, string(it.Mood), it.MoodBy, strings.Join(it.Corrected, " ")}
			if diff := gocmp.Diff([]string{sentiment, string(mood), by, corrected}, got); diff != "" {
				t.Error(step, diff)
			}
			if diff := gocmp.Diff(topics, it.Aspects, cmpopts.EquateEmpty()); diff != "" {
				t.Error(step, diff)
			}
			o, err := s.Overview(ctx, 1, feedback.Filter{}, feedback.Buckets{})
			if err != nil || o.N != 1 || o.ByModel == 1 != (by == "model") || mood == feedback.Bad != (o.Bad == 1) {
				t.Errorf("%s: %+v %v", step, o, err)
			}
			table, err := s.Topics(ctx, 1, feedback.Filter{}, feedback.Buckets{})
			if err != nil || len(table.Topics) != len(topics) {
				t.Errorf("%s: %+v %v", step, table, err)
			}
		}
		type change = feedback.Change
		nothing := feedback.Label{}
		good, wrong := feedback.Aspect{Topic: "delivery", Sentiment: "positive"}, aspects{{Topic: "size", Sentiment: "negative"}, {Topic: "price", Sentiment: "neutral"}}
		other := map[string]string{"delivery": "", "size": "negative", "price": "neutral"}
		check("first", "positive", feedback.Good, "model", "", good)
		must(s.Correct(ctx, agent, id, change{Sentiment: "negative"}))
		check("sentiment", "negative", feedback.Bad, "staff", "sentiment", good)
		must(s.Correct(ctx, agent, id, change{Topics: other}))
		check("topics beside it", "negative", feedback.Bad, "staff", "sentiment topics", wrong...)
		must(s.Uncorrect(ctx, agent, id, feedback.Label{Topics: wrong}))
		check("topics in its place", "positive", feedback.Good, "model", "topics", wrong...)
		must(s.Correct(ctx, agent, id, change{Sentiment: "neutral", Topics: map[string]string{"size": "", "price": "", "stock": ""}}))
		check("nothing is it about", "neutral", feedback.Neutral, "staff", "sentiment topics")
		hear(t, d, review("2", 2, `,"rating":1`))
		check("rated since", "neutral", feedback.Bad, "rating", "sentiment topics")
		hear(t, d, review("3", 3, `,"review_body":"bad price"`))
		check("another text", "negative", feedback.Bad, "rating", "", feedback.Aspect{Topic: "price", Sentiment: "negative"})
		if labels, err := s.Labels(ctx, 1); err != nil || len(labels) != 0 {
			t.Errorf("a label of another text: %+v %v", labels, err)
		}
		hear(t, d, review("4", 4, `,"review_body":"good delivery"`))
		check("the same text again", "neutral", feedback.Bad, "rating", "sentiment topics")
		labels, err := s.Labels(ctx, 1)
		want := []feedback.Label{{ID: id, Text: "good delivery", Sentiment: "neutral", Topics: aspects{}, Account: "ann"}}
		if diff := gocmp.Diff(want, labels, cmpopts.IgnoreFields(feedback.Label{}, "At"), cmpopts.IgnoreUnexported(feedback.Label{})); diff != "" || err != nil {
			t.Error(err, diff)
		}
		must(s.Uncorrect(ctx, agent, id, nothing))
		check("taken back", "positive", feedback.Bad, "rating", "", good)
		must(s.Uncorrect(ctx, agent, id, nothing))

		var input feedback.InputError
		for _, err := range []error{
			s.Correct(ctx, agent, id, change{}), s.Correct(ctx, agent, id, change{Sentiment: "glad"}), s.Correct(ctx, agent, id, change{Topics: map[string]string{"weather": "neutral"}}),
			s.Correct(ctx, agent, id, change{Topics: map[string]string{"size": "glad"}}), s.Correct(ctx, agent, id, change{Care: map[string]bool{"gossip": false}}),
			s.Correct(ctx, agent, id, change{Language: "xx"}), s.Uncorrect(ctx, agent, id, feedback.Label{Topics: aspects{wrong[0], wrong[0]}}),
			s.Uncorrect(ctx, agent, id, feedback.Label{Topics: aspects{{Topic: "size"}}}),
		} {
			if !errors.As(err, &input) {
				t.Error(err)
			}
		}
		if err := s.Correct(ctx, staff.Actor{Account: "eve", Workspace: 2, Role: workspace.Owner}, id, change{Sentiment: "negative"}); err == nil {
			t.Error("a stranger corrects")
		}
		if err := s.Correct(ctx, staff.Actor{Account: "bob", Workspace: 1, Role: workspace.Analyst}, id, change{Sentiment: "negative"}); err == nil {
			t.Error("who may not answer corrects")
		}
		log := audited(t, d)
		if strings.Count(log, "action=feedback.corrected") != 4 || strings.Count(log, "action=feedback.uncorrected") != 2 {
			t.Error(log)
		}

		clean(t, d)
		hear(t, d, review("1", 1, `,"review_body":"good delivery"`))
		must(s.Correct(ctx, agent, id, change{Language: "hi", Sentiment: "negative", Topics: other, Care: map[string]bool{"legal": false}}))
		must(s.Uncorrect(ctx, agent, id, nothing))
		if diff := gocmp.Diff(untouched, dump(t, d)); diff != "" {
			t.Error("what was taken back leaves something", diff)
		}
	})
}

// A false care flag can be taken away; what was urgent for it alone is so no longer.
func TestCareAndLanguageAreCorrected(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		s := heardStore(d)
		said := ev("1", "Email Replied", 1, `{"text":"it bled now and he sued"}`)
		hear(t, d, said)
		untouched := dump(t, d)
		id := list(t, d, feedback.Filter{})[0].ID
		wrong := func(flags ...string) feedback.Change {
			c := feedback.Change{Care: map[string]bool{}}
			for _, f := range flags {
				c.Care[f] = false
			}
			return c
		}
		for _, step := range []struct {
			name   string
			do     func() error
			want   string
			listed int // as for a person to read
		}{
			{"as read", func() error { return nil }, "en [safety legal] 3 []", 1},
			{"one flag", func() error { return s.Correct(ctx, agent, id, wrong("safety")) }, "en [legal] 3 [care]", 1},
			{"the other", func() error { return s.Correct(ctx, agent, id, wrong("legal")) }, "en [] 2 [care]", 0},
			{"the language too", func() error { return s.Correct(ctx, agent, id, feedback.Change{Language: "hi-Latn"}) }, "hi-Latn [] 2 [care language]", 0},
			{"replayed", func() error { empty(t, d, derived...); hear(t, d, said); return nil }, "hi-Latn [] 2 [care language]", 0},
			{"right after all", func() error { return s.Correct(ctx, agent, id, feedback.Change{Care: map[string]bool{"safety": true}}) }, "hi-Latn [safety] 3 [care language]", 1},
			{"undone", func() error { return s.Uncorrect(ctx, agent, id, feedback.Label{NotCare: []string{"legal", "safety"}}) }, "en [] 2 [care]", 0},
			{"taken back", func() error { return s.Uncorrect(ctx, agent, id, feedback.Label{}) }, "en [safety legal] 3 []", 1},
		} {
			if err := step.do(); err != nil {
				t.Fatal(step.name, err)
			}
			it := list(t, d, feedback.Filter{})[0]
			if got := fmt.Sprintln(it.Language, it.Care, it.Urgency, it.Corrected); got != step.want+"\n" {
				t.Errorf("%s: %s, not %s", step.name, got, step.want)
			}
			if n := len(list(t, d, feedback.Filter{Care: feedback.AnyCare})); n != step.listed {
				t.Errorf("%s: %d listed", step.name, n)
			}
		}
		if diff := gocmp.Diff(untouched, dump(t, d)); diff != "" {
			t.Error("what was taken back leaves something", diff)
		}
	})
}

func TestRated(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		hear(t, d,
			ev("1", "Product Reviewed", 1, `{"rating":1,"review_title":"Oh","review_body":"good"}`), ev("2", "Product Reviewed", 2, `{"rating":3,"review_body":"so so"}`),
			ev("3", "Product Reviewed", 3, `{"rating":5}`), ev("4", "Email Replied", 4, `{"text":"good"}`), ev("5", "Product Reviewed", 5, `{"rating":4,"review_body":"fine"}`))
		got, err := heardStore(d).Rated(ctx, 1, 10)
		want := []feedback.RatedText{
			{Text: "fine", Language: "en", Sentiment: language.Positive, At: 5e6}, {Text: "so so", Language: "en", Sentiment: language.Neutral, At: 2e6},
			{Text: "Oh\ngood", Language: "en", Sentiment: language.Negative, At: 1e6},
		}
		if diff := gocmp.Diff(want, got, cmpopts.IgnoreFields(feedback.RatedText{}, "ID")); diff != "" || err != nil {
			t.Error(err, diff)
		}
		if got, err = heardStore(d).Rated(ctx, 1, 1); len(got) != 1 || err != nil {
			t.Error(got, err)
		}
	})
}
