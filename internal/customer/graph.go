package customer

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// graph is a region of a model's graph: nodes and all facts that could join
// them, complete in the sense that no edge leaves it.
type graph struct {
	model     int64
	customers map[event.ID]event.ID // by node, as stored
	owners    map[event.ID]event.ID // of the owned profiles that take part
	held      map[named][]holding   // verified identifiers that are not shared by too many
	decisions map[decisionKey]decision
}

// holding is a profile that holds an identifier verified since a time.
type holding struct {
	profile event.ID
	at      int64
}

// loadGraph loads the region around some profiles.
func loadGraph(ctx context.Context, tx *db.Tx, model int64, around []event.ID) (*graph, error) {
	g := &graph{
		model:     model,
		customers: map[event.ID]event.ID{},
		owners:    map[event.ID]event.ID{},
		held:      map[named][]holding{},
		decisions: map[decisionKey]decision{},
	}
	for len(around) > 0 {
		nodes, err := g.addNodes(ctx, tx, around)
		if err != nil {
			return nil, err
		}
		holders, err := g.addIdentifiers(ctx, tx, nodes)
		if err != nil {
			return nil, err
		}
		others, err := g.addDecisions(ctx, tx, nodes)
		if err != nil {
			return nil, err
		}
		around = append(holders, others...)
	}
	return g, nil
}

// idRows are the keys of look-ups by id.
func (g *graph) idRows(ids []event.ID) *db.Rows {
	rows := db.NewRows(db.Columns("model int, id bytes"))
	for i := range ids {
		rows.Add(g.model, ids[i][:])
	}
	return rows
}

// addNodes adds profiles, or the users that own them, and returns those nodes
// that are new.
func (g *graph) addNodes(ctx context.Context, tx *db.Tx, profiles []event.ID) (nodes []event.ID, err error) {
	for len(profiles) > 0 {
		var unknown []event.ID
		for _, id := range profiles {
			if _, ok := g.owners[id]; !ok && g.customers[id].IsZero() {
				unknown = append(unknown, id)
			}
		}
		slices.SortFunc(unknown, compareID)
		unknown = slices.Compact(unknown)
		profiles = nil
		err = tx.Lookup(ctx, g.idRows(unknown), `SELECT p.id, p.owner, p.customer FROM k CROSS JOIN profile p
			WHERE p.model = k.model AND p.id = k.id`, func(r *sql.Rows) error {
			var id, owner, customer event.ID
			err := r.Scan(scanID(&id), scanID(&owner), scanID(&customer))
			if !owner.IsZero() {
				g.owners[id] = owner
				profiles = append(profiles, owner)
				return err
			}
			g.customers[id] = customer
			nodes = append(nodes, id)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// addIdentifiers adds the verified identifiers of nodes and of the profiles they
// own, and returns who holds them.
func (g *graph) addIdentifiers(ctx context.Context, tx *db.Tx, nodes []event.ID) (holders []event.ID, err error) {
	fresh := map[named]bool{}
	err = tx.Lookup(ctx, g.idRows(nodes), `SELECT i.kind, i.value FROM k CROSS JOIN identifier i
			WHERE i.model = k.model AND i.profile = k.id AND i.verified_at IS NOT NULL
		UNION ALL SELECT i.kind, i.value FROM k CROSS JOIN profile p CROSS JOIN identifier i
			WHERE p.model = k.model AND p.owner = k.id AND i.model = p.model AND i.profile = p.id AND i.verified_at IS NOT NULL`, func(r *sql.Rows) error {
		v := named{model: g.model}
		err := r.Scan(&v.kind, &v.value)
		if _, ok := g.held[v]; !ok {
			fresh[v] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	joining := map[named]bool{}
	err = countHolders(ctx, tx, namedRows(maps.Keys(fresh)), func(v named, _, verified int) {
		g.held[v] = nil
		if verified >= 2 && verified <= maxHolders {
			joining[v] = true
		}
	})
	if err != nil {
		return nil, err
	}
	err = tx.Lookup(ctx, namedRows(maps.Keys(joining)), `SELECT i.kind, i.value, i.profile, i.verified_at FROM k CROSS JOIN identifier i
		WHERE i.model = k.model AND i.kind = k.kind AND i.value = k.value AND i.verified_at IS NOT NULL`, func(r *sql.Rows) error {
		v := named{model: g.model}
		var h holding
		err := r.Scan(&v.kind, &v.value, scanID(&h.profile), &h.at)
		g.held[v] = append(g.held[v], h)
		holders = append(holders, h.profile)
		return err
	})
	return holders, err
}

// addDecisions adds what staff decided about nodes and the profiles they own,
// and returns whom they merged them with.
func (g *graph) addDecisions(ctx context.Context, tx *db.Tx, nodes []event.ID) (others []event.ID, err error) {
	const columns = "SELECT d.a, d.b, d.merged, d.at, d.tie, d.account FROM k CROSS JOIN "
	return others, tx.Lookup(ctx, g.idRows(nodes),
		columns+`identity_decision d WHERE d.model = k.model AND d.a = k.id UNION ALL `+
			columns+`identity_decision d WHERE d.model = k.model AND d.b = k.id UNION ALL `+
			columns+`profile p CROSS JOIN identity_decision d WHERE p.model = k.model AND p.owner = k.id AND d.model = p.model AND d.a = p.id UNION ALL `+
			columns+`profile p CROSS JOIN identity_decision d WHERE p.model = k.model AND p.owner = k.id AND d.model = p.model AND d.b = p.id`,
		func(r *sql.Rows) error {
			k := decisionKey{model: g.model}
			var d decision
			var merged int
			err := r.Scan(scanID(&k.a), scanID(&k.b), &merged, &d.at, &d.tie, &d.account)
			if d.merged = merged == 1; d.merged {
				others = append(others, k.a, k.b)
			}
			g.decisions[k] = d
			return err
		})
}

// node returns the node a profile belongs to: its owner, else itself.
func (g *graph) node(id event.ID) event.ID {
	if owner, ok := g.owners[id]; ok {
		return owner
	}
	return id
}

// edge says that two nodes, a < b, are the same customer.
type edge struct {
	a, b    event.ID
	at      int64
	kind    string // staffKind, or the kind of the identifier
	value   string // of the identifier
	account string // of staff
}

// staffKind is the kind of an edge that staff made.
const staffKind = "staff"

// edges lists all edges of the region in the order in which they are taken.
func (g *graph) edges() []edge {
	var out []edge
	for k, d := range g.decisions {
		_, aOwned := g.owners[k.a]
		_, bOwned := g.owners[k.b]
		// A user merged with a visitor became its owner. Of two visitors one may
		// have turned out a user's; two different users are not joined by that.
		if !d.merged || k.a.IsUser() != k.b.IsUser() || aOwned && bOwned {
			continue
		}
		out = appendEdge(out, edge{g.node(k.a), g.node(k.b), d.at, staffKind, "", d.account})
	}
	for v, holdings := range g.held {
		since := map[event.ID]int64{}
		for _, h := range holdings {
			n := g.node(h.profile)
			if at, ok := since[n]; !ok || h.at < at {
				since[n] = h.at
			}
		}
		nodes := slices.SortedFunc(maps.Keys(since), compareID)
		for i, a := range nodes {
			for _, b := range nodes[i+1:] {
				out = appendEdge(out, edge{a, b, max(since[a], since[b]), v.kind, v.value, ""})
			}
		}
	}
	slices.SortFunc(out, func(x, y edge) int {
		return cmp.Or(integer(x.kind != staffKind)-integer(y.kind != staffKind), cmp.Compare(x.at, y.at),
			compareID(x.a, y.a), compareID(x.b, y.b), cmp.Compare(x.kind, y.kind), cmp.Compare(x.value, y.value))
	})
	return out
}

func appendEdge(edges []edge, e edge) []edge {
	switch bytes.Compare(e.a[:], e.b[:]) {
	case 0:
		return edges
	case 1:
		e.a, e.b = e.b, e.a
	}
	return append(edges, e)
}

// resolve decides the customer of every node, and returns the edges that joined
// two sets of nodes: a tree for each customer.
func (g *graph) resolve() (customers map[event.ID]event.ID, joins []edge) {
	in := sets{}
	for n := range g.customers {
		in[n] = n
	}
	var apart []decisionKey
	for k, d := range g.decisions {
		if !d.merged && !g.customers[k.a].IsZero() && !g.customers[k.b].IsZero() {
			apart = append(apart, k)
		}
	}
	for _, e := range g.edges() {
		a, b := in.find(e.a), in.find(e.b)
		if a == b || slices.ContainsFunc(apart, func(k decisionKey) bool {
			x, y := in.find(k.a), in.find(k.b)
			return x == a && y == b || x == b && y == a
		}) {
			continue
		}
		in.join(a, b)
		joins = append(joins, e)
	}
	customers = make(map[event.ID]event.ID, len(in))
	for n := range in {
		customers[n] = in.find(n)
	}
	return customers, joins
}

// sets is a union-find: each member points towards the least of its set.
type sets map[event.ID]event.ID

func (s sets) find(n event.ID) event.ID {
	for s[n] != n {
		s[n] = s[s[n]]
		n = s[n]
	}
	return n
}

// join joins the sets of two of their least members.
func (s sets) join(a, b event.ID) {
	if compareID(a, b) > 0 {
		a, b = b, a
	}
	s[b] = a
}

// regroup brings profile.customer up to date with the batch's facts.
func (f *fold) regroup(ctx context.Context, tx *db.Tx, identifiers *newIdentifiers) error {
	changed := map[int64][]event.ID{}
	for k := range f.decisions {
		changed[k.model] = append(changed[k.model], k.a, k.b)
	}
	moved, err := f.reown(ctx, tx)
	if err != nil {
		return err
	}
	joined, err := identifiers.seeds(ctx, tx)
	if err != nil {
		return err
	}
	for _, r := range append(moved, joined...) {
		changed[r.model] = append(changed[r.model], r.id)
	}
	if len(changed) == 0 {
		return nil
	}
	if err := f.lockGraphs(ctx, tx, true); err != nil { // had already, but for a rare race
		return err
	}
	for _, model := range slices.Sorted(maps.Keys(changed)) {
		g, err := loadGraph(ctx, tx, model, changed[model])
		if err != nil {
			return err
		}
		changed, err := g.store(ctx, tx)
		if err != nil {
			return err
		}
		f.regrouped = append(f.regrouped, changed...)
	}
	return nil
}

// store writes the customers that changed, of nodes and of what they own, and
// returns them as they were and as they are.
func (g *graph) store(ctx context.Context, tx *db.Tx) (regrouped []event.Key, err error) {
	customers, _ := g.resolve()
	var changed []event.ID
	for n, c := range customers {
		if g.customers[n] != c {
			changed = append(changed, n)
			regrouped = append(regrouped, event.Key{Model: g.model, ID: g.customers[n]}, event.Key{Model: g.model, ID: c})
		}
	}
	slices.SortFunc(changed, compareID)
	next := make(map[event.ID]event.ID, len(changed))
	for _, n := range changed {
		next[n] = customers[n]
	}
	err = tx.Lookup(ctx, g.idRows(changed), `SELECT p.id, p.owner FROM k CROSS JOIN profile p
		WHERE p.model = k.model AND p.owner = k.id`, func(r *sql.Rows) error {
		var id, owner event.ID
		err := r.Scan(scanID(&id), scanID(&owner))
		next[id] = customers[owner]
		return err
	})
	if err != nil {
		return nil, err
	}
	rows := db.NewRows(db.Columns("model int, id bytes, customer bytes"))
	for _, id := range slices.SortedFunc(maps.Keys(next), compareID) {
		c := next[id]
		rows.Add(g.model, id[:], c[:])
	}
	return regrouped, tx.Insert(ctx, "profile", rows, "ON CONFLICT (model, id) DO UPDATE SET customer = excluded.customer")
}
