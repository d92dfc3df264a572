package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

const scopeKey = "scope" // of an operation's metadata

// Keys of a request's context.
type (
	entryKey struct{} // what its key opens
	validKey struct{} // whether its key still opens it
)

// authorize lets a request pass that carries a secret key with the operation's
// scope.
func (s *server) authorize(ctx huma.Context, next func(huma.Context)) {
	scope, guarded := ctx.Operation().Metadata[scopeKey].(workspace.Scopes)
	if !guarded {
		next(ctx)
		return
	}
	header := ctx.Header("Authorization")
	e, err := web.Authorize(header, s.Keys, scope)
	if err != nil {
		s.refuse(ctx, err)
		return
	}
	valid := func() bool {
		_, err := web.Authorize(header, s.Keys, scope)
		return err == nil
	}
	next(huma.WithValue(huma.WithValue(ctx, entryKey{}, e), validKey{}, valid))
}

// refuse answers with a problem before an operation is reached.
func (s *server) refuse(ctx huma.Context, err error) {
	var p *web.Problem
	if !errors.As(err, &p) {
		p = web.NewProblem(http.StatusInternalServerError, "")
	}
	for name := range p.GetHeaders() {
		ctx.SetHeader(name, p.GetHeaders().Get(name))
	}
	if err := huma.WriteErr(s.huma, ctx, p.Status, p.Detail); err != nil {
		s.Logger.Warn("an answer could not be written", "error", err)
	}
}

// checkQuery refuses parameters that an operation does not have, or has once, so
// that no filter is passed over, and text that no store takes.
func (s *server) checkQuery(ctx huma.Context, next func(huma.Context)) {
	address := ctx.URL()
	query, err := url.ParseQuery(address.RawQuery)
	bad := err != nil || !isText(address.Path)
	for name, values := range query {
		known := slices.ContainsFunc(ctx.Operation().Parameters, func(p *huma.Param) bool { return p.In == "query" && p.Name == name })
		if !known && isText(name) {
			s.refuse(ctx, web.NewProblem(http.StatusUnprocessableEntity, "there is no parameter "+strconv.Quote(name)+" here"))
			return
		}
		if len(values) > 1 && isText(name) {
			s.refuse(ctx, web.NewProblem(http.StatusUnprocessableEntity, "the parameter "+strconv.Quote(name)+" is there more than once"))
			return
		}
		bad = bad || !known || slices.ContainsFunc(values, func(v string) bool { return !isText(v) })
	}
	if bad {
		s.refuse(ctx, web.NewProblem(http.StatusUnprocessableEntity, "the address holds bytes that are not text"))
		return
	}
	next(ctx)
}

// isText reports whether a text is valid UTF-8 without NUL.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// entry returns what the request's key opens.
func entry(ctx context.Context) *workspace.Entry {
	return ctx.Value(entryKey{}).(*workspace.Entry)
}

// actor is who acts by the request's key, for the audit log.
func actor(ctx context.Context) staff.Actor {
	return staff.ByKey(entry(ctx).Workspace, entry(ctx).KeyID)
}
