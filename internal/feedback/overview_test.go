package feedback_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

var agent = staff.Actor{Account: "ann", Workspace: 1, Role: workspace.Agent}

// naive makes what Overview makes from what List lists.
func naive(t testing.TB, d *db.DB, f feedback.Filter, spans []feedback.Span) (all feedback.Moods, byModel int64, series []int64, channels []feedback.Channel, products []feedback.Product) {
	t.Helper()
	byChannel, byProduct := map[string]*feedback.Moods{}, map[string]*feedback.Moods{}
	series = make([]int64, len(spans))
	ofChannel := map[string]int64{}
	count := func(m *feedback.Moods, mood feedback.Mood) {
		*map[feedback.Mood]*int64{feedback.Good: &m.Good, feedback.Neutral: &m.Neutral, feedback.Bad: &m.Bad, feedback.Unrated: &m.Unrated}[mood]++
	}
	f.Limit = 200
	for _, it := range list(t, d, f) {
		count(&all, it.Mood)
		model := int64(0)
		if it.MoodBy == "model" {
			model = 1
		}
		byModel += model
		ofChannel[it.Channel] += model
		for i, s := range spans {
			if it.At >= s.From && it.At < s.To {
				series[i]++
			}
		}
		for key, in := range map[string]map[string]*feedback.Moods{it.Channel: byChannel, it.ProductID: byProduct} {
			if key != "" {
				if in[key] == nil {
					in[key] = &feedback.Moods{}
				}
				count(in[key], it.Mood)
			}
		}
	}
	for c, m := range byChannel {
		channels = append(channels, feedback.Channel{Channel: c, N: m.N(), Moods: *m, ByModel: ofChannel[c]})
	}
	for p, m := range byProduct {
		products = append(products, feedback.Product{ID: p, N: m.N(), Moods: *m})
	}
	slices.SortFunc(channels, func(a, b feedback.Channel) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Channel, b.Channel))
	})
	slices.SortFunc(products, func(a, b feedback.Product) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.ID, b.ID)) })
	return all, byModel, series, channels, products
}

// naiveTopics makes what Topics makes from what List lists, with the spans of the
// series that it made.
func naiveTopics(t testing.TB, d *db.DB, f feedback.Filter, made feedback.TopicTable) (out []feedback.TopicRow) {
	rows := map[string]*feedback.TopicRow{}
	count := func(f feedback.Filter, each func(row *feedback.TopicRow, sentiment, at string)) {
		f.Limit = 200
		for _, it := range list(t, d, f) {
			for _, a := range it.Aspects {
				if f.Topic != "" && a.Topic != f.Topic || f.TopicSentiment != "" && a.Sentiment != f.TopicSentiment {
					continue
				}
				if rows[a.Topic] == nil {
					rows[a.Topic] = &feedback.TopicRow{Topic: a.Topic}
					for _, s := range made.Topics[0].Series {
						rows[a.Topic].Series = append(rows[a.Topic].Series, feedback.TopicSpan{From: s.From, To: s.To})
					}
				}
				each(rows[a.Topic], a.Sentiment, it.At)
			}
		}
	}
	if len(made.Topics) == 0 {
		made.Topics = []feedback.TopicRow{{}}
	}
	count(f, func(row *feedback.TopicRow, sentiment, at string) {
		row.N++
		*map[string]*int64{"negative": &row.Negative, "neutral": &row.Neutral, "positive": &row.Positive}[sentiment]++
		for i, s := range row.Series {
			if at >= s.From && at < s.To {
				row.Series[i].N++
				if sentiment == "negative" {
					row.Series[i].Negative++
				}
			}
		}
	})
	if f.From != 0 && f.To != 0 {
		before := f
		before.From, before.To = f.From-(f.To-f.From), f.From
		count(before, func(row *feedback.TopicRow, _, _ string) { row.Before++ })
	}
	for _, row := range rows {
		if row.N > 0 {
			row.NegativeShare, _ = feedback.ShareByModel(row.Negative, row.N, row.N)
			out = append(out, *row)
		}
	}
	slices.SortFunc(out, func(a, b feedback.TopicRow) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Topic, b.Topic)) })
	return out
}

// Whatever is asked, an overview counts what the list holds: by prepared counts,
// row by row, or by both.
func TestOverviewCountsTheList(t *testing.T) {
	lite, pg := databases(t)
	for _, d := range []*db.DB{lite, pg} { // w is u once more, so that reviews have twins
		err := d.Update(ctx, func(tx *db.Tx) error {
			customer := event.ProfileID(1, event.UserProfile, "u")
			for _, name := range []string{"u", "w"} {
				profile := event.ProfileID(1, event.UserProfile, name)
				if _, err := tx.Exec(ctx, "INSERT INTO profile (model, id, customer) VALUES (101, $1, $2)", profile[:], customer[:]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	const start = 1_770_000_000 // seconds
	rapid.Check(t, func(rt *rapid.T) {
		zone := rapid.SampledFrom([]string{"UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe"}).Draw(rt, "zone")
		place, err := time.LoadLocation(zone)
		if err != nil {
			rt.Fatal(err)
		}
		var events []event.Event
		for i := range rapid.IntRange(1, 30).Draw(rt, "n") {
			saying := rapid.SampledFrom(sayings).Draw(rt, "saying")
			properties := fmt.Sprintf(`{"review_id":"r%d","product_id":"p%d","rating":%d,"review_body":"%s indigo %[1]d"}`,
				rapid.IntRange(0, 1).Draw(rt, "review"), rapid.IntRange(0, 2).Draw(rt, "product"), rapid.IntRange(1, 6).Draw(rt, "rating"), saying)
			name := rapid.SampledFrom([]string{"Product Reviewed", "Survey Answered", "Live Chat Message Sent"}).Draw(rt, "name")
			switch name {
			case "Survey Answered":
				properties = fmt.Sprintf(`{"survey_id":"s","kind":"%s","score":%d}`, rapid.SampledFrom([]string{"nps", "csat", "ces"}).Draw(rt, "kind"), rapid.IntRange(0, 10).Draw(rt, "score"))
			case "Live Chat Message Sent":
				properties = fmt.Sprintf(`{"message_body":"%s","product_id":"p1"}`, saying)
			}
			e := ev(fmt.Sprint("m", i), name, start+rapid.Int64Range(0, 5*24*60).Draw(rt, "minute")*60, properties)
			e.UserID = rapid.SampledFrom([]string{"u", "v", "w"}).Draw(rt, "user")
			events = append(events, e)
		}
		f := feedback.Filter{
			Channel: rapid.SampledFrom([]string{"", "", feedback.Review, feedback.Survey}).Draw(rt, "channel"),
			Kind:    rapid.SampledFrom([]string{"", "", feedback.NPS, feedback.Rating}).Draw(rt, "of kind"),
			Mood:    rapid.SampledFrom([]feedback.Mood{"", "", feedback.Good, feedback.Bad, feedback.NoMood}).Draw(rt, "mood"),
			Product: rapid.SampledFrom([]string{"", "", "p1"}).Draw(rt, "of product"),
			State:   rapid.SampledFrom([]string{"", feedback.Open, feedback.Handled}).Draw(rt, "state"),
			Query:   rapid.SampledFrom([]string{"", "", "indigo"}).Draw(rt, "query"),
			Survey:  rapid.SampledFrom([]string{"", "", "", "s"}).Draw(rt, "survey"),
		}
		if rapid.Bool().Draw(rt, "plain") { // as prepared counts tell
			f = feedback.Filter{Channel: f.Channel}
		}
		switch rapid.IntRange(0, 9).Draw(rt, "of text") {
		case 0:
			f.Sentiment = "positive"
		case 1:
			f.Topic = "delivery"
		case 2:
			f.Topic, f.TopicSentiment = "price", "negative"
		case 3:
			f.Care = "safety"
		case 4:
			f.Urgency = 2
		case 5:
			f.Language = "hi-Latn"
		case 6:
			f.Disagrees = true
		}
		if rapid.IntRange(0, 3).Draw(rt, "low") == 0 {
			two := 2 * event.One
			f.RatingMin = &two
		}
		if rapid.Bool().Draw(rt, "from") {
			f.From = (start + rapid.Int64Range(0, 3*24*60).Draw(rt, "from at")*60) * 1e6
		}
		if rapid.Bool().Draw(rt, "to") {
			f.To = f.From + rapid.Int64Range(1, 3*24*60).Draw(rt, "to at")*60e6
			if f.From == 0 {
				f.To += start * 1e6
			}
		}
		by := feedback.Buckets{Bucket: rapid.SampledFrom([]string{"", "hour", "day", "week"}).Draw(rt, "bucket"), Location: place}
		for _, d := range []*db.DB{lite, pg} {
			clean(t, d)
			hear(t, d, events...)
			s := feedback.Store{DB: d}
			if all := list(t, d, feedback.Filter{Limit: 200}); len(all) > 0 {
				if err := s.Handle(ctx, agent, all[0].ID, true); err != nil {
					rt.Fatal(err)
				}
				if all[0].Text != "" {
					if err := s.Correct(ctx, agent, all[0].ID, feedback.Change{Sentiment: "negative", Topics: map[string]string{"delivery": "positive"}}); err != nil {
						rt.Fatal(err)
					}
				}
			}
			o, err := s.Overview(ctx, 1, f, by)
			if err != nil {
				rt.Fatal(err)
			}
			moods, byModel, series, channels, products := naive(t, d, f, o.Series)
			var got []int64
			for _, b := range o.Series {
				got = append(got, b.N)
			}
			if diff := gocmp.Diff(moods, o.Moods); diff != "" {
				rt.Fatalf("%+v: moods %s", f, diff)
			}
			if o.ByModel != byModel {
				rt.Fatalf("%+v: %d by the model, want %d", f, o.ByModel, byModel)
			}
			topics, err := s.Topics(ctx, 1, f, by)
			if err != nil {
				rt.Fatal(err)
			}
			if f.From != 0 && f.To == 0 {
				for i := range topics.Topics {
					topics.Topics[i].Before = 0 // of as long a time as until now
				}
			}
			if diff := gocmp.Diff(naiveTopics(t, d, f, topics), topics.Topics, equateEmpty); diff != "" {
				rt.Fatalf("%+v %v: topics %s", f, by, diff)
			}
			if !slices.Equal(got, series) {
				rt.Fatalf("%+v %v: series %v, want %v", f, by, got, series)
			}
			if diff := gocmp.Diff(channels, o.Channels, equateEmpty); diff != "" {
				rt.Fatalf("%+v: channels %s", f, diff)
			}
			if diff := gocmp.Diff(products, o.Products, equateEmpty); diff != "" {
				rt.Fatalf("%+v: products %s", f, diff)
			}
		}
	})
}

func TestMoodOf(t *testing.T) {
	for _, c := range []struct {
		kind     string
		scale    int64
		inverted bool
		want     string // from the lowest rating on
	}{
		{feedback.NPS, 10, false, "-------00++"},
		{feedback.Rating, 5, false, "--0++"},
		{feedback.CSAT, 3, false, "-0+"},
		{feedback.CES, 7, false, "---0+++"},
		{feedback.CES, 7, true, "+++0---"},
		{feedback.Rating, 10, false, "-----00++++"},
		{feedback.Rating, 2, false, "-+"},
	} {
		low := int64(1)
		if c.scale == 10 {
			low = 0
		}
		for i, sign := range c.want {
			want := map[rune]feedback.Mood{'+': feedback.Good, '0': feedback.Neutral, '-': feedback.Bad}[sign]
			if got := feedback.MoodOf(c.kind, event.Millionths(low+int64(i))*event.One, c.scale, c.inverted); got != want {
				t.Errorf("%s %d of %d, inverted %v: %s, want %s", c.kind, low+int64(i), c.scale, c.inverted, got, want)
			}
		}
	}
	if got := feedback.MoodOf(feedback.Rating, 3*event.One, 0, false); got != feedback.Unrated {
		t.Errorf("a rating of an unknown scale is %s", got)
	}
}

var equateEmpty = cmpopts.EquateEmpty()
