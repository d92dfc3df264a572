package roster

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/order"
)

// Stage keeps the cards up to date. It comes after customer, order and feedback.
type Stage struct{}

// Name names the stage in metrics and errors.
func (Stage) Name() string { return "roster" }

// visit is what a batch says of one profile.
type visit struct {
	id          event.ID
	first, last int64
	loud        bool // more than that somebody was there
}

// profileName names a profile without the cost of its id.
type profileName struct {
	model int64
	user  bool
	value string
}

// Apply makes the cards of a batch's customers anew, or only notes when they were
// last seen.
//
// On PostgreSQL the cards are locked before anything is read from which they are
// made, so that of two batches with the same customer the second sees what the
// first wrote.
func (Stage) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	visits := map[profileName]*visit{}
	for i := range b.Events {
		note(visits, &b.Events[i])
	}
	stale := map[event.Key]bool{}
	for _, k := range b.Regrouped {
		stale[k] = true
	}
	seen, err := customersOf(ctx, tx, visits, b.Touched, stale)
	if err != nil {
		return fmt.Errorf("cards: %w", err)
	}
	if err := lookAtCards(ctx, tx, seen, stale); err != nil {
		return fmt.Errorf("cards: %w", err)
	}
	if err := writeSeen(ctx, tx, seen); err != nil {
		return err
	}
	return remake(ctx, tx, sortedKeys(maps.Keys(stale)))
}

// note adds an event to its profile's visit.
func note(visits map[profileName]*visit, e *event.Event) {
	if e.Type == event.Staff {
		return // moves profiles, which Regrouped tells
	}
	k := profileName{e.Model, e.UserID != "", e.ShardKey()}
	v := visits[k]
	if v == nil {
		v = &visit{id: e.Profile(), first: e.At, last: e.At}
		visits[k] = v
	}
	v.first, v.last = min(v.first, e.At), max(v.last, e.At)
	v.loud = v.loud || e.Type == event.Identify || feedback.Speaks(e)
}

// sighting is when a customer was seen in a batch.
type sighting struct{ first, last int64 }

// customersOf returns when the customers of the visits were seen, and adds those
// that did more, or whose rows changed otherwise, to the stale ones.
func customersOf(ctx context.Context, tx *db.Tx, visits map[profileName]*visit, touched []event.Key, stale map[event.Key]bool) (map[event.Key]sighting, error) {
	list := make([]*visit, 0, len(visits))
	keys := db.NewRows(db.Columns("n int, model int, id bytes"))
	for k, v := range visits {
		keys.Add(len(list), k.model, v.id[:])
		list = append(list, v)
	}
	for i := range touched {
		keys.Add(-1, touched[i].Model, touched[i].ID[:])
	}
	seen := make(map[event.Key]sighting, len(list))
	err := tx.Lookup(ctx, keys, `SELECT k.n, k.model, p.customer FROM k CROSS JOIN profile p WHERE p.model = k.model AND p.id = k.id`, func(r *sql.Rows) error {
		var n int
		var k event.Key
		var id []byte
		if err := r.Scan(&n, &k.Model, &id); err != nil {
			return err
		}
		if copy(k.ID[:], id); n < 0 || list[n].loud {
			stale[k] = true
			return nil
		}
		s, ok := seen[k]
		if v := list[n]; !ok {
			s = sighting{v.first, v.last}
		} else {
			s = sighting{min(s.first, v.first), max(s.last, v.last)}
		}
		seen[k] = s
		return nil
	})
	return seen, err
}

// lookAtCards drops the sightings that change no card, and moves those whose
// card is missing to the stale ones.
func lookAtCards(ctx context.Context, tx *db.Tx, seen map[event.Key]sighting, stale map[event.Key]bool) error {
	for k := range stale {
		delete(seen, k)
	}
	lock := ""
	if tx.Postgres() {
		lock = " ORDER BY c.model, c.id FOR UPDATE OF c"
	}
	changed := map[event.Key]sighting{}
	keys := keyRows(sortedKeys(maps.Keys(seen)))
	err := tx.Lookup(ctx, keys, `SELECT c.model, c.id, c.first_seen, c.last_seen FROM k CROSS JOIN customer_card c
		WHERE c.model = k.model AND c.id = k.id`+lock, func(r *sql.Rows) error {
		var k event.Key
		var id []byte
		var old sighting
		if err := r.Scan(&k.Model, &id, &old.first, &old.last); err != nil {
			return err
		}
		copy(k.ID[:], id)
		s := seen[k]
		if s.last = coarse(s.last); s.first < old.first || s.last > old.last {
			changed[k] = sighting{min(s.first, old.first), max(s.last, old.last)}
		}
		seen[k] = sighting{first: noCard} // has a card
		return nil
	})
	if err != nil {
		return err
	}
	for k, s := range seen {
		if s.first != noCard {
			stale[k] = true
		}
		delete(seen, k)
	}
	maps.Copy(seen, changed)
	return nil
}

// noCard marks a sighting that is done with; no event is that old.
const noCard = -1 << 63

// writeSeen writes when customers were seen, where nothing else changed.
func writeSeen(ctx context.Context, tx *db.Tx, seen map[event.Key]sighting) error {
	rows := db.NewRows(db.Columns("model int, id bytes, first_seen int, last_seen int"))
	for _, k := range sortedKeys(maps.Keys(seen)) {
		rows.Add(k.Model, k.ID[:], seen[k].first, seen[k].last)
	}
	return tx.Insert(ctx, "customer_card", rows, "ON CONFLICT (model, id) DO UPDATE SET first_seen = excluded.first_seen, last_seen = excluded.last_seen")
}

// remake makes cards from the rows of their customers, and removes those of
// customers that are no more.
func remake(ctx context.Context, tx *db.Tx, stale []event.Key) error {
	if len(stale) == 0 {
		return nil
	}
	keys := keyRows(stale)
	if tx.Postgres() {
		if err := tx.Insert(ctx, "customer_card", keys, "ON CONFLICT DO NOTHING"); err != nil {
			return err
		}
		err := tx.Lookup(ctx, keys, `SELECT 1 FROM k CROSS JOIN customer_card c WHERE c.model = k.model AND c.id = k.id
			ORDER BY c.model, c.id FOR UPDATE OF c`, func(*sql.Rows) error { return nil })
		if err != nil {
			return fmt.Errorf("lock cards: %w", err)
		}
	}
	cards := make([]*card, len(stale))
	numbered := db.NewRows(db.Columns("n int, model int, id bytes"))
	for i := range stale {
		cards[i] = newCard(stale[i])
		numbered.Add(i, stale[i].Model, stale[i].ID[:])
	}
	err := customer.EachSeen(ctx, tx, numbered, func(n int, p customer.Seen) { cards[n].addProfile(p) })
	if err == nil {
		err = customer.EachNames(ctx, tx, numbered, func(n int, names customer.Names, words []string) {
			cards[n].names = names
			for _, w := range words {
				cards[n].words.add(w)
			}
		})
	}
	if err == nil {
		err = order.EachPurchase(ctx, tx, numbered, func(n int, p order.Purchase) { cards[n].addPurchase(p) })
	}
	if err == nil {
		err = feedback.EachVoice(ctx, tx, numbered, func(n int, v feedback.Voice) { cards[n].addVoice(v) })
	}
	if err != nil {
		return fmt.Errorf("make cards: %w", err)
	}
	for _, c := range cards {
		c.finish()
	}
	return save(ctx, tx, cards, keys)
}

var cardColumns = db.Columns(`model int, id bytes, first_seen int, last_seen int, name text, other_name text, name_key text, city text,
	orders int, spend int, currency text, opinions int, channels int, rating int, last_opinion bytes, terms text`)

const overwrite = `ON CONFLICT (model, id) DO UPDATE SET first_seen = excluded.first_seen, last_seen = excluded.last_seen,
	name = excluded.name, other_name = excluded.other_name, name_key = excluded.name_key, city = excluded.city,
	orders = excluded.orders, spend = excluded.spend, currency = excluded.currency, opinions = excluded.opinions,
	channels = excluded.channels, rating = excluded.rating, last_opinion = excluded.last_opinion, terms = excluded.terms`

// save writes cards and the words they are found by.
func save(ctx context.Context, tx *db.Tx, cards []*card, keys *db.Rows) error {
	before := map[event.Key][]string{}
	err := tx.Lookup(ctx, keys, `SELECT c.model, c.id, c.terms FROM k CROSS JOIN customer_card c WHERE c.model = k.model AND c.id = k.id`, func(r *sql.Rows) error {
		var k event.Key
		var id []byte
		var c card
		err := r.Scan(&k.Model, &id, &c.terms)
		copy(k.ID[:], id)
		before[k] = c.found()
		return err
	})
	if err != nil {
		return fmt.Errorf("cards: %w", err)
	}
	rows, gone := db.NewRows(cardColumns), db.NewRows(db.Columns("model int, id bytes"))
	oldWords, newWords := db.NewRows(termColumns), db.NewRows(termColumns)
	for _, c := range cards {
		if !c.known {
			gone.Add(c.Model, c.ID[:])
			c.terms = ""
		} else {
			var opinion any
			if !c.lastOpinion.IsZero() {
				opinion = c.lastOpinion[:]
			}
			rows.Add(c.Model, c.ID[:], c.first, c.last, c.names.Shown, c.names.Other, c.nameKey(), c.names.City,
				c.orders, c.spend, c.currency, c.opinions, c.channels, c.rating, opinion, c.terms)
		}
		was, is := before[c.Key], c.found()
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
	nothing := func(*sql.Rows) error { return nil }
	if err := tx.Lookup(ctx, oldWords, "DELETE FROM customer_term WHERE (model, term, id) IN (SELECT model, term, id FROM k) RETURNING 1", nothing); err != nil {
		return fmt.Errorf("remove words: %w", err)
	}
	if err := tx.Lookup(ctx, gone, "DELETE FROM customer_card WHERE (model, id) IN (SELECT model, id FROM k) RETURNING 1", nothing); err != nil {
		return fmt.Errorf("remove cards: %w", err)
	}
	if err := tx.Insert(ctx, "customer_card", rows, overwrite); err != nil {
		return err
	}
	return tx.Insert(ctx, "customer_term", newWords, "")
}

var termColumns = db.Columns("model int, term text, id bytes")

// sortedKeys lists keys in the order in which every batch locks and writes.
func sortedKeys(keys func(func(event.Key) bool)) []event.Key {
	return slices.SortedFunc(keys, func(a, b event.Key) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), bytes.Compare(a.ID[:], b.ID[:]))
	})
}

func keyRows(keys []event.Key) *db.Rows {
	rows := db.NewRows(db.Columns("model int, id bytes"))
	for i := range keys {
		rows.Add(keys[i].Model, keys[i].ID[:])
	}
	return rows
}
