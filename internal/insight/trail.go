package insight

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// trailKey names a trail, by any of its names.
type trailKey struct {
	workspace int64
	id        event.ID
}

// The bits of a trail's state.
const (
	hasFailed   = 1 << iota // its checkout failed, once or more
	hasEnded                // it became an order
	isDelivered             // its parcel came
	isSentBack              // it was cancelled, returned or refunded
	isHistory               // its parcel was told of as history
	isVouched               // the shop's server placed it
)

// trail is what is known of a checkout and then of its order.
type trail struct {
	trailKey
	day, at  int64
	profile  event.ID
	placed   event.ID // of the order, zero where unknown
	state    int64
	promise  int64 // until when its parcel was promised, 0 for not; below 0 the same, once an outcome told that it passed
	value    int64
	currency string
	dims     values
	items    []trailItem

	dirty bool
}

// trailItem is a product of an order of several.
type trailItem struct {
	Product  string `json:"p,omitzero"`
	Variant  string `json:"v,omitzero"`
	Category string `json:"c,omitzero"`
}

func (t *trail) has(bit int64) bool { return t.state&bit != 0 }

// trails are those that a batch's events speak of, as they are stored and as the
// batch changes them.
type trails struct {
	by     map[trailKey]*trail
	leads  map[trailKey]event.ID // names that are not the trail's first one
	linked map[trailKey]bool     // of these, the new ones
	order  []*trail              // dirty ones
}

func newTrails() *trails {
	return &trails{by: map[trailKey]*trail{}, leads: map[trailKey]event.ID{}, linked: map[trailKey]bool{}}
}

// find is the trail that a name leads to, nil for none.
func (s *trails) find(k trailKey) *trail {
	for range maxHops {
		if t := s.by[k]; t != nil {
			return t
		}
		id, ok := s.leads[k]
		if !ok {
			return nil
		}
		k.id = id
	}
	return nil
}

// maxHops is how often a name may lead on: trails that turn out to be one lead on
// once more.
const maxHops = 4

// begin makes a trail.
func (s *trails) begin(k trailKey) *trail {
	t := &trail{trailKey: k}
	s.by[k] = t
	delete(s.leads, k)
	delete(s.linked, k)
	return t
}

// link lets a name lead to a trail. A name under which another one stands stays
// that one's.
func (s *trails) link(k trailKey, to *trail) {
	if s.by[k] != nil || s.leads[k] == to.id {
		return
	}
	s.leads[k], s.linked[k] = to.id, true
}

// absorb makes two trails that turn out to be one a single one.
func (s *trails) absorb(t, gone *trail) {
	for p, v := range gone.dims {
		t.dims.fill(place(p), v)
	}
	if t.items == nil {
		t.items = gone.items
	}
	if t.placed.IsZero() {
		t.placed = gone.placed
	}
	t.state |= gone.state
	t.promise, t.value, t.currency = cmp.Or(t.promise, gone.promise), cmp.Or(t.value, gone.value), cmp.Or(t.currency, gone.currency)
	t.day, t.at = max(t.day, gone.day), max(t.at, gone.at)
	delete(s.by, gone.trailKey)
	s.link(gone.trailKey, t)
}

// touch notes that a trail is to be stored.
func (s *trails) touch(t *trail, e *event.Event) {
	t.day = max(t.day, dayOf(e))
	t.at = max(t.at, e.At)
	if !t.dirty {
		t.dirty = true
		s.order = append(s.order, t)
	}
}

// dayOf is the day on which an event was told of.
func dayOf(e *event.Event) int64 { return max(e.ReceivedAt, e.At) / Day.micros() }

var (
	trailKeyColumns = db.Columns("workspace int, id bytes")
	trailColumns    = db.Columns("workspace int, id bytes, leads bytes, day int, at int, profile bytes, placed bytes, state int, promise int, value int, currency text, dims text, items text")
)

const overwriteTrail = `ON CONFLICT (workspace, id) DO UPDATE SET leads = excluded.leads, day = excluded.day, at = excluded.at, profile = excluded.profile,
	placed = excluded.placed, state = excluded.state, promise = excluded.promise, value = excluded.value, currency = excluded.currency,
	dims = excluded.dims, items = excluded.items`

// load reads the trails that names lead to; true for names under which the batch
// may begin one. PostgreSQL has writers of other shards beside this one: there all
// are locked first, and such names made where they are not there.
func (s *trails) load(ctx context.Context, tx *db.Tx, names map[trailKey]bool, day int64) error {
	order := slices.SortedFunc(maps.Keys(names), compareTrails)
	if tx.Postgres() {
		empty, locked := db.NewRows(db.Columns("workspace int, id bytes, day int")), db.NewRows(trailKeyColumns)
		for _, k := range order {
			locked.Add(k.workspace, k.id[:])
			if names[k] {
				empty.Add(k.workspace, k.id[:], day)
			}
		}
		if err := tx.Insert(ctx, "trail", empty, "ON CONFLICT DO NOTHING"); err != nil {
			return err
		}
		err := tx.Lookup(ctx, locked, `SELECT 1 FROM k CROSS JOIN trail t WHERE t.workspace = k.workspace AND t.id = k.id
			ORDER BY t.workspace, t.id FOR UPDATE OF t`, func(*sql.Rows) error { return nil })
		if err != nil {
			return fmt.Errorf("lock trails: %w", err)
		}
	}
	for hop := 0; len(order) > 0 && hop < maxHops; hop++ {
		more, err := s.read(ctx, tx, order, hop > 0)
		if err != nil {
			return fmt.Errorf("load trails: %w", err)
		}
		order = more
	}
	return nil
}

// read reads trails by their names, and returns the names that these lead to.
func (s *trails) read(ctx context.Context, tx *db.Tx, names []trailKey, lock bool) (more []trailKey, err error) {
	keys := db.NewRows(trailKeyColumns)
	for _, k := range names {
		keys.Add(k.workspace, k.id[:])
	}
	query := `SELECT t.workspace, t.id, t.leads, t.day, t.at, t.profile, t.placed, t.state, t.promise, t.value, t.currency, t.dims, t.items
		FROM k CROSS JOIN trail t WHERE t.workspace = k.workspace AND t.id = k.id`
	if lock && tx.Postgres() {
		query += " ORDER BY t.workspace, t.id FOR UPDATE OF t"
	}
	err = tx.Lookup(ctx, keys, query, func(r *sql.Rows) error {
		t := &trail{}
		var id, leads, profile, placed []byte
		var dims, items string
		if err := r.Scan(&t.workspace, &id, &leads, &t.day, &t.at, &profile, &placed, &t.state, &t.promise, &t.value, &t.currency, &dims, &items); err != nil {
			return err
		}
		copy(t.id[:], id)
		switch {
		case len(leads) > 0:
			to := trailKey{t.workspace, event.ID(leads)}
			s.leads[t.trailKey] = to.id
			if s.by[to] == nil {
				more = append(more, to)
			}
			return nil
		case len(profile) == 0: // only locked
			return nil
		}
		copy(t.profile[:], profile)
		copy(t.placed[:], placed)
		t.dims = parseValues(dims)
		if items != "" {
			if err := json.Unmarshal([]byte(items), &t.items); err != nil {
				return fmt.Errorf("items of trail %s: %w", t.id, err)
			}
		}
		s.by[t.trailKey] = t
		return nil
	})
	slices.SortFunc(more, compareTrails)
	return slices.Compact(more), err
}

// store writes what the batch changed.
func (s *trails) store(ctx context.Context, tx *db.Tx) error {
	type row struct {
		trailKey
		leads event.ID
		t     *trail
	}
	var list []row
	for _, t := range s.order {
		if s.by[t.trailKey] == t {
			list = append(list, row{t.trailKey, event.ID{}, t})
		}
	}
	for k := range s.linked {
		if t := s.find(k); t != nil {
			list = append(list, row{k, t.id, t})
		}
	}
	slices.SortFunc(list, func(a, b row) int { return compareTrails(a.trailKey, b.trailKey) })
	rows := db.NewRows(trailColumns)
	for _, x := range list {
		if !x.leads.IsZero() {
			rows.Add(x.workspace, x.id[:], x.leads[:], x.t.day, 0, nil, nil, 0, 0, 0, "", "", "")
			continue
		}
		var items []byte
		if len(x.t.items) > 0 {
			var err error
			if items, err = json.Marshal(x.t.items); err != nil {
				return fmt.Errorf("keep the items of a trail: %w", err)
			}
		}
		var placed any
		if !x.t.placed.IsZero() {
			placed = x.t.placed[:]
		}
		rows.Add(x.workspace, x.id[:], nil, x.t.day, x.t.at, x.t.profile[:], placed, x.t.state, x.t.promise, x.t.value, x.t.currency, x.t.dims.json(), string(items))
	}
	return tx.Insert(ctx, "trail", rows, overwriteTrail)
}

func compareTrails(a, b trailKey) int {
	return cmp.Or(cmp.Compare(a.workspace, b.workspace), bytes.Compare(a.id[:], b.id[:]))
}
