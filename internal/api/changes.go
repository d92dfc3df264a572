package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/workspace"
)

const changesTag = "Changes"

func (s *server) changes() {
	add := operation(http.MethodPost, "/changes", "tell-change", "Tell of something that the shop changed, so that it is thought of where trouble begins afterwards", workspace.ScopeWrite, changesTag)
	add.DefaultStatus = http.StatusCreated
	huma.Register(s.huma, add, s.tellChange)
	huma.Register(s.huma, operation(http.MethodGet, "/changes", "list-changes", "What the shop changed, as it told itself and as it was seen in events, newest first", workspace.ScopeRead, changesTag), s.listChanges)
}

// changeItem is a change as the outside sees it.
type changeItem struct {
	ID     string            `json:"id"`
	At     string            `json:"at" format:"date-time"`
	Kind   string            `json:"kind" enum:"deploy,price,stock,campaign,other"`
	Title  string            `json:"title"`
	Source string            `json:"source" enum:"api,staff,events" doc:"events: it was seen in them."`
	Of     map[string]string `json:"of,omitempty" doc:"What it is of: release, product, campaign; of a price also from, to and currency."`
}

func changeOf(c insight.Change) changeItem {
	return changeItem{ID: c.ID, At: event.FormatTime(c.At), Kind: c.Kind, Title: c.Title, Source: c.Source, Of: c.Of}
}

type tellChangeInput struct {
	Body struct {
		Kind  string     `json:"kind" enum:"deploy,price,stock,campaign,other"`
		Title string     `json:"title" minLength:"1" maxLength:"200" doc:"As people say it: Checkout 4.18 is live."`
		At    *time.Time `json:"at,omitempty" doc:"When it took effect; without it, now. A time up to five minutes ahead, as of a fast clock, is taken as now; one further ahead, or more than 400 days ago, is refused."`
		Of    struct {
			Release  string `json:"release,omitempty" maxLength:"128"`
			Product  string `json:"product,omitempty" maxLength:"128" doc:"Its id."`
			Campaign string `json:"campaign,omitempty" maxLength:"128"`
		} `json:"of,omitempty" required:"false" doc:"What it is of, as events name it."`
	}
}

func (s *server) tellChange(ctx context.Context, in *tellChangeInput) (*body[changeItem], error) {
	now := time.Now()
	at := now
	if in.Body.At != nil {
		at = *in.Body.At
	}
	c := insight.Change{Kind: in.Body.Kind, Title: in.Body.Title, At: at.UnixMicro(), Source: "api", Of: map[string]string{}}
	for name, value := range map[insight.Dim]string{insight.DimRelease: in.Body.Of.Release, insight.DimProduct: in.Body.Of.Product, insight.DimCampaign: in.Body.Of.Campaign} {
		if value != "" {
			c.Of[string(name)] = value
		}
	}
	c, err := s.Insight.AddChange(ctx, actor(ctx), c, now)
	return &body[changeItem]{changeOf(c)}, s.fail(ctx, err)
}

type changesQuery struct {
	Page
	During
}

type changeList struct {
	Items []changeItem `json:"items"`
	Next  string       `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

func (s *server) listChanges(ctx context.Context, in *changesQuery) (*body[changeList], error) {
	to := micros(in.To)
	if to == 0 {
		to = math.MaxInt64
	}
	list, next, err := s.Insight.ListChanges(ctx, actor(ctx), micros(in.From), to, in.Cursor, in.Limit)
	out := changeList{Items: []changeItem{}, Next: next}
	for _, c := range list {
		out.Items = append(out.Items, changeOf(c))
	}
	return &body[changeList]{out}, s.fail(ctx, err)
}
