// Package api is the REST surface, version 1: what a shop's own programs read
// and change, with a secret key. The OpenAPI 3.1 document at /api/openapi.json
// is made from the same declarations that route the requests. Errors are
// problem documents (RFC 9457).
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Pipeline is what the api needs of the way from the log to the database.
type Pipeline interface {
	// Stats counts a workspace's events.
	Stats(ctx context.Context, workspace int64) (process.Stats, error)
	// Act appends an action of staff to the log and returns when it is visible.
	Act(ctx context.Context, e event.Event) error
	// Dead lists events that could not be applied; RetryDead and DropDead settle one.
	Dead(ctx context.Context, workspace, after int64, limit int) ([]process.DeadEvent, error)
	RetryDead(ctx context.Context, workspace, id int64) error
	DropDead(ctx context.Context, workspace, id int64) error
}

// Options are what the api answers from.
type Options struct {
	Customers  *customer.Store
	Orders     order.Store
	Feedback   feedback.Store
	Insight    *insight.Store
	Incidents  *incident.Store
	Outbox     *deliver.Store
	Workspaces *workspace.Store
	Staff      *staff.Store
	Pipeline   Pipeline
	Tail       *process.Tail
	Rejected   *process.Rejected
	Keys       func(key string) (*workspace.Entry, bool)
	Analyzer   func(workspace int64) Analyzer // of the workspace's texts
	Logger     *slog.Logger
}

type server struct {
	Options
	huma huma.API
}

// New returns the handler of everything below /api/ and the document that
// describes it.
func New(o Options) (http.Handler, *huma.OpenAPI) {
	useProblems()
	mux := http.NewServeMux()
	mux.HandleFunc("/", web.NotFound)
	config := huma.DefaultConfig("Dhvani", db.Version)
	config.Info.Description = "Customers, what they say and how they feel. Every request carries a secret key: `Authorization: Bearer sk_...`."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/api/openapi", "", ""
	config.Formats = map[string]huma.Format{"application/json": format, "json": format}
	config.CreateHooks = nil // no $schema links in answers
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "A secret key with the scope that the operation names."},
	}
	s := &server{Options: o, huma: humago.New(mux, config)}
	s.huma.UseMiddleware(s.authorize, s.checkQuery)
	s.events()
	s.deadEvents()
	s.customers()
	s.feedbackAndScores()
	s.changes()
	s.insights()
	s.outgoing()
	s.language()
	s.keys()
	s.settings()
	return web.Standard(o.Logger, web.SecurityHeaders(mux)), s.huma.OpenAPI()
}

// format is JSON as huma has it, but bytes that are no text are refused, not replaced:
// what is said of a text by its offsets would be about another.
var format = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: func(b []byte, v any) error {
	if !utf8.Valid(b) {
		return errors.New("the body is not valid UTF-8")
	}
	return huma.DefaultJSONFormat.Unmarshal(b, v)
}}

// schemaName names a type of a room by the room too: several have an Item.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	room := path.Base(t.PkgPath())
	if room == "." || room == "api" || t.Name() == "" || strings.EqualFold(room, t.Name()) {
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
}

// operation declares what most operations share.
func operation(method, path, id, summary string, scope workspace.Scopes, tag string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, Tags: []string{tag},
		Description: "Needs a secret key with scope " + scope.String() + ".",
		Security:    []map[string][]string{{"key": {}}},
		Metadata:    map[string]any{scopeKey: scope},
		Errors:      []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusServiceUnavailable},
	}
}

// Page is a cursor and a limit, as every list takes them.
type Page struct {
	Cursor string `query:"cursor" doc:"Where to go on: next of the answer before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"At most this many items."`
}

// body wraps an answer.
type body[T any] struct{ Body T }
