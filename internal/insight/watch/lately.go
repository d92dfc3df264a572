package watch

import (
	"context"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight"
)

// lately is what one look has read of the outcomes of a kind: the newest ones since a time, the newest first. Many signals ask for nearly the
// same ones when something goes wrong.
type lately struct {
	from int64
	list []insight.Outcome
}

// compared reads the outcomes of a kind since a time and before it.
func (s *shop) compared(ctx context.Context, tx *db.Tx, r Records, kind insight.OutcomeKind, from, now int64) (since, was []insight.Outcome, err error) {
	if since, err = s.outcomesSince(ctx, tx, r, kind, from, now); err == nil {
		was, err = s.outcomesBefore(ctx, tx, r, kind, from)
	}
	return since, was, err
}

func (s *shop) outcomesBefore(ctx context.Context, tx *db.Tx, r Records, kind insight.OutcomeKind, from int64) ([]insight.Outcome, error) {
	return r.OutcomesOf(ctx, tx, s.workspace, kind, from-compareWith.Microseconds(), from, lookedThrough)
}

// outcomesSince reads the newest outcomes of a kind since a time, at most lookedThrough. What comes back is not to be changed.
func (s *shop) outcomesSince(ctx context.Context, tx *db.Tx, r Records, kind insight.OutcomeKind, from, now int64) ([]insight.Outcome, error) {
	had, ok := s.lately[kind]
	if !ok || from < had.from && len(had.list) < lookedThrough {
		list, err := r.OutcomesOf(ctx, tx, s.workspace, kind, from, now+1, lookedThrough)
		if err != nil {
			return nil, err
		}
		had = lately{from, list}
		if s.lately == nil {
			s.lately = map[insight.OutcomeKind]lately{}
		}
		s.lately[kind] = had
	}
	// Times go down.
	n, _ := slices.BinarySearchFunc(had.list, from, func(o insight.Outcome, from int64) int {
		if o.At >= from {
			return -1
		}
		return 1
	})
	return had.list[:n], nil
}

// upTo leaves out the outcomes, the newest first, that came when a trouble had ended, 0 for not yet.
func upTo(list []insight.Outcome, ended int64) []insight.Outcome {
	if ended > 0 {
		for len(list) > 0 && list[0].At >= ended {
			list = list[1:]
		}
	}
	return list
}

// slots adds up the outcomes of a value, as OutcomeSeries does.
func (g *signal) slots(list []insight.Outcome) []insight.Slot {
	var x insight.Slot
	dim := insight.Dim(g.of.Dim)
	for i := range list {
		o := &list[i]
		switch {
		case o.Again:
		case dim == insight.DimTopic:
			negative, others := o.Dims.Topics()
			if slices.Contains(negative, g.of.Value) {
				x.N, x.Bad = x.N+1, x.Bad+1
			} else if slices.Contains(others, g.of.Value) {
				x.N++
			}
		case o.Dims[dim] == g.of.Value:
			x.N, x.Bad = x.N+1, x.Bad+o.Bad
		}
	}
	return []insight.Slot{x}
}
