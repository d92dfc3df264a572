package insight

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/order"
)

// watched gathers the outcomes of a batch.
type watched struct {
	shard    int
	seen     *seen
	told     []told         // events about checkouts and orders, in log order
	lines    []line         // of chats, likewise
	pages    []*event.Event // that may disturb a checkout
	opinions map[subject]*event.Event
	minutes  map[waitedMinute]int64 // for which chats waited that do not any more
	outcomes []Outcome
	places   []values // the outcomes' dimensions
	owners   []int64  // and workspaces
	trails   *trails
	news     map[int64]int64        // the day of each workspace's latest event
	last     map[int64]*event.Event // and that event

	prices    map[priceKey][]sawPrice
	sightings map[sightingKey]sighting
}

// told is what an event says of a checkout or order.
type told struct {
	e                     *event.Event
	verb                  event.Verb
	p                     event.Object
	order, checkout, cart event.ID // hashes of its ids, zero for none
}

func newWatched(shard int, s *seen) *watched {
	return &watched{shard: shard, seen: s, opinions: map[subject]*event.Event{}, minutes: map[waitedMinute]int64{}, trails: newTrails(), news: map[int64]int64{}, last: map[int64]*event.Event{},
		prices: map[priceKey][]sawPrice{}, sightings: map[sightingKey]sighting{}}
}

// outcome keeps what an event ended in.
func (w *watched) outcome(e *event.Event, o Outcome, d values) {
	o.Position, o.At, o.History = e.Position, cmp.Or(o.At, e.At), late(e)
	if o.Profile.IsZero() {
		o.Profile = e.Profile()
	}
	w.outcomes, w.places, w.owners = append(w.outcomes, o), append(w.places, d), append(w.owners, e.Workspace)
}

// late reports whether an event is too old to alarm anybody.
func late(e *event.Event) bool {
	return e.Has(event.History) || e.ReceivedAt-e.At > int64(time.Hour/time.Microsecond)
}

// sender tells what sent an event, as far as the event does.
func sender(e *event.Event) string {
	library := event.ParseObject(event.ParseObject(e.Context).Get("library")).Text("name")
	if library = short(library); library == "" {
		return e.Source
	}
	return e.Source + " " + library
}

// add takes an event that may end something, and the opinions that it holds.
func (w *watched) add(e *event.Event, opinions []feedback.Row) {
	if day := dayOf(e); day > w.news[e.Workspace] {
		w.news[e.Workspace] = day
	}
	if l := w.last[e.Workspace]; l == nil || e.At >= l.At {
		w.last[e.Workspace] = e
	}
	if e.Context != "" {
		w.sight(e)
	}
	for _, r := range opinions {
		if k := (subject{e.Model, r.ID}); w.opinions[k] == nil {
			w.opinions[k] = e
		}
	}
	switch v := e.Verb(); v {
	case event.CheckoutStarted, event.CheckoutStepViewed, event.CheckoutStepCompleted, event.PaymentInfoEntered, event.CheckoutFailed,
		event.OrderCompleted, event.OrderShipped, event.OrderDelivered, event.OrderReturned, event.OrderRefunded, event.OrderCancelled:
		t := told{e: e, verb: v, p: event.ParseObject(e.Properties)}
		if id := identifier(t.p, "order_id", "orderId"); id != "" {
			t.order = orderName(e.Workspace, id)
		} else if v == event.OrderCompleted {
			t.order, _ = order.Row(e)
		}
		if id := identifier(t.p, "checkout_id", "checkoutId"); id != "" {
			t.checkout = event.NewID(e.Workspace, "checkout", id)
		}
		if id := identifier(t.p, "cart_id", "cartId"); id != "" {
			t.cart = event.NewID(e.Workspace, "cart", id)
		}
		w.told = append(w.told, t)
	case event.ChatSent, event.ChatReceived, event.ChatEnded:
		w.chat(e, v)
	case event.OtherVerb:
		if e.Type == event.Track {
			w.page(e)
		}
	}
}

// search makes the outcome of a search.
func (w *watched) search(e *event.Event, notFound bool, query string) {
	var d values
	if notFound {
		d[inQuery] = query
	}
	w.outcome(e, Outcome{Kind: SearchMade, Bad: float64(bit(notFound))}, d)
}

// orderName is the name by which an order's id leads to a trail.
func orderName(workspace int64, id string) event.ID { return event.NewID(workspace, "order", id) }

func identifier(p event.Object, names ...string) string {
	if t := p.First(names...); len(t) <= maxIdentifier {
		return t
	}
	return ""
}

const maxIdentifier = 512 // bytes

// names are the names by which an event may find its trail; true for those that
// it may write.
func (t *told) names(into map[trailKey]bool) {
	ws := t.e.Workspace
	for _, id := range [...]event.ID{t.order, t.checkout, t.cart} {
		if !id.IsZero() {
			into[trailKey{ws, id}] = true
		}
	}
	switch t.verb {
	case event.OrderCompleted:
		for _, p := range profiles(t.e) {
			if k := (trailKey{ws, p}); !into[k] {
				into[k] = false
			}
		}
	case event.OrderShipped, event.OrderDelivered, event.OrderReturned, event.OrderRefunded, event.OrderCancelled:
	default:
		if t.order.IsZero() {
			into[trailKey{ws, t.e.Profile()}] = true
		}
	}
}

// profiles are those of the user and of the browser that an event names.
func profiles(e *event.Event) []event.ID {
	list := []event.ID{e.Profile()}
	if e.UserID != "" && e.AnonymousID != "" {
		list = append(list, event.ProfileID(e.Workspace, event.AnonymousProfile, e.AnonymousID))
	}
	return list
}

// visitPause is how long a checkout without ids goes on for a customer of whom
// nothing more is heard.
const visitPause = 2 * 60 * minute

// trail finds the trail of an event, or begins one; nil where an order's later
// event names no order.
func (w *watched) trail(t *told) *trail {
	ws, s := t.e.Workspace, w.trails
	var found *trail
	for i, id := range [...]event.ID{t.order, t.checkout, t.cart} {
		if id.IsZero() {
			continue
		}
		x := s.find(trailKey{ws, id})
		switch {
		case x == nil || x == found:
			continue
		case i > 0 && !t.order.IsZero() && !x.placed.IsZero() && x.placed != t.order:
			continue // it was another order of this checkout or cart
		case i == 2 && x.has(hasEnded) && (x.placed != t.order || t.order.IsZero()):
			continue
		case found == nil:
			found = x
		case i == 1: // both names are one checkout's
			s.absorb(found, x)
		}
	}
	if found == nil && (t.order.IsZero() || t.verb == event.OrderCompleted) {
		for _, p := range profiles(t.e) {
			x := s.find(trailKey{ws, p})
			if x != nil && !x.has(hasEnded) && x.placed.IsZero() && t.e.At-x.at < visitPause && x.at-t.e.At < visitPause {
				found = x
				break
			}
		}
	}
	if found == nil {
		id := cmp.Or(t.order, t.checkout)
		if id.IsZero() && t.cart.IsZero() && orderLater(t.verb) {
			return nil
		}
		if id.IsZero() || s.find(trailKey{ws, id}) != nil {
			h := t.e.MessageHash()
			id = event.NewID(ws, "trail", h.String())
		}
		found = s.begin(trailKey{ws, id})
		found.profile = t.e.Profile()
	}
	if !t.order.IsZero() && found.placed.IsZero() {
		found.placed = t.order
	}
	for _, id := range [...]event.ID{t.order, t.checkout} {
		if !id.IsZero() {
			s.link(trailKey{ws, id}, found)
		}
	}
	if !orderLater(t.verb) {
		if !t.cart.IsZero() {
			s.link(trailKey{ws, t.cart}, found)
		}
		if t.order.IsZero() && t.verb != event.OrderCompleted {
			s.link(trailKey{ws, t.e.Profile()}, found)
		}
	}
	s.touch(found, t.e)
	if p := t.e.Profile(); p.IsUser() && !found.profile.IsUser() {
		found.profile = p
	}
	return found
}

func orderLater(v event.Verb) bool {
	switch v {
	case event.OrderShipped, event.OrderDelivered, event.OrderReturned, event.OrderRefunded, event.OrderCancelled:
		return true
	}
	return false
}

// apply finds out how things ended and writes it. It comes after the batch was
// counted: opinions are taken as they stand then.
func (w *watched) apply(ctx context.Context, tx *db.Tx, heard map[subject]*opinion, visits map[visitor][]*visit) error {
	names, day := map[trailKey]bool{}, int64(0)
	for i := range w.told {
		w.told[i].names(names)
		day = max(day, dayOf(w.told[i].e))
	}
	for k, o := range heard {
		if e := w.opinions[k]; e != nil && o.order != "" {
			k := trailKey{e.Workspace, orderName(e.Workspace, o.order)}
			if !names[k] {
				names[k] = false
			}
		}
	}
	if err := w.trails.load(ctx, tx, names, day); err != nil {
		return err
	}
	known, err := w.acquaintances(ctx, tx, heard)
	if err != nil {
		return err
	}
	zones := zones{}
	for i := range w.told {
		t := &w.told[i]
		x := w.trail(t)
		if x == nil {
			continue
		}
		if err := w.tell(ctx, tx, t, x, known, zones); err != nil {
			return err
		}
	}
	w.hear(heard, known)
	if err := errors.Join(w.answers(ctx, tx), w.pageOutcomes(ctx, tx, visits)); err != nil {
		return err
	}
	if err := w.trails.store(ctx, tx); err != nil {
		return err
	}
	if err := w.timePassed(ctx, tx); err != nil {
		return err
	}
	changes := map[int64][]Change{}
	if err := errors.Join(w.applyPrices(ctx, tx, changes), w.applySightings(ctx, tx, changes)); err != nil {
		return err
	}
	if err := seenChanges(ctx, tx, changes); err != nil {
		return err
	}
	return w.write(ctx, tx)
}

// hear makes outcomes of the batch's opinions, in log order.
func (w *watched) hear(heard map[subject]*opinion, known acquaintances) {
	var list []subject
	for k := range w.opinions {
		if heard[k] != nil {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b subject) int {
		return cmp.Or(cmp.Compare(w.opinions[a].Position, w.opinions[b].Position), compareSubjects(a, b))
	})
	for _, k := range list {
		w.voice(w.opinions[k], k.id, heard[k], known)
	}
}
