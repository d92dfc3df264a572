package watch

import (
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
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
	if t.told {
		s.flooding = max(s.flooding, o.At)
	}
	if t.copies >= floodOf && !t.told {
		t.told = true
		s.floods, s.flooding = append(s.floods, t), o.At
	}
	return t.copies > mayRepeat
}

// themeFlood is the theme of what senders repeat.
const themeFlood = "flood"

// flood says that a sender repeats itself.
func flood(t *text, now int64) found {
	return found{Finding: incident.Finding{
		Kind: incident.Flood, Theme: themeFlood, Since: t.began, First: t.began, Noticed: now, Voices: t.copies,
		Signs:   []incident.Sign{{Signal: "copies of one text", Outcome: insight.OpinionGiven, Up: true, Since: t.began, Noticed: now, Expected: 1, High: mayRepeat, N: 1, Observed: float64(t.copies), Excess: float64(t.copies - mayRepeat)}},
		Reasons: []incident.Reason{{Text: t.key, N: t.copies}},
	}}
}

// floodSteps opens an Insight on what is repeated, and ends the one that is over.
func (s *shop) floodSteps(live []*incident.Insight, now int64) (out []*step) {
	for _, t := range s.floods {
		out = append(out, &step{found: flood(t, now), tell: true})
	}
	for _, in := range live {
		over := now-max(s.flooding, in.OpenedAt.UnixMicro()) > floodSpan.Microseconds()
		if in.Finding.Kind == incident.Flood && over && (in.State == incident.Open || in.State == incident.Acknowledged) {
			out = append(out, &step{in: in, found: found{Finding: in.Finding}, recover: true})
		}
	}
	return out
}
