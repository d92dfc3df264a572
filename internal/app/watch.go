package app

import (
	"time"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/letter"
	"github.com/dhvani/dhvani/internal/insight/watch"
)

// newWatch makes what watches all shops. Open pages hear of what it finds.
func (a *App) newWatch() *watch.Watch {
	return watch.New(watch.Options{
		DB: a.database, Records: &insight.Store{DB: a.database}, Incidents: a.incidents, Workspaces: a.workspaces, Shards: a.log.Shards(),
		Behind: a.behind, Found: func(workspace int64) { a.tail.Tell(workspace, "insight") },
		Now: a.o.Now, Logger: a.o.Logger.With("component", "watch"), Metrics: a.registry,
	})
}

// newLetters makes what writes the weekly letters.
func (a *App) newLetters() *letter.Store {
	return &letter.Store{
		DB: a.database, Feedback: a.opinions(), Incidents: a.incidents, Workspaces: a.workspaces, Out: a.deliver, URL: a.incidents.URL,
		Now: a.o.Now, Logger: a.o.Logger.With("component", "letter"),
	}
}

// behind reports whether events wait that are not applied yet: then what was not
// seen is no silence.
func (a *App) behind() bool {
	for shard := range a.log.Shards() {
		if oldest := a.log.Oldest(shard); !oldest.IsZero() && time.Since(oldest) > 2*time.Second {
			return true
		}
	}
	return false
}
