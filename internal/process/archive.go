package process

import (
	"context"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// segmentEvents is how many events of a shard share a segment of the timeline
// index. Its part of the index, some 25 MB, is what writing touches.
const segmentEvents = 1 << 19

// segment returns the segment for the shard's next batch: 31 bits of shard, 32
// of number.
func (s *seen) segment() int64 { return int64(s.shard)<<32 | s.total/segmentEvents }

var eventColumns = db.Columns("workspace int, key int, segment int, profile bytes, type int, flags int, at int, received_at int, source text, message_id text, " +
	"user_id text, anonymous_id text, target_id text, name text, properties text, traits text, context text, integrations text")

// storeEvents appends events to the archive.
func storeEvents(ctx context.Context, tx *db.Tx, segment int64, events []event.Event) error {
	rows := db.NewRows(eventColumns)
	spans := map[int64]*span{}
	for i := range events {
		e := &events[i]
		profile := e.Profile()
		target := e.PreviousID
		if e.Type == event.Group {
			target = e.GroupID
		}
		rows.Add(e.Workspace, int64(e.Position), segment, profile[:], int64(e.Type), int64(e.Flags), e.At, e.ReceivedAt, e.Source, e.MessageID,
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
