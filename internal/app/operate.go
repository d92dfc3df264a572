package app

import (
	"net/http"

	"github.com/dhvani/dhvani/internal/process"
)

// routeOperation answers the operator's commands that need the running system.
func (a *App) routeOperation(mux *http.ServeMux) {
	mux.HandleFunc("GET /admin/shards", answer(a.shards))
}

func (a *App) shards(r *http.Request, _ struct{}) ([]process.ShardInfo, error) {
	return a.runner.Shards(r.Context())
}
