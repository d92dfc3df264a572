package process

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// RejectedEvent is an event that was refused on arrival, for the debugger.
type RejectedEvent struct {
	ID       int64
	At       int64 // microseconds
	Source   string
	Position int // in its request
	Reason   string
	Raw      string // what came, cut to 4 KB
}

const (
	keptRejections = 1000 // of each workspace, the newest
	flushEvery     = 500 * time.Millisecond
)

// Rejected counts refused events and keeps the newest of each workspace. They
// wait in memory, bounded, for half a second: what is refused was promised to
// nobody, so a crash may lose that much.
type Rejected struct {
	db   *db.DB
	log  *slog.Logger
	tail *Tail

	mu      sync.Mutex
	waiting map[int64]*waitingRejects
}

type waitingRejects struct {
	count  int64
	newest []RejectedEvent
}

// NewRejected returns the keeper of refused events; Run must run.
func NewRejected(d *db.DB, log *slog.Logger, tail *Tail) *Rejected {
	return &Rejected{db: d, log: log, tail: tail, waiting: map[int64]*waitingRejects{}}
}

// Add takes a refused event; it never waits.
func (r *Rejected) Add(workspace, at int64, source string, rejection event.Rejection) {
	e := RejectedEvent{At: at, Source: source, Position: rejection.Index, Reason: string(rejection.Reason), Raw: rejection.Raw}
	r.tail.rejected(workspace, &e)
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.waiting[workspace]
	if w == nil {
		w = &waitingRejects{}
		r.waiting[workspace] = w
	}
	w.count++
	if len(w.newest) < keptRejections {
		w.newest = append(w.newest, e)
	} else {
		w.newest[w.count%keptRejections] = e
	}
}

// Run writes what waits, every half second, until ctx ends, and then the rest.
func (r *Rejected) Run(ctx context.Context) {
	for more := true; more; {
		more = sleep(ctx, flushEvery)
		if err := r.Flush(context.WithoutCancel(ctx)); err != nil {
			r.log.Error("rejected events could not be written", "error", err)
		}
	}
}

var rejectionColumns = db.Columns("workspace int, at int, source text, position int, reason text, raw text")

// Flush writes what waits. What cannot be written waits on.
func (r *Rejected) Flush(ctx context.Context) error {
	r.mu.Lock()
	waiting := r.waiting
	r.waiting = map[int64]*waitingRejects{}
	r.mu.Unlock()
	if len(waiting) == 0 {
		return nil
	}
	err := r.db.Update(ctx, func(tx *db.Tx) error {
		counts := db.NewRows(db.Columns("workspace int, rejected int"))
		rows := db.NewRows(rejectionColumns)
		for _, w := range slices.Sorted(maps.Keys(waiting)) {
			counts.Add(w, waiting[w].count)
			slices.SortStableFunc(waiting[w].newest, func(a, b RejectedEvent) int { return int(a.At - b.At) })
			for _, e := range waiting[w].newest {
				rows.Add(w, e.At, e.Source, e.Position, e.Reason, e.Raw)
			}
		}
		err := tx.Insert(ctx, "rejection_count", counts, "ON CONFLICT (workspace) DO UPDATE SET rejected = rejection_count.rejected + excluded.rejected")
		if err != nil {
			return err
		}
		if err := tx.Insert(ctx, "rejection", rows, ""); err != nil {
			return err
		}
		for w := range waiting {
			_, err := tx.Exec(ctx, `DELETE FROM rejection WHERE workspace = $1 AND id <=
				(SELECT id FROM rejection WHERE workspace = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)`, w, keptRejections)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		for w, old := range waiting {
			if now := r.waiting[w]; now != nil {
				now.count += old.count
			} else {
				r.waiting[w] = old
			}
		}
		return fmt.Errorf("keep rejected events: %w", err)
	}
	return nil
}

// Count returns how many events of a workspace were refused, ever.
func (r *Rejected) Count(ctx context.Context, workspace int64) (n int64, err error) {
	if err := r.Flush(ctx); err != nil {
		return 0, err
	}
	err = r.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, "SELECT CAST(coalesce(sum(rejected), 0) AS BIGINT) FROM rejection_count WHERE workspace = $1", workspace).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count rejected events: %w", err)
	}
	return n, nil
}

// List returns a workspace's refused events, newest first, from before an id (0
// for the newest), at most limit.
func (r *Rejected) List(ctx context.Context, workspace, before int64, limit int) ([]RejectedEvent, error) {
	if err := r.Flush(ctx); err != nil {
		return nil, err
	}
	if before == 0 {
		before = math.MaxInt64
	}
	var out []RejectedEvent
	err := r.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, at, source, position, reason, raw FROM rejection
			WHERE workspace = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, []any{workspace, before, limit}, func(rows *sql.Rows) error {
			var e RejectedEvent
			err := rows.Scan(&e.ID, &e.At, &e.Source, &e.Position, &e.Reason, &e.Raw)
			out = append(out, e)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list rejected events: %w", err)
	}
	return out, nil
}
