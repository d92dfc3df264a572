package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/workspace"
)

const insightsTag = "Insights"

func (s *server) insights() {
	get := func(path, id, summary string) huma.Operation {
		op := operation(http.MethodGet, path, id, summary, workspace.ScopeRead, insightsTag)
		op.Errors = append(op.Errors, http.StatusNotFound)
		return op
	}
	act := func(path, id, summary string) huma.Operation {
		op := operation(http.MethodPost, path, id, summary, workspace.ScopeWrite, insightsTag)
		op.Errors = append(op.Errors, http.StatusNotFound, http.StatusConflict)
		return op
	}
	huma.Register(s.huma, operation(http.MethodGet, "/insights", "list-insights", "What was noticed: troubles and good news, newest first", workspace.ScopeRead, insightsTag), s.listInsights)
	huma.Register(s.huma, get("/insights/{id}", "get-insight", "One of them, with the customers hit"), s.getInsight)
	huma.Register(s.huma, get("/insights/{id}/timeline", "insight-timeline", "What happened with it, the oldest first"), s.insightTimeline)
	huma.Register(s.huma, act("/insights/{id}/acknowledge", "acknowledge-insight", "Say that somebody looks after it"), s.acknowledgeInsight)
	huma.Register(s.huma, act("/insights/{id}/resolve", "resolve-insight", "Close it, and say what was done"), s.resolveInsight)
	huma.Register(s.huma, act("/insights/{id}/comment", "comment-insight", "Write something beside it"), s.commentInsight)
	huma.Register(s.huma, act("/insights/{id}/verdict", "judge-insight", "Say that its cause is muted, that it was expected, or that it was wrong; closes it, and detectors learn from it"), s.judgeInsight)
	huma.Register(s.huma, act("/verdicts/{id}/withdraw", "withdraw-verdict", "Take a verdict back"), s.withdrawVerdict)
}

// Spoken is the language of titles and texts in an answer.
type Spoken struct {
	Language string `query:"language" enum:"en,hi,bn,ne,pt-BR,es" default:"en" doc:"Of titles and texts."`
}

type insightQuery struct {
	Page
	During
	Spoken
	State    string `query:"state" enum:"open,acknowledged,recovered,resolved,merged,live" doc:"live: open, acknowledged or recovered."`
	Kind     string `query:"kind" maxLength:"40"`
	Severity string `query:"severity" enum:"low,medium,high,critical" doc:"At least so severe."`
	Good     string `query:"good" enum:"true,false" doc:"Good news alone, or troubles alone."`
	Told     string `query:"told" enum:"true,false" doc:"What people were told of alone, or what stands in the list only."`
}

type insightList struct {
	Items []incident.View `json:"items"`
	Next  string          `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

// choice reads true, false or nothing.
func choice(text string) *bool {
	if text == "" {
		return nil
	}
	b := text == "true"
	return &b
}

func (s *server) listInsights(ctx context.Context, in *insightQuery) (*body[insightList], error) {
	f := incident.Filter{Good: choice(in.Good), Told: choice(in.Told), From: in.From, To: in.To, Cursor: in.Cursor, Limit: in.Limit}
	switch in.State {
	case "":
	case "live":
		f.States = []incident.State{incident.Open, incident.Acknowledged, incident.Recovered}
	default:
		f.States = []incident.State{incident.State(in.State)}
	}
	if in.Kind != "" {
		f.Kinds = []incident.Kind{incident.Kind(in.Kind)}
	}
	for i, name := range incident.SeverityNames {
		if name == in.Severity {
			f.Least = incident.Severity(i)
		}
	}
	out := insightList{}
	list, next, err := s.Incidents.List(ctx, entry(ctx).Workspace, f)
	if err == nil {
		out.Next = next
		out.Items, err = s.Incidents.Views(ctx, entry(ctx).Workspace, locale.Lang(in.Language), false, list...)
	}
	return &body[insightList]{out}, s.fail(ctx, err)
}

// InsightPath names an Insight.
type InsightPath struct {
	ID string `path:"id" maxLength:"36"`
}

func (s *server) getInsight(ctx context.Context, in *struct {
	InsightPath
	Spoken
}) (*body[incident.View], error) {
	found, err := s.Incidents.Get(ctx, entry(ctx).Workspace, in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.oneInsight(ctx, in.Language, true, found)
}

func (s *server) oneInsight(ctx context.Context, lang string, customers bool, in *incident.Insight) (*body[incident.View], error) {
	list, err := s.Incidents.Views(ctx, entry(ctx).Workspace, locale.Lang(lang), customers, in)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &body[incident.View]{list[0]}, nil
}

// entryItem is a line of a timeline as the outside sees it.
type entryItem struct {
	At          string   `json:"at"`
	What        string   `json:"what"`
	By          string   `json:"by,omitempty" doc:"Id of an account or a key; absent for Dhvani itself."`
	Text        string   `json:"text,omitempty"`
	Step        string   `json:"step,omitempty"`
	Owner       string   `json:"owner,omitempty"`
	Severity    string   `json:"severity,omitempty"`
	Hit         int      `json:"hit,omitempty"`
	Insight     string   `json:"insight,omitempty" doc:"The one that it was merged with."`
	Told        []string `json:"told,omitempty" doc:"Names of the destinations."`
	Destination string   `json:"destination,omitempty" doc:"From whose message it was acknowledged."`
	Verdict     string   `json:"verdict,omitempty"`
	Until       string   `json:"until,omitempty"`
}

type entryList struct {
	Items []entryItem `json:"items"`
}

func (s *server) insightTimeline(ctx context.Context, in *InsightPath) (*body[entryList], error) {
	if _, err := s.Incidents.Get(ctx, entry(ctx).Workspace, in.ID); err != nil {
		return nil, s.fail(ctx, err)
	}
	list, err := s.Incidents.Timeline(ctx, entry(ctx).Workspace, in.ID)
	out := entryList{Items: []entryItem{}}
	for _, e := range list {
		d := e.Detail
		item := entryItem{At: event.FormatTime(e.At.UnixMicro()), What: string(e.What), By: e.Account, Text: d.Text, Step: d.Step, Owner: d.Account, Hit: d.Hit, Insight: d.Insight,
			Told: d.Destinations, Destination: d.Destination, Verdict: string(d.Verdict)}
		if d.Severity > 0 {
			item.Severity = incident.SeverityNames[d.Severity]
		}
		if d.Until > 0 {
			item.Until = event.FormatTime(d.Until)
		}
		out.Items = append(out.Items, item)
	}
	return &body[entryList]{out}, s.fail(ctx, err)
}

// Seen is the version that who changes an Insight looked at.
type Seen struct {
	Version int64 `json:"version,omitempty" minimum:"0" doc:"The version that you looked at: where somebody changed it since, or it has not had it yet, the answer is 409. Without it, whatever it is."`
}

type insightActInput struct {
	InsightPath
	Body *Seen
}

func (s *server) acknowledgeInsight(ctx context.Context, in *insightActInput) (*body[incident.View], error) {
	var seen Seen
	if in.Body != nil {
		seen = *in.Body
	}
	got, err := s.Incidents.Acknowledge(ctx, actor(ctx), in.ID, seen.Version)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.oneInsight(ctx, "en", false, got)
}

// Resolution is what who resolves an Insight says of it.
type Resolution struct {
	Seen
	Outcome string `json:"outcome,omitempty" maxLength:"4000" doc:"What was done."`
}

type resolveInput struct {
	InsightPath
	Body *Resolution
}

func (s *server) resolveInsight(ctx context.Context, in *resolveInput) (*body[incident.View], error) {
	var said Resolution
	if in.Body != nil {
		said = *in.Body
	}
	got, err := s.Incidents.Resolve(ctx, actor(ctx), in.ID, said.Version, said.Outcome)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.oneInsight(ctx, "en", false, got)
}

type commentInput struct {
	InsightPath
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000"`
	}
}

func (s *server) commentInsight(ctx context.Context, in *commentInput) (*body[incident.View], error) {
	got, err := s.Incidents.Comment(ctx, actor(ctx), in.ID, in.Body.Text)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.oneInsight(ctx, "en", false, got)
}

type verdictInput struct {
	InsightPath
	Body struct {
		Seen
		Verdict string    `json:"verdict" enum:"mute,expected,wrong"`
		Reason  string    `json:"reason,omitempty" enum:"campaign,holiday,other" doc:"Why it was expected."`
		From    time.Time `json:"from,omitempty" doc:"Of what was expected; without it, since it began."`
		Until   time.Time `json:"until,omitempty" doc:"Of what was expected, or is muted; without it, a mute has no end."`
	}
}

// verdictAnswer is a verdict as the outside sees it.
type verdictAnswer struct {
	ID      string `json:"id"`
	Verdict string `json:"verdict"`
}

func (s *server) judgeInsight(ctx context.Context, in *verdictInput) (*body[verdictAnswer], error) {
	v, err := s.Incidents.Judge(ctx, actor(ctx), in.ID, in.Body.Version, incident.Judging{
		What: incident.Judgement(in.Body.Verdict), Reason: in.Body.Reason, From: in.Body.From, Until: in.Body.Until,
	})
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &body[verdictAnswer]{verdictAnswer{v.ID.String(), string(v.What)}}, nil
}

func (s *server) withdrawVerdict(ctx context.Context, in *InsightPath) (*struct{}, error) {
	return nil, s.fail(ctx, s.Incidents.TakeBack(ctx, actor(ctx), in.ID))
}
