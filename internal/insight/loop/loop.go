// Package loop writes to the customers whom an incident hit, when it is mended, and
// hears from them whether it is.
//
// A person prepares a letter, in the languages of those whom it goes to, and another
// one approves it. Each customer gets it once: a row says who was written to, and the
// message's key names incident and customer. Whether a customer may be written to is
// looked at when it is approved, and again by May when the mail is sent.
//
// Where many were hit, a tenth is left alone, chosen by a hash of incident and
// customer, so that it can be seen whether the letter brought people back. The mail
// leads to a page that asks one question; its answer is an event like those of
// surveys, and so an opinion.
package loop

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/workspace"
)

var (
	// ErrLink says that a link from a letter is over, or was never given.
	ErrLink = errors.New("this link is not valid any more")
	// ErrLong says that a customer added more than MaxSaid characters to an answer.
	ErrLong = errors.New("the words of an answer are too many")
	// ErrChanged says that a colleague changed the letter after the version that was
	// looked at.
	ErrChanged = incident.ErrChanged
	// ErrState says that the incident is not mended yet, so that nobody can be told so.
	ErrState = incident.ErrState
)

// Store prepares letters, sends them and hears their answers.
type Store struct {
	DB        *db.DB
	Now       func() time.Time // nil: the machine's clock
	Incidents *incident.Store
	Out       incident.Outbox
	Stops     func(ctx context.Context, workspace int64, addresses []string) (map[string]string, error) // deliver.Store.Stops
	Sealer    deliver.Sealer                                                                            // of links
	URL       func() string                                                                             // where people reach this Dhvani; nil or "": letters ask nothing

	// Act appends an event to the log and returns when it is visible.
	Act func(ctx context.Context, e event.Event) error
}

func (s *Store) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Store) customers() *customer.Store { return &customer.Store{DB: s.DB} }
func (s *Store) opinions() feedback.Store   { return feedback.Store{DB: s.DB} }
func (s *Store) orders() order.Store        { return order.Store{DB: s.DB} }

// The kinds of message.
const (
	ServiceKind = "dhvani.loop.service"
	OfferKind   = "dhvani.loop.offer"
)

// Text is what a letter says in a language.
type Text struct {
	Subject string `json:"subject"`
	Text    string `json:"text"` // lines are kept; an empty one divides paragraphs
}

// First is the first paragraph, which says what was wrong.
func (t Text) First() string {
	first, _, _ := strings.Cut(t.Text, "\n\n")
	return first
}

// Letter is what is written to those whom an Insight hit.
type Letter struct {
	Insight     string
	Destination string // id of the one for mails that it goes by
	Offer       bool   // it makes an offer, so it needs consent to marketing
	Claimed     bool   // it goes to addresses too that nobody vouched for
	Fallback    locale.Lang
	Texts       map[locale.Lang]Text
	Version     int64 // 0: nobody saved it yet
	PreparedAt  time.Time
	PreparedBy  string // account
	ApprovedAt  time.Time
	ApprovedBy  string
}

// kind is that of the letter's messages.
func (l *Letter) kind() string {
	if l.Offer {
		return OfferKind
	}
	return ServiceKind
}

// The most that a letter may have, in characters.
const (
	MaxSubject = 150
	MaxText    = 4000
)

// arm is a group of customers that are compared.
type arm int

const (
	written  arm = iota // where nobody was held out
	compared            // written to, while others were held out
	heldOut
)

const (
	// compareFrom is how many must be hit for some to be held out: with fewer, a
	// tenth is too few to see anything.
	compareFrom = 200
	// heldOneIn is how many there are for each who is held out.
	heldOneIn = 10
	// backWithin is the time in which an order counts as coming back.
	backWithin = 7 * 24 * time.Hour
	// linkHolds is how long a link in a letter can be used.
	linkHolds = 30 * 24 * time.Hour
)

// isHeldOut says whether a customer is one of the tenth that is held out.
func isHeldOut(workspace int64, insight string, customer event.ID) bool {
	h := event.NewID(workspace, "loop", insight, customer.String())
	return (int(h[14])<<8|int(h[15]))%heldOneIn == 0
}

func flaw(code, english string) error {
	return workspace.Flaw{Code: code, Invalid: workspace.Invalid(english)}
}

// mended reports whether customers can be told that an Insight is mended.
func mended(in *incident.Insight) bool {
	return (in.State == incident.Recovered || in.State == incident.Resolved) && !in.Finding.Good && in.Verdict == ""
}

// Possible reports whether there can be a letter about an Insight at all: about a
// trouble that customers met, and that lives on in no other.
func Possible(in *incident.Insight) bool {
	return !in.Finding.Good && in.State != incident.Merged && in.Finding.Hit > 0 && in.Verdict == ""
}

// Mended reports whether it can be approved now.
func Mended(in *incident.Insight) bool { return Possible(in) && mended(in) }
