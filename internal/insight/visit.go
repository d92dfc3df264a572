package insight

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// step is a step of a visit.
type step int

const (
	viewed step = iota
	added
	checkout
	ordered
	failed
	steps
)

// visit is a run of a profile's browsing events; migration 00007 tells what the
// columns mean.
type visit struct {
	profile     event.ID
	shard       int
	start, last int64
	seen        bool
	at          [steps]int64
	failure     string

	stored int64 // the start under which it is stored, or notStored
	dirty  bool
}

const notStored = -1 << 63

// browsing reports whether an event shows somebody in the shop, and what step it
// is, or -1. Orders may be told by the shop's server long after: they belong to a
// visit, and do not show somebody.
func browsing(e *event.Event) (seen bool, s step, ok bool) {
	switch e.Type {
	case event.Page, event.Screen:
		return true, -1, true
	case event.Track:
	default:
		return false, -1, false
	}
	switch e.Verb() {
	case event.ProductViewed:
		return true, viewed, true
	case event.ProductAdded:
		return true, added, true
	case event.CheckoutStarted:
		return true, checkout, true
	case event.CheckoutFailed:
		return !e.Has(event.Verified), failed, true
	case event.OrderCompleted:
		return false, ordered, true
	case event.ProductsSearched, event.ProductListViewed, event.ProductListFiltered, event.PromotionViewed, event.PromotionClicked,
		event.ProductClicked, event.ProductRemoved, event.CartViewed, event.CheckoutStepViewed, event.CheckoutStepCompleted,
		event.PaymentInfoEntered, event.CouponEntered, event.CouponApplied, event.CouponDenied, event.CouponRemoved,
		event.WishlistAdded, event.WishlistRemoved, event.WishlistToCart, event.ProductShared, event.CartShared:
		return true, -1, true
	case event.OtherVerb: // of the shop's own: from a page it shows somebody
		return true, -1, !e.Has(event.Verified)
	}
	return false, -1, false
}

// moment is a browsing event.
type moment struct {
	at      int64
	step    step
	seen    bool
	failure string
}

type visitor struct {
	model   int64
	profile event.ID
}

// visits gathers a batch's browsing events by visitor, in log order.
type visits struct {
	shard int
	by    map[visitor]*[]moment
	after map[visitor][]*visit // where it is not nil: what became of those that are in it
}

func (v *visits) add(e *event.Event) {
	seen, s, ok := browsing(e)
	if !ok {
		return
	}
	m := moment{at: e.At, step: s, seen: seen}
	if s == failed {
		m.failure = failure(event.ParseObject(e.Properties))
	}
	key := visitor{e.Model, e.Profile()}
	if list := v.by[key]; list != nil {
		*list = append(*list, m)
		return
	}
	v.by[key] = &[]moment{m}
}

// failure is the label of a failed checkout: how was to be paid, and why not.
func failure(p event.Object) string {
	return word(p.First("payment_method", "paymentMethod")) + "\n" + word(p.First("reason", "error", "error_code"))
}

// apply brings the visits up to date and counts what changes.
func (v *visits) apply(ctx context.Context, tx *db.Tx, t *tally) error {
	if len(v.by) == 0 {
		return nil
	}
	order := make([]visitor, 0, len(v.by))
	for k := range v.by {
		order = append(order, k)
	}
	slices.SortFunc(order, func(a, b visitor) int {
		return cmp.Or(cmp.Compare(a.model, b.model), bytes.Compare(a.profile[:], b.profile[:]))
	})
	have, err := v.load(ctx, tx, order)
	if err != nil {
		return fmt.Errorf("load visits: %w", err)
	}
	gone, rows := db.NewRows(visitKey), db.NewRows(visitColumns)
	for _, k := range order {
		list := have[k]
		for _, m := range *v.by[k] {
			list = v.join(list, k, m, t, gone)
		}
		if _, wanted := v.after[k]; wanted {
			v.after[k] = list
		}
		for _, x := range list {
			if !x.dirty {
				continue
			}
			if x.stored != notStored && x.stored != x.start {
				gone.Add(k.model, k.profile[:], x.stored)
			}
			rows.Add(k.model, k.profile[:], x.start, x.last, x.shard, bit(x.seen),
				x.at[viewed], x.at[added], x.at[checkout], x.at[ordered], x.at[failed], x.failure)
		}
	}
	const drop = `DELETE FROM visit WHERE (model, profile, started_at) IN (SELECT model, profile, started_at FROM k) RETURNING started_at`
	if err := tx.Lookup(ctx, gone, drop, func(*sql.Rows) error { return nil }); err != nil {
		return fmt.Errorf("join visits: %w", err)
	}
	return tx.Insert(ctx, "visit", rows, overwriteVisit)
}

// join puts an event into the visits of its visitor: into one, between two that
// become one, or into a new one.
func (v *visits) join(list []*visit, k visitor, m moment, t *tally, gone *db.Rows) []*visit {
	var into *visit
	for i := 0; i < len(list); i++ {
		x := list[i]
		if m.at < x.start-pause || m.at > x.last+pause {
			continue
		}
		if into == nil {
			into = x
			continue
		}
		t.change(k.model, x, nil)
		before := *into
		into.absorb(x)
		t.change(k.model, &before, into)
		if x.stored != notStored {
			gone.Add(k.model, k.profile[:], x.stored)
		}
		list = slices.Delete(list, i, i+1)
		i--
	}
	if into == nil {
		into = &visit{profile: k.profile, shard: v.shard, start: m.at, last: m.at, stored: notStored}
		into.take(m)
		t.change(k.model, nil, into)
		return append(list, into)
	}
	before := *into
	into.shard = min(into.shard, v.shard)
	into.take(m)
	t.change(k.model, &before, into)
	return list
}

// take adds an event.
func (x *visit) take(m moment) {
	x.dirty = true
	x.start, x.last = min(x.start, m.at), max(x.last, m.at)
	x.seen = x.seen || m.seen
	if m.step >= 0 {
		x.mark(m.step, m.at, m.failure)
	}
}

// mark keeps the first time of a step; of failures of one time, the first label.
func (x *visit) mark(s step, at int64, label string) {
	at = max(at, 1)
	if s == failed && (x.at[failed] == 0 || at < x.at[failed] || at == x.at[failed] && label < x.failure) {
		x.failure = label
	}
	if x.at[s] == 0 || at < x.at[s] {
		x.at[s] = at
	}
}

// absorb adds another visit of the same visitor.
func (x *visit) absorb(o *visit) {
	x.dirty = true
	x.start, x.last, x.shard, x.seen = min(x.start, o.start), max(x.last, o.last), min(x.shard, o.shard), x.seen || o.seen
	for s := range steps {
		if o.at[s] != 0 {
			x.mark(s, o.at[s], o.failure)
		}
	}
}

// count is one thing that is counted.
type count struct {
	Name   Name   `json:"s,omitzero"`
	Label  string `json:"l,omitzero"`
	At     int64  `json:"t,omitzero"`
	N      int64  `json:"n,omitzero"`
	Amount int64  `json:"m,omitzero"`
}

// counts are what a visit is counted as, each in a place of its own; those
// without a name are not.
func (x *visit) counts() (out [9]count) {
	if x == nil {
		return out
	}
	if x.seen {
		out[0] = count{Name: Visits, At: x.start, N: 1}
		out[1] = count{Name: Here, At: Minute.slot(x.last), N: 1}
	}
	for i, name := range [...]Name{viewed: Viewed, added: Added, checkout: Checkouts, ordered: Bought} {
		if x.at[i] != 0 {
			out[2+i] = count{Name: name, At: x.at[i], N: 1}
		}
	}
	if x.at[failed] != 0 {
		out[6] = count{Name: Failed, Label: x.failure, At: x.at[failed], N: 1}
		if x.at[ordered] >= x.at[failed] {
			out[7] = count{Name: Recovered, Label: x.failure, At: x.at[failed], N: 1}
		}
	}
	if x.seen && x.at[checkout] != 0 && x.at[ordered] == 0 {
		out[8] = count{Name: Paying, At: Minute.slot(x.last), N: 1}
	}
	return out
}

// change takes back what a visit was counted as and adds what it is now; nil for
// one that was not, or is no more.
func (t *tally) change(model int64, before, after *visit) {
	was, is := before.counts(), after.counts()
	moved := before != nil && after != nil && before.shard != after.shard
	for i := range was {
		if was[i] == is[i] && !moved {
			continue
		}
		if was[i].Name != "" {
			t.add(model, before.shard, was[i], -1)
		}
		if is[i].Name != "" {
			t.add(model, after.shard, is[i], 1)
		}
	}
}

var (
	visitKey     = db.Columns("model int, profile bytes, started_at int")
	visitColumns = db.Columns(`model int, profile bytes, started_at int, last_at int, shard int, seen int,
		viewed_at int, added_at int, checkout_at int, ordered_at int, failed_at int, failure text`)
)

const overwriteVisit = `ON CONFLICT (model, profile, started_at) DO UPDATE SET last_at = excluded.last_at, shard = excluded.shard,
	seen = excluded.seen, viewed_at = excluded.viewed_at, added_at = excluded.added_at, checkout_at = excluded.checkout_at,
	ordered_at = excluded.ordered_at, failed_at = excluded.failed_at, failure = excluded.failure`

// load reads the visits that the batch's events may belong to. Visits of one
// visitor do not overlap, so those from the last one that began before the first
// event on are enough.
func (v *visits) load(ctx context.Context, tx *db.Tx, order []visitor) (map[visitor][]*visit, error) {
	keys := db.NewRows(db.Columns("n int, model int, profile bytes, low int, high int"))
	for n, k := range order {
		moments := *v.by[k]
		low, high := moments[0].at, moments[0].at
		for _, m := range moments {
			low, high = min(low, m.at), max(high, m.at)
		}
		keys.Add(n, k.model, k.profile[:], low-pause, high+pause)
	}
	out := map[visitor][]*visit{}
	err := tx.Lookup(ctx, keys, `
		SELECT k.n, v.started_at, v.last_at, v.shard, v.seen, v.viewed_at, v.added_at, v.checkout_at, v.ordered_at, v.failed_at, v.failure
		FROM k CROSS JOIN visit v WHERE v.model = k.model AND v.profile = k.profile AND v.started_at <= k.high
			AND v.started_at >= coalesce((SELECT max(x.started_at) FROM visit x
				WHERE x.model = k.model AND x.profile = k.profile AND x.started_at <= k.low), k.low)`,
		func(r *sql.Rows) error {
			var n int
			var x visit
			err := r.Scan(&n, &x.start, &x.last, &x.shard, &x.seen,
				&x.at[viewed], &x.at[added], &x.at[checkout], &x.at[ordered], &x.at[failed], &x.failure)
			x.profile, x.stored = order[n].profile, x.start
			out[order[n]] = append(out[order[n]], &x)
			return err
		})
	return out, err
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
