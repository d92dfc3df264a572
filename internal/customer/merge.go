package customer

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// linkKind is the kind of a merge by which an anonymous profile follows a user.
const linkKind = "link"

// mergeID names a reason why two profiles are one customer.
func mergeID(workspace int64, kind string, a, b event.ID) event.ID {
	return event.NewID(workspace, "merge", kind, a.String(), b.String())
}

// merge is a Merge with its numbers.
type merge struct {
	id, a, b event.ID
	at       int64
	kind, by string
}

// loadMerges adds how the profiles of the customers came together.
func (l *loader) loadMerges(ctx context.Context, tx *db.Tx) error {
	var nodes []event.ID
	for _, c := range l.byID {
		if len(c.nodes) > 1 {
			nodes = append(nodes, c.nodes...)
		}
	}
	g, err := loadGraph(ctx, tx, l.model, nodes)
	if err != nil {
		return err
	}
	_, joins := g.resolve()
	l.addJoins(joins)
	if err := l.addLinks(ctx, tx); err != nil {
		return err
	}
	for _, c := range l.byID {
		slices.SortFunc(c.merges, func(x, y merge) int {
			return cmp.Or(cmp.Compare(y.at, x.at), compareID(x.id, y.id))
		})
		c.Merges = []Merge{}
		for _, m := range c.merges {
			c.Merges = append(c.Merges, Merge{m.id.String(), event.FormatTime(m.at), m.kind, m.a.String(), m.b.String(), m.by})
		}
	}
	return nil
}

// addJoins adds the joins that brought two sides together of which each had
// events of its own; others only tie in an id that an alias call named.
func (l *loader) addJoins(joins []edge) {
	in, known := sets{}, map[event.ID]bool{} // by least member
	for n := range l.byNode {
		in[n] = n
	}
	for id := range l.byProfile {
		known[id] = true
	}
	for _, e := range joins {
		c := l.byNode[e.a]
		if c == nil {
			continue // another customer of the region
		}
		a, b := in.find(e.a), in.find(e.b)
		both := known[a] && known[b]
		known[a], known[b] = known[a] || known[b], known[a] || known[b]
		in.join(a, b)
		c.joins = append(c.joins, e)
		if both {
			c.merges = append(c.merges, merge{mergeID(l.workspace, e.kind, e.a, e.b), e.a, e.b, e.at, e.kind, e.account})
		}
	}
}

// addLinks adds why the anonymous profiles follow their owners.
func (l *loader) addLinks(ctx context.Context, tx *db.Tx) error {
	keys := db.NewRows(db.Columns("model int, anon bytes, owner bytes"))
	for _, c := range l.byID {
		for _, p := range c.profiles {
			if !p.owner.IsZero() {
				keys.Add(l.model, p.id[:], p.owner[:])
			}
		}
	}
	return tx.Lookup(ctx, keys, `SELECT k.anon, k.owner, l.at, d.at, d.account FROM k
		LEFT JOIN link l ON l.model = k.model AND l.anon = k.anon AND l.owner = k.owner
		LEFT JOIN identity_decision d ON d.model = k.model AND d.a = k.owner AND d.b = k.anon AND d.merged = 1`, func(r *sql.Rows) error {
		m := merge{kind: linkKind}
		var linked, decided sql.NullInt64
		var account sql.NullString
		err := r.Scan(scanID(&m.b), scanID(&m.a), &linked, &decided, &account)
		if m.at = linked.Int64; decided.Valid {
			m.at, m.kind, m.by = decided.Int64, staffKind, account.String
		}
		m.id = mergeID(l.workspace, m.kind, m.a, m.b)
		c := l.byProfile[m.b]
		c.merges = append(c.merges, m)
		return err
	})
}

// Merge makes the staff event that makes two customers one, whatever was decided
// about them before; the caller appends it to the log. The error is ErrNotFound,
// or ErrInvalid where they are the same already. at is microseconds.
func (s *Store) Merge(ctx context.Context, workspace int64, a, b event.ID, by string, at int64) (event.Event, error) {
	return s.pair(ctx, workspace, MergeName, a, b, by, at)
}

// Refuse makes the staff event that keeps two customers apart, which ends the
// suggestion to merge them. Errors are those of Merge.
func (s *Store) Refuse(ctx context.Context, workspace int64, a, b event.ID, by string, at int64) (event.Event, error) {
	return s.pair(ctx, workspace, RefuseName, a, b, by, at)
}

func (s *Store) pair(ctx context.Context, workspace int64, name string, a, b event.ID, by string, at int64) (e event.Event, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		left, err := get(ctx, tx, workspace, a)
		if err != nil {
			return err
		}
		right, err := get(ctx, tx, workspace, b)
		if err != nil {
			return err
		}
		if left.ID == right.ID {
			return fmt.Errorf("%w: they are the same customer", ErrInvalid)
		}
		e, err = newDecision(workspace, name, left.Profiles[0], left.nodes, right.nodes, by, at)
		return err
	})
	return e, err
}

// Unmerge makes the staff event that takes a customer apart, which gives each
// side back its identifiers, traits and timeline. What is undone is the merge or
// the profile with the id target; with a zero target the newest merge of users,
// else the newest link of an anonymous id. The error is ErrNotFound where there
// is no such customer or target, ErrNoMerge where nothing can be undone.
func (s *Store) Unmerge(ctx context.Context, workspace int64, id, target event.ID, by string, at int64) (e event.Event, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		c, err := get(ctx, tx, workspace, id)
		if err != nil {
			return err
		}
		left, right, err := c.split(workspace, target)
		if err != nil {
			return err
		}
		e, err = newDecision(workspace, UnmergeName, c.Profiles[0], left, right, by, at)
		return err
	})
	return e, err
}

// split returns the two sides that are to be apart.
func (c *loaded) split(workspace int64, target event.ID) (left, right []event.ID, err error) {
	for _, p := range c.profiles {
		if p.id == target {
			left, right = []event.ID{target}, c.others(target)
			if len(right) == 0 {
				return nil, nil, ErrNoMerge
			}
			return left, right, nil
		}
	}
	m, err := c.findMerge(target)
	if err != nil {
		return nil, nil, err
	}
	if m.a.IsUser() != m.b.IsUser() {
		return []event.ID{m.b}, c.others(m.b), nil
	}
	left = []event.ID{m.a}
	in := map[event.ID]bool{m.a: true}
	for i := 0; i < len(left); i++ { // walk the tree without the merge's join
		for _, e := range c.joins {
			if mergeID(workspace, e.kind, e.a, e.b) == m.id {
				continue
			}
			for _, pair := range [][2]event.ID{{e.a, e.b}, {e.b, e.a}} {
				if pair[0] == left[i] && !in[pair[1]] {
					in[pair[1]] = true
					left = append(left, pair[1])
				}
			}
		}
	}
	for _, n := range c.nodes {
		if !in[n] {
			right = append(right, n)
		}
	}
	return left, right, nil
}

// others returns all nodes but one.
func (c *loaded) others(id event.ID) []event.ID {
	return slices.DeleteFunc(slices.Clone(c.nodes), func(n event.ID) bool { return n == id })
}

// findMerge returns the merge with an id, or the one that is undone first.
func (c *loaded) findMerge(id event.ID) (merge, error) {
	i := slices.IndexFunc(c.merges, func(m merge) bool { return m.id == id })
	switch {
	case i >= 0:
		return c.merges[i], nil
	case !id.IsZero():
		return merge{}, fmt.Errorf("%w: no such profile or merge of the customer", ErrNotFound)
	}
	if i = slices.IndexFunc(c.merges, func(m merge) bool { return m.a.IsUser() == m.b.IsUser() }); i < 0 {
		i = 0
	}
	if len(c.merges) == 0 {
		return merge{}, ErrNoMerge
	}
	return c.merges[i], nil
}
