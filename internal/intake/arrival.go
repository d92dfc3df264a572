package intake

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Stage counts the events that arrive, by hour and by what sent them.
type Stage struct{}

// Name names the stage in metrics and errors.
func (Stage) Name() string { return "intake" }

const hour = 3600 * 1e6 // microseconds

type arrivalKey struct {
	model           int64
	source, library string
	verified        int64
	hour            int64
	shard           int
}

type arrivals struct{ events, last int64 }

// Apply counts a batch.
func (Stage) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	counts := map[arrivalKey]*arrivals{}
	var last arrivalKey
	var c *arrivals
	for i := range b.Events {
		e := &b.Events[i]
		if e.Type == event.Staff {
			continue
		}
		k := arrivalKey{model: e.Model, source: e.Source, library: library(e.Context), hour: e.ReceivedAt / hour, shard: e.Position.Shard()}
		if e.Has(event.Verified) {
			k.verified = 1
		}
		if c == nil || k != last {
			if c = counts[k]; c == nil {
				c = &arrivals{}
				counts[k] = c
			}
			last = k
		}
		c.events++
		c.last = max(c.last, e.ReceivedAt)
	}
	keys := make([]arrivalKey, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b arrivalKey) int { // every transaction locks in that order
		return cmp.Or(cmp.Compare(a.model, b.model), cmp.Compare(a.source, b.source), cmp.Compare(a.library, b.library),
			cmp.Compare(a.verified, b.verified), cmp.Compare(a.hour, b.hour), cmp.Compare(a.shard, b.shard))
	})
	rows := db.NewRows(arrivalColumns)
	for _, k := range keys {
		rows.Add(k.model, k.source, k.library, k.verified, k.hour, k.shard, counts[k].events, counts[k].last)
	}
	if rows.Len() == 0 {
		return nil
	}
	return tx.Insert(ctx, "arrival", rows, `ON CONFLICT (model, source, library, verified, hour, shard) DO UPDATE SET
		events = arrival.events + excluded.events,
		last_at = CASE WHEN excluded.last_at > arrival.last_at THEN excluded.last_at ELSE arrival.last_at END`)
}

var arrivalColumns = db.Columns("model int, source text, library text, verified int, hour int, shard int, events int, last_at int")

// libraries are the clients that are told apart. All others count together:
// anybody may write any name.
var libraries = []string{
	"analytics.js", "@segment/analytics-node", "@segment/analytics-react-native", "analytics-node", "analytics-go", "analytics-python", "analytics-php",
	"analytics-ruby", "analytics-java", "analytics-kotlin", "analytics-swift", "analytics-ios", "analytics-android", "Analytics.NET",
	"RudderLabs JavaScript SDK", "@rudderstack/rudder-sdk-node", "analytics-python-rudder",
	"posthog-js", "posthog-node", "posthog-python", "posthog-go", "posthog-php", "web", "@jitsu/js", "jitsu-js",
	"dhvani", "dhvani-test", "dhvani-import", "dhvani-demo",
}

// library returns the name of the client that a context tells of, "" where it is
// not one of libraries. The whole context is not parsed: this runs for every
// event.
func library(context string) string {
	i := strings.Index(context, `"library"`)
	if i < 0 {
		return ""
	}
	rest := context[i+len(`"library"`):]
	if end := strings.IndexByte(rest, '}'); end > 0 {
		rest = rest[:end]
	}
	i = strings.Index(rest, `"name"`)
	if i < 0 {
		return ""
	}
	rest = strings.TrimLeft(rest[i+len(`"name"`):], " :\t\n\r")
	if rest == "" || rest[0] != '"' {
		return ""
	}
	rest = rest[1:]
	end := strings.IndexByte(rest, '"')
	if end < 0 || !slices.Contains(libraries, rest[:end]) {
		return ""
	}
	return rest[:end]
}

// Arrival is what came from one kind of client.
type Arrival struct {
	Source   string
	Library  string // "" where unknown
	Verified bool   // with a secret key
	Events   int64  // ever
	LastAt   int64  // microseconds
	Hours    []int64
}

// LastHours is how many hours back Arrival.Hours goes; its last is the present one.
const LastHours = 24

// Arrivals lists who sent to a workspace, the latest first. now is in
// microseconds.
func (s *Store) Arrivals(ctx context.Context, workspace, now int64) (list []Arrival, err error) {
	from := now/hour - LastHours + 1
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		type key struct {
			source, library string
			verified        int64
		}
		at := map[key]int{}
		err = tx.Each(ctx, `SELECT source, library, verified, CAST(sum(events) AS BIGINT), max(last_at) FROM arrival
			WHERE model = $1 GROUP BY source, library, verified ORDER BY max(last_at) DESC, source, library`, []any{model}, func(rows *sql.Rows) error {
			var k key
			a := Arrival{Hours: make([]int64, LastHours)}
			if err := rows.Scan(&k.source, &k.library, &k.verified, &a.Events, &a.LastAt); err != nil {
				return err
			}
			a.Source, a.Library, a.Verified = k.source, k.library, k.verified == 1
			at[k] = len(list)
			list = append(list, a)
			return nil
		})
		if err != nil || len(list) == 0 {
			return err
		}
		return tx.Each(ctx, `SELECT source, library, verified, hour, CAST(sum(events) AS BIGINT) FROM arrival
			WHERE model = $1 AND hour >= $2 GROUP BY source, library, verified, hour`, []any{model, from}, func(rows *sql.Rows) error {
			var k key
			var h, n int64
			if err := rows.Scan(&k.source, &k.library, &k.verified, &h, &n); err != nil {
				return err
			}
			if i := min(h-from, LastHours-1); i >= 0 {
				list[at[k]].Hours[i] += n
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list what sends events: %w", err)
	}
	return list, nil
}
