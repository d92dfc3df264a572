package watch

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// poolName begins the name of a pool's row.
const poolName = "pool "

// load reads what is known of a workspace. It returns false where nothing is.
func (s *shop) load(ctx context.Context, tx *db.Tx) (known bool, err error) {
	s.forget()
	var cursor string
	err = tx.QueryRow(ctx, "SELECT cursor, latest, promised, trained, learnt, history FROM watch_shop WHERE workspace = $1", s.workspace).
		Scan(&cursor, &s.latest, &s.promised, &s.trained, &s.learnt, &s.history)
	if db.IsNone(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read how far the watch is: %w", err)
	}
	s.cursor = map[int]event.Position{}
	if err := json.Unmarshal([]byte(cursor), &s.cursor); err != nil {
		return false, fmt.Errorf("read how far the watch is: %w", err)
	}
	pools := map[string][]byte{}
	err = tx.Each(ctx, "SELECT name, state, insight, listed FROM watch_signal WHERE workspace = $1 ORDER BY name", []any{s.workspace}, func(r *sql.Rows) error {
		var name, in string
		var state []byte
		var listed int
		if err := r.Scan(&name, &state, &in, &listed); err != nil {
			return err
		}
		if theme, ok := strings.CutPrefix(name, poolName); ok {
			pools[theme] = state
			return nil
		}
		for _, t := range []*terms{s.phrases, s.strangers} {
			if name == t.name {
				if t.restore(state) != nil {
					t.begin(narrowest) // it is learnt anew
				}
				return nil
			}
		}
		// What another version wrote is learnt anew.
		if g := parse(name); g != nil && g.restore(state) == nil {
			g.insight, g.listed = in, listed == 1
			if g.says() {
				g.hash = s.wording.Hash(g.phrase())
			}
			g.now = g.reading()
			s.add(g)
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("read what the watch knows: %w", err)
	}
	s.gather()
	for theme, state := range pools {
		if p := s.pools[theme]; p != nil && p.pool.Restore(state) != nil {
			p.pool.Calm()
		}
	}
	return len(s.signals) > 0, nil
}

// store writes what changed since it was stored last.
func (s *shop) store(ctx context.Context, tx *db.Tx, joined map[*signal]string) error {
	cursor, err := json.Marshal(s.cursor, json.Deterministic(true))
	if err != nil {
		return err
	}
	shop := db.NewRows(db.Columns("workspace int, cursor text, latest int, promised int, trained int, learnt int, history int"))
	shop.Add(s.workspace, string(cursor), s.latest, s.promised, s.trained, s.learnt, s.history)
	err = tx.Insert(ctx, "watch_shop", shop, `ON CONFLICT (workspace) DO UPDATE SET cursor = excluded.cursor, latest = excluded.latest, promised = excluded.promised,
		trained = excluded.trained, learnt = excluded.learnt, history = excluded.history`)
	if err != nil {
		return fmt.Errorf("store how far the watch is: %w", err)
	}
	rows := db.NewRows(db.Columns("workspace int, name text, state bytes, insight text, listed int"))
	for _, g := range s.order {
		in, joins := joined[g]
		if !g.changed && !joins {
			continue
		}
		if !joins {
			in = g.insight
		}
		listed := 0
		if g.listed {
			listed = 1
		}
		rows.Add(s.workspace, g.name, g.state(), in, listed)
	}
	for _, theme := range s.themes() {
		if p := s.pools[theme]; p.changed {
			rows.Add(s.workspace, poolName+theme, p.pool.State(), "", 0)
		}
	}
	for _, t := range []*terms{s.phrases, s.strangers} {
		if t.changed {
			rows.Add(s.workspace, t.name, t.state(), "", 0)
		}
	}
	for _, name := range s.dropped {
		if s.signals[name] != nil {
			continue // there again
		}
		if _, err := tx.Exec(ctx, "DELETE FROM watch_signal WHERE workspace = $1 AND name = $2", s.workspace, name); err != nil {
			return fmt.Errorf("forget a signal: %w", err)
		}
	}
	err = tx.Insert(ctx, "watch_signal", rows, `ON CONFLICT (workspace, name) DO UPDATE SET state = excluded.state, insight = excluded.insight, listed = excluded.listed`)
	if err != nil {
		return fmt.Errorf("store what the watch knows: %w", err)
	}
	return nil
}

// kept notes that what store wrote is committed.
func (s *shop) kept(joined map[*signal]string, at time.Time) {
	for g, in := range joined {
		g.insight = in
	}
	for _, g := range s.order {
		g.changed = false
	}
	for _, p := range s.pools {
		p.changed = false
	}
	s.phrases.changed, s.strangers.changed = false, false
	s.stored, s.floods, s.dropped = at, nil, nil
}
