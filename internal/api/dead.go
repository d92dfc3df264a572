package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

func (s *server) deadEvents() {
	huma.Register(s.huma, operation(http.MethodGet, "/dead-events", "list-dead-events", "Events that could not be applied, with the reason, the oldest first", workspace.ScopeAdmin, eventsTag), s.listDead)
	retry := operation(http.MethodPost, "/dead-events/{id}/retry", "retry-dead-event", "Apply a dead event now", workspace.ScopeAdmin, eventsTag)
	retry.Errors = append(retry.Errors, http.StatusNotFound, http.StatusConflict)
	huma.Register(s.huma, retry, s.retryDead)
	drop := operation(http.MethodDelete, "/dead-events/{id}", "drop-dead-event", "Give a dead event up; it stays stored", workspace.ScopeAdmin, eventsTag)
	drop.Errors = append(drop.Errors, http.StatusNotFound)
	huma.Register(s.huma, drop, s.dropDead)
}

type deadEvent struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at" doc:"When it was put aside."`
	Stage     string    `json:"stage" doc:"The part of Dhvani that could not apply it; empty where it could not be stored."`
	Reason    string    `json:"reason"`
	Tries     int       `json:"tries"`
	Type      string    `json:"type,omitempty"`
	Name      string    `json:"name,omitempty"`
	MessageID string    `json:"message_id,omitempty"`
}

type deadList struct {
	Items []deadEvent `json:"items"`
	Next  string      `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

func (s *server) listDead(ctx context.Context, in *Page) (*body[deadList], error) {
	var after int64
	if in.Cursor != "" {
		n, err := strconv.ParseInt(in.Cursor, 36, 64)
		if err != nil || n <= 0 {
			return nil, s.fail(ctx, badCursor())
		}
		after = n
	}
	list, err := s.Pipeline.Dead(ctx, entry(ctx).Workspace, after, in.Limit+1)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out := deadList{Items: []deadEvent{}}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Next = strconv.FormatInt(list[in.Limit-1].ID, 36)
	}
	for _, d := range list {
		e := deadEvent{
			ID: strconv.FormatInt(d.ID, 10), At: utc(d.At), Stage: d.Stage, Reason: d.Reason, Tries: d.Tries, Name: d.Name, MessageID: d.MessageID,
		}
		if d.Type != 0 {
			e.Type = d.Type.String()
		}
		out.Items = append(out.Items, e)
	}
	return &body[deadList]{out}, nil
}

type deadID struct {
	ID string `path:"id"`
}

// number is 0, which no event has, where the id is not one that the list gives.
func (d *deadID) number() int64 {
	n, err := strconv.ParseInt(d.ID, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (s *server) retryDead(ctx context.Context, in *deadID) (*struct{}, error) {
	return nil, s.failDead(ctx, s.Pipeline.RetryDead(ctx, entry(ctx).Workspace, in.number()))
}

func (s *server) dropDead(ctx context.Context, in *deadID) (*struct{}, error) {
	return nil, s.failDead(ctx, s.Pipeline.DropDead(ctx, entry(ctx).Workspace, in.number()))
}

func (s *server) failDead(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, process.ErrNoDeadEvent):
		err = web.NewProblem(http.StatusNotFound, "there is no dead event with this id")
	case errors.Is(err, process.ErrStillDead):
		err = web.NewProblem(http.StatusConflict, "the event still cannot be applied; the list says why")
	}
	return s.fail(ctx, err)
}
