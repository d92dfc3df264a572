package watch

import (
	"context"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// How many chats wait for an answer is watched as a count of the half hours for which
// they do. Each customer is worth at most one of them, so these scatter no more than a Poisson count of
// customers, however often the same ones are seen in the queue from look to
// look (docs/insight.md).

// leastWaits are the minutes of history in which somebody waited, before it is known what is usual.
const leastWaits = 40

// unit is how many of what is counted are one for the detector: chats are counted by
// the minute in which they wait.
func (g *signal) unit() float64 {
	if g.count == insight.Waiting {
		return insight.LongestWait.Minutes()
	}
	return 1
}

// atOnce turns the half hours in an hour into how many chats wait at a time, which is what
// people read.
func (g *signal) atOnce(sign *incident.Sign) {
	if g.count == insight.Waiting {
		k := insight.LongestWait.Hours()
		sign.Expected, sign.Low, sign.High = k*sign.Expected, k*sign.Low, k*sign.High
	}
}

// waitsSeen reports whether enough is known of how many chats wait: in shops whose
// answers are not seen nothing is.
func waitsSeen(ctx context.Context, tx *db.Tx, r Records, workspace, from, to int64) (bool, error) {
	by, err := r.Series(ctx, tx, workspace, []insight.Name{insight.Waiting}, from, to, insight.Day)
	n := int64(0)
	for _, x := range by[insight.Waiting] {
		n += x.N
	}
	return n >= leastWaits, err
}

// waits feeds how many chats wait now, for the time since the last look, in hours.
func (s *shop) waits(ctx context.Context, tx *db.Tx, r Records, at int64, hours float64, lost bool) error {
	g := s.signals[counted+string(insight.Waiting)]
	if g == nil {
		return nil
	}
	m := s.moment(at)
	if lost {
		g.tally.Skip(m)
		return nil
	}
	w, err := r.Waits(ctx, tx, s.workspace, at)
	if err != nil {
		return err
	}
	g.feed(m, float64(w.Fresh)*hours/insight.LongestWait.Hours(), 1)
	return nil
}
