package watch

import (
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
)

const (
	mayRepeat = 3  // customers of an hour may say the same thing in the same words
	floodOf   = 25 // copies of one text within floodSpan are a flood
	floodSpan = time.Hour
)

// text is how often the same words came.
type text struct {
	began, last int64
	copies      int      // within an hour
	opinion     event.ID // one of them, to be shown
	key         string   // that sent the first
	told        bool
}

// copied reports whether the words of an opinion came too often within an hour: what
// is said in the same words a thousand times is one customer's, or no customer's.
// Short texts ("good") have no hash of their words and are never copies.
func (s *shop) copied(o *insight.Outcome) bool {
	if o.Words.IsZero() || o.Kind != insight.OpinionGiven && o.Kind != insight.RatingGiven {
		return false
	}
	t, ok := s.texts.get(o.Words)
	if !ok || o.At-t.began > floodSpan.Microseconds() {
		t = &text{began: o.At, key: o.Key}
		s.texts.put(o.Words, t)
	}
	if o.Kind == insight.RatingGiven { // of the same event as the opinion
		return t.copies > mayRepeat
	}
	t.copies++
	t.last, t.opinion = max(t.last, o.At), o.Subject
	if t.copies >= floodOf && !t.told {
		t.told = true
		s.floods = append(s.floods, t)
	}
	return t.copies > mayRepeat
}
