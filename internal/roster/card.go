// Package roster is the list of a shop's customers: one card for each, made from
// what the rooms customer, order and feedback know of them, by which a million
// can be searched, filtered and sorted without reading all.
//
// A card is a function of the rows it is made from. Its Stage is the last of a
// batch: it makes anew the cards of customers of whom traits, orders, opinions or
// profiles changed, of others only the part that did. Events that only say that
// somebody is there, as most do, write a card at most once in five minutes.
//
// Who is searched for is found by words that begin like those of the query: of
// names and other traits, in any script; by the beginning of an e-mail address,
// phone number or handle; and by an exact user id, anonymous id or order number.
package roster

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/order"
)

// grain is how exact last_seen is, in microseconds.
const grain = 5 * 60 * 1_000_000

// coarse is the beginning of a time's grain.
func coarse(at int64) int64 { return at - ((at%grain)+grain)%grain }

// unrated is the rating of who said nothing with a mood; the others are moodSpan times
// their mood and, within it, how high they are.
const (
	unrated  = -1
	moodSpan = 2_000_000
	full     = 1_000_000 // the highest within a mood
)

var moods = []string{string(feedback.Bad), string(feedback.Neutral), string(feedback.Good)}

// channels are the bits of the column channels, in order; never change it.
var channels = []string{feedback.Survey, feedback.Review, feedback.Chat, feedback.Social, feedback.Email, feedback.InStore}

// card is a row of customer_card on its way.
type card struct {
	event.Key
	need        need
	known       bool // has events
	first, last int64
	names       customer.Names
	orders      int64
	spend       int64
	currency    string
	opinions    int64
	channels    int64
	rating      int64
	lastOpinion event.ID
	terms       string

	spent   map[string]*spent
	said    mark // of the last opinion
	ratedAt mark // of the last that has a mood
	words   wordSet
}

// spent is what was bought in one currency.
type spent struct{ orders, amount int64 }

// mark orders opinions: by time, then by id.
type mark struct {
	at int64
	id event.ID
}

func (m mark) compare(o mark) int {
	return cmp.Or(cmp.Compare(m.at, o.at), bytes.Compare(m.id[:], o.id[:]))
}

func newCard(k event.Key) *card {
	return &card{Key: k, rating: unrated, spent: map[string]*spent{}, words: wordSet{}}
}

func (c *card) addProfile(p customer.Seen) {
	if !c.known || p.First < c.first {
		c.first = p.First
	}
	if !c.known || p.Last > c.last {
		c.last = p.Last
	}
	c.known = true
	if p.ID.IsUser() {
		c.words.addWhole(p.Value)
	}
}

func (c *card) addPurchase(p order.Purchase) {
	c.orders++
	s := c.spent[p.Currency]
	if s == nil {
		s = &spent{}
		c.spent[p.Currency] = s
	}
	s.orders++
	s.amount = add(s.amount, p.Spent)
}

// add adds two amounts, and stops at the largest.
func add(a, b int64) int64 {
	s := a + b
	switch {
	case a > 0 && b > 0 && s < 0:
		return 1<<63 - 1
	case a < 0 && b < 0 && s >= 0:
		return -1 << 63
	}
	return s
}

func (c *card) addVoice(v feedback.Voice) {
	m := mark{v.At, v.ID}
	if c.opinions == 0 || m.compare(c.said) > 0 {
		c.said, c.lastOpinion = m, v.ID
	}
	c.opinions++
	if i := slices.Index(channels, v.Channel); i >= 0 {
		c.channels |= 1 << i
	}
	mood := slices.Index(moods, v.Mood)
	if mood >= 0 && (c.rating == unrated || m.compare(c.ratedAt) > 0) {
		c.ratedAt, c.rating = m, int64(mood)*moodSpan+min(max(v.Share, 0), full)
	}
}

// finish fills what follows from the rest.
func (c *card) finish() {
	most := &spent{}
	for _, currency := range slices.Sorted(keysOf(c.spent)) {
		if s := c.spent[currency]; s.orders > most.orders {
			most, c.currency = s, currency
		}
	}
	c.spend = most.amount
	c.last = coarse(c.last)
	c.terms = c.words.String()
}

// nameKey is by what a name sorts.
func (c *card) nameKey() string {
	if c.names.Shown == "" {
		return last
	}
	return cut(strings.TrimSpace(fold(c.names.Shown)), 100)
}

// last sorts after every name.
const last = "\U0010fffd"

// found lists the words to be found by.
func (c *card) found() []string { return strings.Fields(c.terms) }
