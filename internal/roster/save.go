package roster

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Columns of the parts of a card. An index is written only where its part is.
const (
	seenColumns  = "first_seen int, last_seen int"
	nameColumns  = "name text, other_name text, name_key text, city text, terms text"
	orderColumns = "orders int, spend int, currency text"
	voiceColumns = "opinions int, channels int, rating int, last_opinion bytes"
)

// part is rows of some columns of cards.
type part struct {
	rows      *db.Rows
	overwrite string
}

func newPart(specs ...string) *part {
	columns := db.Columns("model int, id bytes, " + strings.Join(specs, ", "))
	var sets []string
	for _, c := range columns[2:] {
		sets = append(sets, c.Name+" = excluded."+c.Name)
	}
	return &part{db.NewRows(columns), "ON CONFLICT (model, id) DO UPDATE SET " + strings.Join(sets, ", ")}
}

func (p *part) add(c *card, values ...[]any) {
	p.rows.Add(append([]any{c.Model, c.ID[:]}, slices.Concat(values...)...)...)
}

func (c *card) nameValues() []any {
	return []any{c.names.Shown, c.names.Other, c.nameKey(), c.names.City, c.terms}
}

func (c *card) orderValues() []any { return []any{c.orders, c.spend, c.currency} }

func (c *card) voiceValues() []any {
	var opinion any
	if !c.lastOpinion.IsZero() {
		opinion = c.lastOpinion[:]
	}
	return []any{c.opinions, c.channels, c.rating, opinion}
}

// stored is what a card said before of names and words.
type stored struct {
	names customer.Names
	terms string
}

// readStored reads what the cards say whose names are made anew.
func readStored(ctx context.Context, tx *db.Tx, cards []*card) (map[event.Key]stored, error) {
	keys := db.NewRows(db.Columns("model int, id bytes"))
	for _, c := range cards {
		if c.need&needNames != 0 {
			keys.Add(c.Model, c.ID[:])
		}
	}
	out := map[event.Key]stored{}
	return out, tx.Lookup(ctx, keys, `SELECT c.model, c.id, c.name, c.other_name, c.city, c.terms FROM k CROSS JOIN customer_card c
		WHERE c.model = k.model AND c.id = k.id`, func(r *sql.Rows) error {
		var k event.Key
		var id []byte
		var s stored
		err := r.Scan(&k.Model, &id, &s.names.Shown, &s.names.Other, &s.names.City, &s.terms)
		copy(k.ID[:], id)
		out[k] = s
		return err
	})
}

// save writes cards, or their parts that were made anew, and the words they are
// found by.
func save(ctx context.Context, tx *db.Tx, cards []*card) error {
	before, err := readStored(ctx, tx, cards)
	if err != nil {
		return fmt.Errorf("cards: %w", err)
	}
	gone := db.NewRows(db.Columns("model int, id bytes"))
	oldWords, newWords := db.NewRows(termColumns), db.NewRows(termColumns)
	whole := newPart(seenColumns, nameColumns, orderColumns, voiceColumns)
	names, orders, voices := newPart(nameColumns), newPart(orderColumns), newPart(voiceColumns)
	for _, c := range cards {
		was := before[c.Key]
		switch {
		case c.need&needWhole != 0 && !c.known:
			gone.Add(c.Model, c.ID[:])
			c.terms = ""
		case c.need&needWhole != 0:
			whole.add(c, []any{c.first, c.last}, c.nameValues(), c.orderValues(), c.voiceValues())
		default:
			if c.need&needNames != 0 && (was != stored{c.names, c.terms}) {
				names.add(c, c.nameValues())
			}
			if c.need&needOrders != 0 {
				orders.add(c, c.orderValues())
			}
			if c.need&needVoices != 0 {
				voices.add(c, c.voiceValues())
			}
		}
		if c.need&(needNames|needWhole) != 0 && was.terms != c.terms {
			compareWords(c, strings.Fields(was.terms), oldWords, newWords)
		}
	}
	nothing := func(*sql.Rows) error { return nil }
	if err := tx.Lookup(ctx, oldWords, "DELETE FROM customer_term WHERE (model, term, id) IN (SELECT model, term, id FROM k) RETURNING 1", nothing); err != nil {
		return fmt.Errorf("remove words: %w", err)
	}
	if err := tx.Lookup(ctx, gone, "DELETE FROM customer_card WHERE (model, id) IN (SELECT model, id FROM k) RETURNING 1", nothing); err != nil {
		return fmt.Errorf("remove cards: %w", err)
	}
	for _, p := range []*part{whole, names, orders, voices} {
		if err := tx.Insert(ctx, "customer_card", p.rows, p.overwrite); err != nil {
			return err
		}
	}
	return tx.Insert(ctx, "customer_term", newWords, "")
}

// compareWords notes which words go and which come.
func compareWords(c *card, was []string, oldWords, newWords *db.Rows) {
	is := c.found()
	for _, w := range was {
		if _, ok := slices.BinarySearch(is, w); !ok {
			oldWords.Add(c.Model, w, c.ID[:])
		}
	}
	for _, w := range is {
		if _, ok := slices.BinarySearch(was, w); !ok {
			newWords.Add(c.Model, w, c.ID[:])
		}
	}
}
