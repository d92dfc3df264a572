package deliver

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// due lists the destinations that have something to send and that nobody sends to,
// by jumping from one to the next in the index of open messages: it costs as many
// steps as there are destinations with such messages, however many wait.
const due = `WITH RECURSIVE lane(destination) AS (
	SELECT (SELECT destination FROM outbox WHERE state = 'open' ORDER BY destination LIMIT 1)
	UNION ALL
	SELECT (SELECT o.destination FROM outbox o WHERE o.state = 'open' AND o.destination > l.destination ORDER BY o.destination LIMIT 1)
	FROM lane l WHERE l.destination IS NOT NULL)
	SELECT d.workspace, d.id FROM lane l JOIN destination d ON d.id = l.destination
	LEFT JOIN outbox_lane h ON h.workspace = d.workspace AND h.destination = d.id
	WHERE d.paused = '' AND (h.until IS NULL OR h.until <= %s)
		AND (coalesce((SELECT o.due FROM outbox o WHERE o.destination = d.id AND o.state = 'open' AND o.bulk = 0 ORDER BY o.due LIMIT 1), 9223372036854775807) <= $1
			OR coalesce((SELECT o.due FROM outbox o WHERE o.destination = d.id AND o.state = 'open' AND o.bulk = 1 ORDER BY o.due LIMIT 1), 9223372036854775807) <= $1)`

// find looks for lanes to take.
func (p *Pool) find(ctx context.Context) (out []place, err error) {
	err = p.s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, fmt.Sprintf(due, p.s.DB.Clock()), []any{p.s.now().UnixMicro()}, func(rows *sql.Rows) error {
			var at place
			err := rows.Scan(&at.workspace, &at.id)
			out = append(out, at)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("find what is due: %w", err)
	}
	return out, nil
}

// take gets the lease of a destination, if it is free.
func (p *Pool) take(ctx context.Context, at place) (ok bool, err error) {
	now := p.s.DB.Clock()
	err = p.s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "INSERT INTO outbox_lane (workspace, destination, holder, until) VALUES ($1, $2, $3, "+now+` + $4)
			ON CONFLICT (workspace, destination) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE outbox_lane.until <= `+now,
			at.workspace, at.id, p.holder, leaseFor.Microseconds())
		ok = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take a lane: %w", err)
	}
	return ok, nil
}

// release gives a lane back, unless it is another's by now.
func (p *Pool) release(at place) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := p.s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM outbox_lane WHERE workspace = $1 AND destination = $2 AND holder = $3", at.workspace, at.id, p.holder)
		return err
	})
	if err != nil {
		p.o.Logger.Warn("a lane could not be given back; its lease ends by itself", "destination", at.id, "error", db.Safe(err))
	}
}

// renew keeps the leases, and ends the lanes that others took.
func (p *Pool) renew(ctx context.Context) error {
	p.mu.Lock()
	held, last := len(p.lanes), p.renewed
	p.mu.Unlock()
	began := time.Now()
	if held == 0 || began.Sub(last) < renewEvery {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, surely)
	defer cancel()
	var mine map[place]bool
	err := p.s.DB.Update(ctx, func(tx *db.Tx) error {
		mine = map[place]bool{}
		return tx.Each(ctx, "UPDATE outbox_lane SET until = "+p.s.DB.Clock()+" + $1 WHERE holder = $2 RETURNING workspace, destination",
			[]any{leaseFor.Microseconds(), p.holder}, func(rows *sql.Rows) error {
				var at place
				err := rows.Scan(&at.workspace, &at.id)
				mine[at] = true
				return err
			})
	})
	if err != nil {
		return fmt.Errorf("renew the lanes: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.renewed = began
	p.watch.Reset(time.Until(began.Add(surely)))
	for at, l := range p.lanes {
		if !mine[at] && !l.gone { // one that ended gives its lease back just now
			p.o.Logger.Warn("another process sends to a destination now", "destination", at.id)
			l.lose()
		}
	}
	return nil
}
