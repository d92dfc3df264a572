package customer

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Suggestion is two customers that may be one, for staff to merge or refuse.
type Suggestion struct {
	ID       string   `json:"id"`
	A        string   `json:"a" doc:"customer"`
	B        string   `json:"b" doc:"customer"`
	Reason   string   `json:"reason"`
	Evidence Evidence `json:"evidence"`
}

// Evidence is the identifier that two customers share. At is since when.
type Evidence struct {
	Kind      string `json:"kind"`
	Value     string `json:"value"`
	ProfileA  string `json:"profile_a"`
	ProfileB  string `json:"profile_b"`
	VerifiedA bool   `json:"verified_a"`
	VerifiedB bool   `json:"verified_b"`
	At        string `json:"at"`
}

// Suggestions is one page of suggestions.
type Suggestions struct {
	Items []Suggestion `json:"items"`
	Next  string       `json:"next,omitempty"`
}

// maxScanned is how many shared identifiers are looked at for one page.
const maxScanned = 2000

// sharing is one holder of an identifier that others hold too.
type sharing struct {
	profile, node, customer event.ID
	at                      int64
	verified                bool
}

// Suggestions returns merges that staff may want to make: of a customer's, or of
// the whole workspace where the id is zero. They are ordered by identifier; a
// page may have fewer than limit (1 to 200) although another follows. What is
// one customer already, what was refused, and identifiers that more than 25
// profiles hold are left out.
func (s *Store) Suggestions(ctx context.Context, workspace int64, id event.ID, cursor string, limit int) (page Suggestions, err error) {
	limit = min(max(limit, 1), 200)
	page.Items = []Suggestion{}
	after, err := parseNamed(cursor)
	if err != nil {
		return page, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		after.model = model
		var of event.ID
		if !id.IsZero() {
			if of, err = resolve(ctx, tx, model, id); err != nil {
				return err
			}
		}
		values, err := sharedIdentifiers(ctx, tx, after, of)
		if err != nil {
			return err
		}
		for i := 0; i < len(values) && len(page.Items) < limit; i += 100 {
			part := values[i:min(i+100, len(values))]
			held, err := holdersOfAll(ctx, tx, part)
			if err != nil {
				return err
			}
			for j, v := range part {
				found, err := suggest(ctx, tx, workspace, v, held[v], of)
				if err != nil {
					return err
				}
				if page.Items = append(page.Items, found...); len(page.Items) >= limit {
					values = values[:i+j+1]
					page.Next = formatNamed(v)
					break
				}
			}
		}
		if len(values) == maxScanned {
			page.Next = formatNamed(values[len(values)-1])
		}
		return nil
	})
	return page, err
}

// sharedIdentifiers returns identifiers with two or more holders, in order: all
// after a place, or those of one customer.
func sharedIdentifiers(ctx context.Context, tx *db.Tx, after named, of event.ID) (values []named, err error) {
	query := `SELECT t.kind, t.value FROM identifier_held_twice t WHERE t.model = $1 AND (t.kind, t.value) > ($2, $3)
		ORDER BY t.kind, t.value LIMIT $4`
	args := []any{after.model, after.kind, after.value, maxScanned}
	if !of.IsZero() {
		query = `SELECT DISTINCT i.kind, i.value FROM profile p CROSS JOIN identifier i CROSS JOIN identifier_held_twice t
			WHERE p.model = $1 AND p.customer = $2 AND i.model = p.model AND i.profile = p.id
			AND t.model = i.model AND t.kind = i.kind AND t.value = i.value`
		args = []any{after.model, of[:]}
	}
	err = tx.Each(ctx, query, args, func(r *sql.Rows) error {
		v := named{model: after.model}
		err := r.Scan(&v.kind, &v.value)
		values = append(values, v)
		return err
	})
	if of.IsZero() {
		return values, err
	}
	values = slices.DeleteFunc(values, func(v named) bool { return v.compare(after) <= 0 })
	slices.SortFunc(values, named.compare)
	return values[:min(len(values), maxScanned)], err
}

// holdersOfAll returns who holds identifiers, of those that are not shared by
// too many. A profile without events holds nothing.
func holdersOfAll(ctx context.Context, tx *db.Tx, values []named) (map[named][]sharing, error) {
	held := map[named][]sharing{}
	keys := namedRows(slices.Values(values))
	err := tx.Lookup(ctx, keys, fmt.Sprintf(`SELECT k.model, k.kind, k.value FROM k
		WHERE (SELECT count(*) FROM (SELECT 1 FROM identifier i WHERE i.model = k.model AND i.kind = k.kind AND i.value = k.value LIMIT %d) AS h) <= %d`,
		maxHolders+1, maxHolders), func(r *sql.Rows) error {
		var v named
		err := r.Scan(&v.model, &v.kind, &v.value)
		held[v] = nil
		return err
	})
	if err != nil {
		return nil, err
	}
	few := db.NewRows(db.Columns("model int, kind text, value text"))
	for v := range held {
		few.Add(v.model, v.kind, v.value)
	}
	return held, tx.Lookup(ctx, few, `SELECT i.model, i.kind, i.value, i.profile, i.first_at, i.verified_at, p.owner, p.customer
		FROM k CROSS JOIN identifier i CROSS JOIN profile p
		WHERE i.model = k.model AND i.kind = k.kind AND i.value = k.value AND p.model = i.model AND p.id = i.profile AND p.events > 0`, func(r *sql.Rows) error {
		var v named
		var h sharing
		var verified sql.NullInt64
		err := r.Scan(&v.model, &v.kind, &v.value, scanID(&h.profile), &h.at, &verified, scanID(&h.node), scanID(&h.customer))
		if h.verified = verified.Valid; h.node.IsZero() {
			h.node = h.profile
		}
		held[v] = append(held[v], h)
		return err
	})
}

// suggest returns the pairs of customers that share one identifier, once each.
func suggest(ctx context.Context, tx *db.Tx, workspace int64, v named, holders []sharing, of event.ID) ([]Suggestion, error) {
	slices.SortFunc(holders, func(a, b sharing) int {
		return cmp.Or(compareID(a.customer, b.customer), compareID(a.profile, b.profile))
	})
	holders = slices.CompactFunc(holders, func(a, b sharing) bool { return a.customer == b.customer })
	var out []Suggestion
	for i, a := range holders {
		for _, b := range holders[i+1:] {
			if !of.IsZero() && a.customer != of && b.customer != of {
				continue
			}
			refused, err := isApart(ctx, tx, v.model, a.customer, b.customer)
			if err != nil {
				return nil, err
			}
			if !refused {
				out = append(out, Suggestion{
					ID: event.NewID(workspace, "suggestion", v.kind, v.value, a.customer.String(), b.customer.String()).String(),
					A:  a.customer.String(), B: b.customer.String(), Reason: reason(v.kind),
					Evidence: Evidence{v.kind, v.value, a.profile.String(), b.profile.String(), a.verified, b.verified, event.FormatTime(max(a.at, b.at))},
				})
			}
		}
	}
	return out, nil
}

// isApart reports whether staff decided that a profile of one customer and one
// of another are not the same person.
func isApart(ctx context.Context, tx *db.Tx, model int64, a, b event.ID) (bool, error) {
	var n int
	const other = " CROSS JOIN profile q WHERE p.model = $1 AND p.customer = $2 AND q.model = d.model AND q.customer = $3 AND d.model = p.model AND d.merged = 0"
	err := tx.QueryRow(ctx, `SELECT
		(SELECT count(*) FROM profile p CROSS JOIN identity_decision d`+other+` AND d.a = p.id AND q.id = d.b) +
		(SELECT count(*) FROM profile p CROSS JOIN identity_decision d`+other+` AND d.b = p.id AND q.id = d.a)`, model, a[:], b[:]).Scan(&n)
	return n > 0, err
}

func reason(kind string) string {
	switch kind {
	case Email:
		return "Both use the same e-mail address"
	case Phone:
		return "Both use the same phone number"
	case aliasKind:
		return "A page said that one is the new user id of the other"
	}
	return "Both use the same " + kind + " handle"
}

// formatNamed and parseNamed write and read the cursor of an identifier.
func formatNamed(v named) string {
	return base64.RawURLEncoding.EncodeToString([]byte(v.kind + "\n" + v.value))
}

func parseNamed(cursor string) (v named, err error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	kind, value, ok := strings.Cut(string(b), "\n")
	if cursor != "" && (err != nil || !ok) {
		return v, fmt.Errorf("%w: cursor", ErrInvalid)
	}
	return named{kind: kind, value: value}, nil
}
