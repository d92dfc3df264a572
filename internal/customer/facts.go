package customer

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Seen is when a profile was.
type Seen struct {
	ID          event.ID
	Value       string
	First, Last int64 // microseconds
}

// EachSeen tells the profiles with events of customers, whose keys are rows of n,
// model and id.
func EachSeen(ctx context.Context, tx *db.Tx, customers *db.Rows, f func(n int, p Seen)) error {
	return tx.Lookup(ctx, customers, `SELECT k.n, p.id, p.value, p.first_seen, p.last_seen FROM k CROSS JOIN profile p
		WHERE p.model = k.model AND p.customer = k.id AND p.events > 0`, func(r *sql.Rows) error {
		var n int
		var p Seen
		err := r.Scan(&n, scanID(&p.ID), &p.Value, &p.First, &p.Last)
		f(n, p)
		return err
	})
}

// Names is what a customer is called.
type Names struct {
	Shown string // "" where it is not known
	Other string // the same in another script, "" where there is none
	City  string
}

// Shown and other names are the first of these traits that say one.
var (
	shownNames = []string{"name", "full_name", "fullName", "displayName", "display_name"}
	otherNames = []string{"native_name", "nativeName", "local_name", "localName", "latin_name", "latinName", "name_local", "name_native"}
	firstNames = []string{"firstName", "first_name", "firstname"}
	lastNames  = []string{"lastName", "last_name", "lastname"}
)

// unsearched are traits whose words say nothing of who somebody is, or that are
// identifiers and found as such.
var unsearched = map[string]bool{
	"email": true, "emails": true, "phone": true, "phones": true, "avatar": true, "website": true, "createdAt": true, "created_at": true,
	"updatedAt": true, "updated_at": true, "country": true, "language": true, "locale": true, "timezone": true, "id": true,
}

// EachNames tells what customers are called, with the texts of the traits by
// which they are searched.
func EachNames(ctx context.Context, tx *db.Tx, customers *db.Rows, f func(n int, names Names, texts []string)) error {
	all := map[int]map[string]*trait{}
	err := tx.Lookup(ctx, customers, `SELECT k.n, t.name, t.value, t.at, t.tie FROM k CROSS JOIN profile p CROSS JOIN trait t
		WHERE p.model = k.model AND p.customer = k.id AND p.events > 0 AND t.model = p.model AND t.profile = p.id`, func(r *sql.Rows) error {
		var n int
		var name string
		var t trait
		if err := r.Scan(&n, &name, &t.value, &t.at, &t.tie); err != nil {
			return err
		}
		if all[n] == nil {
			all[n] = map[string]*trait{}
		}
		if old := all[n][name]; old == nil || old.before(t.stamp) || old.stamp == t.stamp && old.value < t.value {
			all[n][name] = &t
		}
		return nil
	})
	for n, traits := range all {
		texts := map[string]string{}
		for name, t := range traits {
			switch {
			case strings.HasPrefix(t.value, `"`):
				texts[name] = strings.TrimSpace(event.ScalarText(t.value))
			case name == "address" && strings.HasPrefix(t.value, "{"):
				o := event.ParseObject(t.value)
				for _, part := range []string{"city", "state", "postalCode", "postal_code"} {
					texts["address."+part] = strings.TrimSpace(o.Text(part))
				}
			}
		}
		f(n, namesOf(texts), searched(texts))
	}
	return err
}

func namesOf(texts map[string]string) (n Names) {
	n.Shown = first(texts, shownNames)
	if n.Shown == "" {
		n.Shown = strings.TrimSpace(first(texts, firstNames) + " " + first(texts, lastNames))
	}
	if n.Shown == "" {
		n.Shown = texts["username"]
	}
	n.Shown = short(n.Shown)
	if other := short(first(texts, otherNames)); other != n.Shown {
		n.Other = other
	}
	if n.Shown == "" {
		n.Shown, n.Other = n.Other, ""
	}
	n.City = short(first(texts, []string{"city", "address.city"}))
	return n
}

func first(texts map[string]string, names []string) string {
	for _, name := range names {
		if t := texts[name]; t != "" {
			return t
		}
	}
	return ""
}

// short makes a name fit for one line.
func short(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if utf8.RuneCountInString(s) > 80 {
		return cut(s, "")
	}
	return s
}

// searched returns the texts worth searching, in order of their traits' names.
func searched(texts map[string]string) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		t := texts[name]
		if unsearched[name] || len(t) > 200 || strings.Contains(t, "://") || normalEmail(t) != "" {
			continue
		}
		out = append(out, t)
	}
	return out
}
