// Package incident keeps Insights: what the watch noticed, from the moment it is
// noticed until it is mended and the customers know. An Insight is the only
// thing that is stored; people see it under the name of an incident.
//
// The watch opens, grows, merges and recovers Insights in the transaction that
// moves its own cursor, so neither a crash nor a second node opens one twice; who
// must be told is written to the outbox in that same transaction. What staff do
// with an Insight is theirs, as cases of opinions are. What they say of it that
// detectors learn from (Verdict) is an event of the log.
package incident

import (
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/impact"
)

// Kind is what a trouble, or good news, is about; it picks title and playbook.
type Kind string

// The kinds.
const (
	Checkout Kind = "checkout" // checkouts fail, whatever the way to pay
	Payment  Kind = "payment"  // a way to pay fails
	Orders   Kind = "orders"   // orders, checkouts or visits stop coming, or fewer come
	Traffic  Kind = "traffic"  // many more come than usual: a post, a campaign
	Delivery Kind = "delivery" // parcels are late or do not come
	Product  Kind = "product"  // a product disappoints: opinions, ratings, returns
	Price    Kind = "price"    // customers speak of the price
	Stock    Kind = "stock"    // what is wanted is not there
	Search   Kind = "search"   // searches find nothing
	Reviews  Kind = "reviews"  // a flood of ratings of one product by strangers
	Flood    Kind = "flood"    // one sender repeats itself
	Topic    Kind = "topic"    // opinions on any other topic
	Score    Kind = "score"    // a score moved
	Phrase   Kind = "phrase"   // many write the same new words
	Service  Kind = "service"  // replies are waited for
	Page     Kind = "page"     // errors or slowness at checkout
)

// State is where an Insight stands.
type State string

// The states. The statistics set Recovered and, when it comes back, Open again; a
// person sets Acknowledged and Resolved; 24 hours after it recovered it is Resolved
// by itself.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged"
	Recovered    State = "recovered"
	Resolved     State = "resolved"
	Merged       State = "merged" // it lives on in another
)

// Severity says how much is at stake. Good news has none.
type Severity int

// The severities.
const (
	NoSeverity Severity = iota
	Low
	Medium
	High
	Critical
)

// ByStrangers is what a sign is restricted to, beside a product, that counts ratings by people who have no order.
var ByStrangers = cause.Pair{Dim: string(insight.DimBuyer), Value: "stranger"}

// Sign is one signal that shows it.
type Sign struct {
	Signal   string              `json:"signal"` // name of the watch: checkout, opinion/topic=payment, orders ...
	Outcome  insight.OutcomeKind `json:"outcome,omitzero"`
	Name     insight.Name        `json:"name,omitzero"` // of the counted signal, where it is a count
	Of       []cause.Pair        `json:"of,omitzero"`   // what the signal is restricted to
	Up       bool                `json:"up"`
	Since    int64               `json:"since"`
	Noticed  int64               `json:"noticed"`
	Evidence float64             `json:"evidence"` // e-value
	Expected float64             `json:"expected"` // the usual share, or events an hour
	Low      float64             `json:"low"`      // band in which it is usual
	High     float64             `json:"high"`
	Observed float64             `json:"observed"` // since then, in the same unit
	N        float64             `json:"n"`        // attempts since then; hours for a count
	Excess   float64             `json:"excess"`   // beyond the usual
	Ended    int64               `json:"ended,omitzero"`
}

// Change is something that the shop changed.
type Change = insight.Change

// Finding is what the watch says of an Insight, as of now.
type Finding struct {
	Kind    Kind          `json:"kind"`
	Good    bool          `json:"good"`  // good news
	Theme   string        `json:"theme"` // what it has in common with those that it merges with
	Since   int64         `json:"since"` // when it began, microseconds UTC
	First   int64         `json:"first"` // the first sign of it, a failed customer
	Noticed int64         `json:"noticed"`
	Signs   []Sign        `json:"signs"`  // the strongest first
	Causes  []cause.Cause `json:"causes"` // the best first
	Sure    bool          `json:"sure"`   // of the causes; false: not sure yet
	Reasons []Reason      `json:"reasons,omitzero"`
	Changes []Change      `json:"changes,omitzero"` // just before, the likeliest first
	Hit     int           `json:"hit"`              // customers
	Back    int           `json:"back"`             // of those, who got through after all
	Lost    impact.Lost   `json:"lost"`
	Voices  int           `json:"voices"` // opinions about it
	Upset   int           `json:"upset"`  // negative ones of these
	Phrase  string        `json:"phrase,omitzero"`
	Product string        `json:"product,omitzero"` // name of the product in its causes
}

// Reason is why something failed, and how often since it began.
type Reason struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

// Hit is a customer whom it concerns.
type Hit struct {
	Profile  event.ID
	First    int64 // microseconds UTC
	Last     int64
	Times    int
	Amount   int64 // millionths at stake
	Currency string
	Back     int64 // when it went well after all, 0 for not yet
}

// Insight is a stored one.
type Insight struct {
	Workspace int64
	ID        string
	Number    int // 1, 2, 3 ... in its workspace, for people
	State     State
	Severity  Severity
	Told      bool // people were told; else it stands in the console only
	Finding   Finding

	OpenedAt, AcknowledgedAt, RecoveredAt, ResolvedAt, ChangedAt time.Time // zero where not yet
	Owner                                                        string    // account, "" for nobody
	AcknowledgedBy, ResolvedBy                                   string    // account; "" for Dhvani itself
	SnoozedUntil                                                 time.Time
	MergedInto                                                   string // id
	Reopened                                                     int    // how often
	Version                                                      int64  // grows with each change

	Themes  []string // of those that were merged into it
	Outcome string   // what was done, as who resolved it wrote
	Lesson  string   // what the shop changes, in staff's words
	Verdict string   // id of the verdict that closed it, "" for none

	staffed int64 // the Version that a person made last
}
