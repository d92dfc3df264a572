package replay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/archive"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// PlayOptions say what to play.
type PlayOptions struct {
	Workspace int64
	From      int64   // event time to begin at, microseconds
	Speed     float64 // event seconds in a second; 0 for as fast as possible
	Report    func(Played)
}

// Played tells how far a play is.
type Played struct {
	At     int64            `json:"at_micros"` // event time
	Events int64            `json:"events"`
	Rows   map[string]int64 `json:"rows"` // derived from them, by table
}

const (
	windowEvents = 50_000 // listed at once, at most
	reportEvery  = time.Second
)

// Play plays a workspace's stored events once more, in the order of their time,
// into a scratch model that is deleted afterwards: what the Stages made of them
// as they happened. It returns when all is played or ctx ends.
func (r *Replayer) Play(ctx context.Context, o PlayOptions) (Played, error) {
	b, err := r.begin(ctx, o.Workspace, "play", nil)
	if err != nil {
		return Played{}, err
	}
	defer b.abandon()
	p := player{build: b, o: o}
	last := place{o.From, -1}
	for width := time.Hour.Microseconds(); ; {
		list, err := b.window(ctx, last, last.at+width)
		if err == nil && len(list) == 0 {
			var ok bool
			if last.at, ok, err = b.nextTime(ctx, last.at+width); !ok {
				return p.state, errors.Join(err, p.report(ctx))
			}
			last.key = -1
			continue
		}
		if err == nil {
			err = p.play(ctx, list)
		}
		if err != nil {
			return p.state, err
		}
		// The whole index of a segment is read for each window: few, of many events.
		last = list[len(list)-1]
		if len(list) == windowEvents {
			width = max(width/2, 1000)
		} else if len(list) < windowEvents/4 {
			width *= 2
		}
	}
}

// player keeps the pace.
type player struct {
	*build
	o        PlayOptions
	began    time.Time
	first    int64 // event time of the first event, 0 before it
	state    Played
	reported time.Time
}

// place is an event's time and position.
type place struct {
	at  int64
	key event.Position
}

// nextTime returns the time of the first event at a time or after it.
func (b *build) nextTime(ctx context.Context, from int64) (at int64, ok bool, err error) {
	var first sql.NullInt64
	err = b.DB.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `SELECT min(e.at) FROM event_segment s CROSS JOIN event e
			WHERE s.workspace = $1 AND s.last_at >= $2 AND e.workspace = s.workspace AND e.segment = s.segment AND e.at >= $2`, b.workspace, from).Scan(&first)
	})
	if err != nil {
		return 0, false, fmt.Errorf("find the next event: %w", err)
	}
	return first.Int64, first.Valid, nil
}

// window lists the events after a place and before a time, in their order.
func (b *build) window(ctx context.Context, after place, to int64) (list []place, err error) {
	err = b.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, `SELECT e.at, e.key FROM event_segment s CROSS JOIN event e
			WHERE s.workspace = $1 AND s.last_at >= $2 AND s.first_at < $3 AND e.workspace = s.workspace AND e.segment = s.segment
				AND (e.at, e.key) > ($2, $4) AND e.at < $3 ORDER BY e.at, e.key LIMIT $5`,
			[]any{b.workspace, after.at, to, int64(after.key), windowEvents}, func(rows *sql.Rows) error {
				var p place
				err := rows.Scan(&p.at, &p.key)
				list = append(list, p)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return list, nil
}

// play applies a window's events, each when its time has come.
func (p *player) play(ctx context.Context, places []place) error {
	for len(places) > 0 {
		if p.first == 0 {
			p.first, p.began = places[0].at, time.Now()
		}
		n := min(len(places), stepEvents)
		if p.o.Speed > 0 {
			if n = p.due(places[:n]); n == 0 {
				if err := p.wait(ctx, places[0].at); err != nil {
					return err
				}
				continue
			}
		}
		if err := p.apply(ctx, places[:n]); err != nil {
			return err
		}
		p.state.At, p.state.Events = places[n-1].at, p.done
		places = places[n:]
		if time.Since(p.reported) > reportEvery {
			if err := p.report(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// due returns how many of the places' times have come.
func (p *player) due(places []place) int {
	now := p.first + int64(float64(time.Since(p.began).Microseconds())*p.o.Speed)
	n := 0
	for n < len(places) && places[n].at <= now {
		n++
	}
	return n
}

// wait sleeps until an event's time has come, or a while.
func (p *player) wait(ctx context.Context, at int64) error {
	until := p.began.Add(time.Duration(float64(at-p.first) / p.o.Speed * float64(time.Microsecond)))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(time.Until(until), busyFor/4)):
	}
	return p.DB.Update(ctx, func(tx *db.Tx) error { return p.touch(ctx, tx) })
}

func (p *player) apply(ctx context.Context, places []place) error {
	positions := make([]event.Position, len(places))
	for i := range places {
		positions[i] = places[i].key
	}
	var stored map[event.Position]*event.Event
	err := p.DB.View(ctx, func(tx *db.Tx) error {
		var damaged []event.Position
		var err error
		stored, damaged, err = archive.Get(ctx, tx, p.workspace, positions)
		if err == nil && len(damaged) > 0 {
			err = fmt.Errorf("%w: position %d", archive.ErrDamaged, damaged[0])
		}
		return err
	})
	if err != nil {
		return err
	}
	events := make([]event.Event, 0, len(places))
	for _, key := range positions {
		if e := stored[key]; e != nil {
			events = append(events, *e)
		}
	}
	return p.fold(ctx, 0, events)
}

// report tells how far the play is and what it has made.
func (p *player) report(ctx context.Context) error {
	p.reported = time.Now()
	p.state.Rows = map[string]int64{}
	err := p.DB.View(ctx, func(tx *db.Tx) error {
		for _, table := range [...]string{"profile", "orders", "feedback", "dead_event"} {
			var n int64
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+table+" WHERE model = $1", p.model).Scan(&n); err != nil {
				return err
			}
			p.state.Rows[table] = n
		}
		return nil
	})
	if err == nil && p.o.Report != nil {
		p.o.Report(p.state)
	}
	return err
}
