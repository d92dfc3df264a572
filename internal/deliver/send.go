package deliver

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
)

// Attempt is a line of a message's log.
type Attempt struct {
	At      int64  `json:"at"` // microseconds
	Millis  int64  `json:"ms"`
	Status  int    `json:"status,omitzero"` // that the other side answered
	Failure string `json:"failure,omitzero"`
}

// maxAttempts are kept in a message's log, the latest.
const maxAttempts = 16

// The failures that are told here; others come from the senders.
const (
	failedInternal = "internal"   // a defect
	failedConsent  = "no_consent" // the customer no longer wants it
)

// send makes one attempt at a message and writes how it ended.
func (l *lane) send(id string) {
	row, ok := l.load(id)
	if !ok {
		return
	}
	if row.stopped == StoppedBounced || row.stopped == StoppedComplaint && row.about != "" {
		l.p.results.write([]result{l.ended(row, Outcome{Failure: failedStopped, Permanent: true}, 0)})
		return
	}
	if row.about != "" && l.p.o.May != nil {
		may, err := l.p.o.May(l.sending, l.at.workspace, row.about, row.Kind)
		if err != nil {
			l.p.o.Logger.Warn("it cannot be looked up whether a message may go; it waits", "message", id, "error", db.Safe(err))
			l.p.results.write([]result{{at: place{l.at.workspace, id}, putOff: l.p.s.now().Add(time.Minute)}})
			return
		}
		if !may {
			l.p.results.write([]result{l.ended(row, Outcome{Failure: failedConsent, Permanent: true}, 0)})
			return
		}
	}
	ctx, cancel := context.WithTimeout(l.sending, attemptFor)
	defer cancel()
	began := time.Now()
	out := l.attempt(ctx, &row.Parcel)
	took := time.Since(began)
	if out.Failure != "" && l.sending.Err() != nil {
		return // ended by us: it does not count
	}
	l.p.metrics.attempt(l.dest.Kind, out, took)
	l.note(out)
	l.p.results.write([]result{l.ended(row, out, took)})
}

// attempt sends, and lives through a sender's panic.
func (l *lane) attempt(ctx context.Context, p *Parcel) (out Outcome) {
	sender := l.p.s.Senders[l.dest.Kind]
	if sender == nil {
		return Outcome{Failure: failedInternal}
	}
	defer func() {
		if x := recover(); x != nil {
			l.p.o.Logger.Error("a sender panicked", "kind", l.dest.Kind, "message", p.ID) // what it says may hold what was written
			out = Outcome{Failure: failedInternal}
		}
	}()
	return sender.Send(ctx, l.dest, p)
}

// note lets the lane go slower where the destination has trouble.
func (l *lane) note(out Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case out.Failure == "" || out.Permanent:
		l.failing = 0
	default:
		l.failing++
	}
	if out.Busy {
		l.rest = time.Now().Add(max(time.Second, min(out.Wait, maxWait)))
	}
	l.over = l.over || out.Gone
}

// row is a message as it is in the outbox.
type row struct {
	Parcel
	about   string
	stopped string // why its receiver gets no mails
	log     []Attempt
}

// load reads an open message with its body.
func (l *lane) load(id string) (*row, bool) {
	r := &row{Parcel: Parcel{Workspace: l.at.workspace, ID: id}}
	var log string
	var created int64
	err := l.p.s.DB.View(l.sending, func(tx *db.Tx) error {
		err := tx.QueryRow(l.sending, "SELECT kind, about, receiver, body, attempts, created_at, log FROM outbox WHERE workspace = $1 AND id = $2 AND state = 'open'",
			l.at.workspace, id).Scan(&r.Kind, &r.about, &r.Receiver, &r.Body, &r.Attempt, &created, &log)
		if err == nil && r.Receiver != "" {
			r.stopped, _, err = stopped(l.sending, tx, l.at.workspace, r.Receiver)
		}
		return err
	})
	if err == nil {
		err = json.Unmarshal([]byte(log), &r.log)
	}
	if err != nil {
		if !db.IsNone(err) && l.sending.Err() == nil {
			l.p.o.Logger.Warn("a message cannot be read", "message", id, "error", db.Safe(err))
			l.pause(askEvery) // it is due still
		}
		return nil, false
	}
	r.Attempt++
	r.CreatedAt = time.UnixMicro(created)
	return r, true
}

// ended is what an attempt makes of a message's row.
func (l *lane) ended(r *row, out Outcome, took time.Duration) result {
	now := l.p.s.now()
	r.log = append(r.log, Attempt{At: now.UnixMicro(), Millis: took.Milliseconds(), Status: out.Status, Failure: out.Failure})
	if extra := len(r.log) - maxAttempts; extra > 0 {
		r.log = r.log[extra:]
	}
	res := result{at: place{r.Workspace, r.ID}, destination: l.at.id, attempts: r.Attempt, state: Sent, due: now, touched: now, failure: out.Failure, log: r.log}
	if out.Failure == "" {
		return res
	}
	wait, more := again(r.Attempt, out.Wait, rand.Float64())
	switch {
	case out.Gone:
		res.state, res.pause = Open, PausedGone
	case out.Permanent || !more:
		res.state = Dead
		l.p.o.Logger.Warn("a message is given up", "message", r.ID, "destination", l.at.id, "attempts", r.Attempt, "failure", out.Failure)
	default:
		res.state, res.due = Open, now.Add(wait)
	}
	return res
}
