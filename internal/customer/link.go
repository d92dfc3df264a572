package customer

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// keepNewLinks drops the links that are stored already and come before,
// and marks the profiles of the others to be made.
func (f *fold) keepNewLinks(ctx context.Context, tx *db.Tx) error {
	list := slices.Collect(maps.Keys(f.links))
	keys := db.NewRows(db.Columns("n int, model int, anon bytes, owner bytes"))
	for i, k := range list {
		keys.Add(i, k.anon.model, k.anon.id[:], k.owner.id[:])
	}
	err := tx.Lookup(ctx, keys, `SELECT k.n, l.claimed, l.at, l.tie FROM k CROSS JOIN link l
		WHERE l.model = k.model AND l.anon = k.anon AND l.owner = k.owner`, func(r *sql.Rows) error {
		var n int
		var old link
		err := r.Scan(&n, &old.claimed, &old.at, &old.tie)
		if err == nil && !f.links[list[n]].before(old) {
			delete(f.links, list[n])
		}
		return err
	})
	for k := range f.links {
		k.anon.write, k.owner.write = true, true
	}
	return err
}

func (f *fold) writeLinks(ctx context.Context, tx *db.Tx) error {
	rows := db.NewRows(db.Columns("model int, anon bytes, owner bytes, claimed int, at int, tie int"))
	for _, k := range slices.SortedFunc(maps.Keys(f.links), func(a, b linkKey) int {
		return cmp.Or(comparePlace(a.anon, b.anon), comparePlace(a.owner, b.owner))
	}) {
		l := f.links[k]
		rows.Add(k.anon.model, k.anon.id[:], k.owner.id[:], l.claimed, l.at, l.tie)
	}
	return tx.Insert(ctx, "link", rows, "ON CONFLICT (model, anon, owner) DO UPDATE SET claimed = excluded.claimed, at = excluded.at, tie = excluded.tie")
}

// keepNewDecisions drops the decisions that a later one stored overrules.
func (f *fold) keepNewDecisions(ctx context.Context, tx *db.Tx) error {
	list := slices.Collect(maps.Keys(f.decisions))
	keys := db.NewRows(db.Columns("n int, model int, a bytes, b bytes"))
	for i, k := range list {
		keys.Add(i, k.model, k.a[:], k.b[:])
	}
	return tx.Lookup(ctx, keys, `SELECT k.n, d.at, d.tie FROM k CROSS JOIN identity_decision d
		WHERE d.model = k.model AND d.a = k.a AND d.b = k.b`, func(r *sql.Rows) error {
		var n int
		var s stamp
		err := r.Scan(&n, &s.at, &s.tie)
		if err == nil && !s.before(f.decisions[list[n]].stamp) {
			delete(f.decisions, list[n])
		}
		return err
	})
}

func (f *fold) writeDecisions(ctx context.Context, tx *db.Tx) error {
	rows := db.NewRows(db.Columns("model int, a bytes, b bytes, merged int, at int, tie int, account text"))
	for _, k := range slices.SortedFunc(maps.Keys(f.decisions), func(x, y decisionKey) int {
		return cmp.Or(cmp.Compare(x.model, y.model), compareID(x.a, y.a), compareID(x.b, y.b))
	}) {
		d := f.decisions[k]
		rows.Add(k.model, k.a[:], k.b[:], integer(d.merged), d.at, d.tie, d.account)
	}
	// Two shards may decide at once; the later word stands.
	return tx.Insert(ctx, "identity_decision", rows, `ON CONFLICT (model, a, b) DO UPDATE
		SET merged = excluded.merged, at = excluded.at, tie = excluded.tie, account = excluded.account
		WHERE excluded.at > identity_decision.at OR excluded.at = identity_decision.at AND excluded.tie > identity_decision.tie`)
}

// owned is an anonymous profile whose owner may change.
type owned struct {
	ref
	owner, customer event.ID // as stored
	next            event.ID // the owner by the facts; zero for none
	decided         stamp    // when staff gave it to next
}

// reown gives the anonymous profiles that the batch's links and decisions speak
// of to their owners. It returns the profiles around which the graph changed.
func (f *fold) reown(ctx context.Context, tx *db.Tx) ([]ref, error) {
	touched := map[ref]bool{}
	for k := range f.links {
		touched[ref{k.anon.model, k.anon.id}] = true
	}
	for k := range f.decisions {
		for _, id := range []event.ID{k.a, k.b} {
			if !id.IsUser() {
				touched[ref{k.model, id}] = true
			}
		}
	}
	moved, err := movedProfiles(ctx, tx, slices.SortedFunc(maps.Keys(touched), compareRef))
	if err != nil || len(moved) == 0 {
		return nil, err
	}
	customers, err := customersOf(ctx, tx, moved)
	if err != nil {
		return nil, err
	}
	rows := db.NewRows(db.Columns("model int, id bytes, customer bytes, owner bytes"))
	for i := range moved {
		m := &moved[i]
		c := m.id
		if m.next.IsZero() {
			rows.Add(m.model, m.id[:], m.id[:], nil)
		} else {
			c = customers[ref{m.model, m.next}]
			rows.Add(m.model, m.id[:], c[:], m.next[:])
		}
		f.regrouped = append(f.regrouped, event.Key{Model: m.model, ID: m.customer}, event.Key{Model: m.model, ID: c})
	}
	err = tx.Insert(ctx, "profile", rows, "ON CONFLICT (model, id) DO UPDATE SET customer = excluded.customer, owner = excluded.owner")
	if err != nil {
		return nil, err
	}
	refs := make([]ref, len(moved))
	for i, m := range moved {
		refs[i] = m.ref
	}
	with, err := edged(ctx, tx, refs)
	var seeds []ref
	for _, n := range with {
		m := moved[n]
		for _, id := range []event.ID{m.id, m.owner} { // m.id stands for its new owner
			if !id.IsZero() {
				seeds = append(seeds, ref{m.model, id})
			}
		}
	}
	return seeds, err
}

func compareRef(a, b ref) int { return cmp.Or(cmp.Compare(a.model, b.model), compareID(a.id, b.id)) }

// movedProfiles returns those anonymous profiles whose owner by the facts is not
// the stored one.
func movedProfiles(ctx context.Context, tx *db.Tx, touched []ref) ([]owned, error) {
	list := make([]owned, len(touched))
	keys := db.NewRows(db.Columns("n int, model int, id bytes"))
	for i, r := range touched {
		list[i].ref = r
		keys.Add(i, r.model, r.id[:])
	}
	err := tx.Lookup(ctx, keys, `SELECT k.n, p.owner, p.customer, (
			SELECT l.owner FROM link l WHERE l.model = k.model AND l.anon = k.id AND NOT EXISTS (
				SELECT 1 FROM identity_decision d WHERE d.model = k.model AND d.a = l.owner AND d.b = k.id AND d.merged = 0)
			ORDER BY l.claimed, l.at, l.tie LIMIT 1)
		FROM k CROSS JOIN profile p WHERE p.model = k.model AND p.id = k.id`, func(r *sql.Rows) error {
		var n int
		var o owned
		err := r.Scan(&n, scanID(&o.owner), scanID(&o.customer), scanID(&o.next))
		o.ref = list[n].ref
		list[n] = o
		return err
	})
	if err != nil {
		return nil, err
	}
	err = tx.Lookup(ctx, keys, `SELECT k.n, d.a, d.at, d.tie FROM k CROSS JOIN identity_decision d
		WHERE d.model = k.model AND d.b = k.id AND d.merged = 1`, func(r *sql.Rows) error {
		var n int
		var user event.ID
		var s stamp
		err := r.Scan(&n, scanID(&user), &s.at, &s.tie)
		if o := &list[n]; user.IsUser() && (o.decided == stamp{} || o.decided.before(s) || o.decided == s && compareID(user, o.next) < 0) {
			o.next, o.decided = user, s
		}
		return err
	})
	return slices.DeleteFunc(list, func(o owned) bool { return o.next == o.owner }), err
}

// customersOf returns the customers of the new owners.
func customersOf(ctx context.Context, tx *db.Tx, moved []owned) (map[ref]event.ID, error) {
	customers := map[ref]event.ID{}
	keys := db.NewRows(db.Columns("model int, id bytes"))
	for _, m := range moved {
		r := ref{m.model, m.next}
		if _, ok := customers[r]; !ok && !m.next.IsZero() {
			customers[r] = m.next
			keys.Add(m.model, m.next[:])
		}
	}
	return customers, tx.Lookup(ctx, keys, `SELECT p.model, p.id, p.customer FROM k CROSS JOIN profile p
		WHERE p.model = k.model AND p.id = k.id`, func(r *sql.Rows) error {
		var o ref
		var c event.ID
		err := r.Scan(&o.model, scanID(&o.id), scanID(&c))
		customers[o] = c
		return err
	})
}

// edged returns the places in the list of the profiles that have edges of their
// own; the others change no graph when they move.
func edged(ctx context.Context, tx *db.Tx, profiles []ref) (places []int, err error) {
	keys := db.NewRows(db.Columns("n int, model int, id bytes"))
	for i := range profiles {
		keys.Add(i, profiles[i].model, profiles[i].id[:])
	}
	return places, tx.Lookup(ctx, keys, `SELECT k.n FROM k WHERE
		EXISTS (SELECT 1 FROM identifier i WHERE i.model = k.model AND i.profile = k.id AND i.verified_at IS NOT NULL) OR
		EXISTS (SELECT 1 FROM identity_decision d WHERE d.model = k.model AND d.a = k.id) OR
		EXISTS (SELECT 1 FROM identity_decision d WHERE d.model = k.model AND d.b = k.id)`, func(r *sql.Rows) error {
		var n int
		err := r.Scan(&n)
		places = append(places, n)
		return err
	})
}
