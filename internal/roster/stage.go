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

// need says what of a card is to be made anew.
type need uint8

const (
	needNames need = 1 << iota
	needOrders
	needVoices
	needWhole // there is no card yet, so nothing of the customer but this batch

	needAll = needNames | needOrders | needVoices | needWhole // other profiles than before belong to it
)

// visit is what a batch says of one profile.
type visit struct {
	id          event.ID
	first, last int64
	need        need
}

// profileName names a profile without the cost of its id.
type profileName struct {
	model int64
	user  bool
	value string
}

// Apply makes anew what a batch changes of its customers' cards.
//
// On PostgreSQL the cards are locked before anything is read from which they are
// made, so that of two batches with the same customer the second sees what the
// first wrote.
func (Stage) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	visits := map[profileName]*visit{}
	for i := range b.Events {
		note(visits, &b.Events[i])
	}
	stale := map[event.Key]need{}
	for _, k := range b.Regrouped {
		stale[k] = needAll
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
	return remake(ctx, tx, stale)
}

// Renew makes anew what the opinions of a profile's customer say, where they
// changed without an event.
func Renew(ctx context.Context, tx *db.Tx, profile event.Key) error {
	stale := map[event.Key]need{}
	err := tx.Each(ctx, "SELECT customer FROM profile WHERE model = $1 AND id = $2", []any{profile.Model, profile.ID[:]}, func(r *sql.Rows) error {
		var id []byte
		err := r.Scan(&id)
		stale[event.Key{Model: profile.Model, ID: event.ID(id)}] = needVoices
		return err
	})
	if err == nil {
		err = lookAtCards(ctx, tx, map[event.Key]sighting{}, stale)
	}
	if err != nil {
		return fmt.Errorf("cards: %w", err)
	}
	return remake(ctx, tx, stale)
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
	switch {
	case e.Type == event.Identify:
		v.need |= needNames
	case feedback.Speaks(e):
		v.need |= needVoices
	}
}

// sighting is when a customer was seen in a batch.
type sighting struct{ first, last int64 }

// customersOf returns when the customers of the visits were seen, and adds what
// else changed of them. Touched are profiles whose orders changed.
func customersOf(ctx context.Context, tx *db.Tx, visits map[profileName]*visit, touched []event.Key, stale map[event.Key]need) (map[event.Key]sighting, error) {
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
		copy(k.ID[:], id)
		if n < 0 {
			stale[k] |= needOrders
			return nil
		}
		v := list[n]
		if v.need != 0 {
			stale[k] |= v.need
		}
		if s, ok := seen[k]; ok {
			seen[k] = sighting{min(s.first, v.first), max(s.last, v.last)}
		} else {
			seen[k] = sighting{v.first, v.last}
		}
		return nil
	})
	return seen, err
}

// lookAtCards drops the sightings that change no card, and notes which cards are
// missing.
func lookAtCards(ctx context.Context, tx *db.Tx, seen map[event.Key]sighting, stale map[event.Key]need) error {
	for k, n := range stale {
		if n&needWhole != 0 {
			delete(seen, k)
		} else if _, ok := seen[k]; !ok {
			seen[k] = sighting{noEvent, -noEvent} // touched without an event of its own
		}
	}
	lock := ""
	if tx.Postgres() {
		lock = " ORDER BY c.model, c.id FOR UPDATE OF c"
	}
	changed, known := map[event.Key]sighting{}, make(map[event.Key]bool, len(seen))
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
		known[k] = true
		s := seen[k]
		if s.last != -noEvent {
			s.last = coarse(s.last)
		}
		if s.first < old.first || s.last > old.last {
			changed[k] = sighting{min(s.first, old.first), max(s.last, old.last)}
		}
		return nil
	})
	for k := range seen {
		if !known[k] {
			stale[k] |= needWhole
		}
	}
	clear(seen)
	maps.Copy(seen, changed)
	return err
}

// noEvent is later than every event, and -noEvent earlier.
const noEvent = 1<<63 - 1

// writeSeen writes when customers were seen, where nothing else changed.
func writeSeen(ctx context.Context, tx *db.Tx, seen map[event.Key]sighting) error {
	rows := db.NewRows(db.Columns("model int, id bytes, first_seen int, last_seen int"))
	for _, k := range sortedKeys(maps.Keys(seen)) {
		rows.Add(k.Model, k.ID[:], seen[k].first, seen[k].last)
	}
	return tx.Insert(ctx, "customer_card", rows, "ON CONFLICT (model, id) DO UPDATE SET first_seen = excluded.first_seen, last_seen = excluded.last_seen")
}

// remake makes cards, or parts of them, from the rows of their customers, and
// removes those of customers that are no more.
func remake(ctx context.Context, tx *db.Tx, stale map[event.Key]need) error {
	if len(stale) == 0 {
		return nil
	}
	list := sortedKeys(maps.Keys(stale))
	if tx.Postgres() {
		if err := lockCards(ctx, tx, list, stale); err != nil {
			return fmt.Errorf("lock cards: %w", err)
		}
	}
	cards := make([]*card, len(list))
	of := func(n need) *db.Rows {
		rows := db.NewRows(db.Columns("n int, model int, id bytes"))
		for i, c := range cards {
			if c.need&n != 0 {
				rows.Add(i, c.Model, c.ID[:])
			}
		}
		return rows
	}
	for i, k := range list {
		cards[i] = newCard(k)
		cards[i].need = stale[k]
	}
	err := customer.EachSeen(ctx, tx, of(needWhole|needNames), func(n int, p customer.Seen) { cards[n].addProfile(p) })
	if err == nil {
		err = customer.EachNames(ctx, tx, of(needNames), func(n int, names customer.Names, words []string) {
			cards[n].names = names
			for _, w := range words {
				cards[n].words.add(w)
			}
		})
	}
	if err == nil {
		err = order.EachPurchase(ctx, tx, of(needOrders), func(n int, p order.Purchase) { cards[n].addPurchase(p) })
	}
	if err == nil {
		err = feedback.EachVoice(ctx, tx, of(needVoices), func(n int, v feedback.Voice) { cards[n].addVoice(v) })
	}
	if err != nil {
		return fmt.Errorf("make cards: %w", err)
	}
	for _, c := range cards {
		c.finish()
	}
	return save(ctx, tx, cards)
}

// lockCards makes the cards that are missing, and locks those that were not
// looked at yet.
func lockCards(ctx context.Context, tx *db.Tx, list []event.Key, stale map[event.Key]need) error {
	keys := keyRows(slices.DeleteFunc(slices.Clone(list), func(k event.Key) bool { return stale[k]&needWhole == 0 }))
	if err := tx.Insert(ctx, "customer_card", keys, "ON CONFLICT DO NOTHING"); err != nil {
		return err
	}
	return tx.Lookup(ctx, keys, `SELECT 1 FROM k CROSS JOIN customer_card c WHERE c.model = k.model AND c.id = k.id
		ORDER BY c.model, c.id FOR UPDATE OF c`, func(*sql.Rows) error { return nil })
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
