package watch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
)

// learnFrom is how far back history teaches.
const learnFrom = 60 * 24 * time.Hour

// Records is what the watch reads of what was counted and how things ended:
// *insight.Store.
type Records interface {
	// Outcomes returns outcomes of a shard after a position, in the log's order.
	Outcomes(ctx context.Context, tx *db.Tx, workspace int64, shard int, after event.Position, limit int) ([]insight.Outcome, error)
	// LatestOutcome returns the position of a shard's last outcome, before all where there is none.
	LatestOutcome(ctx context.Context, tx *db.Tx, workspace int64, shard int) (event.Position, error)
	// OutcomesOf returns the outcomes of a kind in a span of time, the newest first.
	OutcomesOf(ctx context.Context, tx *db.Tx, workspace int64, kind insight.OutcomeKind, from, to int64, limit int) ([]insight.Outcome, error)
	// OutcomeSeries returns what was counted of outcomes, by slots that have any.
	OutcomeSeries(ctx context.Context, tx *db.Tx, workspace int64, kind insight.OutcomeKind, dim insight.Dim, value string, from, to int64, grain insight.Grain) ([]insight.Slot, error)
	// OutcomeValues returns the values of a dimension, those with the most outcomes first.
	OutcomeValues(ctx context.Context, tx *db.Tx, workspace int64, kind insight.OutcomeKind, dim insight.Dim, from, to int64, limit int) ([]insight.ValueCount, error)
	// Series returns what was counted of signals, by slots that have any.
	Series(ctx context.Context, tx *db.Tx, workspace int64, names []insight.Name, from, to int64, grain insight.Grain) (map[insight.Name][]insight.Slot, error)
	// Labels returns the labels that most of a signal had, the largest first.
	Labels(ctx context.Context, tx *db.Tx, workspace int64, name insight.Name, from, to int64, grain insight.Grain, limit int) ([]insight.ValueCount, error)
	// Waits tells how many chats wait for an answer.
	Waits(ctx context.Context, tx *db.Tx, workspace, at int64) (insight.InWait, error)
	// ProductName returns what a product is called, "" where nobody has said.
	ProductName(ctx context.Context, tx *db.Tx, workspace int64, id string) (string, error)
	// TextsOf returns what opinions say, by the subjects of their outcomes.
	TextsOf(ctx context.Context, tx *db.Tx, workspace int64, subjects []event.ID) (map[event.ID]string, error)
	// TextsBefore returns the newest texts of a span of time, at most so many, in the order of time.
	TextsBefore(ctx context.Context, tx *db.Tx, workspace, from, to int64, most int) ([]insight.Text, error)
	// Overdue returns the parcels whose promise passed in a span of time and that have not come.
	Overdue(ctx context.Context, tx *db.Tx, workspace, from, to int64) ([]insight.Outcome, error)
	// Changes returns what the shop changed in a span of time.
	Changes(ctx context.Context, tx *db.Tx, workspace int64, from, to int64) ([]insight.Change, error)
}

// train learns what is usual from history up to now. Signals in trouble keep
// what they know.
func (s *shop) train(ctx context.Context, tx *db.Tx, r Records, now time.Time) error {
	return s.learnAll(ctx, tx, r, now, func(name string) bool { return s.signals[name] == nil || !s.signals[name].on() })
}

// grow begins to watch what is large enough by now.
func (s *shop) grow(ctx context.Context, tx *db.Tx, r Records, now time.Time) error {
	history := s.history
	err := s.learnAll(ctx, tx, r, now, func(name string) bool { return s.signals[name] == nil })
	s.history = history
	return err
}

func (s *shop) learnAll(ctx context.Context, tx *db.Tx, r Records, now time.Time, which func(name string) bool) error {
	to := insight.Quarter.Slot(now.UnixMicro())
	from := to - learnFrom.Microseconds()
	all, learnt, err := s.candidates(ctx, tx, r, from, to)
	if err != nil {
		return err
	}
	list := slices.DeleteFunc(slices.Clone(all), func(g *signal) bool { return !which(g.name) })
	for _, g := range list {
		if err := s.learn(ctx, tx, r, g, from, to); err != nil {
			return fmt.Errorf("learn of %s: %w", g.name, err)
		}
	}
	s.replace(list)
	if len(s.signals) > 0 && !slices.ContainsFunc(all, func(g *signal) bool { return g.name == string(insight.RatingGiven) }) {
		s.retire(string(insight.RatingGiven))
	}
	s.history, s.trained, s.learnt, s.taken = 0, now.UnixMicro(), learnt, 0
	return nil
}

// candidates are the signals that there is enough of to be watched.
func (s *shop) candidates(ctx context.Context, tx *db.Tx, r Records, from, to int64) (list []*signal, learnt int, err error) {
	for _, n := range counts {
		list = append(list, newCount(n))
	}
	list = append(list, newReturns())
	if seen, err := waitsSeen(ctx, tx, r, s.workspace, from, to); err != nil {
		return nil, 0, fmt.Errorf("learn how many wait: %w", err)
	} else if seen {
		list = append(list, newCount(insight.Waiting))
	}
	for _, kind := range shares {
		all, err := r.OutcomeValues(ctx, tx, s.workspace, kind, "", from, to, 1)
		if err != nil {
			return nil, 0, fmt.Errorf("learn of %s: %w", kind, err)
		}
		if len(all) == 0 {
			continue
		}
		learnt += int(all[0].N)
		whole := newShare(kind, "", "")
		list = append(list, whole)
		for _, dim := range split[kind] {
			values, err := r.OutcomeValues(ctx, tx, s.workspace, kind, dim, from, to, most(dim))
			if err != nil {
				return nil, 0, fmt.Errorf("learn of %s by %s: %w", kind, dim, err)
			}
			for _, v := range values {
				large := v.N >= leastSeen && (dim == insight.DimTopic || dim == insight.DimProduct || float64(v.N) >= leastShare*float64(all[0].N))
				if dim != insight.DimTopic && float64(v.N) >= mostShare*float64(all[0].N) {
					continue
				}
				if large && v.Value != "" && v.Value != "*" {
					list = append(list, newShare(kind, dim, v.Value))
				}
			}
			if dim == insight.DimScore && covers(values, all[0].N) {
				list = slices.DeleteFunc(list, func(g *signal) bool { return g == whole })
			}
		}
	}
	return list, learnt, nil
}

// growing reports whether so much came since signals were chosen that others may
// be large enough now.
func (s *shop) growing(now time.Time) bool {
	return s.taken >= max(20, s.learnt/10) && now.Sub(time.UnixMicro(s.trained)) > time.Hour
}

func most(dim insight.Dim) int {
	switch dim {
	case insight.DimTopic:
		return mostTopics
	case insight.DimProduct:
		return mostWatched
	}
	return mostValues
}

// replace puts signals that have learnt in the place of those before.
func (s *shop) replace(list []*signal) {
	for _, g := range list {
		if old := s.signals[g.name]; old != nil {
			g.insight, g.listed, g.wary = old.insight, old.listed, old.wary
			*old = *g
		} else {
			s.add(g)
		}
	}
	s.gather()
}

// learn feeds a signal's history, by quarters of an hour, and clears the evidence that is in
// it: history alarms nobody.
func (s *shop) learn(ctx context.Context, tx *db.Tx, r Records, g *signal, from, to int64) error {
	q := int64(insight.Quarter) * int64(time.Minute/time.Microsecond)
	var slots []insight.Slot
	var err error
	switch {
	case g.count != "":
		var by map[insight.Name][]insight.Slot
		by, err = r.Series(ctx, tx, s.workspace, []insight.Name{g.count}, from, to, insight.Quarter)
		slots = by[g.count]
	case g.of.Dim == string(insight.DimTopic):
		slots, err = s.topicSlots(ctx, tx, r, g, from, to)
	default:
		slots, err = r.OutcomeSeries(ctx, tx, s.workspace, g.kind, insight.Dim(g.of.Dim), g.of.Value, from, to, insight.Quarter)
	}
	if err != nil || len(slots) == 0 {
		return err
	}
	if g.share != nil {
		for _, x := range slots {
			g.feed(s.moment(x.At+q-1), x.Bad, float64(x.N))
		}
	} else {
		// What comes is counted by all quarters since the first, also those of nothing.
		i := 0
		for at := slots[0].At; at < to; at += q {
			n := 0.0
			if i < len(slots) && slots[i].At == at {
				n = float64(slots[i].N) / g.unit()
				i++
			}
			g.feed(s.moment(at+q-1), n, 1)
		}
	}
	g.calm()
	return nil
}

// topicSlots are a topic's negative opinions among all opinions.
func (s *shop) topicSlots(ctx context.Context, tx *db.Tx, r Records, g *signal, from, to int64) ([]insight.Slot, error) {
	all, err := r.OutcomeSeries(ctx, tx, s.workspace, g.kind, "", "", from, to, insight.Quarter)
	if err != nil {
		return nil, err
	}
	some, err := r.OutcomeSeries(ctx, tx, s.workspace, g.kind, insight.DimTopic, g.of.Value, from, to, insight.Quarter)
	if err != nil {
		return nil, err
	}
	bad := map[int64]float64{}
	for _, x := range some {
		bad[x.At] = x.Bad
	}
	for i := range all {
		all[i].Bad = min(bad[all[i].At], float64(all[i].N))
	}
	return all, nil
}

// stale reports whether so much history came that it must be learnt from anew.
func (s *shop) stale() bool { return s.history >= 50 && s.history*10 >= s.learnt }
