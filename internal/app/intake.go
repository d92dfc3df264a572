package app

import (
	"context"
	"net/http"

	"github.com/dhvani/dhvani/internal/intake"
	"github.com/dhvani/dhvani/internal/workspace"
)

// startImports works on the files that staff bring in: their events go through
// this process's own collection, like everybody's.
func (a *App) startImports(ctx context.Context, own http.Handler) {
	a.imports = &intake.Store{DB: a.database}
	r := intake.NewRunner(intake.Runner{
		Store: a.imports, Node: a.o.Node, Client: &http.Client{Transport: handlerTransport{own}},
		Key: func(j intake.Job) string {
			return a.sessions.create(workspace.Workspace{Number: j.Workspace})
		},
		Logger: a.o.Logger.With("component", "intake"),
	})
	a.background(ctx, r.Run)
}
