package insight

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/order"
)

// subject is an order or an opinion.
type subject struct {
	model int64
	id    event.ID
}

// subjects are the orders and opinions that a batch changes; true for those that
// other events may change too, so that what they are counted as is kept.
type subjects struct {
	shard            int
	orders, opinions map[subject]bool
	heard            map[subject]*opinion // where the batch is watched: opinions as they are, but those heard before
}

// add takes an event, and names the opinions that it holds.
func (s *subjects) add(e *event.Event) []feedback.Row {
	if id, ok := order.Row(e); ok {
		s.orders[subject{e.Model, id}] = true
		return nil
	}
	opinions := feedback.Rows(e)
	for _, r := range opinions {
		s.opinions[subject{e.Model, r.ID}] = r.Edited
	}
	return opinions
}

// apply reads the orders and opinions as they are after the batch, and counts
// what changed.
func (s *subjects) apply(ctx context.Context, tx *db.Tx, t *tally) error {
	was, err := s.load(ctx, tx)
	if err != nil {
		return fmt.Errorf("load what was counted: %w", err)
	}
	is := map[subject][]count{}
	if err := errors.Join(readOrders(ctx, tx, s.orders, is), readOpinions(ctx, tx, s.opinions, is, s.heard)); err != nil {
		return err
	}
	for k := range was {
		delete(s.heard, k)
	}
	rows := db.NewRows(db.Columns("model int, id bytes, shard int, as_of bytes"))
	for _, k := range s.sorted(func(subject) bool { return true }) {
		kept := s.orders[k] || s.opinions[k]
		before, shard := was[k], s.shard
		if before.known {
			shard = min(shard, before.shard)
		}
		if before.known && before.shard == shard && slices.Equal(before.counts, is[k]) {
			continue
		}
		for _, c := range before.counts {
			t.add(k.model, before.shard, c, -1)
		}
		for _, c := range is[k] {
			t.add(k.model, shard, c, 1)
		}
		if kept {
			text, err := json.Marshal(is[k])
			if err != nil {
				return fmt.Errorf("keep what is counted: %w", err)
			}
			rows.Add(k.model, k.id[:], shard, text)
		}
	}
	return tx.Insert(ctx, "counted", rows, "ON CONFLICT (model, id) DO UPDATE SET shard = excluded.shard, as_of = excluded.as_of")
}

func (s *subjects) sorted(which func(subject) bool) []subject {
	var out []subject
	for _, m := range []map[subject]bool{s.orders, s.opinions} {
		for k := range m {
			if which(k) {
				out = append(out, k)
			}
		}
	}
	slices.SortFunc(out, compareSubjects)
	return out
}

func compareSubjects(a, b subject) int {
	return cmp.Or(cmp.Compare(a.model, b.model), bytes.Compare(a.id[:], b.id[:]))
}

type countedAs struct {
	known  bool
	shard  int
	counts []count
}

// load reads what the subjects were counted as. The order's or opinion's own row
// is locked by its room's stage before, so nobody changes it meanwhile.
func (s *subjects) load(ctx context.Context, tx *db.Tx) (map[subject]countedAs, error) {
	keys := db.NewRows(db.Columns("model int, id bytes"))
	for _, k := range s.sorted(func(k subject) bool { return s.orders[k] || s.opinions[k] }) {
		keys.Add(k.model, k.id[:])
	}
	out := map[subject]countedAs{}
	err := tx.Lookup(ctx, keys, "SELECT c.model, c.id, c.shard, c.as_of FROM k CROSS JOIN counted c WHERE c.model = k.model AND c.id = k.id", func(r *sql.Rows) error {
		var k subject
		var id, text []byte
		c := countedAs{known: true}
		if err := r.Scan(&k.model, &id, &c.shard, &text); err != nil {
			return err
		}
		copy(k.id[:], id)
		if err := json.Unmarshal(text, &c.counts); err != nil {
			return fmt.Errorf("counts of %s: %w", k.id, err)
		}
		out[k] = c
		return nil
	})
	return out, err
}

func keysOf(of map[subject]bool) *db.Rows {
	keys := db.NewRows(db.Columns("model int, id bytes"))
	for k := range of {
		keys.Add(k.model, k.id[:])
	}
	return keys
}

// Bounds of what one order may add, in millionths and in pieces: what is larger
// is a mistake or a joke, and must not hide all other orders.
const (
	maxMoney  = 1_000_000_000 * int64(event.One)
	maxPieces = 10_000
)

// readOrders says what orders are counted as: once they are placed, by the time
// they were, with what was to be paid. Drafts do not count.
func readOrders(ctx context.Context, tx *db.Tx, of map[subject]bool, into map[subject][]count) error {
	keys := keysOf(of)
	placed := map[subject]int64{}
	err := tx.Lookup(ctx, keys, `SELECT o.model, o.id, o.placed_at, o.currency, coalesce(o.amount, o.items_amount, 0), o.payment_method
		FROM k CROSS JOIN orders o WHERE o.model = k.model AND o.id = k.id AND o.draft = 0`, func(r *sql.Rows) error {
		var k subject
		var id []byte
		var at, amount int64
		var currency, method string
		err := r.Scan(&k.model, &id, &at, &currency, &amount, &method)
		copy(k.id[:], id)
		placed[k] = at
		into[k] = append(into[k],
			count{Name: Orders, Label: word(currency), At: at, N: 1, Amount: min(max(amount, -maxMoney), maxMoney)},
			count{Name: Paid, Label: word(method), At: at, N: 1})
		return err
	})
	if err != nil {
		return fmt.Errorf("read orders: %w", err)
	}
	err = tx.Lookup(ctx, keys, `SELECT i.model, i.id, i.product_id, sum(CAST(i.quantity / 1000000 AS REAL))
		FROM k CROSS JOIN order_item i WHERE i.model = k.model AND i.id = k.id AND i.product_id <> '' AND i.quantity > 0
		GROUP BY i.model, i.id, i.product_id ORDER BY i.model, i.id, i.product_id`, func(r *sql.Rows) error {
		var k subject
		var id []byte
		var product string
		var pieces float64
		err := r.Scan(&k.model, &id, &product, &pieces)
		copy(k.id[:], id)
		if at, ok := placed[k]; ok && len(product) <= maxProduct && product != rest && product != unknown {
			into[k] = append(into[k], count{Name: ItemsSold, Label: product, At: at, N: int64(min(max(pieces, 1), maxPieces))})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read order items: %w", err)
	}
	for k, list := range into { // in one order on both databases
		slices.SortFunc(list, func(a, b count) int {
			return cmp.Or(strings.Compare(string(a.Name), string(b.Name)), strings.Compare(a.Label, b.Label))
		})
		into[k] = list
	}
	return nil
}

// moods are what an opinion counts as, by its column mood.
var moods = map[int64]Name{1: Glad, 0: Even, -1: Upset}

// readOpinions says what opinions are counted as: one voice, at the time of its
// first event, by how it sounds.
// What they say is put into heard, unless that is nil.
func readOpinions(ctx context.Context, tx *db.Tx, of map[subject]bool, into map[subject][]count, heard map[subject]*opinion) error {
	columns := "f.model, f.id, f.at, f.mood"
	if heard != nil {
		columns += `, f.channel, coalesce(f.language, ''), f.topics, coalesce(f.product_id, ''), coalesce(f.order_id, ''), f.search, f.rating, f.scale, f.inverted, f.kind`
	}
	err := tx.Lookup(ctx, keysOf(of), "SELECT "+columns+" FROM k CROSS JOIN feedback f WHERE f.model = k.model AND f.id = k.id", func(r *sql.Rows) error {
		var k subject
		var id []byte
		var at int64
		var mood sql.Null[int64]
		to := []any{&k.model, &id, &at, &mood}
		var o opinion
		var rating sql.Null[int64]
		if heard != nil {
			to = append(to, &o.channel, &o.language, &o.topics, &o.product, &o.order, &o.said, &rating, &o.scale, &o.inverted, &o.kind)
		}
		err := r.Scan(to...)
		copy(k.id[:], id)
		if heard != nil {
			o.mood, o.rating, o.rated = mood.V, rating.V, rating.Valid
			heard[k] = &o
		}
		name := Unrated
		if mood.Valid {
			name = moods[mood.V]
		}
		into[k] = []count{{Name: name, At: at, N: 1}}
		return err
	})
	if err != nil {
		return fmt.Errorf("read opinions: %w", err)
	}
	return nil
}

// Recount counts an opinion anew that change changes without an event. A shard's
// rows stay those that its events make.
func Recount(ctx context.Context, tx *db.Tx, opinion event.Key, change func() error) error {
	k := subject{opinion.Model, opinion.ID}
	s := &subjects{opinions: map[subject]bool{k: true}}
	was, is := map[subject][]count{}, map[subject][]count{}
	if err := readOpinions(ctx, tx, s.opinions, was, nil); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	if err := readOpinions(ctx, tx, s.opinions, is, nil); err != nil || slices.Equal(was[k], is[k]) {
		return err
	}
	kept, err := s.load(ctx, tx)
	if err != nil {
		return fmt.Errorf("load what was counted: %w", err)
	}
	shard := kept[k].shard
	if kept[k].known {
		text, err := json.Marshal(is[k])
		if err != nil {
			return fmt.Errorf("keep what is counted: %w", err)
		}
		_, err = tx.Exec(ctx, "UPDATE counted SET as_of = $3 WHERE model = $1 AND id = $2", k.model, k.id[:], text)
		if err != nil {
			return fmt.Errorf("keep what is counted: %w", err)
		}
	} else if err := tx.QueryRow(ctx, "SELECT shard FROM feedback WHERE model = $1 AND id = $2", k.model, k.id[:]).Scan(&shard); err != nil {
		return fmt.Errorf("read an opinion's shard: %w", err)
	}
	t := newTally()
	for _, c := range was[k] {
		t.add(k.model, shard, c, -1)
	}
	for _, c := range is[k] {
		t.add(k.model, shard, c, 1)
	}
	return t.write(ctx, tx, shard, map[int64]int64{k.model: notStored})
}
