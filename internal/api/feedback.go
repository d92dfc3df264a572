package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

const feedbackTag = "Feedback"

func (s *server) feedbackAndScores() {
	huma.Register(s.huma, operation(http.MethodGet, "/feedback", "list-feedback", "Opinions on every channel, newest first", workspace.ScopeRead, feedbackTag), s.listFeedback)
	huma.Register(s.huma, operation(http.MethodGet, "/feedback/overview", "feedback-overview", "What the opinions of a filter say together: over time, by mood, channel and product, with their scores", workspace.ScopeRead, feedbackTag), s.feedbackOverview)
	huma.Register(s.huma, operation(http.MethodGet, "/topics", "list-topics", "What the opinions of a filter are about, and how they speak of it", workspace.ScopeRead, feedbackTag), s.topics)
	huma.Register(s.huma, operation(http.MethodGet, "/feedback/{id}", "get-opinion", "One opinion, with what staff did about it", workspace.ScopeRead, feedbackTag), s.getOpinion)
	huma.Register(s.huma, operation(http.MethodGet, "/scores/{kind}", "score", "A score with its n and a 95 % interval, over time if wanted", workspace.ScopeRead, feedbackTag), s.score)
}

// During is a range of time.
type During struct {
	From time.Time `query:"from" doc:"From this time on."`
	To   time.Time `query:"to" doc:"Before this time."`
}

// micros returns a time in microseconds, and 0 for none; nothing that was said is
// so old that the first moment of 1970 must be told from the next microsecond.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return cmp.Or(t.UnixMicro(), 1)
}

// FeedbackFilter says which opinions are meant.
type FeedbackFilter struct {
	During
	Channel   string `query:"channel" enum:"survey,review,chat,social,email,store"`
	Kind      string `query:"kind" enum:"nps,csat,ces,rating,choice,text"`
	Language  string `query:"language" maxLength:"20" doc:"Of the text: en, hi, hi-Latn, bn, bn-Latn, ne, ne-Latn, pt, es or other."`
	Sentiment string `query:"sentiment" enum:"negative,neutral,positive" doc:"Of the text."`
	Topic     string `query:"topic" maxLength:"100" doc:"What the text is about, such as delivery."`
	Towards   string `query:"topic_sentiment" enum:"negative,neutral,positive" doc:"Towards the topic."`
	Care      string `query:"care" enum:"any,threat,safety,legal,self_harm,minors" doc:"Why a person must read it."`
	Urgency   int    `query:"urgency" minimum:"0" maximum:"3" doc:"At least so urgent: 1 today, 2 within the hour, 3 now."`
	Disagrees bool   `query:"disagrees" doc:"Only where the rating and the text say opposite things."`
	Product   string `query:"product" maxLength:"512" doc:"A product id."`
	Order     string `query:"order" maxLength:"512" doc:"An order id."`
	Survey    string `query:"survey" maxLength:"512" doc:"A survey id."`
	Customer  string `query:"customer" maxLength:"36" doc:"A customer's id."`
	Query     string `query:"q" maxLength:"500" doc:"Words that must all occur in the text, as parts of words too, in any script."`
	Mood      string `query:"mood" enum:"good,neutral,bad,none" doc:"Of the rating, and without one of the text; none is where neither tells."`
	RatingMin string `query:"rating_min" maxLength:"20" doc:"Lowest rating, as given."`
	RatingMax string `query:"rating_max" maxLength:"20" doc:"Highest rating, as given."`
	State     string `query:"state" enum:"open,handled" doc:"Whether staff marked it as handled."`
	Assignee  string `query:"assignee" maxLength:"64" doc:"Id of the account that it is assigned to, or nobody."`
}

type feedbackQuery struct {
	Page
	FeedbackFilter
}

type overviewQuery struct {
	FeedbackFilter
	Bucket   string `query:"bucket" enum:"hour,day,week,month" doc:"Gives a series too."`
	Timezone string `query:"timezone" maxLength:"60" doc:"tz name by which days begin, such as Asia/Kolkata; UTC without."`
}

type feedbackList struct {
	Items []feedback.Item `json:"items"`
	Next  string          `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

func (s *server) listFeedback(ctx context.Context, in *feedbackQuery) (*body[feedbackList], error) {
	f, err := s.feedbackFilter(ctx, &in.FeedbackFilter)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	f.Cursor, f.Limit = in.Cursor, in.Limit
	items, next, err := s.Feedback.List(ctx, entry(ctx).Workspace, f)
	return &body[feedbackList]{feedbackList{items, next}}, s.fail(ctx, err)
}

// feedbackFilter is what is asked for.
func (s *server) feedbackFilter(ctx context.Context, in *FeedbackFilter) (feedback.Filter, error) {
	f := feedback.Filter{
		Channel: in.Channel, Kind: in.Kind, Language: in.Language, Sentiment: in.Sentiment, Topic: in.Topic, TopicSentiment: in.Towards,
		Care: in.Care, Urgency: in.Urgency, Disagrees: in.Disagrees, Product: in.Product, Order: in.Order, Survey: in.Survey,
		Query: in.Query, From: micros(in.From), To: micros(in.To), Mood: feedback.Mood(in.Mood), State: in.State, Assignee: in.Assignee,
	}
	for _, r := range []struct {
		text string
		into **event.Millionths
	}{{in.RatingMin, &f.RatingMin}, {in.RatingMax, &f.RatingMax}} {
		if r.text == "" {
			continue
		}
		n, ok := event.ParseMillionths(r.text)
		if !ok {
			return f, feedback.InputError("rating_min and rating_max are numbers")
		}
		*r.into = &n
	}
	if in.Customer == "" {
		return f, nil
	}
	id, err := event.ParseID(in.Customer)
	if err != nil {
		return f, customer.ErrNotFound
	}
	f.Profiles, err = s.Customers.ProfileIDs(ctx, entry(ctx).Workspace, id)
	return f, err
}

func (s *server) feedbackOverview(ctx context.Context, in *overviewQuery) (*body[feedback.Overview], error) {
	f, by, err := s.overviewFilter(ctx, in)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	o, err := s.Feedback.Overview(ctx, entry(ctx).Workspace, f, by)
	return &body[feedback.Overview]{o}, s.fail(ctx, err)
}

func (s *server) topics(ctx context.Context, in *overviewQuery) (*body[feedback.TopicTable], error) {
	f, by, err := s.overviewFilter(ctx, in)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	t, err := s.Feedback.Topics(ctx, entry(ctx).Workspace, f, by)
	return &body[feedback.TopicTable]{t}, s.fail(ctx, err)
}

func (s *server) overviewFilter(ctx context.Context, in *overviewQuery) (f feedback.Filter, by feedback.Buckets, err error) {
	location, err := time.LoadLocation(in.Timezone)
	if err != nil || in.Timezone == "Local" {
		return f, by, web.NewProblem(http.StatusUnprocessableEntity, "timezone must be a tz name such as Asia/Kolkata")
	}
	f, err = s.feedbackFilter(ctx, &in.FeedbackFilter)
	return f, feedback.Buckets{Bucket: in.Bucket, Location: location}, err
}

func (s *server) getOpinion(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"36"`
}) (*body[feedback.Detail], error) {
	o, err := s.Feedback.Get(ctx, entry(ctx).Workspace, in.ID)
	return &body[feedback.Detail]{o}, s.fail(ctx, err)
}

type scoreQuery struct {
	Kind string `path:"kind" enum:"nps,csat,ces,rating"`
	During
	Bucket   string `query:"bucket" enum:"hour,day,week,month" doc:"Gives a series too, one score for each."`
	Timezone string `query:"timezone" maxLength:"60" doc:"tz name by which days begin, such as Asia/Kolkata; UTC without."`
	Channel  string `query:"channel" enum:"survey,review,chat,social,email,store"`
	Product  string `query:"product" maxLength:"512"`
	Survey   string `query:"survey" maxLength:"512"`
	Method   string `query:"method" enum:"mean,top_box" doc:"Of ces: the mean, or the share of the best answers."`
}

func (s *server) score(ctx context.Context, in *scoreQuery) (*body[feedback.Score], error) {
	location, err := time.LoadLocation(in.Timezone)
	if err != nil || in.Timezone == "Local" {
		return nil, s.fail(ctx, web.NewProblem(http.StatusUnprocessableEntity, "timezone must be a tz name such as Asia/Kolkata"))
	}
	score, err := s.Feedback.Scores(ctx, entry(ctx).Workspace, in.Kind, feedback.ScoreFilter{
		From: micros(in.From), To: micros(in.To), Bucket: in.Bucket, Location: location,
		Channel: in.Channel, Product: in.Product, Survey: in.Survey, Method: in.Method,
	})
	return &body[feedback.Score]{score}, s.fail(ctx, err)
}
