package eventlog

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// The log is overloaded when a message has waited for so long to be applied, or
// when so much of the log is used; and it is so until both are well below.
const (
	oldAge, oldAgain   = 60 * time.Second, 50 * time.Second
	highFill, lowFill  = 0.80, 0.75
	almostFull         = 0.95 // from here on nobody may send
	trimFrom           = 0.60 // from here on what is applied is removed at once
	firstWait, maxWait = time.Second, 5 * time.Second
)

// overload is why some may not send now.
type overload struct {
	text     string
	everyone bool
}

// Admit says whether a workspace may send more events now. While the log is
// overloaded the answer is an *Unavailable for those who have most waiting to be
// applied: at or above the mean of all who have any. Near the log's limit it is
// one for everybody.
func (l *Log) Admit(workspace int64) error {
	o := l.overloaded.Load()
	if o == nil || !o.everyone && !l.totals.aboveMean(workspace) {
		return nil
	}
	l.metrics.refused.Inc()
	return &Unavailable{Reason: o.text, RetryAfter: firstWait + rand.N(maxWait-firstWait)}
}

func (t *totals) aboveMean(workspace int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, some := t.events[workspace]
	return some && n*int64(len(t.events)) >= t.sum
}

// behindFrom is how long events wait before acceptance slows down in favour of
// applying them.
const behindFrom = 20 * time.Second

// Behind reports whether the oldest message has waited for long to be applied.
func (l *Log) Behind() bool { return l.behind.Load() }

// weigh decides whether the log is overloaded.
func (l *Log) weigh() {
	was := l.overloaded.Load()
	age, fill := oldAge, highFill
	if was != nil {
		age, fill = oldAgain, lowFill
	}
	var oldest time.Duration
	var fullest float64
	for shard, c := range l.committers {
		if at := l.Oldest(shard); !at.IsZero() {
			oldest = max(oldest, time.Since(at))
		}
		c.mu.Lock()
		fullest = max(fullest, c.filled)
		c.mu.Unlock()
	}
	l.behind.Store(oldest > behindFrom)
	var now *overload
	if oldest > age || fullest >= fill {
		text := fmt.Sprintf("it is overloaded: events wait for %v to be applied, and %.0f %% of it is used", oldest.Round(time.Second), 100*fullest)
		now = &overload{text: text, everyone: fullest >= almostFull}
	}
	l.overloaded.Store(now)
	switch {
	case was == nil && now != nil:
		l.o.Logger.Warn("the log is overloaded: who has most waiting is refused", "oldest", oldest, "used", fullest)
	case was != nil && now == nil:
		l.o.Logger.Info("the log is not overloaded any more")
	}
}
