package customer

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// maxFound is how many customers Find returns; maxProfiles how many profiles of
// one customer are shown and put together: users first, then the last seen.
const (
	maxFound    = 50
	maxProfiles = 1000
)

// Page is one page of a list of customers.
type Page struct {
	Items []Customer `json:"items"`
	Next  string     `json:"next,omitempty"`
}

// Get returns the customer that an id names: any profile of theirs. The error is
// ErrNotFound where there is none.
func (s *Store) Get(ctx context.Context, workspace int64, id event.ID) (c Customer, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		l, err := get(ctx, tx, workspace, id)
		if err == nil {
			c = l.Customer
		}
		return err
	})
	return c, err
}

func get(ctx context.Context, tx *db.Tx, workspace int64, id event.ID) (*loaded, error) {
	model, err := tx.Model(ctx, workspace)
	if err != nil {
		return nil, err
	}
	id, err = resolve(ctx, tx, model, id)
	if err != nil {
		return nil, err
	}
	list, err := load(ctx, tx, workspace, model, []event.ID{id})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return list[0], nil
}

// resolve returns the customer that a profile is in.
func resolve(ctx context.Context, tx *db.Tx, model int64, id event.ID) (c event.ID, err error) {
	err = tx.QueryRow(ctx, "SELECT customer FROM profile WHERE model = $1 AND id = $2", model, id[:]).Scan(scanID(&c))
	if db.IsNone(err) {
		return c, ErrNotFound
	}
	return c, err
}

// Profiles returns the ids of all profiles of the customer that an id names, by
// which other rooms keep what is theirs; none where there is no such customer.
func Profiles(ctx context.Context, tx *db.Tx, workspace int64, id event.ID) ([]event.ID, error) {
	model, err := tx.Model(ctx, workspace)
	if err != nil {
		return nil, err
	}
	var ids []event.ID
	err = tx.Each(ctx, `SELECT p.id FROM profile p WHERE p.model = $1 AND p.events > 0 AND p.customer =
		(SELECT c.customer FROM profile c WHERE c.model = $1 AND c.id = $2) ORDER BY p.id`, []any{model, id[:]}, func(r *sql.Rows) error {
		var p event.ID
		err := r.Scan(scanID(&p))
		ids = append(ids, p)
		return err
	})
	return ids, err
}

// ProfileIDs returns what Profiles does. The error is ErrNotFound where there is
// no such customer.
func (s *Store) ProfileIDs(ctx context.Context, workspace int64, id event.ID) (ids []event.ID, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		ids, err = Profiles(ctx, tx, workspace, id)
		return err
	})
	if err == nil && len(ids) == 0 {
		err = ErrNotFound
	}
	return ids, err
}

// Find returns the customers that hold an identifier, at most 50: those for whom
// it is verified before the others. The value is normalised like those of
// events. The error is ErrInvalid where it cannot be an identifier of the kind.
func (s *Store) Find(ctx context.Context, workspace int64, kind, value string) (list []Customer, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		var ids []event.ID
		if kind == event.UserProfile || kind == event.AnonymousProfile {
			id, err := resolve(ctx, tx, model, event.ProfileID(workspace, kind, value))
			if err == ErrNotFound {
				return nil
			}
			if err != nil {
				return err
			}
			ids = []event.ID{id}
		} else if ids, err = holdersOf(ctx, tx, workspace, model, kind, value); err != nil {
			return err
		}
		found, err := load(ctx, tx, workspace, model, ids)
		list = customers(found)
		return err
	})
	return list, err
}

// holdersOf returns the customers that hold an e-mail address, phone or handle.
func holdersOf(ctx context.Context, tx *db.Tx, workspace, model int64, kind, value string) (ids []event.ID, err error) {
	normal := ""
	switch kind {
	case Email:
		normal = normalEmail(value)
	case Phone:
		country, err := countryOf(ctx, tx, workspace)
		if err != nil {
			return nil, err
		}
		normal = normalPhone(value, country)
	default:
		if kind = normalNetwork(kind); kind != "" {
			normal = normalHandle(value)
		}
	}
	if normal == "" {
		return nil, fmt.Errorf("%w: not an identifier of that kind", ErrInvalid)
	}
	return ids, tx.Each(ctx, `SELECT p.customer FROM identifier i CROSS JOIN profile p
		WHERE i.model = $1 AND i.kind = $2 AND i.value = $3 AND p.model = i.model AND p.id = i.profile GROUP BY p.customer
		ORDER BY max(CASE WHEN i.verified_at IS NULL THEN 0 ELSE 1 END) DESC, p.customer LIMIT $4`,
		[]any{model, kind, normal, maxFound}, func(r *sql.Rows) error {
			var id event.ID
			err := r.Scan(scanID(&id))
			ids = append(ids, id)
			return err
		})
}

// List returns customers by id, at most limit (1 to 200) after the cursor. The
// order stays the same while events arrive.
func (s *Store) List(ctx context.Context, workspace int64, cursor string, limit int) (p Page, err error) {
	var after event.ID
	if cursor != "" {
		if after, err = event.ParseID(cursor); err != nil {
			return p, fmt.Errorf("%w: cursor", ErrInvalid)
		}
	}
	limit = min(max(limit, 1), 200)
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		var ids []event.ID
		err = tx.Each(ctx, `SELECT customer FROM profile WHERE model = $1 AND customer > $2 AND events > 0
			GROUP BY customer ORDER BY customer LIMIT $3`, []any{model, after[:], limit + 1}, func(r *sql.Rows) error {
			var id event.ID
			err := r.Scan(scanID(&id))
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return err
		}
		if len(ids) > limit {
			ids = ids[:limit]
			p.Next = ids[limit-1].String()
		}
		found, err := load(ctx, tx, workspace, model, ids)
		p.Items = customers(found)
		return err
	})
	return p, err
}

// ByIDs returns customers by their own ids, in that order; unknown ids are left out.
func (s *Store) ByIDs(ctx context.Context, workspace int64, ids []event.ID) (list []Customer, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		found, err := load(ctx, tx, workspace, model, ids)
		list = customers(found)
		return err
	})
	return list, err
}

// loaded is a customer on the way to be put together.
type loaded struct {
	Customer
	nodes       []event.ID // users, and visitors without an owner
	joins       []edge     // the tree that holds the nodes together
	merges      []merge
	profiles    []storedProfile
	named       int // visitors who were only named beside their owner
	identifiers map[named]*claim
	traits      map[string]*trait
	optOuts     map[string]int64
}

type storedProfile struct {
	id, owner           event.ID
	value               string
	first, last, events int64
	verified            bool
	consent             stated
}

// loader puts customers together from the rows of their profiles.
type loader struct {
	workspace, model int64
	byID             map[event.ID]*loaded // by customer
	byNode           map[event.ID]*loaded
	byProfile        map[event.ID]*loaded // of the profiles that are put together
	keys             *db.Rows             // of the same
	customers        *db.Rows
	named            *db.Rows // visitors who were only named beside their owner
}

// load puts together the customers of these ids, in the same order. Those
// without events are left out.
func load(ctx context.Context, tx *db.Tx, workspace, model int64, ids []event.ID) ([]*loaded, error) {
	l := &loader{workspace: workspace, model: model, byID: map[event.ID]*loaded{}, byNode: map[event.ID]*loaded{}, byProfile: map[event.ID]*loaded{},
		customers: db.NewRows(db.Columns("model int, id bytes")), keys: db.NewRows(db.Columns("model int, id bytes")), named: db.NewRows(db.Columns("model int, anon bytes, owner bytes, value text"))}
	for _, part := range []func(context.Context, *db.Tx) error{
		func(ctx context.Context, tx *db.Tx) error { return l.loadProfiles(ctx, tx, ids) },
		l.loadNamed, l.loadIdentifiers, l.loadTraits, l.loadOptOuts, l.loadMerges,
	} {
		if err := part(ctx, tx); err != nil {
			return nil, err
		}
	}
	var list []*loaded
	for _, id := range ids {
		if c := l.byID[id]; c.Events > 0 {
			c.finish()
			list = append(list, c)
		}
	}
	return list, nil
}

func customers(list []*loaded) []Customer {
	out := make([]Customer, len(list))
	for i, c := range list {
		out[i] = c.Customer
	}
	return out
}

func (l *loader) loadProfiles(ctx context.Context, tx *db.Tx, ids []event.ID) error {
	for _, id := range ids {
		if l.byID[id] == nil {
			l.byID[id] = &loaded{Customer: Customer{ID: id.String()},
				identifiers: map[named]*claim{}, traits: map[string]*trait{}, optOuts: map[string]int64{}}
			l.customers.Add(l.model, id[:])
		}
	}
	err := tx.Lookup(ctx, l.customers, `SELECT p.customer, p.id, p.owner, p.value, p.first_seen, p.last_seen, p.events, p.verified,
			p.consent_necessary, p.consent_analytics, p.consent_personalisation, p.consent_marketing
		FROM k CROSS JOIN profile p WHERE p.model = k.model AND p.customer = k.id`, func(r *sql.Rows) error {
		var customer event.ID
		var p storedProfile
		var verified int
		err := r.Scan(scanID(&customer), scanID(&p.id), scanID(&p.owner), &p.value, &p.first, &p.last, &p.events, &verified,
			&p.consent[0], &p.consent[1], &p.consent[2], &p.consent[3])
		p.verified = verified == 1
		c := l.byID[customer]
		if p.owner.IsZero() {
			c.nodes = append(c.nodes, p.id)
			l.byNode[p.id] = c
		}
		c.Events += p.events
		switch {
		case p.events > 0:
			c.profiles = append(c.profiles, p)
			c.ProfileIDs = append(c.ProfileIDs, p.id)
		case p.owner.IsZero() || p.value == "":
		case c.named == maxProfiles:
			c.ProfilesCut = true
		default:
			c.named++
			l.named.Add(l.model, p.id[:], p.owner[:], p.value)
		}
		return err
	})
	for _, c := range l.byID {
		slices.SortFunc(c.nodes, compareID)
		c.addProfiles()
		for i := range c.profiles {
			id := c.profiles[i].id
			l.byProfile[id] = c
			l.keys.Add(l.model, id[:])
		}
	}
	return err
}

// addProfiles adds up what the profile rows say, and keeps the first maxProfiles.
func (c *loaded) addProfiles() {
	slices.SortFunc(c.profiles, func(a, b storedProfile) int {
		return cmp.Or(integer(!a.id.IsUser())-integer(!b.id.IsUser()), cmp.Compare(b.last, a.last), compareID(a.id, b.id))
	})
	var consent stated
	var first, last int64
	for i, p := range c.profiles {
		consent.merge(p.consent)
		if i == 0 || p.first < first {
			first = p.first
		}
		if i == 0 || p.last > last {
			last = p.last
		}
	}
	c.ConsentAt = consent.times()
	c.Consent, c.FirstSeen, c.LastSeen = consent.purposes(), event.FormatTime(first), event.FormatTime(last)
	if len(c.profiles) > maxProfiles {
		c.profiles, c.ProfilesCut = c.profiles[:maxProfiles], true
	}
	c.Profiles = make([]Profile, len(c.profiles))
	for i, p := range c.profiles {
		c.Profiles[i] = Profile{p.id.String(), kindOf(p.id), p.value, event.FormatTime(p.first), event.FormatTime(p.last), p.events}
		c.identifiers[named{kind: kindOf(p.id), value: p.value}] = &claim{first: p.first, last: p.last, isVerified: p.verified}
	}
}

// loadNamed adds the anonymous ids of visitors without an event of their own:
// a user's events named them, from their first on.
func (l *loader) loadNamed(ctx context.Context, tx *db.Tx) error {
	return tx.Lookup(ctx, l.named, `SELECT k.owner, k.value, l.at FROM k CROSS JOIN link l
		WHERE l.model = k.model AND l.anon = k.anon AND l.owner = k.owner`, func(r *sql.Rows) error {
		var owner event.ID
		var value string
		var at int64
		err := r.Scan(scanID(&owner), &value, &at)
		if c := l.byNode[owner]; c != nil {
			c.identifiers[named{kind: event.AnonymousProfile, value: value}] = &claim{first: at, last: at}
		}
		return err
	})
}

func (l *loader) loadIdentifiers(ctx context.Context, tx *db.Tx) error {
	return tx.Lookup(ctx, l.keys, `SELECT i.profile, i.kind, i.value, i.first_at, i.last_at, i.verified_at
		FROM k CROSS JOIN identifier i WHERE i.model = k.model AND i.profile = k.id AND i.kind <> '`+aliasKind+`'`, func(r *sql.Rows) error {
		var profile event.ID
		var v named
		var c claim
		var verified sql.NullInt64
		err := r.Scan(scanID(&profile), &v.kind, &v.value, &c.first, &c.last, &verified)
		c.verified, c.isVerified = verified.Int64, verified.Valid
		into := l.byProfile[profile].identifiers
		if old := into[v]; old != nil {
			old.merge(c)
		} else {
			into[v] = &c
		}
		return err
	})
}

func (l *loader) loadTraits(ctx context.Context, tx *db.Tx) error {
	return tx.Lookup(ctx, l.keys, `SELECT t.profile, t.name, t.value, t.at, t.tie, t.source
		FROM k CROSS JOIN trait t WHERE t.model = k.model AND t.profile = k.id`, func(r *sql.Rows) error {
		var profile event.ID
		var name string
		var t trait
		err := r.Scan(scanID(&profile), &name, &t.value, &t.at, &t.tie, &t.source)
		into := l.byProfile[profile].traits
		if old := into[name]; old == nil || old.before(t.stamp) {
			into[name] = &t
		}
		return err
	})
}

// loadOptOuts adds those of all profiles, also of the ones that are not shown.
func (l *loader) loadOptOuts(ctx context.Context, tx *db.Tx) error {
	return tx.Lookup(ctx, l.customers, `SELECT p.customer, o.channel, o.at FROM k CROSS JOIN profile p CROSS JOIN opt_out o
		WHERE p.model = k.model AND p.customer = k.id AND o.model = p.model AND o.profile = p.id`, func(r *sql.Rows) error {
		var customer event.ID
		var channel string
		var at int64
		err := r.Scan(scanID(&customer), &channel, &at)
		into := l.byID[customer].optOuts
		if old, ok := into[channel]; !ok || at > old {
			into[channel] = at
		}
		return err
	})
}

func kindOf(id event.ID) string {
	if id.IsUser() {
		return event.UserProfile
	}
	return event.AnonymousProfile
}

// rank orders the kinds of identifier for readers.
var rank = map[string]int{event.UserProfile: -3, Email: -2, Phone: -1, event.AnonymousProfile: 1}

// finish turns what was put together into the answer.
func (c *loaded) finish() {
	c.Identifiers = []Identifier{}
	for _, v := range slices.SortedFunc(maps.Keys(c.identifiers), func(a, b named) int {
		return cmp.Or(rank[a.kind]-rank[b.kind], a.compare(b))
	}) {
		i := c.identifiers[v]
		c.Identifiers = append(c.Identifiers, Identifier{v.kind, v.value, i.isVerified, event.FormatTime(i.first), event.FormatTime(i.last)})
	}
	c.Traits, c.TraitSources = map[string]json.RawMessage{}, []TraitSource{}
	for _, name := range slices.Sorted(maps.Keys(c.traits)) {
		if t := c.traits[name]; t.value != "null" {
			c.Traits[name] = json.RawMessage(t.value)
			c.TraitSources = append(c.TraitSources, TraitSource{name, json.RawMessage(t.value), event.FormatTime(t.at), t.source})
		}
	}
	c.OptOuts = []OptOut{}
	for _, channel := range slices.Sorted(maps.Keys(c.optOuts)) {
		c.OptOuts = append(c.OptOuts, OptOut{channel, event.FormatTime(c.optOuts[channel])})
	}
}
