package insight

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// LongestWait is how long a chat is counted as one that waits. Who has waited for
// longer is late, which answers show (ReplyWaitedFor), or expects none, as after a "thanks";
// the next message is another wait.
const LongestWait = 30 * time.Minute

const (
	longestWait = int64(LongestWait / time.Microsecond)
	givenUp     = 24 * 60 * minute // after which nobody is thought to wait
)

// waited counts a wait that is over, in each minute in which it lasted.
func (w *watched) waited(workspace int64, x *wait, until int64) {
	until = min(until, x.at+longestWait)
	for at := Minute.slot(x.at); at < until; at += Minute.micros() {
		w.minutes[waitedMinute{workspace, at}]++
	}
}

// waitedMinute is a minute of a workspace.
type waitedMinute struct{ workspace, at int64 }

// waitCounts are the minutes that the batch's waits took, among the counts of outcomes.
func (w *watched) waitCounts(into outcomeCounts) {
	for m, n := range w.minutes {
		k := countKey{workspace: m.workspace, grain: Minute, kind: OutcomeKind(Waiting), at: m.at}
		into[k] = &counted{n: n}
	}
}

// InWait is how many chats wait for an answer.
type InWait struct {
	N     int   // for at most a day
	Fresh int   // of those, for at most LongestWait: what is counted
	Since int64 // since when the first of them does, microseconds UTC; 0 where none waits
}

// Waits tells how many chats wait at a time, as far as is known by then. In shops
// whose answers are not seen all do.
func (s *Store) Waits(ctx context.Context, tx *db.Tx, workspace, at int64) (w InWait, err error) {
	err = tx.QueryRow(ctx, `SELECT count(*), count(CASE WHEN at > $4 THEN 1 END), coalesce(min(at), 0) FROM chat_wait
		WHERE workspace = $1 AND history = 0 AND at > $2 AND at <= $3`, workspace, at-givenUp, at, at-longestWait).Scan(&w.N, &w.Fresh, &w.Since)
	if err != nil {
		return w, fmt.Errorf("count chats that wait: %w", err)
	}
	return w, nil
}

// waitSeries is the minutes for which chats waited, by slots: of waits that are over as
// they were counted, of others until the end of the span.
func waitSeries(ctx context.Context, tx *db.Tx, workspace, from, to int64, grain Grain) ([]Slot, error) {
	from = grain.slot(from)
	by := map[int64]int64{}
	err := tx.Each(ctx, `SELECT at, sum(n) FROM outcome_count WHERE workspace = $1 AND grain = $2 AND kind = $3 AND dim = '' AND at >= $4 AND at < $5 AND value = '' GROUP BY at`,
		[]any{workspace, int64(grain), string(Waiting), from, to}, func(r *sql.Rows) error {
			var at, n int64
			err := r.Scan(&at, &n)
			by[at] = n
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read how many chats waited: %w", err)
	}
	err = tx.Each(ctx, "SELECT at FROM chat_wait WHERE workspace = $1 AND history = 0 AND at > $2 AND at < $3", []any{workspace, from - longestWait, to}, func(r *sql.Rows) error {
		var began int64
		err := r.Scan(&began)
		for at := Minute.slot(began); at < min(to, began+longestWait); at += Minute.micros() {
			if at >= from {
				by[grain.slot(at)]++
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read which chats wait: %w", err)
	}
	var out []Slot
	for _, at := range slices.Sorted(maps.Keys(by)) {
		out = append(out, Slot{At: at, N: by[at]})
	}
	return out, nil
}
