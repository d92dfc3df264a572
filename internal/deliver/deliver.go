// Package deliver is the one way out: what leaves Dhvani is a row of the outbox,
// written in the transaction that decided it, and sent by a pool of workers.
//
// One decision makes one message. Its id is a hash of the workspace and of the
// key that names the decision, so the same decision made twice is one row, and
// every attempt carries the same webhook-id or Message-ID. A message is sent at
// least once: what was on its way when a process was killed goes again, with its
// id, and nothing else does.
//
// A destination is sent to by one process at a time (a lane, held by a lease), so
// that its limits hold whatever the number of nodes and no message is sent by two
// at once. What fails is tried again over 75 hours; what fails for good is a dead
// letter, until staff let it be tried again.
//
// How a kind of destination is spoken to stands in the rooms inside this one.
package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/workspace"
)

// Kind is a kind of destination.
type Kind string

// The kinds.
const (
	Email    Kind = "email"
	Webhook  Kind = "webhook"
	Slack    Kind = "slack"
	Teams    Kind = "teams"
	Telegram Kind = "telegram"
)

// State is where a message stands.
type State string

// The states.
const (
	Open     State = "open"     // it waits for its time, or is on its way
	Sent     State = "sent"     // the other side took it
	Dead     State = "dead"     // it is not tried any more
	Returned State = "returned" // an e-mail that the other side took and sent back, or complained of
)

// ErrNotFound says that there is no such destination or message.
var ErrNotFound = errors.New("not found")

func flaw(code, english string) error {
	return workspace.Flaw{Code: code, Invalid: workspace.Invalid(english)}
}

// Message is what is put into the outbox.
type Message struct {
	Workspace   int64
	Destination string // id
	Key         string // names the decision that it follows from; the same key is the same message
	Kind        string // what it says, such as insight.opened
	Body        []byte // as the destination's kind writes it (webhook.Event, email.Mail)

	Receiver  string    // an e-mail address, where the destination is not the receiver itself
	About     string    // id of the customer whose data it holds, "" for none; Forget finds it by this
	Zone      string    // the receiver's time zone, where the message may wait for the end of quiet hours
	Bulk      bool      // one of many, which go after everything else
	NotBefore time.Time // zero: now
}

// MaxBody is how long a message's body may be, in bytes.
const MaxBody = 4 << 20

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// ID returns the id of the message that a key stands for. It has no dots, as
// Standard Webhooks asks.
func ID(workspace int64, key string) string {
	h := sha256.Sum256([]byte("outbox\x00" + strconv.FormatInt(workspace, 10) + "\x00" + key))
	return "msg_" + strings.ToLower(encoding.EncodeToString(h[:16]))
}

// Parcel is a message on its way.
type Parcel struct {
	Workspace int64
	ID        string
	Kind      string
	Receiver  string
	Body      []byte
	CreatedAt time.Time
	Attempt   int // 1 for the first
}

// Outcome is how an attempt ended. The zero Outcome is a success.
type Outcome struct {
	Failure   string        // in a word and without personal data; "" for success
	Status    int           // that the other side answered, 0 for none
	Permanent bool          // it will not be otherwise the next time
	Gone      bool          // the destination asks for nothing more, ever
	Busy      bool          // the destination asks for less: the others wait too
	Wait      time.Duration // how long the other side asks to wait
}

// Sender speaks to one kind of destination.
type Sender interface {
	// Check refuses settings and secrets that cannot work.
	Check(d *Destination) error
	// Trial writes the body of a message that shows that a destination works.
	Trial(d *Destination, id string, at time.Time) (body []byte, err error)
	// Send makes one attempt. It ends when ctx does.
	Send(ctx context.Context, d *Destination, p *Parcel) Outcome
}

// schedule is how long each try waits after the one before, as Standard Webhooks
// proposes: 75 hours in all.
var schedule = [...]time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// again returns when to try again after so many attempts, or false where that was
// the last one. jitter is from 0 to 1: a tenth of the time is left to it, so that
// what failed together does not come back together.
func again(attempts int, wait time.Duration, jitter float64) (time.Duration, bool) {
	if attempts >= len(schedule) {
		return 0, false
	}
	d := schedule[attempts]
	d += time.Duration(float64(d) * (jitter - 0.5) / 5)
	return max(d, min(wait, maxWait)), true
}

// maxWait bounds how long another side may ask to wait.
const maxWait = 24 * time.Hour
