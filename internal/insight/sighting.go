package insight

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// sightingKey is a release or campaign.
type sightingKey struct {
	workspace   int64
	kind, value string
}

// sighting is how often a batch's events told of one, and when first.
type sighting struct{ n, since int64 }

const (
	enoughSights  = 20                  // events with a release or campaign until it counts
	mostSightings = 100                 // new ones of a batch
	settled       = int64(Day) * minute // what is seen before a shop was watched for so long was always there
)

// contextParts are members of a context that tell of releases and campaigns.
var contextParts = [...]string{"app", "library", "campaign"}

// sight looks whether an event's context tells of a release or campaign that is
// not known yet. Contexts are large and repeat themselves: so their text is
// compared before it is read.
func (w *watched) sight(e *event.Event) {
	for _, part := range contextParts {
		raw := member(e.Context, part)
		if raw == "" || w.seen.hasRaw(rawKey{e.Workspace, part, raw}) {
			continue
		}
		k := sightingKey{workspace: e.Workspace, kind: Deploy}
		o := event.ParseObject(raw)
		switch part {
		case "campaign":
			k.kind = CampaignStart
			k.value = campaign(o)
		default:
			k.value = release(o)
		}
		if k.value == "" || w.seen.isKnown(k) {
			w.seen.addRaw(rawKey{e.Workspace, part, raw})
			continue
		}
		s, ok := w.sightings[k]
		if !ok && len(w.sightings) >= mostSightings {
			continue
		}
		if s.n++; s.n == 1 || e.At < s.since {
			s.since = e.At
		}
		w.sightings[k] = s
	}
}

// member is the text of an object within an object, "" where there is none of this
// name that holds no other object.
func member(object, name string) string {
	for {
		i := strings.Index(object, name)
		if i < 0 {
			return ""
		}
		tail := object[i+len(name):]
		quoted := i > 0 && object[i-1] == '"' && strings.HasPrefix(tail, `"`)
		if object = tail; !quoted {
			continue
		}
		tail = strings.TrimLeft(tail[1:], " \t\r\n")
		if !strings.HasPrefix(tail, ":") {
			continue
		}
		if tail = strings.TrimLeft(tail[1:], " \t\r\n"); !strings.HasPrefix(tail, "{") {
			continue
		}
		end := strings.IndexByte(tail, '}')
		if end < 0 || strings.IndexByte(tail[1:end], '{') >= 0 {
			return ""
		}
		return tail[:end+1]
	}
}

// applySightings counts releases and campaigns, and adds those that are new to the shop.
func (w *watched) applySightings(ctx context.Context, tx *db.Tx, changes map[int64][]Change) error {
	order := slices.SortedFunc(maps.Keys(w.sightings), func(a, b sightingKey) int {
		return cmp.Or(cmp.Compare(a.workspace, b.workspace), strings.Compare(a.kind, b.kind), strings.Compare(a.value, b.value))
	})
	keys := db.NewRows(db.Columns("n int, workspace int, kind text, value text"))
	for n, k := range order {
		keys.Add(n, k.workspace, k.kind, k.value)
	}
	query := `SELECT k.n, s.since, s.n FROM k CROSS JOIN sighting s WHERE s.workspace = k.workspace AND s.kind = k.kind AND s.value = k.value`
	if tx.Postgres() {
		query += " ORDER BY k.n FOR UPDATE OF s"
	}
	had := map[int]sighting{}
	err := tx.Lookup(ctx, keys, query, func(r *sql.Rows) error {
		var n int
		var s sighting
		err := r.Scan(&n, &s.since, &s.n)
		had[n] = s
		return err
	})
	if err != nil {
		return fmt.Errorf("read releases and campaigns: %w", err)
	}
	rows := db.NewRows(db.Columns("workspace int, kind text, value text, since int, n int"))
	for n, k := range order {
		s := w.sightings[k]
		before, known := had[n]
		if known {
			if before.n >= enoughSights {
				w.seen.setKnown(k)
				continue
			}
			s = sighting{s.n + before.n, min(s.since, before.since)}
		}
		rows.Add(k.workspace, k.kind, k.value, s.since, min(s.n, enoughSights))
		if s.n < enoughSights {
			continue
		}
		if isNew, err := newToShop(ctx, tx, k, s); err != nil {
			return err
		} else if !isNew {
			continue
		}
		of := map[string]string{string(DimRelease): k.value}
		if k.kind == CampaignStart {
			of = map[string]string{string(DimCampaign): k.value}
		}
		id := event.NewID(k.workspace, "sighting", k.kind, k.value)
		changes[k.workspace] = append(changes[k.workspace], Change{ID: id.String(), At: s.since, Kind: k.kind, Title: k.value, Source: "events", Of: of})
	}
	return tx.Insert(ctx, "sighting", rows, "ON CONFLICT (workspace, kind, value) DO UPDATE SET since = excluded.since, n = excluded.n")
}

// newToShop reports whether what was seen is a change: the shop has been watched for
// a while, and a release is another version of what is known. A name that was never
// heard before is another sender, and no release.
func newToShop(ctx context.Context, tx *db.Tx, k sightingKey, s sighting) (bool, error) {
	var first, versions *int64
	name := ""
	if i := strings.LastIndexByte(k.value, ' '); i > 0 && k.kind == Deploy {
		name = k.value[:i+1]
	}
	err := tx.QueryRow(ctx, `SELECT min(since), sum(CASE WHEN kind = $2 AND value <> $3 AND substr(value, 1, $4) = $5 AND n >= $6 THEN 1 ELSE 0 END)
		FROM sighting WHERE workspace = $1`, k.workspace, k.kind, k.value, utf8.RuneCountInString(name), name, enoughSights).Scan(&first, &versions)
	if err != nil {
		return false, fmt.Errorf("read the first sighting: %w", err)
	}
	return first != nil && s.since-*first >= settled && (name == "" || *versions > 0), nil
}

// tidyChanges deletes releases and campaigns that too few told of, old changes that
// were seen in events, and chats that ended without an answer in history, or in a shop
// that has gone quiet.
func tidyChanges(ctx context.Context, tx *db.Tx, workspace, day int64) error {
	_, err := tx.Exec(ctx, "DELETE FROM sighting WHERE workspace = $1 AND n < $2 AND since < $3", workspace, enoughSights, (day-7)*Day.micros())
	if err == nil {
		_, err = tx.Exec(ctx, "DELETE FROM change WHERE workspace = $1 AND at < $2 AND source = 'events'", workspace, day*Day.micros()-int64(oldestTold/time.Microsecond))
	}
	if err == nil {
		_, err = tx.Exec(ctx, "DELETE FROM chat_wait WHERE workspace = $1 AND due < $2", workspace, (day-1)*Day.micros())
	}
	if err != nil {
		return fmt.Errorf("delete old changes: %w", err)
	}
	return nil
}
