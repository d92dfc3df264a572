package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

const scopeKey = "scope" // of an operation's metadata

type entryKey struct{} // of a request's context

// authorize lets a request pass that carries a secret key with the operation's
// scope.
func (s *server) authorize(ctx huma.Context, next func(huma.Context)) {
	scope, guarded := ctx.Operation().Metadata[scopeKey].(workspace.Scopes)
	if !guarded {
		next(ctx)
		return
	}
	e, err := web.Authorize(ctx.Header("Authorization"), s.Keys, scope)
	if err == nil {
		next(huma.WithValue(ctx, entryKey{}, e))
		return
	}
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

// entry returns what the request's key opens.
func entry(ctx context.Context) *workspace.Entry {
	return ctx.Value(entryKey{}).(*workspace.Entry)
}
