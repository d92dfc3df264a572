package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// useProblems makes huma's own errors, such as those of validation, problems
// like all others. Huma keeps this choice in package variables.
func useProblems() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		p := web.NewProblem(status, message)
		for _, err := range errs {
			var d huma.ErrorDetailer
			switch {
			case err == nil:
			case errors.As(err, &d):
				text := strings.ReplaceAll(d.ErrorDetail().Message, time.RFC3339, "RFC 3339, such as 2026-03-01T10:00:00Z")
				if strings.HasPrefix(text, huma.ErrUnknownContentType.Error()) { // curl -d sends such a one by itself
					p.Detail = "send the body as JSON with the header Content-Type: application/json"
				}
				p.Flaws = append(p.Flaws, web.Flaw{Detail: text, Location: d.ErrorDetail().Location})
			default:
				p.Flaws = append(p.Flaws, web.Flaw{Detail: err.Error()})
			}
		}
		return p
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := huma.NewError(status, message, errs...).(*web.Problem)
		if ctx != nil {
			p.Instance = web.RequestID(ctx.Context())
		}
		return p
	}
}

// databaseWait is when who met a database that is away should come again.
const databaseWait = 5 * time.Second

// fail turns a room's error into what the client may see, or nil into nil.
func (s *server) fail(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var p *web.Problem
	var invalid workspace.Invalid
	var reject event.Reject
	var unavailable *eventlog.Unavailable
	switch {
	case errors.As(err, &p):
	case errors.As(err, &invalid):
		p = web.NewProblem(http.StatusUnprocessableEntity, string(invalid))
	case errors.As(err, &reject):
		p = web.NewProblem(http.StatusUnprocessableEntity, string(reject))
	case errors.As(err, &unavailable):
		p = web.NewProblem(http.StatusServiceUnavailable, "events are not accepted at the moment").RetryAfter(unavailable.RetryAfter)
	case db.IsAway(err) && ctx.Err() == nil:
		p = web.NewProblem(http.StatusServiceUnavailable, "the data cannot be reached at the moment; try again in a few seconds").RetryAfter(databaseWait)
		s.Logger.WarnContext(ctx, "request failed: the database is away", "request_id", web.RequestID(ctx), "error", db.Safe(err))
	default:
		if p = roomProblem(err); p == nil {
			p = web.NewProblem(http.StatusInternalServerError, "something went wrong here; the log knows this request by its id")
			if ctx.Err() == nil {
				s.Logger.ErrorContext(ctx, "request failed", "request_id", web.RequestID(ctx), "error", err)
			}
		}
	}
	p.Instance = web.RequestID(ctx)
	return p
}

// roomProblem knows the rooms' own kinds of error.
func roomProblem(err error) *web.Problem {
	var input feedback.InputError
	var asked insight.InputError
	switch {
	case errors.As(err, &input):
		return web.NewProblem(http.StatusUnprocessableEntity, string(input))
	case errors.As(err, &asked):
		return web.NewProblem(http.StatusUnprocessableEntity, string(asked))
	case errors.Is(err, customer.ErrNotFound), errors.Is(err, feedback.ErrNotFound), errors.Is(err, workspace.ErrNotFound), errors.Is(err, incident.ErrNotFound), errors.Is(err, deliver.ErrNotFound):
		return web.NewProblem(http.StatusNotFound, "there is nothing with this id")
	case errors.Is(err, customer.ErrNoMerge):
		return web.NewProblem(http.StatusConflict, "there is no merge to undo")
	case errors.Is(err, incident.ErrChanged), errors.Is(err, incident.ErrState):
		return web.NewProblem(http.StatusConflict, strings.TrimPrefix(strings.TrimPrefix(err.Error(), "change an incident: "), "judge an incident: "))
	case errors.Is(err, order.ErrCursor), errors.Is(err, incident.ErrCursor):
		return badCursor()
	case errors.Is(err, customer.ErrInvalid):
		return web.NewProblem(http.StatusUnprocessableEntity, strings.TrimPrefix(err.Error(), customer.ErrInvalid.Error()+": "))
	}
	return nil
}

func badCursor() *web.Problem {
	return web.NewProblem(http.StatusUnprocessableEntity, "the cursor is not one that this list gave")
}
