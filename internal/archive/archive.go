// Package archive is the table of all stored events: the one thing that is
// derived from nothing. The fold appends to it; timelines and replays read it.
// Each row carries a checksum, which every reading verifies.
package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// SegmentEvents is how many events of a shard share a segment of the timeline
// index. Its part of the index, some 25 MB, is what writing touches.
const SegmentEvents = 1 << 19

// Segment returns the segment for a shard's next batch after total events: 31
// bits of shard, 32 of number.
func Segment(shard int, total int64) int64 { return int64(shard)<<32 | total/SegmentEvents }

// ErrDamaged says that a stored event is not what was written.
var ErrDamaged = errors.New("the stored event is damaged")

var columns = db.Columns("workspace int, key int, segment int, profile bytes, type int, flags int, at int, received_at int, checksum int, source text, message_id text, " +
	"user_id text, anonymous_id text, target_id text, name text, properties text, traits text, context text, integrations text")

// Insert appends events, which are new, to a segment.
func Insert(ctx context.Context, tx *db.Tx, segment int64, events []event.Event) error {
	rows := db.NewRows(columns)
	spans := map[int64]*span{}
	var sum event.Summer
	for i := range events {
		e := &events[i]
		profile := e.Profile()
		target := e.PreviousID
		if e.Type == event.Group {
			target = e.GroupID
		}
		rows.Add(e.Workspace, int64(e.Position), segment, profile[:], int64(e.Type), int64(e.Flags), e.At, e.ReceivedAt, int64(sum.Sum(e)), e.Source, e.MessageID,
			optional(e.UserID), optional(e.AnonymousID), optional(target), optional(e.Name),
			optional(e.Properties), optional(e.Traits), optional(e.Context), optional(e.Integrations))
		if sp := spans[e.Workspace]; sp == nil {
			spans[e.Workspace] = &span{e.At, e.At}
		} else {
			sp.first, sp.last = min(sp.first, e.At), max(sp.last, e.At)
		}
	}
	if err := tx.Insert(ctx, "event", rows, ""); err != nil {
		return err
	}
	return storeSpans(ctx, tx, segment, spans)
}

// span is the earliest and the latest event time.
type span struct{ first, last int64 }

func storeSpans(ctx context.Context, tx *db.Tx, segment int64, spans map[int64]*span) error {
	rows := db.NewRows(db.Columns("workspace int, segment int, first_at int, last_at int"))
	for _, w := range slices.Sorted(maps.Keys(spans)) {
		rows.Add(w, segment, spans[w].first, spans[w].last)
	}
	return tx.Insert(ctx, "event_segment", rows, `ON CONFLICT (workspace, segment) DO UPDATE SET
		first_at = CASE WHEN excluded.first_at < event_segment.first_at THEN excluded.first_at ELSE event_segment.first_at END,
		last_at = CASE WHEN excluded.last_at > event_segment.last_at THEN excluded.last_at ELSE event_segment.last_at END
		WHERE excluded.first_at < event_segment.first_at OR excluded.last_at > event_segment.last_at`)
}

func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

const selected = `e.workspace, e.key, e.type, e.flags, e.at, e.received_at, e.checksum, e.source, e.message_id, coalesce(e.user_id, ''),
	coalesce(e.anonymous_id, ''), coalesce(e.target_id, ''), coalesce(e.name, ''), coalesce(e.properties, ''), coalesce(e.traits, ''),
	coalesce(e.context, ''), coalesce(e.integrations, '')`

// scan reads one row, and more columns after the event's own. Its error wraps ErrDamaged where the checksum differs; the
// event is then what the row holds.
func scan(rows *sql.Rows, sum *event.Summer, more ...any) (event.Event, error) {
	var e event.Event
	var checksum int64
	var target string
	err := rows.Scan(append([]any{&e.Workspace, &e.Position, &e.Type, &e.Flags, &e.At, &e.ReceivedAt, &checksum, &e.Source, &e.MessageID, &e.UserID,
		&e.AnonymousID, &target, &e.Name, &e.Properties, &e.Traits, &e.Context, &e.Integrations}, more...)...)
	if err != nil {
		return e, fmt.Errorf("%w: %w", ErrDamaged, err) // a value of another type than was written
	}
	if e.Type == event.Group {
		e.GroupID = target
	} else {
		e.PreviousID = target
	}
	if int64(sum.Sum(&e)) != checksum {
		return e, fmt.Errorf("%w: position %d (shard %d, sequence %d, index %d)", ErrDamaged,
			e.Position, e.Position.Shard(), e.Position.Sequence(), e.Position.Index())
	}
	return e, nil
}

// Get returns a workspace's events at some positions, and the positions of those
// that are damaged.
func Get(ctx context.Context, tx *db.Tx, workspace int64, positions []event.Position) (events map[event.Position]*event.Event, damaged []event.Position, err error) {
	keys := db.NewRows(db.Columns("workspace int, key int"))
	for _, p := range positions {
		keys.Add(workspace, int64(p))
	}
	events = make(map[event.Position]*event.Event, len(positions))
	var sum event.Summer
	err = tx.Lookup(ctx, keys, "SELECT "+selected+" FROM k CROSS JOIN event e WHERE e.workspace = k.workspace AND e.key = k.key", func(rows *sql.Rows) error {
		e, err := scan(rows, &sum)
		if errors.Is(err, ErrDamaged) {
			damaged = append(damaged, e.Position)
			return nil
		}
		events[e.Position] = &e
		return err
	})
	return events, damaged, err
}

// Read returns a workspace's events of a shard after a position, in log order:
// at most limit, and about maxBytes. A damaged one is an error that wraps
// ErrDamaged.
func Read(ctx context.Context, tx *db.Tx, workspace int64, shard int, after event.Position, limit, maxBytes int) ([]event.Event, error) {
	query := "SELECT " + selected + " FROM event e WHERE e.workspace = $1 AND e.key > $2 AND e.key <= $3 ORDER BY e.key LIMIT $4"
	first := max(after, event.NewPosition(shard, 0, 0)-1)
	last := event.NewPosition(shard, event.MaxSequence, event.MaxIndex)
	rows, err := tx.Query(ctx, query, workspace, int64(first), int64(last), limit)
	if err != nil {
		return nil, fmt.Errorf("read stored events: %w", err)
	}
	defer rows.Close()
	var out []event.Event
	var sum event.Summer
	for size := 0; size < maxBytes && rows.Next(); {
		e, err := scan(rows, &sum)
		if err != nil {
			return nil, fmt.Errorf("read stored events: %w", err)
		}
		out = append(out, e)
		size += 200 + len(e.Properties) + len(e.Traits) + len(e.Context) + len(e.Integrations)
	}
	return out, rows.Err()
}

// All calls f with every stored event of all workspaces and its segment, in no
// order, and returns how many there were. A damaged one, or one that stands
// under another profile than its own, is an error that wraps ErrDamaged.
func All(ctx context.Context, tx *db.Tx, f func(e *event.Event, segment int64) error) (n int64, err error) {
	var sum event.Summer
	err = tx.Each(ctx, "SELECT "+selected+", e.profile, e.segment FROM event e", nil, func(rows *sql.Rows) error {
		var profile []byte
		var segment int64
		e, err := scan(rows, &sum, &profile, &segment)
		if err != nil {
			return err
		}
		if own := e.Profile(); string(own[:]) != string(profile) {
			return fmt.Errorf("%w: position %d stands under another profile", ErrDamaged, e.Position)
		}
		n++
		return f(&e, segment)
	})
	return n, err
}

// Spans are the earliest and latest times of the events of workspaces and
// segments.
type Spans map[[2]int64]*span

// Add counts an event in.
func (s Spans) Add(workspace, segment, at int64) {
	key := [2]int64{workspace, segment}
	if sp := s[key]; sp == nil {
		s[key] = &span{at, at}
	} else {
		sp.first, sp.last = min(sp.first, at), max(sp.last, at)
	}
}

// Check reports whether timelines find all of the events that were added: their
// times lie within those of the segments that readers look into.
func (s Spans) Check(ctx context.Context, tx *db.Tx) (ok bool, err error) {
	left := len(s)
	ok = true
	err = tx.Each(ctx, "SELECT workspace, segment, first_at, last_at FROM event_segment", nil, func(rows *sql.Rows) error {
		var key [2]int64
		var stored span
		err := rows.Scan(&key[0], &key[1], &stored.first, &stored.last)
		if sp := s[key]; sp != nil {
			left--
			ok = ok && stored.first <= sp.first && stored.last >= sp.last
		}
		return err
	})
	return ok && left == 0, err
}
