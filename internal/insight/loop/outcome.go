package loop

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/order"
)

// Share is how many of some customers came back, with its 95 % interval.
type Share struct {
	N, Back   int
	Low, High float64
}

// Value is the share itself.
func (s Share) Value() float64 {
	if s.N == 0 {
		return 0
	}
	return float64(s.Back) / float64(s.N)
}

// Outcome is what came of a letter.
type Outcome struct {
	Written int // customers
	Held    int
	Yes     int
	NotYet  int
	Back    Share     // of all who were written to
	Until   time.Time // when the last of them has had seven days

	// Compared says whether some were held out to compare with. Then With and Without
	// are the two groups, and Gain is by how much more of the written came back.
	Compared        bool
	With, Without   Share
	Gain, Low, High float64
}

// Over reports whether everybody has had the time to come back.
func (o *Outcome) Over(now time.Time) bool { return !now.Before(o.Until) }

// Outcome tells what came of the letter about an Insight. Everybody counts in the group
// that they were put into, also where their mail did not arrive: else those groups
// would not be alike.
func (s *Store) Outcome(ctx context.Context, workspace int64, insight string) (o *Outcome, err error) {
	o = &Outcome{}
	var spans []order.Span
	var arms []arm
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT customer, at, arm, answer FROM loop_customer WHERE workspace = $1 AND insight = $2 ORDER BY customer", []any{workspace, insight}, func(rows *sql.Rows) error {
			var id []byte
			var at int64
			var a arm
			var answer string
			if err := rows.Scan(&id, &at, &a, &answer); err != nil {
				return err
			}
			if len(id) != len(event.ID{}) {
				return fmt.Errorf("a row of loop_customer is damaged")
			}
			end := time.UnixMicro(at).Add(backWithin)
			spans, arms = append(spans, order.Span{Profile: event.ID(id), From: at, To: end.UnixMicro()}), append(arms, a)
			if end.After(o.Until) {
				o.Until = end
			}
			switch answer {
			case Yes:
				o.Yes++
			case NotYet:
				o.NotYet++
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read what came of a letter: %w", err)
	}
	_, ordered, err := s.orders().Last(ctx, workspace, spans)
	if err != nil {
		return nil, err
	}
	for i, a := range arms {
		if a == heldOut {
			o.Held++
			o.Without.add(ordered[i])
			continue
		}
		o.Written++
		o.Back.add(ordered[i])
		if a == compared {
			o.With.add(ordered[i])
		}
	}
	for _, share := range []*Share{&o.Back, &o.With, &o.Without} {
		share.Low, share.High = wilson(share.Back, share.N)
	}
	if o.Compared = o.With.N > 0 && o.Without.N > 0; o.Compared {
		o.Gain, o.Low, o.High = gain(o.With, o.Without)
	}
	return o, nil
}

func (s *Share) add(back bool) {
	s.N++
	if back {
		s.Back++
	}
}

// z is the 97.5 % point of the normal distribution: all intervals are of 95 %.
const z = 1.959964

// wilson is Wilson's score interval for a share (E. B. Wilson, JASA 22, 1927).
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	m := float64(n)
	p := float64(k) / m
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(min(centre-half, p), 0), min(max(centre+half, p), 1)
}

// gain is the difference of two shares with Newcombe's interval, his method 10 (R. G.
// Newcombe, Statistics in Medicine 17, 1998), which holds for few customers and for
// shares near 0 too.
func gain(a, b Share) (d, low, high float64) {
	p, q := a.Value(), b.Value()
	d = p - q
	return d, d - math.Hypot(p-a.Low, b.High-q), d + math.Hypot(a.High-p, q-b.Low)
}
