package customer

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dhvani/dhvani/internal/archive"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Item is one event on a customer's timeline.
type Item struct {
	At         string          `json:"at"`
	ID         string          `json:"id"`
	Kind       string          `json:"kind" doc:"such as order, review, survey, chat, page, product, cart or identify; damaged where its stored data is"`
	Channel    string          `json:"channel"`
	Type       string          `json:"type"`
	Name       string          `json:"name,omitempty"`
	Summary    string          `json:"summary"`
	Properties json.RawMessage `json:"properties,omitempty"`
	Traits     json.RawMessage `json:"traits,omitempty"`
}

// Timeline is one page of a customer's events, newest first.
type Timeline struct {
	Items []Item `json:"items"`
	Next  string `json:"next,omitempty"`
}

// TimelineFilter leaves only what has this kind and channel, and is of this
// group, where they are set.
type TimelineFilter struct{ Kind, Channel, Group string }

// Groups of a timeline's kinds.
const (
	Said    = "said"
	Bought  = "bought"
	Browsed = "browsed"
)

// groupOf gives the group of a kind; what staff did, and who somebody is, is of none.
var groupOf = map[string]string{
	"review": Said, "survey": Said, "chat": Said, "social": Said, "store": Said, "email": Said,
	"order": Bought, "cart": Bought, "checkout": Bought, "coupon": Bought,
	"page": Browsed, "screen": Browsed, "product": Browsed, "search": Browsed, "promotion": Browsed, "wishlist": Browsed,
}

// TimelineBefore returns the cursor of what happened before a time.
func TimelineBefore(at int64) string { return formatPlace(place{at, math.MinInt64}) }

// place is where an event stands on a timeline: the latest time first, then the
// latest key.
type place struct{ at, key int64 }

func (p place) compare(o place) int { // newest first
	switch {
	case p.at > o.at || p.at == o.at && p.key > o.key:
		return -1
	case p == o:
		return 0
	}
	return 1
}

// maxFiltered is how many events one page of a filtered timeline may look at; a
// page may therefore have few items although another follows.
const maxFiltered = 5000

// Timeline returns events of the customer that an id names, at most limit (1 to
// 200) before the cursor.
func (s *Store) Timeline(ctx context.Context, workspace int64, id event.ID, cursor string, limit int, filter TimelineFilter) (t Timeline, err error) {
	limit = min(max(limit, 1), 200)
	t.Items = []Item{}
	before, err := parsePlace(cursor)
	if err != nil {
		return t, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		profiles, err := lastSeen(ctx, tx, workspace, id)
		if err != nil {
			return err
		}
		step := limit + 1
		if filter != (TimelineFilter{}) {
			step = 500
		}
		for seen := 0; seen < maxFiltered; seen += step {
			places, err := newest(ctx, tx, workspace, profiles, before, step)
			if err != nil {
				return err
			}
			items, err := readItems(ctx, tx, workspace, places, filter)
			if err != nil {
				return err
			}
			for _, p := range places {
				if i, ok := items[p]; ok {
					if len(t.Items) == limit {
						t.Next = formatPlace(before)
						return nil
					}
					t.Items = append(t.Items, i)
				}
				before = p
			}
			if len(places) < step {
				return nil
			}
		}
		t.Next = formatPlace(before)
		return nil
	})
	return t, err
}

func (f TimelineFilter) passes(e *event.Event) bool {
	return (f.Kind == "" || f.Kind == kindOfEvent(e)) && (f.Channel == "" || f.Channel == e.Channel()) &&
		(f.Group == "" || f.Group == groupOf[kindOfEvent(e)])
}

type seenProfile struct {
	id          event.ID
	first, last int64
}

// lastSeen returns the profiles of a customer: users, then visitors, of each the
// last seen first.
func lastSeen(ctx context.Context, tx *db.Tx, workspace int64, id event.ID) (list []seenProfile, err error) {
	model, err := tx.Model(ctx, workspace)
	if err != nil {
		return nil, err
	}
	err = tx.Each(ctx, `SELECT p.id, p.first_seen, p.last_seen FROM profile p WHERE p.model = $1 AND p.events > 0 AND p.customer =
		(SELECT c.customer FROM profile c WHERE c.model = $1 AND c.id = $2) ORDER BY p.last_seen DESC, p.id`, []any{model, id[:]}, func(r *sql.Rows) error {
		var p seenProfile
		err := r.Scan(scanID(&p.id), &p.first, &p.last)
		list = append(list, p)
		return err
	})
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	slices.SortStableFunc(list, func(a, b seenProfile) int { return integer(!a.id.IsUser()) - integer(!b.id.IsUser()) })
	return list, err
}

// segment is a part of the archive's index, with the times of its events.
type segment struct{ number, first, last int64 }

// segments returns the parts of the index that have events before a place, those
// with the latest events first.
func segments(ctx context.Context, tx *db.Tx, workspace int64, before place) (list []segment, err error) {
	err = tx.Each(ctx, `SELECT segment, first_at, last_at FROM event_segment WHERE workspace = $1 AND first_at <= $2
		ORDER BY last_at DESC, segment`, []any{workspace, before.at}, func(r *sql.Rows) error {
		var s segment
		err := r.Scan(&s.number, &s.first, &s.last)
		list = append(list, s)
		return err
	})
	return list, err
}

// mayHold reports whether a segment can hold events of a profile. What staff did
// to a user may be later than the user was last seen.
func (s segment) mayHold(p seenProfile) bool {
	return p.first <= s.last && (p.last >= s.first || p.id.IsUser())
}

// newest returns the places of the n newest events before a place. In each
// segment each profile gives its own newest by index; what can only be older
// than the n-th found so far is not asked.
func newest(ctx context.Context, tx *db.Tx, workspace int64, profiles []seenProfile, before place, n int) ([]place, error) {
	const atOnce = 16
	parts, err := segments(ctx, tx, workspace, before)
	if err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	var out []place
	oldest := int64(math.MinInt64)
	args := []any{workspace, before.at, before.key, oldest, n}
	var q strings.Builder
	ask := func() error {
		if q.Len() == 0 {
			return nil
		}
		args[3] = oldest
		err := tx.Each(ctx, q.String(), args, func(r *sql.Rows) error {
			var p place
			err := r.Scan(&p.at, &p.key)
			out = append(out, p)
			return err
		})
		slices.SortFunc(out, place.compare)
		if len(out) >= n {
			out = out[:n]
			oldest = out[n-1].at
		}
		args = args[:5]
		q.Reset()
		return err
	}
	for _, s := range parts {
		for _, p := range profiles {
			if s.last < oldest || p.last < oldest && !p.id.IsUser() || !s.mayHold(p) {
				continue
			}
			if q.Len() > 0 {
				q.WriteString(" UNION ALL ")
			}
			args = append(args, s.number, p.id[:])
			fmt.Fprintf(&q, `SELECT * FROM (SELECT at, key FROM event WHERE workspace = $1 AND segment = $%d AND profile = $%d
				AND at >= $4 AND (at, key) < ($2, $3) ORDER BY at DESC, key DESC LIMIT $5) AS p%[2]d`, len(args)-1, len(args))
			if len(args) == 5+2*atOnce {
				if err := ask(); err != nil {
					return nil, fmt.Errorf("timeline: %w", err)
				}
			}
		}
	}
	if err := ask(); err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	return out, nil
}

// readItems returns those of the places whose events pass the filter.
func readItems(ctx context.Context, tx *db.Tx, workspace int64, places []place, filter TimelineFilter) (map[place]Item, error) {
	positions := make([]event.Position, len(places))
	for i, p := range places {
		positions[i] = event.Position(p.key)
	}
	events, damaged, err := archive.Get(ctx, tx, workspace, positions)
	if err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	items := make(map[place]Item, len(places))
	for _, p := range places {
		key := event.Position(p.key)
		if e := events[key]; e != nil && filter.passes(e) {
			items[p] = item(e)
		} else if slices.Contains(damaged, key) {
			items[p] = Item{
				At: event.FormatTime(p.at), ID: strconv.FormatInt(p.key, 10), Kind: "damaged",
				Summary: "This event's stored data is damaged and is not shown. The shop's operator can find it with dhvani verify.",
			}
		}
	}
	return items, nil
}

func item(e *event.Event) Item {
	return Item{
		At: event.FormatTime(e.At), ID: strconv.FormatInt(int64(e.Position), 10), Kind: kindOfEvent(e), Channel: e.Channel(),
		Type: e.Type.String(), Name: e.Name, Summary: summary(e),
		Properties: json.RawMessage(e.Properties), Traits: json.RawMessage(e.Traits),
	}
}

// formatPlace and parsePlace write and read the cursor of a timeline; an empty
// cursor stands before everything.
func formatPlace(p place) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.at))
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(b, uint64(p.key)))
}

func parsePlace(cursor string) (place, error) {
	if cursor == "" {
		return place{math.MaxInt64, math.MaxInt64}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) != 16 {
		return place{}, fmt.Errorf("%w: cursor", ErrInvalid)
	}
	return place{int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))}, nil
}
