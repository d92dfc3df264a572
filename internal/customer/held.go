package customer

import (
	"cmp"
	"context"
	"database/sql"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// named is an identifier of a model.
type named struct {
	model       int64
	kind, value string
}

func (n named) compare(o named) int {
	return cmp.Or(cmp.Compare(n.model, o.model), cmp.Compare(n.kind, o.kind), cmp.Compare(n.value, o.value))
}

// newIdentifiers are the batch's claims that change a row.
type newIdentifiers struct {
	list   []identifierKey // sorted
	claims map[identifierKey]*claim
	held   map[named]*holders // of the values with a holder that is new, newly verified or verified earlier
}

// holders counts who holds an identifier: before, up to a bound, and the batch's.
type holders struct {
	before, verifiedBefore int
	added                  int
	verified               []event.ID
}

// newIdentifiers finds what the batch's claims change, and locks what is new.
func (f *fold) newIdentifiers(ctx context.Context, tx *db.Tx) (*newIdentifiers, error) {
	n := &newIdentifiers{claims: f.identifiers, held: map[named]*holders{}}
	n.list = slices.SortedFunc(maps.Keys(f.identifiers), func(a, b identifierKey) int {
		return cmp.Or(cmp.Compare(a.profile.model, b.profile.model), cmp.Compare(a.kind, b.kind),
			cmp.Compare(a.value, b.value), compareID(a.profile.id, b.profile.id))
	})
	if err := n.compare(ctx, tx); err != nil {
		return nil, err
	}
	if tx.Postgres() && len(n.held) > 0 {
		if err := lockIdentifiers(ctx, tx, maps.Keys(n.held)); err != nil {
			return nil, err
		}
		if err := n.compare(ctx, tx); err != nil { // another shard may have been first
			return nil, err
		}
	}
	for _, k := range n.list {
		k.profile.write = true
	}
	return n, n.count(ctx, tx)
}

// compare merges the claims with what is stored, drops those that change
// nothing, and notes the values that get a holder.
func (n *newIdentifiers) compare(ctx context.Context, tx *db.Tx) error {
	keys := db.NewRows(db.Columns("n int, model int, kind text, value text, profile bytes"))
	for i, k := range n.list {
		keys.Add(i, k.profile.model, k.kind, k.value, k.profile.id[:])
	}
	stored := make([]*claim, len(n.list))
	err := tx.Lookup(ctx, keys, `SELECT k.n, i.first_at, i.last_at, i.verified_at FROM k CROSS JOIN identifier i
		WHERE i.model = k.model AND i.kind = k.kind AND i.value = k.value AND i.profile = k.profile`, func(r *sql.Rows) error {
		var at int
		var verified sql.NullInt64
		var c claim
		err := r.Scan(&at, &c.first, &c.last, &verified)
		c.verified, c.isVerified = verified.Int64, verified.Valid
		stored[at] = &c
		return err
	})
	clear(n.held)
	changed := n.list[:0]
	for i, k := range n.list {
		c, old := n.claims[k], stored[i]
		if old != nil {
			c.merge(*old)
			if *c == *old {
				continue
			}
		}
		changed = append(changed, k)
		// An earlier time counts as new: earlier edges of the graph go first.
		if isNew := old == nil; isNew || c.isVerified && (!old.isVerified || c.verified < old.verified) {
			v := named{k.profile.model, k.kind, k.value}
			h := n.held[v]
			if h == nil {
				h = &holders{}
				n.held[v] = h
			}
			if isNew {
				h.added++
			}
			if c.isVerified {
				h.verified = append(h.verified, k.profile.id)
			}
		}
	}
	n.list = changed
	return err
}

// count finds how many profiles held the values before.
func (n *newIdentifiers) count(ctx context.Context, tx *db.Tx) error {
	return countHolders(ctx, tx, namedRows(maps.Keys(n.held)), func(v named, all, verified int) {
		n.held[v].before, n.held[v].verifiedBefore = all, verified
	})
}

// namedRows are the keys of look-ups by identifier, sorted.
func namedRows(values iter.Seq[named]) *db.Rows {
	rows := db.NewRows(db.Columns("model int, kind text, value text"))
	for _, v := range slices.SortedFunc(values, named.compare) {
		rows.Add(v.model, v.kind, v.value)
	}
	return rows
}

// countHolders tells how many profiles hold identifiers, counting to 2, and how
// many hold them verified, counting to one more than maxHolders.
func countHolders(ctx context.Context, tx *db.Tx, keys *db.Rows, f func(v named, all, verified int)) error {
	return tx.Lookup(ctx, keys, `SELECT k.model, k.kind, k.value,
			(SELECT count(*) FROM (SELECT 1 FROM identifier i WHERE i.model = k.model AND i.kind = k.kind AND i.value = k.value LIMIT 2) AS h),
			(SELECT count(*) FROM (SELECT 1 FROM identifier i WHERE i.model = k.model AND i.kind = k.kind AND i.value = k.value
				AND i.verified_at IS NOT NULL LIMIT `+strconv.Itoa(maxHolders+1)+`) AS h)
		FROM k`, func(r *sql.Rows) error {
		var v named
		var all, verified int
		err := r.Scan(&v.model, &v.kind, &v.value, &all, &verified)
		f(v, all, verified)
		return err
	})
}

// write stores the claims, and which identifiers now have two holders.
func (n *newIdentifiers) write(ctx context.Context, tx *db.Tx) error {
	rows := db.NewRows(db.Columns("model int, kind text, value text, profile bytes, first_at int, last_at int, verified_at int"))
	for _, k := range n.list {
		c := n.claims[k]
		var verified any
		if c.isVerified {
			verified = c.verified
		}
		rows.Add(k.profile.model, k.kind, k.value, k.profile.id[:], c.first, c.last, verified)
	}
	// An alias is held by users of other shards too, whose batches may have changed
	// the row since it was read.
	err := tx.Insert(ctx, "identifier", rows, `ON CONFLICT (model, kind, value, profile) DO UPDATE SET
		first_at = CASE WHEN excluded.first_at < identifier.first_at THEN excluded.first_at ELSE identifier.first_at END,
		last_at = CASE WHEN excluded.last_at > identifier.last_at THEN excluded.last_at ELSE identifier.last_at END,
		verified_at = CASE WHEN excluded.verified_at < identifier.verified_at OR identifier.verified_at IS NULL
			THEN excluded.verified_at ELSE identifier.verified_at END`)
	if err != nil {
		return err
	}
	twice := db.NewRows(db.Columns("model int, kind text, value text"))
	for _, v := range slices.SortedFunc(maps.Keys(n.held), named.compare) {
		if h := n.held[v]; h.added > 0 && h.before < 2 && h.before+h.added >= 2 {
			twice.Add(v.model, v.kind, v.value)
		}
	}
	return tx.Insert(ctx, "identifier_held_twice", twice, "ON CONFLICT (model, kind, value) DO NOTHING")
}

// changesGraph reports whether the holders of a value are joined anew, or were
// joined before it became shared by too many.
func (h *holders) changesGraph() bool {
	all := h.verifiedBefore + len(h.verified)
	return len(h.verified) > 0 && (all >= 2 && all <= maxHolders || h.verifiedBefore >= 2 && h.verifiedBefore <= maxHolders)
}

// seeds returns the profiles around which the values changed the graph.
func (n *newIdentifiers) seeds(ctx context.Context, tx *db.Tx) (out []ref, err error) {
	keys := db.NewRows(db.Columns("model int, kind text, value text"))
	for v, h := range n.held {
		if h.changesGraph() {
			keys.Add(v.model, v.kind, v.value)
		}
	}
	return out, tx.Lookup(ctx, keys, `SELECT i.model, i.profile FROM k CROSS JOIN identifier i
		WHERE i.model = k.model AND i.kind = k.kind AND i.value = k.value AND i.verified_at IS NOT NULL`, func(r *sql.Rows) error {
		var p ref
		err := r.Scan(&p.model, scanID(&p.id))
		out = append(out, p)
		return err
	})
}
