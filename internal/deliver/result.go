package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
)

// result is what becomes of a message, or of a destination.
type result struct {
	at          place
	destination string // of the message

	putOff time.Time // not now, without an attempt

	attempts     int // so many with this one
	state        State
	due, touched time.Time
	failure      string
	log          []Attempt

	pause string // why the destination is paused from now on
}

// writer writes results, many in a transaction: those that come while one is
// written are the next one's.
type writer struct {
	s      *Store
	logger *slog.Logger
	queue  chan entry
	ended  chan struct{}
	ctx    context.Context // ends when nothing more can be waited for
	giveUp context.CancelFunc
}

type entry struct {
	results []result
	done    chan struct{}
}

func newWriter(s *Store, logger *slog.Logger) *writer {
	w := &writer{s: s, logger: logger, queue: make(chan entry, workers), ended: make(chan struct{})}
	w.ctx, w.giveUp = context.WithCancel(context.Background())
	return w
}

// write returns when the results are committed.
func (w *writer) write(results []result) {
	if len(results) == 0 {
		return
	}
	e := entry{results, make(chan struct{})}
	w.queue <- e
	<-e.done
}

// stop ends run, once nobody writes any more.
func (w *writer) stop() { close(w.ended) }

func (w *writer) run() {
	for {
		var batch []entry
		select {
		case e := <-w.queue:
			batch = append(batch, e)
		case <-w.ended:
			return
		}
		for more := true; more; {
			select {
			case e := <-w.queue:
				batch = append(batch, e)
			default:
				more = false
			}
		}
		w.commit(batch)
		for _, e := range batch {
			close(e.done)
		}
	}
}

// commit writes until it succeeds: what was sent must not be sent again because
// the database was away for a moment.
func (w *writer) commit(batch []entry) {
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
		err := w.s.DB.Update(ctx, func(tx *db.Tx) error {
			for _, e := range batch {
				for i := range e.results {
					if err := e.results[i].apply(ctx, tx); err != nil {
						return err
					}
				}
			}
			return nil
		})
		cancel()
		if err == nil {
			return
		}
		w.logger.Warn("what was sent cannot be written down yet", "error", db.Safe(err))
		select {
		case <-time.After(min(time.Duration(try)*200*time.Millisecond, 5*time.Second)):
		case <-w.ctx.Done():
			return
		}
	}
}

func (r *result) apply(ctx context.Context, tx *db.Tx) error {
	if r.pause != "" {
		id := r.destination
		if id == "" {
			id = r.at.id
		}
		if _, err := tx.Exec(ctx, "UPDATE destination SET paused = $1 WHERE workspace = $2 AND id = $3 AND paused = ''", r.pause, r.at.workspace, id); err != nil {
			return fmt.Errorf("pause a destination: %w", err)
		}
		if r.destination == "" {
			return nil
		}
	}
	if !r.putOff.IsZero() {
		_, err := tx.Exec(ctx, "UPDATE outbox SET due = $1 WHERE workspace = $2 AND id = $3 AND state = 'open'", r.putOff.UnixMicro(), r.at.workspace, r.at.id)
		if err != nil {
			return fmt.Errorf("put a message off: %w", err)
		}
		return nil
	}
	log, err := json.Marshal(r.log)
	if err != nil {
		return err
	}
	query := "UPDATE outbox SET state = $1, attempts = $2, due = $3, touched_at = $4, failure = $5, log = $6 WHERE workspace = $7 AND id = $8"
	if r.state != Sent { // what is sent is sent, whatever became of the row meanwhile
		query += " AND state = 'open'"
	}
	_, err = tx.Exec(ctx, query, string(r.state), r.attempts, r.due.UnixMicro(), r.touched.UnixMicro(), r.failure, string(log), r.at.workspace, r.at.id)
	if err != nil {
		return fmt.Errorf("write how an attempt ended: %w", err)
	}
	return nil
}
