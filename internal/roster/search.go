package roster

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/order"
)

// maxQueryWords is how many words of a query count.
const maxQueryWords = 6

// match is what a query finds: a few customers, or so many that the list is
// walked for those with all words.
type match struct {
	ids   []event.ID // not nil where they are few
	words []condition
}

// match looks up a query. What is named exactly, or by the beginning of an
// identifier, is found together with those who have all the words; where words
// find very many, it goes before them.
func (l *lister) match(ctx context.Context) (m match, err error) {
	named, err := l.named(ctx, strings.TrimSpace(l.filter.Query))
	if err != nil {
		return m, err
	}
	words := split(fold(l.filter.Query))
	words = words[:min(len(words), maxQueryWords)]
	ids, dense, err := l.haveWords(ctx, words)
	if err != nil {
		return m, err
	}
	if dense && len(named) == 0 {
		for _, w := range words {
			m.words = append(m.words, l.hasWord(w))
		}
		return m, nil
	}
	m.ids = append(named, ids...)
	slices.SortFunc(m.ids, func(a, b event.ID) int { return strings.Compare(string(a[:]), string(b[:])) })
	if m.ids = slices.Compact(m.ids); m.ids == nil {
		m.ids = []event.ID{}
	}
	return m, nil
}

// hasWord is the condition that a card has a word that begins like this.
func (l *lister) hasWord(word string) condition {
	if l.tx.Postgres() {
		return condition{"strpos(c.terms, ?) > 0", []any{" " + cut(word, maxWord)}}
	}
	return condition{"instr(c.terms, ?) > 0", []any{" " + cut(word, maxWord)}}
}

// named returns the customers whom an identifier or an order number names.
func (l *lister) named(ctx context.Context, query string) ([]event.ID, error) {
	ids, err := customer.Named(ctx, l.tx, l.workspace, l.model, query)
	if err != nil {
		return nil, err
	}
	buyers, err := order.Buyers(ctx, l.tx, l.workspace, l.model, query)
	return append(ids, buyers...), err
}

// haveWords returns the customers who have all words, or that they are many.
func (l *lister) haveWords(ctx context.Context, words []string) (ids []event.ID, dense bool, err error) {
	if len(words) == 0 {
		return nil, false, nil
	}
	rarest, least := -1, few
	for i, w := range words {
		low, high := prefix(w)
		var n int
		err := l.tx.QueryRow(ctx, "SELECT count(*) FROM (SELECT 1 FROM customer_term t WHERE t.model = $1 AND t.term >= $2 AND t.term < $3 LIMIT $4) AS h",
			l.model, low, high, few).Scan(&n)
		if err != nil {
			return nil, false, err
		}
		if n < least {
			rarest, least = i, n
		}
	}
	if rarest < 0 {
		return nil, true, nil
	}
	low, high := prefix(words[rarest])
	query := "SELECT DISTINCT t.id FROM customer_term t"
	args := []any{l.model, low, high}
	where := " WHERE t.model = $1 AND t.term >= $2 AND t.term < $3"
	if len(words) > 1 {
		query += " CROSS JOIN customer_card c"
		where += " AND c.model = t.model AND c.id = t.id"
		l.args = args
		for i, w := range words {
			if i != rarest {
				where += " AND " + l.bind(l.hasWord(w))
			}
		}
		args = l.args
	}
	err = l.tx.Each(ctx, query+where, args, func(r *sql.Rows) error {
		var b []byte
		var id event.ID
		err := r.Scan(&b)
		copy(id[:], b)
		ids = append(ids, id)
		return err
	})
	return ids, false, err
}

// prefix is the range of the words that begin with one.
func prefix(word string) (low, high string) {
	word = cut(word, maxWord)
	return word, word + last
}

// readIDs reads those of some cards that fit, and sorts them.
func (l *lister) readIDs(ctx context.Context, ids []event.ID) ([]Row, error) {
	keys := db.NewRows(db.Columns("model int, id bytes"))
	for i := range ids {
		keys.Add(l.model, ids[i][:])
	}
	var rows []Row
	err := l.tx.Lookup(ctx, keys, "SELECT "+columns+" FROM k CROSS JOIN customer_card c WHERE c.model = k.model AND c.id = k.id", func(r *sql.Rows) error {
		row, err := l.scan(r)
		if err == nil && l.fits(&row) {
			rows = append(rows, row)
		}
		return err
	})
	slices.SortFunc(rows, l.compare)
	if l.filter.Limit > 0 {
		rows = rows[:min(len(rows), l.filter.Limit+1)]
	}
	return rows, err
}

// fits reports whether a card passes the filter and stands after the cursor.
func (l *lister) fits(r *Row) bool {
	f := &l.filter
	if l.at.key != nil {
		if l.compare(Row{ID: l.at.id, key: l.at.key}, *r) >= 0 {
			return false
		}
	}
	switch {
	case f.Sort == Rating && r.rating < 0,
		f.SeenFrom != 0 && r.LastSeen < f.SeenFrom, f.SeenTo != 0 && r.LastSeen >= f.SeenTo,
		r.Orders < f.OrdersMin, f.OrdersMax > 0 && r.Orders > f.OrdersMax, f.OrdersMax < 0 && r.Orders > 0,
		f.SpendMin != 0 && r.Spend < f.SpendMin, f.SpendMax != 0 && r.Spend > f.SpendMax,
		f.Mood == NoRating && r.rating >= 0, f.Mood != "" && f.Mood != NoRating && f.Mood != r.Mood:
		return false
	}
	i := slices.Index(channels, f.Channel)
	return i < 0 || r.channels&(1<<i) != 0
}
