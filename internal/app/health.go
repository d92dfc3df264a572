package app

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// pingWithin is how long the database may take to answer; a second after it
// froze, an operator is to know.
const pingWithin = 800 * time.Millisecond

// routeHealth answers the three questions of an operator: does the process
// live, does it accept and apply events, and how much of everything.
func (a *App) routeHealth(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeHealth(w, http.StatusOK, "ok", nil)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), pingWithin)
		defer cancel()
		if problems := a.problems(ctx); len(problems) > 0 {
			writeHealth(w, http.StatusServiceUnavailable, "not ready", problems)
			return
		}
		writeHealth(w, http.StatusOK, "ready", nil)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{}))
}

// problems says what keeps the process from accepting or applying events.
func (a *App) problems(ctx context.Context) (out []string) {
	for _, err := range []error{a.log.Ready(), a.runner.Ready()} {
		if err != nil {
			out = append(out, err.Error())
		}
	}
	if a.database.Ping(ctx) != nil {
		out = append(out, "the database does not answer")
	}
	return out
}

func writeHealth(w http.ResponseWriter, code int, status string, problems []string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]any{"status": status, "problems": append([]string{}, problems...)})
}
