// Package insight keeps signals: what is counted of a shop's events by minute,
// by quarter of an hour and by day, in the transaction that stores the events.
// docs/insight.md says how each number is counted.
//
// A signal has a name, and may be divided by labels: failed checkouts by payment
// method and reason. Minutes are kept for two days; quarters stay, because
// they fit every time zone's hours and days, as do days of UTC, which make sums
// over weeks cheap. Late events go to the time they tell.
//
// Signals are derived rows: what is counted is a function of the set of events.
// Visits, orders and opinions change as events come in, so a change takes the
// old count back and adds the new one. Where a slot of a signal has more labels
// than are kept, the first ones by arrival in the shard stay, and the others are
// counted as one.
package insight

import "time"

// Name is the name of a signal.
type Name string

// The signals.
const (
	Visits    Name = "visit"     // visits that began
	Viewed    Name = "view"      // visits that came to look at a product
	Added     Name = "cart"      // that put something into the cart
	Checkouts Name = "checkout"  // that began a checkout
	Bought    Name = "bought"    // that ended in an order
	Failed    Name = "failed"    // whose checkout failed, by payment method and reason of the first failure
	Recovered Name = "recovered" // of those, that ended in an order all the same; likewise
	Here      Name = "here"      // by the time of their last event
	Paying    Name = "paying"    // likewise, of those between checkout and order

	Orders Name = "order" // placed, each once, by currency, with their money
	Paid   Name = "paid"  // the same orders by payment method

	Searches  Name = "search"       // each search
	NotFound  Name = "not_found"    // searches without result, by what was searched
	ItemsSold Name = "item_sold"    // pieces of ordered products, by product
	ItemsSeen Name = "item_viewed"  // views of products, by product
	Glad      Name = "voice_good"   // opinions by how they sound
	Even      Name = "voice_even"   // neither good nor bad
	Upset     Name = "voice_bad"    //
	Unrated   Name = "voice_untold" // without a rating

	// Waiting is how many chats wait for an answer: a slot counts each by the minutes of it
	// in which it did. It stands among the counts of outcomes (waiting.go).
	Waiting Name = "waiting"
)

// Grain is how long a slot is, in minutes.
type Grain int64

// The grains.
const (
	Minute  Grain = 1
	Quarter Grain = 15
	Day     Grain = 24 * 60
)

func (g Grain) micros() int64 { return int64(g) * minute }

// slot is when the slot that a time falls into begins.
func (g Grain) slot(at int64) int64 {
	m := g.micros()
	if at < 0 {
		at -= m - 1
	}
	return at / m * m
}

const (
	minute  = int64(time.Minute / time.Microsecond)
	pause   = 30 * minute      // ends a visit
	fine    = 48 * 60 * minute // how long what is not kept for ever stays
	pruning = 6 * 60 * minute  // fine signals go so much at a time

	// rest is the label of all labels that are not kept.
	rest = "*"
)

// spec says how a signal is kept.
type spec struct {
	name   Name
	grains []kept
	labels int64 // how many a slot may have in a shard, 0 for a signal that is not divided
}

type kept struct {
	grain Grain
	fine  bool // for two days only
}

var (
	ages  = []kept{{Minute, true}, {Quarter, false}, {Day, false}}
	brief = []kept{{Minute, true}}
	items = []kept{{Quarter, true}, {Day, false}}
)

// specs are all signals, in the order of their names.
var specs = []spec{
	{Visits, ages, 0}, {Viewed, ages, 0}, {Added, ages, 0}, {Checkouts, ages, 0}, {Bought, ages, 0},
	{Failed, ages, 100}, {Recovered, ages, 100}, {Here, brief, 0}, {Paying, brief, 0},
	{Orders, ages, 20}, {Paid, ages, 100}, {Searches, ages, 0}, {NotFound, items, 200},
	{ItemsSold, items, 2000}, {ItemsSeen, items, 2000},
	{Glad, ages, 0}, {Even, ages, 0}, {Upset, ages, 0}, {Unrated, ages, 0},
}

var specOf = func() map[Name]*spec {
	m := map[Name]*spec{}
	for i := range specs {
		m[specs[i].name] = &specs[i]
	}
	return m
}()
