package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

const outgoingTag = "Outgoing messages"

func (s *server) outgoing() {
	huma.Register(s.huma, operation(http.MethodGet, "/destinations", "list-destinations", "Where messages go, and how each fares", workspace.ScopeAdmin, outgoingTag), s.listDestinations)
	list := operation(http.MethodGet, "/deliveries", "list-deliveries", "Messages to a destination, or those of all that were given up, the latest first", workspace.ScopeAdmin, outgoingTag)
	list.Errors = append(list.Errors, http.StatusNotFound)
	huma.Register(s.huma, list, s.listDeliveries)
	again := operation(http.MethodPost, "/deliveries/{id}/again", "send-again", "Send a message once more, with the same id", workspace.ScopeAdmin, outgoingTag)
	again.Errors = append(again.Errors, http.StatusNotFound)
	huma.Register(s.huma, again, s.sendAgain)
}

type destination struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind" enum:"email,webhook,slack,teams,telegram"`
	Name     string    `json:"name"`
	Address  string    `json:"address" doc:"What may be shown of where it is."`
	Paused   string    `json:"paused,omitempty" enum:"staff,gone,secrets" doc:"Why nothing is sent; absent where it is."`
	Waiting  int       `json:"waiting" doc:"Messages that wait; 1001 stands for more than 1000."`
	Oldest   time.Time `json:"oldest,omitzero" doc:"When the oldest of them was decided."`
	Failure  string    `json:"failure,omitempty" doc:"Why one of them is tried again."`
	LastSent time.Time `json:"last_sent,omitzero"`
	Dead     int       `json:"dead" doc:"Messages that were given up; 1001 stands for more than 1000."`
}

type destinationList struct {
	Items []destination `json:"items"`
}

func (s *server) listDestinations(ctx context.Context, _ *struct{}) (*body[destinationList], error) {
	list, err := s.Outbox.Overviews(ctx, actor(ctx))
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out := destinationList{Items: []destination{}}
	for _, o := range list {
		out.Items = append(out.Items, destination{
			ID: o.ID, Kind: string(o.Kind), Name: o.Name, Address: o.Address, Paused: o.Paused, Waiting: o.Waiting, Oldest: inUTC(o.Oldest),
			Failure: o.Failure, LastSent: inUTC(o.LastSent), Dead: o.Dead,
		})
	}
	return &body[destinationList]{out}, nil
}

// inUTC leaves a time that is not there as it is.
func inUTC(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

type delivery struct {
	ID          string    `json:"id" doc:"The webhook-id, and the first part of the Message-ID."`
	Destination string    `json:"destination"`
	Kind        string    `json:"kind" doc:"What it says, such as insight.opened."`
	State       string    `json:"state" enum:"open,sent,dead,returned"`
	Attempts    int       `json:"attempts"`
	Failure     string    `json:"failure,omitempty" doc:"Why the last attempt failed, in a word."`
	CreatedAt   time.Time `json:"created_at"`
	TouchedAt   time.Time `json:"touched_at" doc:"Of the last attempt."`
	Due         time.Time `json:"due,omitzero" doc:"Of the next attempt, where it is open."`
}

type deliveryQuery struct {
	Page
	Destination string `query:"destination" maxLength:"64" doc:"Without it, what was given up of all destinations."`
	State       string `query:"state" enum:"open,sent,dead,returned"`
}

type deliveryList struct {
	Items []delivery `json:"items"`
	Next  string     `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

func (s *server) listDeliveries(ctx context.Context, in *deliveryQuery) (*body[deliveryList], error) {
	f := deliver.Filter{Destination: in.Destination, State: deliver.State(in.State), Cursor: in.Cursor, Limit: in.Limit}
	if f.Destination == "" && f.State == "" {
		f.State = deliver.Dead
	}
	if f.Destination == "" && f.State != deliver.Dead {
		return nil, s.fail(ctx, web.NewProblem(http.StatusUnprocessableEntity, "name a destination, or ask for dead ones"))
	}
	if f.Destination != "" {
		if _, err := s.Outbox.Destination(ctx, actor(ctx), f.Destination); err != nil {
			return nil, s.fail(ctx, err)
		}
	}
	list, next, err := s.Outbox.Deliveries(ctx, actor(ctx), f)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out := deliveryList{Items: []delivery{}, Next: next}
	for _, d := range list {
		item := delivery{
			ID: d.ID, Destination: d.Destination, Kind: d.Kind, State: string(d.State), Attempts: d.Attempts, Failure: d.Failure,
			CreatedAt: d.CreatedAt.UTC(), TouchedAt: d.TouchedAt.UTC(),
		}
		if d.State == deliver.Open {
			item.Due = d.Due.UTC()
		}
		out.Items = append(out.Items, item)
	}
	return &body[deliveryList]{out}, nil
}

func (s *server) sendAgain(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"64"`
}) (*struct{}, error) {
	return nil, s.fail(ctx, s.Outbox.Again(ctx, actor(ctx), in.ID))
}
