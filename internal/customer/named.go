package customer

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// maxNamed is how many holders of identifiers that begin alike are found.
const maxNamed = 60

// Named returns the customers whom a text names: by their user id or anonymous id,
// or by the beginning of an e-mail address, phone number or handle.
func Named(ctx context.Context, tx *db.Tx, workspace, model int64, text string) (ids []event.ID, err error) {
	if text == "" {
		return nil, nil
	}
	collect := func(r *sql.Rows) error {
		var id event.ID
		err := r.Scan(scanID(&id))
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		return err
	}
	profiles := db.NewRows(db.Columns("model int, id bytes"))
	for _, kind := range []string{event.UserProfile, event.AnonymousProfile} {
		id := event.ProfileID(workspace, kind, text)
		profiles.Add(model, id[:])
	}
	if id, err := event.ParseID(text); err == nil {
		profiles.Add(model, id[:])
	}
	err = tx.Lookup(ctx, profiles, "SELECT p.customer FROM k CROSS JOIN profile p WHERE p.model = k.model AND p.id = k.id", collect)
	if err != nil {
		return nil, err
	}
	country, err := countryOf(ctx, tx, workspace)
	if err != nil {
		return nil, err
	}
	for _, p := range prefixes(text, country) {
		if len(ids) >= maxNamed {
			break
		}
		err := tx.Each(ctx, `SELECT DISTINCT p.customer FROM (
				SELECT i.profile FROM identifier i WHERE i.model = $1 AND i.kind = $2 AND i.value >= $3 AND i.value < $4 ORDER BY i.value LIMIT $5) AS i
			CROSS JOIN profile p WHERE p.model = $1 AND p.id = i.profile`, []any{model, p.kind, p.value, p.value + "\U0010fffd", maxNamed}, collect)
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// prefixes are the beginnings of identifiers that a text may be.
func prefixes(text, country string) (out []named) {
	lower := strings.ToLower(text)
	if !hasSpace(lower) && len(lower) >= 3 {
		out = append(out, named{kind: Email, value: lower})
		if handle := normalHandle(lower); handle != "" && (strings.HasPrefix(lower, "@") || !strings.ContainsAny(lower, "@.")) {
			for _, kind := range slices.Sorted(maps.Keys(networks)) {
				out = append(out, named{kind: kind, value: handle})
			}
		}
	}
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= '०' && r <= '९':
			return r - '०' + '0'
		case r >= '০' && r <= '৯':
			return r - '০' + '0'
		}
		return -1
	}, text)
	if len(digits) < 4 || strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune("+-.()/ \u00a0", r) && !isDigit(r) }) {
		return out
	}
	if whole := normalPhone(text, country); whole != "" {
		return append(out, named{kind: Phone, value: whole})
	}
	if whole := normalPhone(digits, country); whole != "" {
		return append(out, named{kind: Phone, value: whole})
	}
	out = append(out, named{kind: Phone, value: "+" + strings.TrimPrefix(digits, "00")})
	if code := callingCode(country); code != "" && !strings.HasPrefix(text, "+") {
		out = append(out, named{kind: Phone, value: "+" + code + strings.TrimLeft(digits, "0")})
	}
	return out
}

func isDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= '०' && r <= '९' || r >= '০' && r <= '৯'
}
