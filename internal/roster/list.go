package roster

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// ErrInvalid says that a filter, sort or cursor makes no sense.
var ErrInvalid = errors.New("roster: the list cannot be filtered, sorted or continued like that")

// Store reads the cards of a workspace.
type Store struct{ DB *db.DB }

// Sort names a column that lists can be sorted by.
type Sort string

// The columns. The empty Sort is LastSeen.
const (
	LastSeen  Sort = "last_seen"
	FirstSeen Sort = "first_seen"
	Name      Sort = "name"
	Orders    Sort = "orders"
	Spend     Sort = "spend"
	Rating    Sort = "rating"
)

// Sorts lists them.
var Sorts = []Sort{LastSeen, FirstSeen, Name, Orders, Spend, Rating}

// NoRating is the mood of who never rated anything.
const NoRating = "none"

// Filter says which customers to list. Empty fields do not filter.
type Filter struct {
	Query                string
	SeenFrom, SeenTo     int64 // microseconds; From included, To not
	OrdersMin, OrdersMax int64 // 0 for open; -1 as the most for none at all
	SpendMin, SpendMax   int64 // millionths, both included
	Mood                 string
	Channel              string // on which they said something
	Sort                 Sort
	Ascending            bool
	Cursor               string
	Limit                int // 1 to 200; anything else is 50
}

// Row is one customer of a list. Times are microseconds.
type Row struct {
	ID          event.ID
	Name, Other string // in another script; both "" where no name is known
	City        string
	FirstSeen   int64
	LastSeen    int64
	Orders      int64
	Spend       int64 // millionths, in Currency
	Currency    string
	Opinions    int64
	Mood        string   // of the last opinion that has one, "" where there is none
	LastOpinion event.ID // zero where there is none

	rating   int64
	channels int64
	key      any // what the list is sorted by
}

// Page is one page of a list. A list with filters that few fit may have pages
// with fewer rows than asked for, and Next all the same: so many cards were looked at.
type Page struct {
	Rows           []Row
	Next, Previous string
}

// few is how many cards a condition may leave for them to be read and sorted;
// above that the list is walked in its order, at most walk cards a page.
const (
	few  = 2000
	walk = 10_000
)

// condition is a part of a query with its values.
type condition struct {
	sql  string // with ? for each value
	args []any
}

// where returns the filter's conditions on a card c, those that an index serves first.
func (f *Filter) where() (ranged, others []condition) {
	between := func(column string, low, high any) {
		c := condition{}
		if low != nil {
			c.sql, c.args = "c."+column+" >= ?", append(c.args, low)
		}
		if high != nil {
			c.sql, c.args = strings.TrimPrefix(c.sql+" AND c."+column+" <= ?", " AND "), append(c.args, high)
		}
		if c.sql != "" {
			ranged = append(ranged, c)
		}
	}
	some := func(n int64, none int64) any {
		if n == none {
			return nil
		}
		return n
	}
	var seenTo any
	if f.SeenTo != 0 {
		seenTo = f.SeenTo - 1
	}
	between("last_seen", some(f.SeenFrom, 0), seenTo)
	if f.OrdersMax < 0 {
		between("orders", nil, int64(0))
	} else {
		between("orders", some(f.OrdersMin, 0), some(f.OrdersMax, 0))
	}
	between("spend", some(f.SpendMin, 0), some(f.SpendMax, 0))
	if f.Mood == NoRating {
		between("rating", int64(unrated), int64(unrated))
	} else if i := slices.Index(moods, f.Mood); i >= 0 {
		between("rating", int64(i)*moodSpan, int64(i)*moodSpan+full)
	}
	if i := slices.Index(channels, f.Channel); i >= 0 {
		others = append(others, condition{"(c.channels & ?) <> 0", []any{int64(1) << i}})
	}
	return ranged, others
}

func (f *Filter) check() error {
	if f.Sort == "" {
		f.Sort = LastSeen
	}
	if f.Limit < 1 || f.Limit > 200 {
		f.Limit = 50
	}
	switch {
	case !slices.Contains(Sorts, f.Sort),
		f.Mood != "" && f.Mood != NoRating && !slices.Contains(moods, f.Mood),
		f.Channel != "" && !slices.Contains(channels, f.Channel),
		utf8.RuneCountInString(f.Query) > 200:
		return ErrInvalid
	}
	return nil
}

// column is what a sort reads.
func (s Sort) column() string {
	if s == Name {
		return "name_key"
	}
	return string(s)
}

// List returns customers, and cursors of the pages after and before. The error
// may be ErrInvalid.
func (s Store) List(ctx context.Context, workspace int64, f Filter) (p Page, err error) {
	if err := f.check(); err != nil {
		return p, err
	}
	at, err := parseCursor(f.Cursor, f.Sort, f.Ascending)
	if err != nil {
		return p, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		l := &lister{tx: tx, filter: f, at: at, workspace: workspace}
		var err error
		if l.model, err = tx.Model(ctx, workspace); err != nil {
			return err
		}
		p, err = l.page(ctx)
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("list customers: %w", err)
	}
	return p, nil
}

// lister reads one page.
type lister struct {
	tx               *db.Tx
	workspace, model int64
	filter           Filter
	at               place
	args             []any
}

func (l *lister) page(ctx context.Context) (Page, error) {
	ranged, others := l.filter.where()
	if l.filter.Sort == Rating {
		others = append(others, condition{"c.rating >= ?", []any{int64(0)}})
	}
	var rows []Row
	var stopped *Row // the last card looked at, where a walk ended before its page was full
	var err error
	if l.filter.Query != "" {
		m, err := l.match(ctx)
		if err != nil {
			return Page{}, err
		}
		if m.ids != nil {
			rows, err := l.readIDs(ctx, m.ids)
			return l.finish(rows, nil), err
		}
		others = append(others, m.words...)
	}
	driver, err := l.driver(ctx, ranged)
	if err != nil {
		return Page{}, err
	}
	if driver >= 0 {
		rows, err = l.sorted(ctx, ranged[driver], slices.Concat(ranged[:driver], ranged[driver+1:], others))
	} else {
		rows, stopped, err = l.walk(ctx, slices.Concat(ranged, others))
	}
	return l.finish(rows, stopped), err
}

// driver returns the place of a condition that leaves so few cards that they can
// be sorted, or -1.
func (l *lister) driver(ctx context.Context, ranged []condition) (int, error) {
	for i, c := range ranged {
		if strings.Contains(c.sql, "c."+l.filter.Sort.column()+" ") {
			continue // the walk begins and ends within it
		}
		l.args = nil
		query := "SELECT count(*) FROM (SELECT 1 FROM customer_card c WHERE c.model = " + l.value(l.model) + " AND " + l.bind(c) + " LIMIT " + l.value(int64(few)) + ") AS h"
		var n int
		if err := l.tx.QueryRow(ctx, query, l.args...).Scan(&n); err != nil {
			return -1, err
		}
		if n < few {
			return i, nil
		}
	}
	return -1, nil
}

// value adds a value and returns its place.
func (l *lister) value(v any) string {
	l.args = append(l.args, v)
	return fmt.Sprintf("$%d", len(l.args))
}

func (l *lister) bind(c condition) string {
	out := c.sql
	for _, a := range c.args {
		out = strings.Replace(out, "?", l.value(a), 1)
	}
	return out
}

// up reports whether the page reads towards larger values: with the cursor of
// the page before it is the other way round.
func (l *lister) up() bool { return l.filter.Ascending != l.at.before }

// beyond is the condition that a card stands after the cursor.
func (l *lister) beyond() string {
	if l.at.key == nil {
		return ""
	}
	sign := "<"
	if l.up() {
		sign = ">"
	}
	return fmt.Sprintf(" AND (c.%s, c.id) %s (%s, %s)", l.filter.Sort.column(), sign, l.value(l.at.key), l.value(l.at.id[:]))
}

func (l *lister) order(indexless bool) string {
	way := " DESC"
	if l.up() {
		way = ""
	}
	column := "c." + l.filter.Sort.column()
	switch {
	case indexless && l.filter.Sort == Name:
		column += " || ''" // an expression, so that no index is taken for the order
	case indexless:
		column += " + 0"
	}
	return " ORDER BY " + column + way + ", c.id" + way
}

const columns = "c.id, c.name, c.other_name, c.name_key, c.city, c.first_seen, c.last_seen, c.orders, c.spend, c.currency, c.opinions, c.channels, c.rating, c.last_opinion, c.terms"

// computed makes expressions of columns, so that no index is taken for a condition.
var computed = strings.NewReplacer(" >= ", " + 0 >= ", " <= ", " + 0 <= ")

// sorted reads the cards that fit by the index of one condition, and sorts them.
func (l *lister) sorted(ctx context.Context, driver condition, others []condition) ([]Row, error) {
	l.args = nil
	query := "SELECT " + columns + " FROM customer_card c WHERE c.model = " + l.value(l.model) + " AND " + l.bind(driver)
	for _, c := range others {
		query += " AND " + l.bind(condition{computed.Replace(c.sql), c.args})
	}
	query += l.beyond() + l.order(true) + " LIMIT " + l.value(int64(l.filter.Limit+1))
	return l.read(ctx, query)
}

// walk reads cards in their order, and those that fit of them.
func (l *lister) walk(ctx context.Context, conditions []condition) (rows []Row, stopped *Row, err error) {
	l.args = nil
	inner := " FROM customer_card c WHERE c.model = " + l.value(l.model)
	var rest []condition
	for _, c := range conditions {
		if strings.Contains(c.sql, "c."+l.filter.Sort.column()+" ") {
			inner += " AND " + l.bind(c)
		} else {
			rest = append(rest, c)
		}
	}
	inner += l.beyond() + l.order(false)
	bounds := l.args
	query := "SELECT " + columns + inner
	if len(rest) > 0 {
		query = "SELECT * FROM (" + query + " LIMIT " + l.value(int64(walk)) + ") AS c WHERE "
		for i, c := range rest {
			if i > 0 {
				query += " AND "
			}
			query += l.bind(c)
		}
	}
	rows, err = l.read(ctx, query+" LIMIT "+l.value(int64(l.filter.Limit+1)))
	if err != nil || len(rest) == 0 || len(rows) > l.filter.Limit {
		return rows, nil, err
	}
	l.args = bounds
	last, err := l.read(ctx, "SELECT "+columns+inner+" LIMIT 1 OFFSET "+l.value(int64(walk-1)))
	if err == nil && len(last) == 1 {
		stopped = &last[0]
	}
	return rows, stopped, err
}

func (l *lister) read(ctx context.Context, query string) (rows []Row, err error) {
	return rows, l.tx.Each(ctx, query, l.args, func(r *sql.Rows) error {
		row, err := l.scan(r)
		rows = append(rows, row)
		return err
	})
}

func (l *lister) scan(r *sql.Rows) (Row, error) {
	var row Row
	var id, opinion []byte
	var nameKey, terms string
	err := r.Scan(&id, &row.Name, &row.Other, &nameKey, &row.City, &row.FirstSeen, &row.LastSeen, &row.Orders, &row.Spend, &row.Currency,
		&row.Opinions, &row.channels, &row.rating, &opinion, &terms)
	copy(row.ID[:], id)
	copy(row.LastOpinion[:], opinion)
	if row.rating >= 0 {
		row.Mood = moods[min(row.rating/moodSpan, int64(len(moods)-1))]
	}
	switch l.filter.Sort {
	case Name:
		row.key = nameKey
	case FirstSeen:
		row.key = row.FirstSeen
	case Orders:
		row.key = row.Orders
	case Spend:
		row.key = row.Spend
	case Rating:
		row.key = row.rating
	default:
		row.key = row.LastSeen
	}
	return row, err
}

// finish cuts the page to its size, in the order asked for, with its cursors.
func (l *lister) finish(rows []Row, stopped *Row) Page {
	more := len(rows) > l.filter.Limit
	if more {
		rows = rows[:l.filter.Limit]
	}
	var p Page
	p.Rows = rows
	var onward, back string
	switch {
	case more:
		onward = l.cursor(&rows[len(rows)-1], l.at.before)
	case stopped != nil:
		onward = l.cursor(stopped, l.at.before)
	}
	if l.at.key != nil && len(rows) > 0 {
		back = l.cursor(&rows[0], !l.at.before)
	}
	if p.Next, p.Previous = onward, back; l.at.before {
		slices.Reverse(rows)
		p.Next, p.Previous = back, onward
	}
	return p
}

func (l *lister) cursor(r *Row, before bool) string {
	return place{before, r.key, r.ID}.String(l.filter.Sort, l.filter.Ascending)
}

// compare is the order of a page that was not sorted by the database.
func (l *lister) compare(a, b Row) int {
	var c int
	switch x := a.key.(type) {
	case string:
		c = cmp.Compare(x, b.key.(string))
	case int64:
		c = cmp.Compare(x, b.key.(int64))
	}
	if c == 0 {
		c = strings.Compare(string(a.ID[:]), string(b.ID[:]))
	}
	if !l.up() {
		c = -c
	}
	return c
}

// Count returns how many customers there are, counting to most.
func (s Store) Count(ctx context.Context, workspace, most int64) (n int64, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, "SELECT count(*) FROM (SELECT 1 FROM customer_card c WHERE c.model = $1 LIMIT $2) AS h", model, min(most, math.MaxInt32)).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count customers: %w", err)
	}
	return n, nil
}

// ByIDs returns the cards of customers, by their ids; unknown ids are left out.
func (s Store) ByIDs(ctx context.Context, workspace int64, ids []event.ID) (map[event.ID]Row, error) {
	out := map[event.ID]Row{}
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		l := &lister{tx: tx, workspace: workspace}
		var err error
		if l.model, err = tx.Model(ctx, workspace); err != nil {
			return err
		}
		rows, err := l.readIDs(ctx, ids)
		for _, r := range rows {
			out[r.ID] = r
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("customers by id: %w", err)
	}
	return out, nil
}
