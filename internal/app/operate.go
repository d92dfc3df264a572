package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/replay"
	"github.com/dhvani/dhvani/internal/workspace"
)

// routeOperation answers the operator's commands that need the running system.
// Those that take long answer with lines of JSON: a Step at a time, the last
// with the outcome. Who hangs up ends the work.
func (a *App) routeOperation(mux *http.ServeMux) {
	mux.HandleFunc("GET /admin/shards", answer(a.shards))
	mux.HandleFunc("POST /admin/replay", steps(a.replay))
	mux.HandleFunc("POST /admin/play", steps(a.play))
	mux.HandleFunc("POST /admin/verify", steps(a.verify))
	mux.HandleFunc("POST /admin/backup", a.backup)
	mux.HandleFunc("POST /admin/language/train", steps(a.trainLanguage))
}

func (a *App) shards(r *http.Request, _ struct{}) ([]process.ShardInfo, error) {
	return a.runner.Shards(r.Context())
}

// Step is a line of a long answer.
type Step struct {
	What   string  `json:"what,omitempty"` // is being done
	Done   int64   `json:"done,omitempty"`
	Total  int64   `json:"total,omitempty"`
	Played *Played `json:"played,omitempty"`
	Result string  `json:"result,omitempty"` // one thing is finished, in words
	Error  string  `json:"error,omitempty"`  // the last line, where it failed
	End    bool    `json:"end,omitempty"`    // the last line
}

// stepEvery bounds how often progress is told.
const stepEvery = 200 * time.Millisecond

// steps turns long work into a handler.
func steps[In any](f func(ctx context.Context, in In, tell func(Step)) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
			http.Error(w, "the request is not JSON: "+err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		control := http.NewResponseController(w)
		control.SetWriteDeadline(time.Time{})
		var told time.Time
		out := json.NewEncoder(w)
		tell := func(s Step) {
			progress := s.Result == "" && s.Played == nil && !s.End
			if progress && time.Since(told) < stepEvery {
				return
			}
			told = time.Now()
			out.Encode(s)
			control.Flush()
		}
		last := Step{End: true}
		if err := f(r.Context(), in, tell); err != nil {
			last.Error = err.Error()
		}
		tell(last)
	}
}

func (a *App) replayer() *replay.Replayer {
	return &replay.Replayer{DB: a.database, Stages: a.stages(false), Comparing: a.stages(true), Logger: a.o.Logger.With("component", "replay")}
}

// chosen returns the workspace that is named, or all.
func (a *App) chosen(ctx context.Context, name string) ([]workspace.Workspace, error) {
	if name == "" {
		return a.workspaces.List(ctx)
	}
	w, err := named(ctx, a.workspaces, name)
	return []workspace.Workspace{w}, err
}

func (a *App) replay(ctx context.Context, in NamedKey, tell func(Step)) error {
	list, err := a.chosen(ctx, in.Workspace)
	if err != nil {
		return err
	}
	for _, w := range list {
		began := time.Now()
		n, err := a.replayer().Run(ctx, w.Number, func(done, total int64) {
			tell(Step{What: "Replaying " + w.Name, Done: done, Total: total})
		})
		if err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		tell(Step{Result: fmt.Sprintf("%s: %d events replayed in %.1f s; what was made of them is in use.", w.Name, n, time.Since(began).Seconds())})
	}
	return nil
}

// verify compares what can be compared, and ends at the first difference.
func (a *App) verify(ctx context.Context, in NamedKey, tell func(Step)) error {
	n, err := a.runner.CheckLog(ctx, func(done, total int64) { tell(Step{What: "Reading the log", Done: done, Total: total}) })
	if err != nil {
		return err
	}
	tell(Step{Result: fmt.Sprintf("The log: %d messages are whole, and what is applied of them is stored.", n)})
	n, err = a.runner.CheckStored(ctx, func(done, total int64) { tell(Step{What: "Reading stored events", Done: done, Total: total}) })
	if err != nil {
		return err
	}
	tell(Step{Result: fmt.Sprintf("Stored events: %d are whole, and counts and message hashes agree with them.", n)})
	list, err := a.chosen(ctx, in.Workspace)
	if err != nil {
		return err
	}
	for _, w := range list {
		n, err := a.replayer().Check(ctx, w.Number, func(done, total int64) {
			tell(Step{What: "Rebuilding " + w.Name + " to compare", Done: done, Total: total})
		})
		if err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		tell(Step{Result: fmt.Sprintf("%s: %d derived rows are what the events make.", w.Name, n)})
	}
	return nil
}
