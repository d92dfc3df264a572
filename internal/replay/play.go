package replay

import (
	"context"
	"database/sql"
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

	// Feed takes events that happen now, in the order of their time.
	Feed   func(ctx context.Context, events []event.Event) error
	Report func(at, events int64) // how far it is: event time, and how many
}

const (
	windowEvents = 50_000 // listed at once, at most
	reportEvery  = time.Second
)

// Play plays a workspace's stored events once more, in the order of their time. It
// changes nothing here. It returns when all is played or ctx ends.
func (r *Replayer) Play(ctx context.Context, o PlayOptions) error {
	p := player{db: r.DB, o: o}
	last := place{o.From, -1}
	for width := time.Hour.Microseconds(); ; {
		list, err := p.window(ctx, last, last.at+width)
		if err == nil && len(list) == 0 {
			var ok bool
			if last.at, ok, err = p.nextTime(ctx, last.at+width); !ok || err != nil {
				return err
			}
			last.key = -1
			continue
		}
		if err == nil {
			err = p.play(ctx, list)
		}
		if err != nil {
			return err
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
	db       *db.DB
	o        PlayOptions
	began    time.Time
	first    int64 // event time of the first event, 0 before it
	events   int64
	reported time.Time
}

// place is an event's time and position.
type place struct {
	at  int64
	key event.Position
}

// nextTime returns the time of the first event at a time or after it.
func (p *player) nextTime(ctx context.Context, from int64) (at int64, ok bool, err error) {
	var first sql.NullInt64
	err = p.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `SELECT min(e.at) FROM event_segment s CROSS JOIN event e
			WHERE s.workspace = $1 AND s.last_at >= $2 AND e.workspace = s.workspace AND e.segment = s.segment AND e.at >= $2`, p.o.Workspace, from).Scan(&first)
	})
	if err != nil {
		return 0, false, fmt.Errorf("find the next event: %w", err)
	}
	return first.Int64, first.Valid, nil
}

// window lists the events after a place and before a time, in their order.
func (p *player) window(ctx context.Context, after place, to int64) (list []place, err error) {
	err = p.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, `SELECT e.at, e.key FROM event_segment s CROSS JOIN event e
			WHERE s.workspace = $1 AND s.last_at >= $2 AND s.first_at < $3 AND e.workspace = s.workspace AND e.segment = s.segment
				AND (e.at, e.key) > ($2, $4) AND e.at < $3 ORDER BY e.at, e.key LIMIT $5`,
			[]any{p.o.Workspace, after.at, to, int64(after.key), windowEvents}, func(rows *sql.Rows) error {
				var at place
				err := rows.Scan(&at.at, &at.key)
				list = append(list, at)
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
		p.events += int64(n)
		if p.o.Report != nil && time.Since(p.reported) > reportEvery {
			p.reported = time.Now()
			p.o.Report(places[n-1].at, p.events)
		}
		places = places[n:]
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
	case <-time.After(min(time.Until(until), time.Second)):
		return nil
	}
}

func (p *player) apply(ctx context.Context, places []place) error {
	positions := make([]event.Position, len(places))
	for i := range places {
		positions[i] = places[i].key
	}
	var stored map[event.Position]*event.Event
	err := p.db.View(ctx, func(tx *db.Tx) error {
		var damaged []event.Position
		var err error
		stored, damaged, err = archive.Get(ctx, tx, p.o.Workspace, positions)
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
	return p.o.Feed(ctx, events)
}
